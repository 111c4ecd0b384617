/* Module: extension XML as rules (instrumentation-xml.md 2 to 5). */
#include "scripts.h"

#include "test.h"

#define DEFAULT_FACTORY "NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory"

static void check_xml(const char *tracer, const char *match, const char *method, const char *points, const char *log, bool ok)
{
    scripts k;
    char text[2000];
    snprintf(text, sizeof text,
             "<extension><instrumentation><tracerFactory %s><match assemblyName='A' className='C' %s><exactMethodMatcher "
             "methodName='M' %s/></match></tracerFactory></instrumentation></extension>",
             tracer, match, method);
    scripts_begin(&k, NR_WARN, NULL);
    CHECK_EQ(scripts_xml(&k, text), ok);
    CHECK_STR(scripts_points(&k), points);
    CHECK_STR(scripts_log(&k), log);
    scripts_end(&k);
}

/* Sections 2 and 3, with the measured values of 3.1 to 3.3. */
TEST(flags)
{
    static const struct {
        const char *attributes;
        uint32_t flags;
        bool bad; /* 3.2: the file is invalid */
    } rows[] = {
        {"", 0x00003400, false}, /* 3.1 */
        {"metric='' level='' suppressRecursiveCalls='' transactionTraceSegment='' transactionNamingPriority='' metricName=''",
         0x00003400, false},
        {"metric='none' level='15' suppressRecursiveCalls='no' transactionTraceSegment='1' "
         "transactionNamingPriority='9abc' metricName='Instance'",
         0x0107C000, false}, /* 3.3 */
        {"metric='BOTH' level='-1' suppressRecursiveCalls='TRUE' transactionTraceSegment='True' "
         "transactionNamingPriority=' 7' metricName='n'",
         0x07077C00, false}, /* 3.3 */
        {"metric='scoped'", 0x00003400, false},
        {"metric='Unscoped'", 0x00002C00, false},
        {"metric='typo'", 0x00002400, false},
        {"suppressRecursiveCalls='false'", 0x00001400, false},
        {"transactionTraceSegment='false'", 0x00003000, false},
        {"level='8'", 0x00003400, false},
        {"level='+3x'", 0x00033400, false},
        {"level='2147483647'", 0x00073400, false},
        {"level='-2147483648'", 0x00003400, false},
        {"level='x'", 0, true},
        {"level='2147483648'", 0, true},
        {"level='99999999999'", 0, true},
        {"transactionNamingPriority='x'", 0, true},
        {"transactionNamingPriority=' '", 0, true},
        {"metricName='INSTANCE'", 0x0000F400, false},
        {"LEVEL='1'", 0x00013400, false}, /* names compare without case */
        {"unknown='x'", 0x00003400, false},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        char text[1000];
        snprintf(text, sizeof text,
                 "<extension><instrumentation><tracerFactory %s><match assemblyName='A' className='C'><exactMethodMatcher "
                 "methodName='M'/></match></tracerFactory></instrumentation></extension>",
                 rows[i].attributes);
        scripts_begin(&k, NR_WARN, NULL);
        CHECK_EQ(scripts_xml(&k, text), !rows[i].bad);
        CHECK_EQ(k.set.count, !rows[i].bad);
        if (k.set.first && atomic_load(&k.set.first->flags) != rows[i].flags)
            CHECK_EQ((long long)i << 32 | atomic_load(&k.set.first->flags), (long long)i << 32 | rows[i].flags);
        scripts_end(&k);
    }
}

TEST(names)
{
    check_xml("name='F' metricName=' m '", "", "", "[A]C.M 00007400 F| m  :1\n", "", true);
    check_xml("name=' F '", "", "", "[A]C.M 00003400  F | :1\n", "", true); /* verbatim */
    check_xml("name=''", "", "", "[A]C.M 00003400 " DEFAULT_FACTORY "| :1\n", "", true);
    check_xml("enabled='FALSE'", "", "", "", "", true);
    check_xml("enabled='0' name='F'", "", "", "[A]C.M 00003400 F| :1\n", "", true);
    check_xml("enabled='' name='F'", "", "", "[A]C.M 00003400 F| :1\n", "", true);
}

/* 4.4: parameters. */
TEST(parameters)
{
    check_xml("name='F'", "", "parameters='void'", "[A]C.M() 00003400 F| :1\n", "", true);
    check_xml("name='F'", "", "parameters='VOID'", "[A]C.M() 00003400 F| :1\n", "", true);
    check_xml("name='F'", "", "parameters=''", "[A]C.M() 00003400 F| :1\n", "", true);
    check_xml("name='F'", "", "parameters=' void '", "[A]C.M(void) 00003400 F| :1\n", "", true);
    check_xml("name='F'", "", "parameters=' System.Int32 ,&#9;N.G`1[ X ]&#10;'", "[A]C.M(System.Int32,N.G`1[X]) 00003400 F| :1\n", "",
              true);
    check_xml("name='F'", "", "parameter='x' parameterTypes='y' minVersion='1' maxVersion='2'", "[A]C.M 00003400 F| :1\n", "",
              true); /* 2.1 */
}

/* 4.1: pieces of a class name. */
TEST(classes)
{
    static const struct {
        const char *text;
        const char *pieces[5];
    } rows[] = {
        {"A,B", {"A", "B"}},
        {"A, B", {"A", " B"}},
        {"A,", {"A", ""}},
        {",", {"", ""}},
        {"G`1[X,Y],B", {"G`1[X,Y]", "B"}},
        {"G&lt;X,Y&gt;,B", {"G<X,Y>", "B"}},
        {"G[X&lt;Y,Z],W", {"G[X<Y,Z],W"}}, /* kinds are not matched: one bracket stays open */
        {"A],B,C", {"A],B,C"}},            /* a stray closer ends all splitting … */
        {"A],[B,C", {"A],[B", "C"}},       /* … until it is made up for */
        {"O+I", {"O+I"}},
        {"", {""}},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        char text[600];
        snprintf(text, sizeof text,
                 "<extension><instrumentation><tracerFactory name='F'><match assemblyName='X' className='%s'><exactMethodMatcher "
                 "methodName='M'/></match></tracerFactory></instrumentation></extension>",
                 rows[i].text);
        scripts_begin(&k, NR_WARN, NULL);
        CHECK(scripts_xml(&k, text));
        const nr_point *p = k.set.first;
        for (size_t n = 0; n < 5 && rows[i].pieces[n]; n++, p = p ? p->next : NULL) {
            if (CHECK(p != NULL)) CHECK_STR(p->class_name, rows[i].pieces[n]);
        }
        CHECK(p == NULL);
        scripts_end(&k);
    }
}

/* 5.1, 5.2 */
TEST(versions)
{
    check_xml("name='F'", "minVersion='1.2' maxVersion='2.0.0.1'", "", "[A]C.M 00003400 F| >=1.2.0.0 <2.0.0.1 :1\n", "", true);
    check_xml("name='F'", "minVersion='1.0xff' maxVersion='12abcd.35wjkg'", "", "[A]C.M 00003400 F| >=1.0.0.0 <12.35.0.0 :1\n", "",
              true);
    check_xml("name='F'", "minVersion='' maxVersion='0.0.0.0'", "", "[A]C.M 00003400 F| :1\n", "", true);
    check_xml("name='F'", "minVersion='1.2.3.4.5' maxVersion='1..2'", "", "[A]C.M 00003400 F| :1\n",
              "W 1.2.3.4.5 is not a valid version\nW 1..2 is not a valid version\n", true);
}

/* 2.3 */
TEST(mscorlib_is_left_out)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    CHECK(scripts_xml(&k, "<extension><instrumentation><tracerFactory name='F'>"
                          "<match assemblyName='mscorlib' className='A,B'><exactMethodMatcher methodName='M'/></match>"
                          "<match assemblyName='MSCORLIB' className='C'><exactMethodMatcher methodName='M'/></match>"
                          "<match assemblyName='System.Private.CoreLib' className='D'><exactMethodMatcher methodName='M'/></match>"
                          "</tracerFactory></instrumentation></extension>"));
    CHECK_STR(scripts_points(&k), "[MSCORLIB]C.M 00003400 F| :1\n[System.Private.CoreLib]D.M 00003400 F| :1\n");
    CHECK_STR(scripts_log(&k), "W Skipping instrumentation targeted at the mscorlib assembly for class A,B\n");
    scripts_end(&k);
}

/* 1.4, 1.5, 2, 2.4 */
TEST(documents)
{
    static const struct {
        const char *text, *points, *log;
        bool ok;
    } rows[] = {
        {"<other/>", "",
         "W extension node not found in instrumentation file. Please validate your instrumentation files against "
         "extensions/extension.xsd or contact New Relic support.\n",
         true},
        {"<extension/>", "",
         "W instrumentation node not found in instrumentation file. Please validate your instrumentation files against "
         "extensions/extension.xsd or contact New Relic support.\n",
         true},
        {"<extension enabled='false'><instrumentation/></extension>", "", "", true},
        {"<extension>", "", "", false},
        /* Only the first instrumentation; elements in between do not count. */
        {"<extension><instrumentation><other><tracerFactory/></other></instrumentation><instrumentation><tracerFactory>"
         "<match assemblyName='A' className='C'><exactMethodMatcher methodName='M'/></match></tracerFactory></instrumentation>"
         "</extension>",
         "", "", true},
        /* Missing names are empty; a matcher makes a point, a match without one does not. */
        {"<EXTENSION><Instrumentation><TracerFactory name='F'>\n<Match><ExactMethodMatcher/></Match>\n<match/></TracerFactory>"
         "</Instrumentation></EXTENSION>",
         "[]. 00003400 F| :2\n", "", true},
        /* Points before a fault stay, and no later one is made. */
        {"<extension><instrumentation><tracerFactory name='F'><match assemblyName='A' className='C'>"
         "<exactMethodMatcher methodName='M'/></match></tracerFactory><tracerFactory level='x'><match assemblyName='B'>"
         "<exactMethodMatcher/></match></tracerFactory><tracerFactory name='G'><match assemblyName='D'>"
         "<exactMethodMatcher/></match></tracerFactory></instrumentation></extension>",
         "[A]C.M 00003400 F| :1\n", "", false},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        scripts k;
        scripts_begin(&k, NR_WARN, NULL);
        CHECK_EQ(scripts_xml(&k, rows[i].text), rows[i].ok);
        CHECK_STR(scripts_points(&k), rows[i].points);
        CHECK_STR(scripts_log(&k), rows[i].log);
        scripts_end(&k);
    }
}

/* More elements than the instruction limit of a rule file would allow. */
TEST(a_long_document)
{
    scripts k;
    nr_buf b = NR_BUF_INIT;
    scripts_begin(&k, NR_WARN, NULL);
    nr_buf_printf(&b, "<extension><instrumentation><tracerFactory name='F'><match assemblyName='A' className='C'>");
    for (int i = 0; i < 20000; i++) nr_buf_printf(&b, "<exactMethodMatcher methodName='M%d'/>", i);
    nr_buf_printf(&b, "</match></tracerFactory></instrumentation></extension>");
    CHECK(nr_script_load_xml(k.s, NR_STR("long.xml"), nr_buf_str(&b)));
    CHECK_EQ(k.set.count, 20000);
    CHECK(nr_ruleset_has_method(&k.set, NR_STR("M19999")));
    nr_buf_free(&b);
    scripts_end(&k);
}

TESTS(xml_mapping, T(flags), T(names), T(parameters), T(classes), T(versions), T(mscorlib_is_left_out), T(documents),
      T(a_long_document))

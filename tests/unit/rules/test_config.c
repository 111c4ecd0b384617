#include "fixture.h"

#include "rules/config.h"

#define C(attributes, inner) "<configuration " attributes ">" inner "</configuration>"

static nr_start_error parse(nr_arena *a, const char *global, const char *local, const char *application, nr_config *c)
{
    nr_config_texts t = {nr_str_of(global), nr_str_of(local), nr_str_of(application)};
    return nr_config_parse(a, &t, c);
}

/* Section 3 */
TEST(agent_enabled)
{
    static const struct {
        const char *global, *local; /* NULL: no local file */
        bool enabled, in_local;
    } rows[] = {
        {C("", ""), NULL, true, false},
        {C("agentEnabled='true'", ""), NULL, true, false},
        {C("AGENTENABLED='TRUE'", ""), NULL, true, false},
        {C("agentEnabled='false'", ""), NULL, false, false},
        {C("agentEnabled='1'", ""), NULL, false, false},
        {C("agentEnabled=''", ""), NULL, false, false},
        {C("agentEnabled='false' agentEnabled='true'", ""), NULL, false, false},
        {C("", ""), C("", ""), true, true},
        {C("", ""), C("agentEnabled='true'", ""), true, true},
        {C("", ""), C("agentEnabled='x'", ""), false, false},
        {C("agentEnabled='false'", ""), C("", ""), false, true},
        {C("agentEnabled='false'", ""), C("agentEnabled='true'", ""), false, true},
        /* 2.2: an unusable local file */
        {C("agentEnabled='false'", ""), "<configuration>", false, false},
        {C("agentEnabled='true'", ""), "<other agentEnabled='false'/>", true, false},
        {C("", ""), "", true, false},
        {"<x/><CONFIGURATION agentEnabled='false'/>", NULL, false, false}, /* 1.3: the first of that name */
    };
    nr_log_reset();
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        CHECK_EQ(parse(&a, rows[i].global, rows[i].local, NULL, &c), NR_START_OK);
        CHECK_EQ(c.agent_enabled, rows[i].enabled);
        CHECK_EQ(c.enabled_in_local, rows[i].in_local);
        nr_arena_free(&a);
    }
}

/* Sections 2 and 3: what is logged */
TEST(lines)
{
    static const struct {
        const char *global, *local, *application;
        nr_start_error error;
        const char *log;
    } rows[] = {
        {C("", ""), NULL, NULL, NR_START_OK, ""},
        {C("agentEnabled='false'", ""), C("", ""), NULL, NR_START_OK,
         "I Global config agentEnabled=false\nI Local config agentEnabled=true\n"},
        {"<configuration a>\nrest", NULL, NULL, NR_START_CONFIG_SYNTAX,
         "E Exception thrown while attempting to parse main newrelic.config file: expected =\nE Exception thrown at "
         ">\nrest\n"},
        {"\xC3\xA9", NULL, NULL, NR_START_CONFIG_SYNTAX,
         "E Exception thrown while attempting to parse main newrelic.config file: expected <\nE Exception thrown at "
         "\xC3\xA9\n"},
        {"<configuration>", NULL, NULL, NR_START_CONFIG_SYNTAX,
         "E Exception thrown while attempting to parse main newrelic.config file: unexpected end of data\nE Exception "
         "thrown at \n"},
        {"<other/>", NULL, NULL, NR_START_CONFIG_ROOT,
         "E Unable to locate configuration node in the global newrelic.config file.\n"},
        {"", NULL, NULL, NR_START_CONFIG_ROOT,
         "E Unable to locate configuration node in the global newrelic.config file.\n"},
        {C("", ""), "<a", NULL, NR_START_OK,
         "W Unable to parse local newrelic.config. Defaulting to global version.\n"},
        {C("", ""), "<a/>", NULL, NR_START_OK,
         "W Unable to find the configuration node in local newrelic.config file. Defaulting to global version.\n"},
        {C("", ""), NULL, "<configuration>", NR_START_APP_CONFIG_SYNTAX,
         "E Exception thrown while attempting to parse app-specific config file: unexpected end of data\nE Exception "
         "thrown at \n"},
        {C("", "<applicationPools><applicationPool instrument='true'/><applicationPool name='a'/></applicationPools>"),
         NULL, NULL, NR_START_OK,
         "W ApplicationPool element in configuration file is missing the 'name' attribute.\n"
         "W ApplicationPool element in configuration file is missing the 'instrument' attribute.\n"},
    };
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        log_start(NR_INFO);
        CHECK_EQ(parse(&a, rows[i].global, rows[i].local, rows[i].application, &c), rows[i].error);
        CHECK_STR(logged(&a), rows[i].log);
        nr_log_reset();
        nr_arena_free(&a);
    }
}

/* Section 4. E: environment level, D: NEW_RELIC_LOG_ENABLED, O: NEW_RELIC_LOG_CONSOLE */
TEST(log_settings)
{
    static const struct {
        const char *element, *level, *enabled, *console;
        nr_log_level want_level;
        bool want_enabled, want_console;
    } rows[] = {
        {"", NULL, NULL, NULL, NR_INFO, true, false}, /* 4.3 */
        {"<log/>", NULL, NULL, NULL, NR_INFO, true, false},
        {"<LOG LEVEL='OFF'/>", NULL, NULL, NULL, NR_ERROR, true, false},
        {"<log level='error'/>", NULL, NULL, NULL, NR_ERROR, true, false},
        {"<log level='warn'/>", NULL, NULL, NULL, NR_WARN, true, false},
        {"<log level='Info'/>", NULL, NULL, NULL, NR_INFO, true, false},
        {"<log level='debug'/>", NULL, NULL, NULL, NR_DEBUG, true, false},
        {"<log level='fine'/>", NULL, NULL, NULL, NR_DEBUG, true, false},
        {"<log level='verbose'/>", NULL, NULL, NULL, NR_TRACE, true, false},
        {"<log level='FINEST'/>", NULL, NULL, NULL, NR_TRACE, true, false},
        {"<log level='all'/>", NULL, NULL, NULL, NR_TRACE, true, false},
        {"<log level='trace'/>", NULL, NULL, NULL, NR_INFO, true, false},
        {"<log level=''/>", NULL, NULL, NULL, NR_INFO, true, false},
        {"<log level=' debug'/>", NULL, NULL, NULL, NR_INFO, true, false},
        {"<log level='debug'/><log level='warn'/>", NULL, NULL, NULL, NR_DEBUG, true, false},
        {"<log console='TRUE' enabled='True'/>", NULL, NULL, NULL, NR_INFO, true, true},
        {"<log console='1' enabled='1'/>", NULL, NULL, NULL, NR_INFO, false, false},
        {"<log console='' enabled=''/>", NULL, NULL, NULL, NR_INFO, false, false},
        /* 4.1: the element is not read at all */
        {"<log level='error' console='true' enabled='false'/>", "debug", NULL, NULL, NR_DEBUG, true, false},
        {"<log level='error'/>", "nonsense", NULL, NULL, NR_INFO, true, false},
        /* 4.2 */
        {"<log level='debug'/>", NULL, "false", "1", NR_DEBUG, false, true},
        {"<log console='true' enabled='false'/>", NULL, "1", "0", NR_INFO, true, false},
        {"<log console='true' enabled='false'/>", NULL, "x", "y", NR_INFO, false, true},
        {"", "all", "0", "true", NR_TRACE, false, true},
    };
    nr_log_reset();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        char text[300];
        clear_env();
        set_env("NEW_RELIC_LOG_LEVEL", rows[i].level);
        set_env("NEW_RELIC_LOG_ENABLED", rows[i].enabled);
        set_env("NEW_RELIC_LOG_CONSOLE", rows[i].console);
        snprintf(text, sizeof text, C("", "%s"), rows[i].element);
        CHECK_EQ(parse(&a, text, NULL, NULL, &c), NR_START_OK);
        if (!CHECK_EQ(c.log.level, rows[i].want_level)) printf("    %s\n", text);
        CHECK_EQ(c.log.enabled, rows[i].want_enabled);
        CHECK_EQ(c.log.console, rows[i].want_console);
        CHECK(!c.log.azure_function && !c.log.azure_level_override);
        nr_arena_free(&a);
    }
    nr_arena a = NR_ARENA_INIT;
    nr_config c;
    clear_env();
    set_env("FUNCTIONS_WORKER_RUNTIME", "x");
    set_env("NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE", "1");
    parse(&a, C("", ""), NULL, NULL, &c);
    CHECK(c.log.azure_function && c.log.azure_level_override);
    nr_arena_free(&a);
    clear_env();
}

static nr_str show(nr_arena *a, const nr_str_list *list)
{
    nr_str r = NR_STR("");
    for (size_t i = 0; i < list->count; i++)
        r = nr_arena_printf(a, "%.*s[%.*s]", NR_STR_ARG(r), NR_STR_ARG(list->items[i]));
    return r;
}

/* Section 5 */
TEST(applications)
{
    static const char file[] =
        C("", "<instrumentation><applications><application name='a.exe'/><application name='b.exe' include='FALSE'/>"
              "<application include='false'/><application name='c.exe' include='no'/><application name=''/>"
              "<application name='&#233;'/></applications><applications><application name='second'/></applications>"
              "</instrumentation><instrumentation><applications><application "
              "name='third'/></applications></instrumentation>");
    static const struct {
        const char *included, *excluded, *want_included, *want_excluded;
    } rows[] = {
        {NULL, NULL, "[a.exe][c.exe][][\xC3\x83\xC2\xA9]", "[b.exe]"},
        {"x,y", NULL, "[x][y]", "[b.exe]"}, /* 5.1: independent */
        {NULL, ",z", "[a.exe][c.exe][][\xC3\x83\xC2\xA9]", "[][z]"},
        {"x", "z", "[x]", "[z]"},
    };
    nr_log_reset();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        clear_env();
        set_env("NEW_RELIC_INCLUDED_APPLICATION_NAMES", rows[i].included);
        set_env("NEW_RELIC_EXCLUDED_APPLICATION_NAMES", rows[i].excluded);
        CHECK_EQ(parse(&a, file, NULL, NULL, &c), NR_START_OK);
        CHECK_STR(show(&a, &c.included), rows[i].want_included);
        CHECK_STR(show(&a, &c.excluded), rows[i].want_excluded);
        nr_arena_free(&a);
    }
    clear_env();
    if (!NR_OS_WINDOWS) { /* environment-and-files.md 1.6: an empty variable overrides, too */
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        set_env("NEW_RELIC_INCLUDED_APPLICATION_NAMES", "");
        CHECK_EQ(parse(&a, file, NULL, NULL, &c), NR_START_OK);
        CHECK_EQ(c.included.count, 0);
        nr_arena_free(&a);
        clear_env();
    }
}

TEST(ignore_list)
{
    nr_arena a = NR_ARENA_INIT;
    nr_config c;
    nr_log_reset();
    clear_env();
    CHECK_EQ(
        parse(&a,
              C("", "<instrumentation><rules><ignore assemblyName='A'/><ignore ASSEMBLYNAME='B' className='X.Y'/>"
                    "<ignore className='Z'/><ignore assemblyName='D*'/><ignore assemblyName='E' className=''/></rules>"
                    "<rules><ignore assemblyName='F'/></rules></instrumentation>"),
              NULL, NULL, &c),
        NR_START_OK);
    static const struct {
        const char *assembly, *class_name;
        bool ignored;
    } rows[] = {
        {"A", "any", true}, {"a", "", true},   {"AA", "any", false}, {"B", "x.y", true},
        {"b", "X.Y", true}, {"B", "X", false}, {"C", "Z", false},    {"", "Z", false},
        {"D1", "x", false}, {"D*", "x", true}, {"E", "q", true},     {"F", "q", false}, /* 5.3 */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++)
        CHECK_EQ(nr_ignore_matches(&c.ignore, nr_str_of(rows[i].assembly), nr_str_of(rows[i].class_name)),
                 rows[i].ignored);
    CHECK_EQ(c.ignore.count, 4);
    nr_arena_free(&a);
}

/* Section 6 */
TEST(application_pools)
{
    static const struct {
        const char *inner, *allowed, *denied;
        bool by_default;
    } rows[] = {
        {"", "", "", true},
        {"<applicationPools/>", "", "", true},
        {"<applicationPools><defaultBehavior/></applicationPools>", "", "", true},
        {"<applicationPools><defaultBehavior instrument='TRUE'/></applicationPools>", "", "", true},
        {"<applicationPools><defaultBehavior instrument='1'/></applicationPools>", "", "", false},
        {"<applicationPools><defaultBehavior instrument='false'/>"
         "<applicationPool name='a' instrument='True'/><applicationPool name='b' instrument='x'/>"
         "<applicationPool name='c' instrument='false'/><applicationPool name='d'/></applicationPools>",
         "[a]", "[b][c]", false},
    };
    nr_log_reset();
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        char text[500];
        snprintf(text, sizeof text, C("", "%s"), rows[i].inner);
        CHECK_EQ(parse(&a, text, NULL, NULL, &c), NR_START_OK);
        CHECK_STR(show(&a, &c.pools_allowed), rows[i].allowed);
        CHECK_STR(show(&a, &c.pools_denied), rows[i].denied);
        CHECK_EQ(c.pools_by_default, rows[i].by_default);
        nr_arena_free(&a);
    }
}

/* Section 7 */
TEST(application_config)
{
    static const struct {
        const char *text;
        bool set, enabled;
    } rows[] = {
        {"", false, false},
        {"<other/>", false, false}, /* 2.3: the reference crashes */
        {C("", ""), false, false},
        {C("", "<appSettings><add key='x' value='true'/></appSettings>"), false, false},
        {C("", "<appSettings><add value='true'/></appSettings>"), false, false},
        {C("", "<appSettings><add key='NewRelic.AgentEnabled' value='true'/></appSettings>"), true, true},
        {C("", "<AppSettings><ADD KEY='newrelic.agentenabled' VALUE='TRUE'/></AppSettings>"), true, true},
        {C("", "<appSettings><add key='NewRelic.AgentEnabled' value='1'/></appSettings>"), true, false},
        {C("", "<appSettings><add key='NewRelic.AgentEnabled'/></appSettings>"), true, false},
        {C("", "<appSettings><add key='NewRelic.AgentEnabled' value='true'/><add key='NewRelic.AgentEnabled' "
               "value='false'/>"
               "</appSettings>"),
         true, true},
        {C("", "<appSettings><x/><add key='NewRelic.AgentEnabled' value='false'/></appSettings>"), true, false},
    };
    nr_log_reset();
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_config c;
        CHECK_EQ(parse(&a, C("", ""), NULL, rows[i].text, &c), NR_START_OK);
        CHECK_EQ(c.app_config_set, rows[i].set);
        CHECK_EQ(c.app_config_enabled, rows[i].enabled);
        nr_arena_free(&a);
    }
}

/* Section 2: one file only */
TEST(local_replaces_global)
{
    static const char global[] =
        C("", "<log level='debug'/><instrumentation><applications><application name='g'/></applications>"
              "<rules><ignore assemblyName='G'/></rules></instrumentation>"
              "<applicationPools><applicationPool name='g' instrument='true'/></applicationPools>");
    nr_arena a = NR_ARENA_INIT;
    nr_config c;
    nr_log_reset();
    clear_env();
    CHECK_EQ(parse(&a, global, C("", "<log level='warn'/>"), NULL, &c), NR_START_OK);
    CHECK_EQ(c.log.level, NR_WARN);
    CHECK_EQ(c.included.count + c.ignore.count + c.pools_allowed.count, 0);
    CHECK_EQ(parse(&a, global, "<a>", NULL, &c), NR_START_OK);
    CHECK_EQ(c.log.level, NR_DEBUG);
    CHECK_EQ(c.included.count + c.ignore.count + c.pools_allowed.count, 3);
    nr_arena_free(&a);
}

TEST(load)
{
    nr_arena a = NR_ARENA_INIT;
    nr_config c;
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    log_start(NR_INFO);
    CHECK_EQ(nr_config_load(&a, true, &c), NR_START_NO_CONFIG);
    CHECK_EQ(nr_config_load(&a, false, &c), NR_START_NO_HOME);
    put_file(&a, "newrelic.config", "<other/>");
    CHECK_EQ(nr_config_load(&a, true, &c), NR_START_CONFIG_ROOT);
    CHECK_EQ(nr_log_effective_level(), NR_INFO); /* nothing has changed */
    put_file(&a, "newrelic.config", C("", "<log level='debug'/>"));
    CHECK_EQ(nr_config_load(&a, true, &c), NR_START_OK);
    CHECK_EQ(nr_log_effective_level(), NR_DEBUG);
    CHECK_STR(logged(&a), "E The global newrelic.config file was not found at: @\n"
                          "E Unable to find New Relic Home directory in registry or environment.\n"
                          "I Found newrelic.config at: @" SEP "newrelic.config\n"
                          "E Unable to locate configuration node in the global newrelic.config file.\n"
                          "I Found newrelic.config at: @" SEP "newrelic.config\n"
                          "I <-- New logging level set: Debug\n");
    nr_log_reset();
    clear_env();
    nr_arena_free(&a);
}

TEST(no_memory)
{
    nr_log_reset();
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    set_env("NEW_RELIC_LOG_LEVEL", "debug");
    set_env("NEW_RELIC_EXCLUDED_APPLICATION_NAMES", "x");
    nr_arena keep = NR_ARENA_INIT;
    put_file(
        &keep, "newrelic.config",
        C("", "<instrumentation><applications><application name='a'/></applications><rules><ignore "
              "assemblyName='A'/></rules>"
              "</instrumentation><applicationPools><applicationPool name='p' instrument='true'/></applicationPools>"));
    nr_start_error e = NR_START_NO_MEMORY;
    for (int kind = 0; kind < 4; kind++) {
        int forever = kind & 1;
        nr_arena_exact(kind >= 2);
        for (unsigned long n = 1; n < 300; n++) {
            nr_arena a = NR_ARENA_INIT;
            nr_config c;
            nr_alloc_fail_at(n, forever);
            e = nr_config_load(&a, true, &c);
            nr_alloc_fail_at(0, 0);
            /* A boolean variable is not worth failing for. */
            if (e == NR_START_OK)
                CHECK(c.included.count == 1 && c.excluded.count == 1 && c.ignore.count == 1 &&
                      c.pools_allowed.count == 1 && c.log.level == NR_DEBUG);
            else
                CHECK_EQ(e, NR_START_NO_MEMORY);
            nr_arena_free(&a);
        }
        CHECK_EQ(e, NR_START_OK);
    }
    nr_arena_exact(false);
    nr_log_reset();
    clear_env();
    nr_arena_free(&keep);
}

TESTS(config, T(agent_enabled), T(lines), T(log_settings), T(applications), T(ignore_list), T(application_pools),
      T(application_config), T(local_replaces_global), T(load), T(no_memory))

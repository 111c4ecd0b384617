/* The order of all requests of a rewrite (metadata-tokens.md sections 3 and 6). */
#include "token_job.h"

/* ---- section 6: the worked order ------------------------------------------------------------ */

#define ASSEMBLY "class [mscorlib]System.Reflection.Assembly"
#define FINISH_TYPE "class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>"

static void local(job *j, nr_buf *locals, const char *text)
{
    CHECK_EQ(nr_tokens_signature(&j->t, text_of(j, text), locals), NR_META_OK);
}

static void load_method_info_uncached(job *j)
{
    string(j, "/nr/netcore/NewRelic.Agent.Core.dll");
    token(j, ASSEMBLY " [mscorlib]System.Reflection.Assembly::LoadFrom(string)");
    string(j, "NewRelic.Agent.Core.AgentShim");
    token(j, "instance class [mscorlib]System.Type [mscorlib]System.Reflection.Assembly::GetType(string)");
    string(j, "GetFinishTracerDelegate");
    token(j, "instance class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.Type::GetMethod(string)");
}

static void load_method_info_cached(job *j)
{
    string(j, "NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0");
    string(j, "/nr/netcore/NewRelic.Agent.Core.dll");
    string(j, "NewRelic.Agent.Core.AgentShim");
    string(j, "GetFinishTracerDelegate");
    token(
        j,
        "class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.CannotUnloadAppDomainException::"
        "GetMethodFromAppDomainStorageOrReflectionOrThrow(string,string,string,string,class [mscorlib]System.Type[])");
}

static void finish(job *j, const nr_param *result)
{
    uint32_t box = 0;
    token(j, FINISH_TYPE);
    if (result && result->kind != NR_PARAM_VOID) CHECK_EQ(nr_tokens_box_result(&j->t, result, &box), NR_META_OK);
    token(j, "instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)");
    raw(j, "[mscorlib]System.Exception");
}

/* Metadata-tokens.md section 3, default path, by hand. `locals` has the tail of the local signature. */
static uint32_t default_path(job *j, const char *signature, bool cached, const char *method, const char *params,
                             nr_buf *locals)
{
    const nr_method_sig *m = sig_of(j, signature);
    uint32_t sig_token = 0, box = 0;
    if (m->ret.kind != NR_PARAM_VOID) nr_sig_encode_param(locals, &m->ret);
    local(j, locals, "class [mscorlib]System.Object");    /* 1 */
    local(j, locals, "class [mscorlib]System.Exception"); /* 2 */
    if (cached)
        load_method_info_cached(j); /* 3 */
    else
        load_method_info_uncached(j);
    raw(j, "[mscorlib]System.Object"); /* 4 */
    string(j, "MyFactory");            /* 5 */
    raw(j, "[mscorlib]System.UInt32"); /* 6 */
    string(j, "");                     /* 7 */
    string(j, "MyAssembly");
    token(j, "class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype "
             "[mscorlib]System.RuntimeTypeHandle)");
    string(j, "MyNamespace.MyClass"); /* 9 */
    string(j, method);
    string(j, params);
    raw(j, "[mscorlib]System.Object"); /* 10 */
    for (uint32_t i = 0; i < m->param_count; i++) CHECK_EQ(nr_tokens_box(&j->t, &m->params[i], &box), NR_META_OK);
    raw(j, "[mscorlib]System.UInt64");                                                            /* 11 */
    token(j, "instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])"); /* 12 */
    raw(j, "[mscorlib]System.Exception");                                                         /* 13 */
    raw(j, "[mscorlib]System.Exception");                                                         /* 14 */
    finish(j, NULL);                                                                              /* 15 */
    finish(j, &m->ret);                                                                           /* 16 */
    CHECK_EQ(nr_tokens_local_sig(&j->t, locals->data, locals->size, &sig_token), NR_META_OK);     /* 17 */
    return sig_token;
}

/* The rows of section 6 in the order in which they come into being. */
static const char worked_order[] = "01000001 23000001 System.Object\n"
                                   "01000002 23000001 System.Exception\n"
                                   "70000001 /nr/netcore/NewRelic.Agent.Core.dll\n"
                                   "23000002 System.Reflection\n"
                                   "01000003 23000002 System.Reflection.Assembly\n"
                                   "0a000001 01000003 LoadFrom 00 01 12 0d 0e\n"
                                   "70000049 NewRelic.Agent.Core.AgentShim\n"
                                   "01000004 23000001 System.Type\n"
                                   "0a000002 01000003 GetType 20 01 12 11 0e\n"
                                   "70000085 GetFinishTracerDelegate\n"
                                   "01000005 23000002 System.Reflection.MethodInfo\n"
                                   "0a000003 01000004 GetMethod 20 01 12 15 0e\n"
                                   "700000b5 MyFactory\n"
                                   "01000006 23000001 System.UInt32\n"
                                   "700000c9 \n"
                                   "700000cb MyAssembly\n"
                                   "01000007 23000001 System.RuntimeTypeHandle\n"
                                   "0a000004 01000004 GetTypeFromHandle 00 01 12 11 11 1d\n"
                                   "700000e1 MyNamespace.MyClass\n"
                                   "70000109 M\n"
                                   "01000008 23000001 System.UInt64\n"
                                   "01000009 23000002 System.Reflection.MethodBase\n"
                                   "0a000005 01000009 Invoke 20 02 1c 1c 1d 1c\n"
                                   "23000003 System.Core\n"
                                   "0100000a 23000003 System.Action`2\n"
                                   "1b000001 15 12 29 02 1c 12 09\n"
                                   "0a000006 1b000001 Invoke 20 02 01 13 00 13 01\n"
                                   "11000001 07 02 12 05 12 09\n";

/* Every request of the default path, uncached, void: section 3, tokens of section 6. */
static const char worked_requests[] =
    "T 23000001 System.Object\nT 23000001 System.Exception\n"                                             /* 1, 2 */
    "S /nr/netcore/NewRelic.Agent.Core.dll\nA System.Reflection\nT 23000002 System.Reflection.Assembly\n" /* 3u */
    "T 23000002 System.Reflection.Assembly\nM 01000003 LoadFrom 00 01 12 0d 0e\nS NewRelic.Agent.Core.AgentShim\n"
    "T 23000001 System.Type\nT 23000002 System.Reflection.Assembly\nM 01000003 GetType 20 01 12 11 0e\n"
    "S GetFinishTracerDelegate\nT 23000002 System.Reflection.MethodInfo\nT 23000001 System.Type\n"
    "M 01000004 GetMethod 20 01 12 15 0e\n"
    "T 23000001 System.Object\nS MyFactory\nT 23000001 System.UInt32\nS \nS MyAssembly\n"   /* 4 to 7 */
    "T 23000001 System.Type\nT 23000001 System.RuntimeTypeHandle\nT 23000001 System.Type\n" /* 8 */
    "M 01000004 GetTypeFromHandle 00 01 12 11 11 1d\n"
    "S MyNamespace.MyClass\nS M\nS \nT 23000001 System.Object\nT 23000001 System.UInt64\n"              /* 9 to 11 */
    "T 23000002 System.Reflection.MethodBase\nM 01000009 Invoke 20 02 1c 1c 1d 1c\n"                    /* 12 */
    "T 23000001 System.Exception\nT 23000001 System.Exception\n"                                        /* 13, 14 */
    "A System.Core\nT 23000003 System.Action`2\nT 23000001 System.Exception\nTS 15 12 29 02 1c 12 09\n" /* 15 */
    "T 23000003 System.Action`2\nT 23000001 System.Exception\nTS 15 12 29 02 1c 12 09\n"
    "M 1b000001 Invoke 20 02 01 13 00 13 01\nT 23000001 System.Exception\n"
    "T 23000003 System.Action`2\nT 23000001 System.Exception\nTS 15 12 29 02 1c 12 09\n" /* 16 */
    "T 23000003 System.Action`2\nT 23000001 System.Exception\nTS 15 12 29 02 1c 12 09\nT 23000001 System.Exception\n"
    "SIG 07 02 12 05 12 09\n"; /* 17 */

TEST(worked_order_6)
{
    job j;
    nr_buf locals = NR_BUF_INIT;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    nr_buf_put(&locals, "\x07\x02", 2);
    CHECK_EQ(default_path(&j, "00 00 01", false, "M", "", &locals), 0x11000001);
    CHECK_STR(nr_buf_str(&j.fake.added), worked_order);
    /* MemberRefs that are there are found by the search (1.3), not defined again */
    CHECK_STR(nr_buf_str(&j.fake.requests), worked_requests);
    nr_buf_free(&locals);
    end(&j);
}

/* Last paragraph of section 6. */
TEST(worked_order_6_with_parameters)
{
    job j;
    nr_buf locals = NR_BUF_INIT;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    nr_buf_put(&locals, "\x07\x05\x08\x0e", 4);
    /* the result local lies behind the other two in the signature: put it there by hand */
    nr_buf tail = NR_BUF_INIT;
    const nr_method_sig *m = sig_of(&j, "20 02 08 0e 08");
    nr_sig_encode_param(&tail, &m->ret);
    local(&j, &locals, "class [mscorlib]System.Object");
    local(&j, &locals, "class [mscorlib]System.Exception");
    nr_buf_put(&locals, tail.data, tail.size);
    uint32_t sig_token = 0, box = 0;
    load_method_info_uncached(&j);
    raw(&j, "[mscorlib]System.UInt32");
    token(&j, "class [mscorlib]System.Type [mscorlib]System.Type::GetTypeFromHandle(valuetype "
              "[mscorlib]System.RuntimeTypeHandle)");
    for (uint32_t i = 0; i < 2; i++) CHECK_EQ(nr_tokens_box(&j.t, &m->params[i], &box), NR_META_OK);
    raw(&j, "[mscorlib]System.UInt64");
    CHECK_EQ(nr_tokens_local_sig(&j.t, locals.data, locals.size, &sig_token), NR_META_OK);
    CHECK(nr_str_has(nr_buf_str(&j.fake.added), NR_STR("01000007 23000001 System.RuntimeTypeHandle\n"
                                                       "0a000004 01000004 GetTypeFromHandle 00 01 12 11 11 1d\n"
                                                       "01000008 23000001 System.String\n"
                                                       "01000009 23000001 System.Int32\n"
                                                       "0100000a 23000001 System.UInt64\n"
                                                       "11000001 07 05 08 0e 12 05 12 09 08\n")));
    nr_buf_free(&tail);
    nr_buf_free(&locals);
    end(&j);
}

/* Section 6, Framework, cached. */
TEST(worked_order_6_framework)
{
    job j;
    nr_buf locals = NR_BUF_INIT;
    begin(&j, NR_TOKENIZER_FRAMEWORK, "mscorlib");
    nr_buf_put(&locals, "\x07\x02", 2);
    CHECK_EQ(default_path(&j, "00 00 01", true, "M", "", &locals), 0x11000001);
    CHECK_STR(nr_buf_str(&j.fake.added), "01000001 23000001 System.Object\n"
                                         "01000002 23000001 System.Exception\n"
                                         "70000001 NewRelic.Agent.Core.AgentShim.GetFinishTracerDelegate_0\n"
                                         "70000071 /nr/netcore/NewRelic.Agent.Core.dll\n"
                                         "700000b9 NewRelic.Agent.Core.AgentShim\n"
                                         "700000f5 GetFinishTracerDelegate\n"
                                         "01000003 23000001 System.Reflection.MethodInfo\n"
                                         "01000004 23000001 System.Type\n"
                                         "01000005 23000001 System.CannotUnloadAppDomainException\n"
                                         "0a000001 01000005 GetMethodFromAppDomainStorageOrReflectionOrThrow "
                                         "00 05 12 0d 0e 0e 0e 0e 1d 12 11\n"
                                         "70000125 MyFactory\n"
                                         "01000006 23000001 System.UInt32\n"
                                         "70000139 \n"
                                         "7000013b MyAssembly\n"
                                         "01000007 23000001 System.RuntimeTypeHandle\n"
                                         "0a000002 01000004 GetTypeFromHandle 00 01 12 11 11 1d\n"
                                         "70000151 MyNamespace.MyClass\n"
                                         "70000179 M\n"
                                         "01000008 23000001 System.UInt64\n"
                                         "01000009 23000001 System.Reflection.MethodBase\n"
                                         "0a000003 01000009 Invoke 20 02 1c 1c 1d 1c\n"
                                         "0100000a 23000001 System.Action`2\n"
                                         "1b000001 15 12 29 02 1c 12 09\n"
                                         "0a000004 1b000001 Invoke 20 02 01 13 00 13 01\n"
                                         "11000001 07 02 12 05 12 09\n");
    nr_buf_free(&locals);
    end(&j);
}

/* The same rows in the same order with and without it; a second method of the same kind asks for what is new only. */
TEST(cache_is_neutral)
{
    static const nr_tokenizer tokenizers[] = {NR_TOKENIZER_CORE, NR_TOKENIZER_FRAMEWORK};
    static const char *const refs[] = {"System.Runtime", "mscorlib"};
    for (size_t k = 0; k < 2; k++) {
        job with, without;
        begin(&with, tokenizers[k], refs[k]);
        begin(&without, tokenizers[k], refs[k]);
        with.t.cache = nr_token_cache_new();
        for (int method = 0; method < 2; method++) {
            job *jobs[] = {&without, &with};
            uint32_t sig_tokens[2];
            for (size_t i = 0; i < 2; i++) {
                nr_buf locals = NR_BUF_INIT;
                nr_buf_put(&locals, "\x07\x02", 2);
                jobs[i]->fake.requests.size = 0;
                jobs[i]->fake.calls = 0;
                sig_tokens[i] = default_path(jobs[i], method ? "20 02 1d 08 0e 08" : "00 00 01", k == 1,
                                             method ? "N" : "M", method ? "p" : "", &locals);
                nr_buf_free(&locals);
            }
            CHECK_EQ(sig_tokens[0], sig_tokens[1]);
            nr_str a = nr_buf_str(&with.fake.added), b = nr_buf_str(&without.fake.added);
            CHECK(nr_str_eq(a, b));
            CHECK(with.fake.calls < without.fake.calls);
        }
        /* TypeRef Int32 and String, the TypeSpec of the array, two strings, the locals: nothing else, and no enumeration */
        CHECK_STR(
            fake_take(&with.fake.requests),
            "S N\nS p\nT 23000001 System.String\nT 23000001 System.Int32\nTS 1d 08\nSIG 07 02 1d 08 12 05 12 09\n");
        end(&with);
        end(&without);
    }
}

TESTS(tokens_order, T(worked_order_6), T(worked_order_6_with_parameters), T(worked_order_6_framework),
      T(cache_is_neutral))

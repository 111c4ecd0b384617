#include "meta/tokens.h"

#include "base/alloc.h"
#include "token_job.h"

/* ---- metadata-tokens.md 4.5: texts, bytes and requests --------------------------------- */

static const struct {
    const char *text, *bytes, *requests; /* of the token; bytes NULL: signature not asked for */
} examples[] = {
    {"class [mscorlib]System.Exception", "12 05", "T 23000001 System.Exception\n"},
    {"valuetype [mscorlib]System.RuntimeTypeHandle", "11 05", "T 23000001 System.RuntimeTypeHandle\n"},
    {"class [mscorlib]System.Type[]", "1d 12 05", "T 23000001 System.Type\nTS 1d 12 05\n"},
    {"class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>", "15 12 05 02 1c 12 09",
     "A System.Core\nT 23000002 System.Action`2\nT 23000001 System.Exception\nTS 15 12 05 02 1c 12 09\n"},
    {"instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)",
     "20 02 01 13 00 13 01",
     "A System.Core\nT 23000002 System.Action`2\nT 23000001 System.Exception\nTS 15 12 05 02 1c 12 09\n"
     "M 1b000001 Invoke 20 02 01 13 00 13 01\n"},
    {"instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])", "20 02 1c 1c 1d 1c",
     "A System.Reflection\nT 23000002 System.Reflection.MethodBase\nM 01000001 Invoke 20 02 1c 1c 1d 1c\n"},
    {"void [mscorlib]A.B::M<string,!!0>(!!1)", "10 02 01 01 1e 01",
     "T 23000001 A.B\nM 01000001 M 10 02 01 01 1e 01\nMS 0a000001 0a 02 0e 1e 00\n"},
    {"instance void [mscorlib]System.Exception::.ctor(string)", "20 01 01 0e",
     "T 23000001 System.Exception\nM 01000001 .ctor 20 01 01 0e\n"},
    {"class [mscorlib]A.B/C", "12 05", "T 23000001 A.B/C\n"},
    {"class System.Exception", "12 08", "find System.Exception\n"},
    {"object[][]", "1d 1d 1c", "TS 1d 1d 1c\n"},
    /* 3.1: signature first, result before parameters, generic type before its arguments, then the target */
    {"class [mscorlib]R [mscorlib]X`1<class [mscorlib]Y>::M(class [mscorlib]P,valuetype [mscorlib]Q`1<class "
     "[mscorlib]S>)",
     "00 02 12 05 12 09 15 11 0d 01 12 11",
     "T 23000001 R\nT 23000001 P\nT 23000001 Q`1\nT 23000001 S\nT 23000001 X`1\nT 23000001 Y\nTS 15 12 15 01 12 19\n"
     "M 1b000001 M 00 02 12 05 12 09 15 11 0d 01 12 11\n"},
    /* a generic method's arguments come behind its member, and again */
    {"void [mscorlib]A::M<class [mscorlib]B>()", "10 01 00 01",
     "T 23000001 A\nM 01000001 M 10 01 00 01\nT 23000001 B\nMS 0a000001 0a 01 12 09\n"},
    {"bool", "02", NULL},
    {"uint32", "09", NULL},
    {"void", "01", NULL},
    {"!1", "13 01", NULL},
    {"!!128", "1e 80 80", NULL},
    {"!0[]", "1d 13 00", "TS 1d 13 00\n"},
    {"[mscorlib]System.Type", "12 05", "T 23000001 System.Type\n"},
    {"[mscorlib]X`1<object>", "15 12 05 01 1c", "T 23000001 X`1\nTS 15 12 05 01 1c\n"},
};

TEST(examples_4_5)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        job j;
        begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
        fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("<Module>"), NR_STR(""));
        fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("System.Exception"), NR_STR(""));
        const nr_text *t = text_of(&j, examples[i].text);
        uint32_t found = 0xAAAA;
        nr_meta_error e = nr_tokens_of_text(&j.t, t, &found);
        if (examples[i].requests) {
            CHECK_EQ(e, NR_META_OK);
            CHECK_STR(fake_take(&j.fake.requests), examples[i].requests);
        } else {
            CHECK_EQ(e, NR_META_TEXT_TOKEN);
            CHECK_EQ(found, 0xAAAA);
            CHECK_EQ(j.fake.calls, 0);
        }
        end(&j);
        begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
        fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("<Module>"), NR_STR(""));
        fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("System.Exception"), NR_STR(""));
        nr_buf sig = NR_BUF_INIT;
        CHECK_EQ(nr_tokens_signature(&j.t, text_of(&j, examples[i].text), &sig), NR_META_OK);
        CHECK_BYTES(sig.data, sig.size, examples[i].bytes);
        nr_buf_free(&sig);
        end(&j);
    }
}

/* ---- section 2: scopes ------------------------------------------------------------------------ */

static const struct {
    nr_tokenizer tokenizer;
    const char *refs[3];
    const char *assembly, *name, *requests;
    nr_meta_error error;
    const char *line;
} scopes[] = {
    /* 2.1: case-sensitive suffix, first row */
    {NR_TOKENIZER_CORE, {"My.System.Runtime", "System.Runtime"}, "mscorlib", "X", "T 23000001 X\n", NR_META_OK, ""},
    {NR_TOKENIZER_CORE,
     {"System.Runtime.More", "system.runtime", "System.Runtime"},
     "mscorlib",
     "X",
     "T 23000003 X\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE, {"Runtime", "X"}, "System.Runtime", "X", "A System.Runtime\nT 23000003 X\n", NR_META_OK, ""},
    /* 2.3: the table, whatever assembly is asked for; exact names */
    {NR_TOKENIZER_CORE,
     {"System.Runtime"},
     "Other",
     "System.Exception",
     "T 23000001 System.Exception\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE, {"System.Runtime"}, "Other", "System.Type", "T 23000001 System.Type\n", NR_META_OK, ""},
    {NR_TOKENIZER_CORE,
     {"System.Reflection"},
     "mscorlib",
     "System.Reflection.Assembly",
     "T 23000001 System.Reflection.Assembly\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE,
     {"System.Reflection"},
     "mscorlib",
     "System.Reflection.MethodInfo",
     "T 23000001 System.Reflection.MethodInfo\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE,
     {"System.Reflection"},
     "mscorlib",
     "System.Reflection.MethodBase",
     "T 23000001 System.Reflection.MethodBase\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE, {"System.Core"}, "mscorlib", "System.Action`2", "T 23000001 System.Action`2\n", NR_META_OK, ""},
    {NR_TOKENIZER_CORE,
     {"System.Console"},
     "mscorlib",
     "System.Console",
     "T 23000001 System.Console\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE,
     {"System.Runtime"},
     "mscorlib",
     "System.Action`1",
     "T 23000001 System.Action`1\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE,
     {"System.Runtime"},
     "mscorlib",
     "System.Reflection.Module",
     "T 23000001 System.Reflection.Module\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE,
     {"mscorlib", "System.Runtime"},
     "mscorlib",
     "System.Object",
     "T 23000002 System.Object\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_CORE, {"Other"}, "Other", "Y", "T 23000001 Y\n", NR_META_OK, ""},
    /* 2.4, 2.6: netstandard libraries get System.Runtime in addition */
    {NR_TOKENIZER_CORE, {"netstandard"}, "mscorlib", "X", "A System.Runtime\nT 23000002 X\n", NR_META_OK, ""},
    {NR_TOKENIZER_CORE, {NULL}, "Other", "Y", "A Other\nT 23000001 Y\n", NR_META_OK, ""},
    /* 2.7: mscorlib, then netstandard, then System.Runtime, whatever the rows' order (Q48) */
    {NR_TOKENIZER_FRAMEWORK,
     {"System.Runtime", "netstandard", "mscorlib"},
     "mscorlib",
     "X",
     "T 23000003 X\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_FRAMEWORK, {"System.Runtime", "netstandard"}, "mscorlib", "X", "T 23000002 X\n", NR_META_OK, ""},
    {NR_TOKENIZER_FRAMEWORK, {"Other", "System.Runtime"}, "mscorlib", "X", "T 23000002 X\n", NR_META_OK, ""},
    {NR_TOKENIZER_FRAMEWORK, {"Notmscorlib", "mscorlib"}, "mscorlib", "X", "T 23000001 X\n", NR_META_OK, ""},
    {NR_TOKENIZER_FRAMEWORK,
     {"mscorlib"},
     "mscorlib",
     "System.Action`2",
     "T 23000001 System.Action`2\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_FRAMEWORK,
     {"Other"},
     "mscorlib",
     "X",
     "",
     NR_META_NO_MSCORLIB,
     "Unable to locate mscorlib assembly reference in module."},
    {NR_TOKENIZER_FRAMEWORK,
     {"mscorlib", "System.Core"},
     "System.Core",
     "X",
     "",
     NR_META_NOT_MSCORLIB,
     "Attempted to get an assembly ref token to something other than mscorlib. Since mscorlib can only call mscorlib, "
     "there are no "
     "other valid assemlbly refs available.  System.Core"},
    /* 2.9: no table, no definition, no error */
    {NR_TOKENIZER_BASE,
     {"a.mscorlib", "mscorlib"},
     "mscorlib",
     "System.Exception",
     "T 23000001 System.Exception\n",
     NR_META_OK,
     ""},
    {NR_TOKENIZER_BASE, {"Other"}, "mscorlib", "X", "T 00000001 X\n", NR_META_OK, ""},
};

TEST(scopes_2)
{
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        for (int with_cache = 0; with_cache < 2; with_cache++) {
            job j;
            uint32_t found = 0xAAAA;
            begin(&j, scopes[i].tokenizer, NULL);
            for (size_t k = 0; k < 3 && scopes[i].refs[k]; k++) fake_assembly(&j.fake, scopes[i].refs[k]);
            if (with_cache) j.t.cache = nr_token_cache_new();
            nr_meta_error e =
                nr_tokens_type_ref(&j.t, nr_str_of(scopes[i].assembly), nr_str_of(scopes[i].name), &found);
            CHECK_EQ(e, scopes[i].error);
            CHECK_STR(fake_take(&j.fake.requests), scopes[i].requests);
            CHECK_EQ(found, e ? 0xAAAA : 0x01000001);
            CHECK_STR(nr_tokens_line(&j.t, e), scopes[i].line);
            end(&j);
        }
    }
}

/* 2.5, Q45: the failed definition is swallowed, and asked for again the next time. */
TEST(scope_not_defined_2_5)
{
    for (int with_cache = 0; with_cache < 2; with_cache++) {
        job j;
        begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
        if (with_cache) j.t.cache = nr_token_cache_new();
        j.fake.fail_request = "A ";
        CHECK_EQ(token(&j, "class [mscorlib]System.Reflection.Assembly"), 0x01000001);
        CHECK_STR(fake_take(&j.fake.requests), "A System.Reflection FAILS\nT 00000001 System.Reflection.Assembly\n");
        j.fake.fail_request = NULL;
        CHECK_EQ(token(&j, "class [mscorlib]System.Reflection.Assembly"), 0x01000002);
        CHECK_STR(fake_take(&j.fake.requests), "A System.Reflection\nT 23000002 System.Reflection.Assembly\n");
        end(&j);
    }
}

/* ---- 1.2, 1.3, 4.4: members --------------------------------------------------------------------- */

TEST(members)
{
    job j;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("<Module>"), NR_STR(""));
    fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("Own"), NR_STR(""));
    uint32_t x = fake_add(&j.fake, NR_TABLE_TYPE_REF, 0x23000001, NR_STR("X"), fake_none);
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, x, NR_STR("M"), bytes("\x00\x01\x01\x08", 4)); /* another signature */
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, x, NR_STR("M"), bytes("\x00\x00", 2)); /* the beginning of the wanted one */
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, x, NR_STR("N"), bytes("\x00\x00\x01", 3));          /* another name */
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, 0x01000009, NR_STR("M"), bytes("\x00\x00\x01", 3)); /* another parent */
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, x, NR_STR("M"), bytes("\x00\x00\x01", 3));
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, x, NR_STR("M"), bytes("\x00\x00\x01", 3)); /* the first one wins */
    CHECK_EQ(token(&j, "void [mscorlib]X::M()"), 0x0A000005);
    CHECK_STR(fake_take(&j.fake.requests), "T 23000001 X\n");
    CHECK_EQ(j.fake.enumerated, 1 + 4); /* one AssemblyRef, members of X up to the hit */
    /* EXPLICIT: another byte, so another row */
    CHECK_EQ(token(&j, "instance void [mscorlib]X::M()"), 0x0A000007);
    CHECK_STR(fake_take(&j.fake.requests), "T 23000001 X\nM 01000001 M 20 00 01\n");
    /* a TypeDef parent: MemberRefs, then its own methods, then a new MemberRef */
    fake_add(&j.fake, NR_TABLE_METHOD_DEF, 0x02000002, NR_STR("P"), bytes("\x00\x00\x01", 3));
    fake_add(&j.fake, NR_TABLE_METHOD_DEF, 0x02000002, NR_STR("Q"), bytes("\x00\x00\x01", 3));
    CHECK_EQ(token(&j, "void Own::Q()"), 0x06000002);
    CHECK_STR(fake_take(&j.fake.requests), "find Own\n");
    CHECK_EQ(token(&j, "void Own::R()"), 0x0A000008);
    CHECK_STR(fake_take(&j.fake.requests), "find Own\nM 02000002 R 00 00 01\n");
    fake_add(&j.fake, NR_TABLE_MEMBER_REF, 0x02000002, NR_STR("P"), bytes("\x00\x00\x01", 3));
    CHECK_EQ(token(&j, "void Own::P()"), 0x0A000009);
    /* methods are looked at for a TypeDef only */
    fake_add(&j.fake, NR_TABLE_METHOD_DEF, x, NR_STR("S"), bytes("\x00\x00\x01", 3));
    CHECK_EQ(token(&j, "void [mscorlib]X::S()"), 0x0A00000A);
    end(&j);
}

/* A field is a member whose signature begins with 06 (II.23.2.4). */
TEST(fields)
{
    job j;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("<Module>"), NR_STR(""));
    CHECK_EQ(token(&j, "int64 [mscorlib]X::F"), 0x0A000001);
    CHECK_STR(fake_take(&j.fake.requests), "T 23000001 X\nM 01000001 F 06 0a\n");
    CHECK_EQ(token(&j, "class [mscorlib]Y[] [mscorlib]X::G"), 0x0A000002);
    CHECK_STR(fake_take(&j.fake.requests), "T 23000001 Y\nT 23000001 X\nM 01000001 G 06 1d 12 09\n");
    CHECK_EQ(token(&j, "int64 [mscorlib]X::F"), 0x0A000001);
    end(&j);
}

/* 4.1(a) of module-injection.md: the bytes of a method text without a request for its target. */
TEST(signature_of_method)
{
    job j;
    nr_buf sig = NR_BUF_INIT;
    begin(&j, NR_TOKENIZER_BASE, "mscorlib");
    CHECK_EQ(
        nr_tokens_signature(
            &j.t,
            text_of(&j, "class [mscorlib]System.Reflection.MethodInfo [mscorlib]System.CannotUnloadAppDomainException::"
                        "GetMethodViaReflectionOrThrow(string,string,string,class [mscorlib]System.Type[])"),
            &sig),
        NR_META_OK);
    CHECK_BYTES(sig.data, sig.size, "00 04 12 05 0e 0e 0e 1d 12 09");
    CHECK_STR(fake_take(&j.fake.requests), "T 23000001 System.Reflection.MethodInfo\nT 23000001 System.Type\n");
    /* without memory no request is made */
    sig.failed = true;
    j.fake.calls = 0;
    CHECK_EQ(nr_tokens_signature(&j.t, text_of(&j, "class [mscorlib]X"), &sig), NR_META_NO_MEMORY);
    CHECK_EQ(j.fake.calls, 0);
    nr_buf_free(&sig);
    end(&j);
}

/* ---- injected-code.md section 4: box tokens ------------------------------------------------------ */

static const struct {
    const char *hex, *requests;
    uint32_t token;
    nr_meta_error error, result_error; /* as a parameter, as a result */
} boxes[] = {
    {"02", "T 23000001 System.Boolean\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"03", "T 23000001 System.Char\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"04", "T 23000001 System.SByte\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"05", "T 23000001 System.Byte\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"06", "T 23000001 System.Int16\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"07", "T 23000001 System.UInt16\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"08", "T 23000001 System.Int32\n", 0x01000001, NR_META_OK, NR_META_OK}, /* 4.6 */
    {"09", "T 23000001 System.UInt32\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"0a", "T 23000001 System.Int64\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"0b", "T 23000001 System.UInt64\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"0c", "T 23000001 System.Single\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"0d", "T 23000001 System.Double\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"0e", "T 23000001 System.String\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"18", "T 23000001 System.IntPtr\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"19", "T 23000001 System.UIntPtr\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"1c", "T 23000001 System.Object\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"16", "T 23000001 System.TypedReference\n", 0x01000001, NR_META_OK, NR_META_OK},
    {"12 08", "", 0x02000002, NR_META_OK, NR_META_OK},
    {"11 0d", "", 0x01000003, NR_META_OK, NR_META_OK},
    {"12 06", "", 0x1B000001, NR_META_OK, NR_META_OK}, /* reached as a result only */
    {"11 07", "", 0x72000001, NR_META_OK, NR_META_OK},
    {"15 11 05 01 08", "TS 15 11 05 01 08\n", 0x1B000001, NR_META_OK, NR_META_OK},
    {"13 01", "TS 13 01\n", 0x1B000001, NR_META_OK, NR_META_OK},
    {"1e 00", "TS 1e 00\n", 0x1B000001, NR_META_OK, NR_META_OK},
    {"1d 20 05 08", "TS 1d 08\n", 0x1B000001, NR_META_OK, NR_META_OK},                            /* 4.6 */
    {"14 08 02 00 02 00 00", "TS 14 08 02 00 02 00 00\n", 0x1B000001, NR_META_OK, NR_META_OK},    /* 4.6 */
    {"1d 0f 08", "TS 1d 0f 08\n", 0x1B000001, NR_META_OK, NR_META_OK},                            /* 4.6 */
    {"1d 1b 15 01 01 08 1e 00", "TS 1d 1b 15 01 08 1e 00\n", 0x1B000001, NR_META_OK, NR_META_OK}, /* 4.6 */
    {"0f 08", "", 0, NR_META_POINTER_TOKEN, NR_META_POINTER_TOKEN},                               /* 4.6 */
    {"0f 01", "", 0, NR_META_VOID_POINTER_TOKEN, NR_META_VOID_POINTER_TOKEN},
    {"1b 00 01 01 08", "", 0, NR_META_FUNCTION_POINTER_TOKEN, NR_META_FUNCTION_POINTER_TOKEN}, /* 4.6 */
    {"13 ff ff ff ff", "", 0, NR_META_TOO_LARGE, NR_META_TOO_LARGE},
    {"10 08", "T 23000001 System.Int32\n", 0x01000001, NR_META_OK, NR_META_BY_REF_TOKEN}, /* Q33: the API's Type[] */
    {"10 0f 08", "", 0, NR_META_POINTER_TOKEN, NR_META_BY_REF_TOKEN},
};

TEST(box_tokens)
{
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
        job j;
        char hex[128];
        uint32_t found = 0xAAAA;
        begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
        snprintf(hex, sizeof hex, "00 01 %s %s", boxes[i].hex, boxes[i].hex);
        const nr_method_sig *m = sig_of(&j, hex);
        CHECK_EQ(nr_tokens_box(&j.t, &m->params[0], &found), boxes[i].error);
        CHECK_EQ(found, boxes[i].error ? 0xAAAA : boxes[i].token);
        CHECK_STR(fake_take(&j.fake.requests), boxes[i].requests);
        found = 0xAAAA;
        CHECK_EQ(nr_tokens_box_result(&j.t, &m->ret, &found), boxes[i].result_error);
        CHECK_EQ(found, boxes[i].result_error ? 0xAAAA : boxes[i].token);
        CHECK_STR(fake_take(&j.fake.requests), boxes[i].result_error ? "" : boxes[i].requests);
        end(&j);
    }
}

TEST(box_without_type)
{
    job j;
    uint32_t found = 0xAAAA;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    const nr_method_sig *m = sig_of(&j, "05 01 01 41");
    CHECK_EQ(nr_tokens_box(&j.t, &m->params[0], &found), NR_META_OK);
    CHECK_EQ(found, 0); /* the sentinel */
    CHECK_EQ(nr_tokens_box_result(&j.t, &m->ret, &found), NR_META_VOID_TOKEN);
    CHECK_STR(nr_tokens_line(&j.t, NR_META_VOID_TOKEN), "Void return to token not supported.");
    CHECK_EQ(j.fake.calls, 0);
    end(&j);
}

/* ---- failures ------------------------------------------------------------------------------------ */

/* 1.1: a failing HRESULT ends the text there; the log line is the reference's. */
static const struct {
    const char *text, *fails, *requests, *line;
} failures[] = {
    {"void [mscorlib]A::M(class [mscorlib]B)", "T 23000001 B", "T 23000001 B FAILS\n",
     "Win32 function call failed.  Function: metaDataEmit->DefineTypeRefByName  HRESULT: 0x80131124"},
    {"void [mscorlib]A::M(class [mscorlib]B)", "T 23000001 A", "T 23000001 B\nT 23000001 A FAILS\n",
     "Win32 function call failed.  Function: metaDataEmit->DefineTypeRefByName  HRESULT: 0x80131124"},
    {"void [mscorlib]A::M()", "M", "T 23000001 A\nM 01000001 M 00 00 01 FAILS\n",
     "Win32 function call failed.  Function: metaDataEmit->DefineMemberRef  HRESULT: 0x80131124"},
    {"void [mscorlib]A::M<!0>()", "MS", "T 23000001 A\nM 01000001 M 10 01 00 01\nMS 0a000001 0a 01 13 00 FAILS\n",
     "Win32 function call failed.  Function: metaDataEmit->DefineMethodSpec  HRESULT: 0x80131124"},
    {"object[]", "TS", "TS 1d 1c FAILS\n",
     "Win32 function call failed.  Function: metaDataEmit->GetTokenFromTypeSpec  HRESULT: 0x80131124"},
    {"class A", "find", "find A FAILS\n", ""},
};

TEST(calls_fail)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        for (int with_cache = 0; with_cache < 2; with_cache++) {
            job j;
            uint32_t found = 0xAAAA;
            begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
            if (with_cache) j.t.cache = nr_token_cache_new();
            j.fake.fail_request = failures[i].fails;
            CHECK_EQ(nr_tokens_of_text(&j.t, text_of(&j, failures[i].text), &found), NR_META_CALL_FAILED);
            CHECK_EQ(found, 0xAAAA);
            CHECK_EQ(j.t.hr, (int32_t)0x80131124u);
            CHECK_STR(fake_take(&j.fake.requests), failures[i].requests);
            CHECK_STR(nr_tokens_line(&j.t, NR_META_CALL_FAILED), failures[i].line);
            end(&j);
        }
    }
}

TEST(calls_fail_strings)
{
    job j;
    uint32_t found = 0xAAAA;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    j.fake.fail_at = 1;
    CHECK_EQ(nr_tokens_user_string(&j.t, NR_STR("x"), &found), NR_META_CALL_FAILED);
    CHECK_STR(nr_tokens_line(&j.t, NR_META_CALL_FAILED),
              "Win32 function call failed.  Function: metaDataEmit->DefineUserString  HRESULT: 0x80131124");
    j.fake.fail_at = 2;
    j.fake.fail_hr = (int32_t)0x80131363u;
    CHECK_EQ(nr_tokens_local_sig(&j.t, (const uint8_t *)"\x07\x00", 2, &found), NR_META_CALL_FAILED);
    CHECK_STR(nr_tokens_line(&j.t, NR_META_CALL_FAILED),
              "Win32 function call failed.  Function: _metaDataEmit->GetTokenFromSig  HRESULT: "
              "CORPROF_E_UNSUPPORTED_CALL_SEQUENCE");
    CHECK_EQ(found, 0xAAAA);
    end(&j);
}

/* Texts whose compilation fails: 4.4, and a number that cannot be written. */
TEST(texts_without_token)
{
    static const char *const texts[] = {"object", "void", "!0", "!!1"};
    job j;
    uint32_t found = 0xAAAA;
    begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
    for (size_t i = 0; i < 4; i++) CHECK_EQ(nr_tokens_of_text(&j.t, text_of(&j, texts[i]), &found), NR_META_TEXT_TOKEN);
    CHECK_STR(nr_tokens_line(&j.t, NR_META_TEXT_TOKEN), "Failed to parse or tokenize CIL string: !!1");
    CHECK_EQ(nr_tokens_of_text(&j.t, text_of(&j, "!536870912[]"), &found), NR_META_TOO_LARGE);
    CHECK_STR(nr_tokens_line(&j.t, NR_META_TOO_LARGE), "Data too large to compress. 0x20000000");
    CHECK_EQ(found, 0xAAAA);
    CHECK_EQ(j.fake.calls, 0);
    nr_buf sig = NR_BUF_INIT;
    nr_buf_u8(&sig, 0xAA);
    CHECK_EQ(nr_tokens_signature(&j.t, text_of(&j, "void [mscorlib]A::B(class [mscorlib]C,!4000000000)"), &sig),
             NR_META_TOO_LARGE);
    CHECK_BYTES(sig.data, sig.size, "aa");
    nr_buf_free(&sig);
    end(&j);
}

/* ---- every call and every allocation may fail --------------------------------------------------------- */

static nr_meta_error everything(job *j, const nr_text *const *texts, size_t count, const nr_method_sig *m)
{
    nr_meta_error e = NR_META_OK;
    uint32_t found = 0;
    nr_buf sig = NR_BUF_INIT;
    for (size_t i = 0; !e && i < count; i++) e = nr_tokens_of_text(&j->t, texts[i], &found);
    for (size_t i = 0; !e && i < count; i++) e = nr_tokens_signature(&j->t, texts[i], &sig);
    for (uint32_t i = 0; !e && i < m->param_count; i++) e = nr_tokens_box(&j->t, &m->params[i], &found);
    if (!e) e = nr_tokens_user_string(&j->t, NR_STR("s"), &found);
    if (!e) e = nr_tokens_local_sig(&j->t, sig.data, sig.size, &found);
    nr_buf_free(&sig);
    return e;
}

static size_t everything_texts(job *j, const nr_text **texts)
{
    texts[0] =
        text_of(j, "instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)");
    texts[1] = text_of(j, "void [mscorlib]A::M<class [mscorlib]B>()");
    texts[2] = text_of(j, "class [mscorlib]System.Type[]");
    texts[3] = text_of(j, "class Own");
    return 4;
}

TEST(any_call_fails)
{
    for (int with_cache = 0; with_cache < 2; with_cache++) {
        unsigned n = 1, swallowed = 0;
        for (;; n++) {
            job j;
            const nr_text *texts[4];
            begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
            fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("Own"), NR_STR(""));
            if (with_cache) j.t.cache = nr_token_cache_new();
            const nr_method_sig *m = sig_of(&j, "00 03 01 08 1d 08 12 04");
            size_t count = everything_texts(&j, texts);
            j.fake.fail_at = n;
            nr_meta_error e = everything(&j, texts, count, m);
            bool last = j.fake.failable < n;
            if (e) {
                CHECK_EQ(e, NR_META_CALL_FAILED);
                CHECK_EQ(j.fake.failable, n); /* nothing is asked for behind the failure */
                /* and with the fault gone the same job succeeds */
                CHECK_EQ(everything(&j, texts, count, m), NR_META_OK);
            } else if (!last)
                swallowed++; /* DefineAssemblyRef */
            CHECK(!nr_str_has(nr_buf_str(&j.fake.requests), NR_STR("deadbeef")));
            end(&j);
            if (last) break;
        }
        CHECK_EQ(swallowed, 1);
        CHECK_EQ(n, with_cache ? 17 : 19);
    }
}

/* Without a cache every failed allocation is an error. With one, a failure may just mean that an answer is
 * not remembered; the rows are the same then. */
TEST(any_allocation_fails)
{
    for (int with_cache = 0; with_cache < 2; with_cache++) {
        unsigned long n = 1, errors = 0;
        for (; n < 60; n++) {
            job j;
            const nr_text *texts[4];
            nr_arena scratch = NR_ARENA_INIT;
            begin(&j, NR_TOKENIZER_CORE, "System.Runtime");
            fake_add(&j.fake, NR_TABLE_TYPE_DEF, 0, NR_STR("Own"), NR_STR(""));
            if (with_cache) j.t.cache = nr_token_cache_new();
            const nr_method_sig *m = sig_of(&j, "00 03 01 08 1d 08 12 04");
            size_t count = everything_texts(&j, texts);
            j.fake.requests.failed = j.fake.added.failed = true; /* the fake has its arena and needs no more */
            j.t.scratch = &scratch;
            nr_alloc_fail_at(n, 0);
            nr_meta_error e = everything(&j, texts, count, m);
            nr_alloc_fail_at(0, 0);
            if (e) {
                errors++;
                CHECK_EQ(e, NR_META_NO_MEMORY);
                CHECK_EQ(nr_tokens_line(&j.t, e).n, 0);
                e = everything(&j, texts, count, m);
            }
            CHECK_EQ(e, NR_META_OK);
            CHECK_EQ(j.fake.count, 17);
            nr_arena_free(&scratch);
            end(&j);
        }
        CHECK(errors > 4);
    }
}

TESTS(tokens, T(examples_4_5), T(scopes_2), T(scope_not_defined_2_5), T(members), T(fields), T(signature_of_method),
      T(box_tokens), T(box_without_type), T(calls_fail), T(calls_fail_strings), T(texts_without_token),
      T(any_call_fails), T(any_allocation_fails))

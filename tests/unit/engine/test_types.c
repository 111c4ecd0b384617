/* Module: what type a token stands for. What references lead to is in scenarios, over real metadata. */
#include "fake_build.h"

#include "engine/types.h"
#include "test.h"

typedef struct stage {
    fake_clr clr;
    fake_module *m;
    nr_engine *e;
    nr_arena arena;
    nr_scope scope;
    nr_types types;
} stage;

static void begin(stage *s)
{
    int32_t hr;
    memset(&s->arena, 0, sizeof s->arena);
    clear_env();
    log_start(NR_ERROR);
    clr_init(&s->clr, true);
    s->m = add_module(&s->clr, "App", "/app/App.dll", "clrhost", "System.Runtime");
    add_type(s->m, "N.C", 1, 0);                        /* TypeDef 2, coded 08 */
    add_type(s->m, "N.V", FAKE_VALUE | 0x109, 0);       /* 0c */
    add_type(s->m, "N.S", FAKE_BY_REF_LIKE | 0x109, 0); /* 10 */
    s->e = start_engine(&s->clr, NULL, NULL);
    CHECK_EQ(s->clr.runtime.ops->open_module(&s->clr, s->m->id, &s->scope), 0);
    s->types = (nr_types){&s->e->modules,
                          nr_modules_need(&s->e->modules, s->m->id, &hr),
                          &s->scope,
                          &s->arena,
                          0x06000001,
                          0x02000002,
                          NULL};
}

static void end(stage *s)
{
    s->scope.ops->close(&s->scope);
    nr_arena_free(&s->arena);
    nr_engine_free(s->e);
    clr_free(&s->clr);
}

static nr_type_kind kind_of_spec(stage *s, const char *hex)
{
    static uint8_t bytes[32];
    size_t n = nr_test_hex(hex, bytes, sizeof bytes);
    return nr_type_kind_of(&s->types, fake_add(&s->m->meta, NR_TABLE_TYPE_SPEC, 0, fake_none, fake_blob(bytes, n)));
}

TEST(type_specs)
{
    static const struct {
        const char *sig;
        nr_type_kind kind;
    } rows[] = {
        {"02", NR_KIND_VALUE},
        {"08", NR_KIND_VALUE},
        {"0d", NR_KIND_VALUE},
        {"0e", NR_KIND_REFERENCE},
        {"1c", NR_KIND_REFERENCE},
        {"0f 08", NR_KIND_VALUE},
        {"18", NR_KIND_VALUE},
        {"19", NR_KIND_VALUE},
        {"1b 00 00 01", NR_KIND_VALUE},
        {"10 08", NR_KIND_BY_REF_LIKE},
        {"16", NR_KIND_BY_REF_LIKE},
        {"1d 08", NR_KIND_REFERENCE},
        {"14 08 01 00 00", NR_KIND_REFERENCE},
        {"12 08", NR_KIND_REFERENCE},
        {"11 0c", NR_KIND_VALUE},
        {"11 10", NR_KIND_BY_REF_LIKE},
        {"15 12 08 01 08", NR_KIND_REFERENCE},
        {"15 11 0c 01 08", NR_KIND_VALUE},
        {"15 11 10 01 08", NR_KIND_BY_REF_LIKE},
        {"13 00", NR_KIND_VALUE},
        {"1e 00", NR_KIND_VALUE},
        {"13 07", NR_KIND_UNRESOLVED},
        {"1e 07", NR_KIND_UNRESOLVED}, /* allows by-ref-like types */
        {"20 08 08", NR_KIND_VALUE},
        {"1f 08 20 08 0e", NR_KIND_REFERENCE}, /* custom modifiers are skipped */
        {"20", NR_KIND_UNRESOLVED},
        {"1f 08", NR_KIND_UNRESOLVED},
        {"20 c0", NR_KIND_UNRESOLVED},
        {"", NR_KIND_UNRESOLVED},
        {"15", NR_KIND_UNRESOLVED},
        {"11", NR_KIND_UNRESOLVED},
        {"13", NR_KIND_UNRESOLVED},
        {"1e", NR_KIND_UNRESOLVED},
        {"01", NR_KIND_UNRESOLVED},
        {"17", NR_KIND_UNRESOLVED},
        {"41", NR_KIND_UNRESOLVED},
        {"11 06", NR_KIND_UNRESOLVED}, /* a TypeSpec, which could be this one */
        {"11 00", NR_KIND_UNRESOLVED}, /* no row */
        {"11 7c", NR_KIND_UNRESOLVED},
    };
    stage s;
    begin(&s);
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        if (!CHECK_EQ(kind_of_spec(&s, rows[i].sig), rows[i].kind)) printf("    %s\n", rows[i].sig);
    }
    CHECK_EQ(nr_type_kind_of(&s.types, 0x1B000FFF), NR_KIND_UNRESOLVED);
    CHECK_EQ(nr_type_kind_of(&s.types, 0x02000000), NR_KIND_UNRESOLVED);
    CHECK_EQ(nr_type_kind_of(&s.types, 0x06000001), NR_KIND_UNRESOLVED);
    end(&s);
}

/* The signature of the method says of its tokens that they are classes: nobody is asked. */
TEST(tokens_of_the_signature)
{
    static const uint8_t bytes[] = {0x00, 0x03, 0x12, 0x7D, 0x11, 0x7D, 0x12, 0x81, 0x01, 0x08};
    stage s;
    begin(&s);
    CHECK_EQ(nr_sig_parse_method(&s.arena, bytes, sizeof bytes, &s.types.sig), NR_META_OK);
    unsigned asked = atomic_load(&s.clr.failable);
    CHECK_EQ(nr_type_kind_of(&s.types, 0x0100001F),
             NR_KIND_REFERENCE); /* the result; the value type of that row is nonsense */
    CHECK_EQ(nr_type_kind_of(&s.types, 0x01000040), NR_KIND_REFERENCE);
    CHECK_EQ(atomic_load(&s.clr.failable), asked);
    CHECK_EQ(nr_type_kind_of(&s.types, 0x01000041), NR_KIND_UNRESOLVED);
    CHECK(atomic_load(&s.clr.failable) > asked);
    end(&s);
}

/* What is known is asked once; what is not is asked again. */
TEST(answers_are_kept)
{
    stage s;
    begin(&s);
    CHECK_EQ(nr_type_kind_of(&s.types, 0x02000003), NR_KIND_VALUE);
    unsigned asked = atomic_load(&s.clr.failable);
    CHECK_EQ(nr_type_kind_of(&s.types, 0x02000003), NR_KIND_VALUE);
    CHECK_EQ(atomic_load(&s.clr.failable), asked);
    for (unsigned n = 1; n < 10; n++) { /* each call that it takes fails: then it is not known */
        stage t;
        begin(&t);
        atomic_store(&t.clr.failable, 0);
        atomic_store(&t.clr.fail_at, n);
        nr_type_kind kind = nr_type_kind_of(&t.types, 0x02000004);
        bool failed = t.clr.failed_call[0] != 0;
        CHECK_EQ(kind, failed ? NR_KIND_UNRESOLVED : NR_KIND_BY_REF_LIKE);
        atomic_store(&t.clr.fail_at, 0);
        CHECK_EQ(nr_type_kind_of(&t.types, 0x02000004), NR_KIND_BY_REF_LIKE);
        end(&t);
        if (!failed) break;
        CHECK(n < 9);
    }
    end(&s);
}

TESTS(types, T(type_specs), T(tokens_of_the_signature), T(answers_are_kept))

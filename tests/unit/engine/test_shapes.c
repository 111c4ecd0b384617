/* Module: twenty shapes of methods, in safe mode and without, while every allocation and every call of the CLR fails once: the method stays
 * as it was or is rewritten as a whole, nothing is left, and the next attempt works. NRPROF_FAULTS=all: every n; else a part of them. */
#include "fake_build.h"

#include "engine/approval.h"
#include "engine/journal.h"
#include "test.h"

typedef struct shape {
    const char *what, *sig, *body;
    uint32_t attributes; /* 0: public static or instance, by the signature */
    unsigned marks;
} shape;

#define CLAUSE "01 10 0000  0000 0400 03 0700 03 01000001"
static const shape shapes[] = {
    {"static void", "00 00 01", "06 2a", 0, 0},
    {"instance void", "20 00 01", "06 2a", 0, 0},
    {"int32", "00 00 08", "0a 16 2a", 0, 0},
    {"object", "20 00 1c", "0a 14 2a", 0, 0},
    {"string", "00 00 0e", "0a 14 2a", 0, 0},
    {"two RETs", "00 01 08 08", "1e 02 2c 02 17 2a 16 2a", 0, 0},
    {"locals", "00 00 08", "13 30 08 00 04000000 01000011 17 0a 06 2a", 0, 0},
    {"a clause", "20 00 01", "1b 30 08 00 0b000000 00000000  02 2c 01 2a 00 de 03 26 de 00 2a 00" CLAUSE, 0, 0},
    {"int32 and string", "00 02 01 08 0e", "06 2a", 0, 0},
    {"arrays", "00 02 01 1d 08 14 08 02 00 00", "06 2a", 0, 0},
    {"by reference", "00 01 01 10 08", "06 2a", 0, 0},
    {"a pointer", "00 01 01 0f 08", "06 2a", 0, 0},
    {"a class", "00 01 01 12 05", "06 2a", 0, 0},
    {"a value type", "00 01 01 11 0c", "06 2a", 0, 0},
    {"generic", "00 01 01 15 12 05 01 0e", "06 2a", 0, 0},
    {"a type parameter", "20 01 01 13 00", "06 2a", 0, 0},
    {"async", "20 00 1c", "0a 14 2a", 0, ON_ASYNC},
    {"a transaction", "20 00 01", "06 2a", 0, ON_TRANSACTION},
    {"many arguments", "00 10 01 08 08 08 08 08 08 08 08 08 08 08 08 08 08 08 08", "06 2a", 0, 0},
    {"long code", "00 01 01 08",
     "13 30 08 00 86000000 00000000"
     "00000000000000000000000000000000 00000000000000000000000000000000 00000000000000000000000000000000 "
     "00000000000000000000000000000000"
     "00000000000000000000000000000000 00000000000000000000000000000000 00000000000000000000000000000000 "
     "00000000000000000000000000000000"
     "02 2c 01 2a 00 2a",
     0, 0},
};
_Static_assert(NR_COUNT(shapes) == 20, "twenty shapes");

typedef struct stage {
    fake_clr clr;
    fake_module *m;
    nr_engine *e;
    uintptr_t functions[NR_COUNT(shapes)];
} stage;

static bool safe;
static char xml[4000];

static const char *rules(void)
{
    nr_buf b = NR_BUF_INIT;
    nr_buf_printf(&b, "<extension><instrumentation><tracerFactory name='F'><match assemblyName='App' className='N.C'>");
    for (size_t i = 0; i < NR_COUNT(shapes); i++) nr_buf_printf(&b, "<exactMethodMatcher methodName='M%zu'/>", i);
    nr_buf_printf(&b, "</match></tracerFactory></instrumentation></extension>");
    snprintf(xml, sizeof xml, "%.*s", (int)b.size, (const char *)b.data);
    nr_buf_free(&b);
    return xml;
}

static void begin(stage *s)
{
    static const uint8_t locals[] = {0x07, 0x01, 0x08};
    static char names[NR_COUNT(shapes)][8];
    clear_env();
    if (safe) set_env("NEW_RELIC_SAFE_REWRITE", "1");
    set_env("NEW_RELIC_PROFILER_FAULT_LIMIT", "0");
    log_start(NR_INFO);
    nr_alloc_count(1);
    clr_init(&s->clr, true);
    s->m = add_module(&s->clr, "App", "/app/App.dll", "clrhost", "System.Runtime");
    uint32_t type = add_type(s->m, "N.C", 1, 0);
    add_type(s->m, "N.V", FAKE_VALUE | 0x109, 0); /* 11 0c */
    fake_add(&s->m->meta, NR_TABLE_STAND_ALONE_SIG, 0, fake_none, fake_blob(locals, sizeof locals));
    fake_add(&s->m->meta, NR_TABLE_TYPE_REF, 0x23000001, NR_STR("X.Y"), fake_none); /* 12 05 */
    s->m->knows_attributes = true;
    for (size_t i = 0; i < NR_COUNT(shapes); i++) {
        snprintf(names[i], sizeof names[i], "M%zu", i);
        s->functions[i] = add_method(s->m, type, names[i], shapes[i].sig, shapes[i].body);
        last_method_of(s->m)->attributes = shapes[i].sig[0] == '2' ? 0x86 : 0x96;
        last_method_of(s->m)->marks = shapes[i].marks;
    }
    s->e = start_engine(&s->clr, rules(), NULL);
    CHECK(s->e != NULL);
}

static void end(stage *s)
{
    nr_engine_free(s->e);
    clr_free(&s->clr);
    CHECK_EQ(nr_alloc_live(), 0);
    nr_alloc_count(0);
}

static int32_t rejit(stage *s, size_t i)
{
    return nr_engine_rejit_parameters(s->e, s->m->id, 0x06000001 + (uint32_t)i, NULL);
}

/* Size of the body as it has to be. */
static size_t size_of(size_t i)
{
    stage s;
    begin(&s);
    CHECK_EQ(rejit(&s, i), 0);
    if (s.clr.bodies != 1) printf("    %s is not rewritten\n", shapes[i].what);
    CHECK_EQ(s.clr.bodies, 1);
    size_t n = s.clr.body.size;
    end(&s);
    return n;
}

/* The n-th allocation (`memory`) or call of the CLR fails. True: nothing failed any more. */
static bool once(size_t i, unsigned n, bool memory, size_t whole)
{
    stage s;
    begin(&s);
    if (memory) {
        nr_alloc_fail_at(n, 0);
    } else {
        atomic_store(&s.clr.failable, 0);
        atomic_store(&s.clr.fail_at, n);
    }
    int32_t hr = rejit(&s, i);
    bool done = memory ? !nr_alloc_has_failed() : !s.clr.failed_call[0];
    nr_alloc_fail_at(0, 0);
    atomic_store(&s.clr.fail_at, 0);
    bool known = hr == 0 || hr == NR_HR_FAIL || hr == NR_HR_FALSE;
    /* An argument whose type could not be had is null: 6 bytes less and up to two more for it. */
    bool intact =
        s.clr.bodies == 0 || s.clr.body.size == whole || (s.clr.body.size < whole && s.clr.body.size > whole - 16);
    if (!known || !intact)
        printf("    %s: %s %u: %x\n", shapes[i].what, memory ? "allocation" : s.clr.failed_call, n, (unsigned)hr);
    CHECK(known && intact);
    if (done) CHECK(hr == 0 && s.clr.bodies == 1);
    CHECK_EQ(rejit(&s, i), 0);
    if (s.clr.body.size != whole)
        printf("    %s after %s %u\n", shapes[i].what, memory ? "allocation" : s.clr.failed_call, n);
    CHECK_EQ(s.clr.body.size, whole);
    end(&s);
    return done;
}

/* Each shape begins at another n, so that `usual` of them together try each. */
static unsigned long each(bool memory, unsigned usual)
{
    unsigned long failed = 0;
    unsigned step = (unsigned)nr_test_stride(usual);
    for (size_t i = 0; i < NR_COUNT(shapes); i++) {
        size_t whole = size_of(i);
        unsigned n = 1 + (unsigned)i % step;
        for (; n < 20000; n += step) {
            if (once(i, n, memory, whole)) break;
            failed++;
        }
        CHECK(n < 20000);
    }
    return failed;
}

TEST(allocations)
{
    unsigned long failed = each(true, 9);
    printf("figure faults.shapes.allocations %lu\n", failed);
    CHECK(failed > 200);
}

TEST(calls)
{
    unsigned long failed = each(false, 9);
    printf("figure faults.shapes.calls %lu\n", failed);
    CHECK(failed > 100);
}

/* The verifier asks as well: a question without an answer is a refusal by name, never a crash. */
TEST(safe_mode)
{
    safe = true;
    unsigned long failed = each(true, 19) + each(false, 19);
    nr_arena_exact(true); /* a block of an arena is an allocation of its own */
    failed += each(true, 37);
    nr_arena_exact(false);
    printf("figure faults.shapes.verified %lu\n", failed);
    CHECK(failed > 200);
    safe = false;
}

/* What was written stands in the journal, with the bytes that were given to the CLR. */
TEST(journal)
{
    stage s;
    begin(&s);
    uint64_t before = atomic_load(&nr_journal_here()->next);
    for (size_t i = 0; i < NR_COUNT(shapes); i++) {
        CHECK_EQ(rejit(&s, i), 0);
        const nr_journal_entry *e = &nr_journal_here()->entries[(before + i) % NR_JOURNAL_ENTRIES];
        CHECK_EQ(atomic_load(&e->state), 2 * (before + i + 1));
        CHECK_EQ(e->hash_after, nr_journal_hash(s.clr.body.data, s.clr.body.size));
        CHECK_EQ(e->hash_before, nr_journal_hash(s.m->methods[i].body, s.m->methods[i].body_size));
        CHECK_EQ(e->token, 0x06000001 + i);
        CHECK_EQ(e->outcome, NR_JOURNAL_WRITTEN);
        CHECK(nr_str_ends(nr_str_of(e->rule), NR_STR("test.xml")));
        CHECK_STR(nr_str_of(e->template_name), "tracer");
        CHECK(nr_str_starts(nr_str_of(e->method), NR_STR("[App]N.C.M")));
    }
    end(&s);
}

TESTS(shapes, T(allocations), T(calls), T(safe_mode), T(journal))

/* Module: the ring of the last rewrites. */
#include "engine/journal.h"

#include "test.h"

#include <string.h>

static nr_journal_note note_of(nr_str method, nr_str rule)
{
    static const uint8_t before[] = {0x06, 0x2A};
    return (nr_journal_note){.method = method,
                             .rule_file = rule,
                             .template_name = NR_STR("a name of 28 bytes or longer"),
                             .before = before,
                             .size_before = sizeof before,
                             .token = 0x06000001,
                             .outcome = NR_JOURNAL_WRITTEN};
}

/* Where the next note goes. */
static nr_journal_entry *next_entry(void)
{
    nr_journal *j = (nr_journal *)nr_journal_here();
    return &j->entries[atomic_load(&j->next) % NR_JOURNAL_ENTRIES];
}

static nr_str repeated(char *out, const char *character, size_t count)
{
    size_t n = strlen(character);
    for (size_t i = 0; i < count; i++) memcpy(out + i * n, character, n);
    return (nr_str){out, n * count};
}

/* Of the method the end is missing, of the path of the rule the beginning, and no character is cut in two. */
TEST(texts_that_are_too_long)
{
    char method[800], rule[800], part[800];
    const nr_journal_entry *e = next_entry();
    nr_journal_note n = note_of(repeated(method, "\xE2\x82\xAC", 67), repeated(rule, "\xC3\xA4", 80));
    nr_journal_write(&n);
    part[repeated(part, "\xE2\x82\xAC", 66).n] = 0;
    CHECK_STR(nr_str_of(e->method), part);
    part[repeated(part, "\xC3\xA4", 49).n] = 0;
    CHECK_STR(nr_str_of(e->rule), part);
    CHECK_STR(nr_str_of(e->template_name), "a name of 28 bytes or longe");
    CHECK_EQ(e->hash_before, nr_journal_hash(n.before, 2));
    CHECK(e->hash_before != e->hash_after);
    e = next_entry();
    n = note_of(NR_STR("M"), (nr_str){NULL, 0});
    nr_journal_write(&n);
    CHECK_STR(nr_str_of(e->method), "M");
    CHECK_STR(nr_str_of(e->rule), "");
}

/* One round later the place is taken again. */
TEST(the_ring_goes_round)
{
    nr_journal_note n = note_of(NR_STR("first"), NR_STR("r.lua"));
    const nr_journal_entry *first = next_entry();
    nr_journal_write(&n);
    uint64_t state = atomic_load(&first->state);
    n.method = NR_STR("later");
    for (int i = 0; i < NR_JOURNAL_ENTRIES - 1; i++) nr_journal_write(&n);
    CHECK_STR(nr_str_of(first->method), "first");
    nr_journal_write(&n);
    CHECK_STR(nr_str_of(first->method), "later");
    CHECK_EQ(atomic_load(&first->state), state + 2 * NR_JOURNAL_ENTRIES);
}

/* Another thread has not come to the end of its note, or has overtaken this one: what it writes stays whole. */
TEST(a_place_that_another_writes)
{
    for (int overtaken = 0; overtaken < 2; overtaken++) {
        nr_journal_note n = note_of(NR_STR("lost"), NR_STR("r.lua"));
        nr_journal_entry *e = next_entry();
        uint64_t number = atomic_load(&nr_journal_here()->next) + 1, before = atomic_load(&e->state);
        uint64_t theirs = overtaken ? 2 * (number + NR_JOURNAL_ENTRIES) : 2 * number - 1;
        atomic_store(&e->state, theirs);
        memcpy(e->method, "theirs", 7);
        nr_journal_write(&n);
        CHECK_STR(nr_str_of(e->method), "theirs");
        CHECK_EQ(atomic_load(&e->state), theirs);
        atomic_store(&e->state, before);
    }
}

TEST(words)
{
    CHECK_STR(nr_str_of(nr_journal_outcome_words(NR_JOURNAL_REFUSED_BY_GATE)), "refused by the verifier");
    CHECK_STR(nr_str_of(nr_journal_outcome_words(NR_JOURNAL_OUTCOME_COUNT)), "?"); /* of a broken core file */
}

TESTS(journal, T(texts_that_are_too_long), T(the_ring_goes_round), T(a_place_that_another_writes), T(words))

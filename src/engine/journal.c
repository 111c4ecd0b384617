#include "engine/journal.h"

#include "base/utf.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

/* On a page of its own: a core file has it whole, in one piece. */
static _Alignas(4096) nr_journal journal;

void nr_journal_begin(const char *library)
{
    journal.version = NR_JOURNAL_VERSION;
    journal.header_size = (uint32_t)offsetof(nr_journal, entries);
    journal.entry_size = (uint32_t)sizeof(nr_journal_entry);
    journal.entry_count = NR_JOURNAL_ENTRIES;
    journal.self = (uintptr_t)&journal;
    journal.started = nr_os_unix_time();
    journal.process = nr_os_process_id();
    snprintf(journal.library, sizeof journal.library, "%s", library);
    atomic_thread_fence(memory_order_release);
    memcpy(journal.mark, NR_JOURNAL_MARK, sizeof journal.mark);
}

const nr_journal *nr_journal_here(void)
{
    return &journal;
}

uint64_t nr_journal_hash(const uint8_t *p, size_t size)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001B3u;
    return h;
}

const char *nr_journal_outcome_words(uint32_t outcome)
{
    static const char *const words[] = {
#define X(name, text) text,
        NR_JOURNAL_OUTCOMES(X)
#undef X
    };
    return outcome < NR_JOURNAL_OUTCOME_COUNT ? words[outcome] : "?";
}

static void put_head(char *out, size_t room, nr_str text)
{
    if (text.n >= room) text.n = room - 1;
    text.n = nr_utf8_valid_prefix(text);
    if (text.n) memcpy(out, text.p, text.n);
    out[text.n] = 0;
}

static void put_tail(char *out, size_t room, nr_str text)
{
    size_t cut = text.n >= room ? text.n - (room - 1) : 0;
    while (cut < text.n && cut && ((unsigned char)text.p[cut] & 0xC0) == 0x80) cut++; /* not inside a character */
    put_head(out, room, (nr_str){text.p + cut, text.n - cut});
}

void nr_journal_write(const nr_journal_note *n)
{
    uint64_t number = atomic_fetch_add(&journal.next, 1) + 1;
    nr_journal_entry *e = &journal.entries[(number - 1) % NR_JOURNAL_ENTRIES];
    uint64_t state = atomic_load(&e->state);
    if ((state & 1) || state > 2 * number) return;
    if (!atomic_compare_exchange_strong(&e->state, &state, 2 * number + 1)) return;
    e->time = nr_os_unix_time();
    e->hash_before = nr_journal_hash(n->before, n->size_before);
    e->hash_after = nr_journal_hash(n->after, n->size_after);
    e->function = n->function;
    e->size_before = (uint32_t)n->size_before;
    e->size_after = (uint32_t)n->size_after;
    e->token = n->token;
    e->line = n->line;
    e->outcome = n->outcome;
    e->hr = n->hr;
    put_head(e->method, sizeof e->method, n->method);
    put_tail(e->rule, sizeof e->rule, n->rule_file);
    put_head(e->template_name, sizeof e->template_name, n->template_name);
    atomic_store(&e->state, 2 * number);
}

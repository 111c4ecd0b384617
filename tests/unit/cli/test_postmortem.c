/* Module: the journal of rewrites, and what nrprof postmortem reads out of files and processes. */
#include "cli/cli.h"
#include "engine/journal.h"
#include "il/verify.h"
#include "os/os.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t before[] = {0x06, 0x2A}, after[] = {0x0A, 0x00, 0x2A};

static void note(const char *method, unsigned line)
{
    nr_journal_note n = {
        .method = nr_str_of(method), .rule_file = NR_STR("/nr/extensions/shop.lua"), .template_name = NR_STR("tracer")};
    n.token = 0x06000001;
    n.line = line;
    n.function = 0x7f00;
    n.before = before;
    n.size_before = sizeof before;
    n.after = after;
    n.size_after = sizeof after;
    n.outcome = NR_JOURNAL_WRITTEN;
    nr_journal_write(&n);
}

/* Runs the tool; its output, its errors and its exit code in `text`. */
static const char *run(char *text, size_t room, const char *what, const char *option)
{
    char *argv[] = {(char *)(uintptr_t) "nrprof", (char *)(uintptr_t) "postmortem", (char *)(uintptr_t)what,
                    (char *)(uintptr_t)option, NULL};
    FILE *out = tmpfile(), *err = tmpfile();
    int code = nr_cli_main(option ? 4 : 3, argv, out, err);
    rewind(out);
    rewind(err);
    size_t n = fread(text, 1, room - 20, out);
    n += fread(text + n, 1, room - 20 - n, err);
    snprintf(text + n, 20, "(%d)", code);
    fclose(out);
    fclose(err);
    return text;
}

static char path[600], text[1 << 17];

/* A file: so many bytes, the journal as it is in memory, more bytes. */
static void write_dump(size_t in_front, size_t cut, void (*change)(nr_journal *j))
{
    static nr_journal copy;
    memcpy((void *)&copy, (const void *)nr_journal_here(), sizeof copy);
    if (change) change(&copy);
    snprintf(path, sizeof path, "%s" NR_OS_SEPARATOR "dump", nr_test_directory());
    FILE *f = fopen(path, "wb");
    for (size_t i = 0; i < in_front; i++) fputs("nrprof journal\r\n", f); /* the mark alone is none */
    fwrite(&copy, 1, sizeof copy - cut, f);
    fputs("nrprof journal", f);
    fclose(f);
}

TEST(file)
{
    char line[100];
    nr_journal_begin("nrprof test");
    for (unsigned i = 1; i <= 300; i++) {
        snprintf(line, sizeof line, "[A]N.C.M%u()", i);
        note(line, i);
    }
    write_dump(5, 0, NULL);
    run(text, sizeof text, path, NULL);
    CHECK(nr_str_starts(nr_str_of(text), NR_STR("nrprof test: process ")));
    CHECK(strstr(text, " UTC, 300 rewrites; 256 shown\n") != NULL);
    CHECK(strstr(text, "[A]N.C.M44()") == NULL); /* overwritten by number 300 */
    const char *first = strstr(text, "\n#45 2"), *last = strstr(text, "\n#300 2");
    CHECK(first && last && first < last);
    CHECK(strstr(text, " written: 06000001 [A]N.C.M300()\n     rule /nr/extensions/shop.lua:300, template tracer; 2 "
                       "-> 3 bytes, ") != NULL);
    snprintf(line, sizeof line, "%016llx -> %016llx, function 7f00\n(0)",
             (unsigned long long)nr_journal_hash(before, sizeof before),
             (unsigned long long)nr_journal_hash(after, sizeof after));
    CHECK(strstr(text, line) != NULL);
    CHECK_EQ(nr_journal_hash((const uint8_t *)"a", 1), 0xAF63DC4C8601EC8C); /* published value of FNV-1a */
}

TEST(options)
{
    write_dump(0, 0, NULL);
    run(text, sizeof text, path, "--last=2");
    CHECK(strstr(text, "; 2 shown\n#299 ") && strstr(text, "\n#300 ") && !strstr(text, "#298 "));
    run(text, sizeof text, path, "--only=M123()");
    CHECK(strstr(text, "; 1 shown\n#123 ") != NULL);
    run(text, sizeof text, path, "--json");
    CHECK(nr_str_starts(nr_str_of(text), NR_STR("[{\n")));
    CHECK(strstr(text, "\"library\":\t\"nrprof test\"") && strstr(text, "\"number\":\t300,") &&
          strstr(text, "\"outcome\":\t\"written\""));
    CHECK(strstr(run(text, sizeof text, path, "--last=x"), "nrprof: --last wants a number, not 'x'") != NULL);
}

static void damage(nr_journal *j)
{
    memset(j->entries[0].method, 'x',
           sizeof j->entries[0].method + sizeof j->entries[0].rule + sizeof j->entries[0].template_name);
    atomic_store(&j->entries[1].state, 2 * 258 + 1);
    j->entries[2].outcome = 77;
    j->entries[3].outcome = NR_JOURNAL_REFUSED_BY_GATE;
    j->entries[3].hr = NR_VERIFY_BY_REF_LIKE;
    j->entries[4].outcome = NR_JOURNAL_REFUSED_BY_CLR;
    j->entries[4].hr = (int32_t)0x80131355u;
    j->entries[5].time = INT64_MAX;
}

TEST(damaged)
{
    write_dump(1, 0, damage);
    run(text, sizeof text, path, NULL);
    CHECK(strstr(text, "xxxxxxxx\n     rule xxxxxxx") != NULL);
    CHECK(strstr(text, "being written down") && strstr(text, " ? (0x00000000): ") &&
          strstr(text, " refused by the verifier (BY_REF_LIKE): "));
    CHECK(strstr(text, " refused by the CLR (0x80131355): ") && strstr(text, " ? written: "));
    write_dump(0, 200 * sizeof(nr_journal_entry) + 20, NULL); /* a core file that ends too early */
    run(text, sizeof text, path, NULL);
    CHECK(strstr(text, "; 55 shown\n") != NULL);
    write_dump(0, sizeof(nr_journal) - 50, NULL);
    CHECK(strstr(run(text, sizeof text, path, NULL), "no journal of the profiler is in it\n(1)") != NULL);
}

static void newer(nr_journal *j)
{
    j->version = 2;
    j->header_size = 4000;
}

TEST(nothing_there)
{
    write_dump(0, 0, newer);
    CHECK(strstr(run(text, sizeof text, path, NULL), ": a journal of version 2, this nrprof reads version 1\n(1)") !=
          NULL);
    CHECK(strstr(run(text, sizeof text, "/no/such/file", NULL),
                 "nrprof: /no/such/file: the file cannot be read\n(2)") != NULL);
    CHECK(strstr(run(text, sizeof text, "4294967294", NULL),
                 "nrprof: process 4294967294: its memory cannot be read: ") != NULL);
    FILE *f = fopen(path, "wb");
    fclose(f);
    CHECK(strstr(run(text, sizeof text, path, NULL), "no journal of the profiler is in it\n(1)") != NULL);
}

TEST(process)
{
    char pid[24];
    nr_journal_begin("nrprof alive");
    note("[A]N.C.Alive()", 7);
    snprintf(pid, sizeof pid, "%lu", nr_os_process_id());
    run(text, sizeof text, pid, "--only=N.C.Alive()");
    CHECK(strstr(text, "nrprof alive: process ") && strstr(text, " written: 06000001 [A]N.C.Alive()\n") &&
          strstr(text, "(0)"));
}

TEST(long_texts)
{
    char method[400], file[400];
    memset(method, 'm', sizeof method);
    memset(file, 'f', sizeof file);
    memcpy(method + 198, "\xC3\xA4", 2); /* cut in the middle: left out */
    memcpy(file + sizeof file - 99,
           "\xA4"
           "END",
           4);
    nr_journal_note n = {
        .method = {method, sizeof method}, .rule_file = {file, sizeof file}, .template_name = {method, sizeof method}};
    n.before = n.after = before;
    nr_journal_write(&n);
    const nr_journal *j = nr_journal_here();
    const nr_journal_entry *e = &j->entries[(atomic_load(&j->next) - 1) % NR_JOURNAL_ENTRIES];
    CHECK_EQ(strlen(e->method), 198);
    CHECK_EQ(strlen(e->rule), 98);
    CHECK(nr_str_starts(nr_str_of(e->rule), NR_STR("ENDf")));
    CHECK_EQ(strlen(e->template_name), NR_JOURNAL_TEMPLATE - 1);
}

TESTS(postmortem, T(file), T(options), T(damaged), T(nothing_there), T(process), T(long_texts))

#include "test.h"

#include "base/alloc.h"
#include "base/log.h"
#include "os/os.h"

#include <stdio.h>

static nr_str log_path(nr_arena *arena)
{
    return nr_arena_printf(arena, "%s" NR_OS_SEPARATOR "log.txt", nr_test_directory());
}

/* A log file in the state behind a configuration load; the lines of that load are lost. */
static void start(nr_arena *arena, nr_log_level level)
{
    nr_log_settings s = {level, true, false, false, false};
    nr_log_reset();
    nr_log_configure(&s);
    CHECK(nr_log_open(log_path(arena)));
}

/* Text of the log without time stamps ("[Info ] …"), line ends as "\n". */
static nr_str lines(nr_arena *arena)
{
    nr_buf raw = NR_BUF_INIT, out = NR_BUF_INIT;
    CHECK(nr_os_read_file(log_path(arena), &raw));
    for (size_t i = 0; i < raw.size; i++) {
        bool stamp = raw.data[i] == '[' && (i == 0 || raw.data[i - 1] == '\n');
        if (stamp && raw.size - i > 28) {
            nr_buf_put(&out, raw.data + i, 8);
            i += 8 + 20 - 1;
        } else if (raw.data[i] != '\r') {
            nr_buf_u8(&out, raw.data[i]);
        }
    }
    nr_str r = nr_arena_str(arena, nr_buf_str(&out));
    nr_buf_free(&raw);
    nr_buf_free(&out);
    return r;
}

/* 1.2: UTC. Dates from "date -u -d @N". */
TEST(time_stamps)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01 00:00:00"},           {-1, "1969-12-31 23:59:59"},
        {951782399, "2000-02-28 23:59:59"},   {951782400, "2000-02-29 00:00:00"},
        {951868800, "2000-03-01 00:00:00"},   {1709164800, "2024-02-29 00:00:00"},
        {1735689599, "2024-12-31 23:59:59"},  {1735689600, "2025-01-01 00:00:00"},
        {2147483648, "2038-01-19 03:14:08"},  {4107542399, "2100-02-28 23:59:59"},
        {4107542400, "2100-03-01 00:00:00"},  {253402300799, "9999-12-31 23:59:59"},
        {-2203891200, "1900-03-01 00:00:00"}, {-62135596800, "0001-01-01 00:00:00"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_buf b = NR_BUF_INIT;
        nr_log_format_time(rows[i].seconds, &b);
        CHECK_STR(nr_buf_str(&b), rows[i].text);
        nr_buf_free(&b);
    }
}

TEST(line_format)
{
    nr_arena a = NR_ARENA_INIT;
    nr_buf raw = NR_BUF_INIT, stamp = NR_BUF_INIT;
    start(&a, NR_TRACE);
    int64_t before = nr_os_unix_time();
    NR_LOG(NR_INFO, "n=%d", 5);
    int64_t after = nr_os_unix_time();
    nr_os_read_file(log_path(&a), &raw);
    nr_str s = nr_buf_str(&raw), last = {s.p + s.n - sizeof("[Info ] 2026-01-31 23:59:59 n=5" NR_OS_LINE_END) + 1, 0};
    last.n = (size_t)(s.p + s.n - last.p);
    nr_log_format_time(before, &stamp);
    if (before != after && memcmp(stamp.data, last.p + 8, 19) != 0) {
        stamp.size = 0;
        nr_log_format_time(after, &stamp);
    }
    char want[64];
    snprintf(want, sizeof want, "[Info ] %.*s n=5" NR_OS_LINE_END, (int)stamp.size, (const char *)stamp.data);
    CHECK_STR(last, want);
    nr_buf_free(&raw);
    nr_buf_free(&stamp);
    nr_log_reset();
    nr_arena_free(&a);
}

TEST(thresholds)
{
    /* 1.1 and 2 */
    static const char *const all[] = {"[Trace] t\n", "[Debug] d\n", "[Info ] i\n", "[Warn ] w\n", "[Error] e\n"};
    for (int level = NR_TRACE; level <= NR_ERROR; level++) {
        nr_arena a = NR_ARENA_INIT;
        char want[100] = "";
        start(&a, (nr_log_level)level);
        NR_LOG(NR_TRACE, "t");
        NR_LOG(NR_DEBUG, "d");
        NR_LOG(NR_INFO, "i");
        NR_LOG(NR_WARN, "w");
        NR_LOG(NR_ERROR, "e");
        nr_log_write(NR_TRACE, "%s", level == NR_TRACE ? "again" : "never");
        if (level <= NR_INFO) strcat(want, "[Info ] Logger initialized.\n");
        for (int i = level; i <= NR_ERROR; i++) strcat(want, all[i]);
        if (level == NR_TRACE) strcat(want, "[Trace] again\n");
        CHECK_STR(lines(&a), want);
        CHECK_EQ(nr_log_effective_level(), level);
        nr_arena_free(&a);
    }
    int evaluated = 0;
    NR_LOG(NR_TRACE, "%d", ++evaluated); /* 3.5 */
    CHECK_EQ(evaluated, 0);
    nr_log_reset();
    CHECK_STR(nr_str_of(nr_log_level_name((nr_log_level)9)), "-bad level-");
}

TEST(clamps)
{
    /* Section 2: level, console, azure, override -> effective level */
    static const struct {
        nr_log_settings s;
        nr_log_level effective;
    } rows[] = {
        {{NR_TRACE, true, false, false, false}, NR_TRACE}, {{NR_TRACE, true, true, false, false}, NR_INFO},
        {{NR_DEBUG, true, true, false, true}, NR_INFO},    {{NR_WARN, true, true, false, false}, NR_WARN},
        {{NR_TRACE, true, false, true, false}, NR_INFO},   {{NR_TRACE, true, false, true, true}, NR_TRACE},
        {{NR_ERROR, true, false, true, false}, NR_ERROR},  {{NR_DEBUG, false, false, false, false}, NR_DEBUG},
    };
    nr_log_reset();
    CHECK_EQ(nr_log_effective_level(), NR_TRACE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_log_settings s = rows[i].s;
        s.enabled = s.enabled && !s.console; /* quiet */
        nr_log_configure(&s);
        CHECK_EQ(nr_log_effective_level(), rows[i].effective);
        CHECK_EQ(nr_log_is_console(), s.console);
        CHECK_EQ(nr_log_is_enabled(), s.enabled);
    }
    nr_log_reset();
}

TEST(lines_of_a_load)
{
    /* Section 4, rows 1 and 3, on a reload: the file is open */
    nr_arena a = NR_ARENA_INIT;
    nr_log_settings s = {NR_TRACE, true, false, true, false};
    start(&a, NR_INFO);
    nr_log_configure(&s);
    s = (nr_log_settings){NR_WARN, true, false, false, false};
    nr_log_configure(&s); /* INFO is below the new level */
    s.enabled = false;
    nr_log_configure(&s);
    NR_LOG(NR_ERROR, "lost");
    s = (nr_log_settings){NR_DEBUG, true, false, true, true};
    nr_log_configure(&s);
    CHECK_STR(lines(&a),
              "[Info ] Logger initialized.\n"
              "[Info ] <-- New logging level set: Info \n"
              "[Warn ] Logging level has been clamped to Info . TRACE level logging is not supported in Azure Function mode.\n"
              "[Info ] <-- New logging level set: Debug\n");
    nr_log_reset();
    nr_arena_free(&a);
}

TEST(states)
{
    nr_arena a = NR_ARENA_INIT;
    nr_log_reset();
    CHECK(!nr_log_on(NR_ERROR)); /* 3.2 */
    CHECK(nr_log_open(log_path(&a))); /* after a failed load: no "Logger initialized." */
    NR_LOG(NR_ERROR, "lost");
    CHECK(!nr_log_on(NR_ERROR));
    nr_log_set_initialized(); /* before the second attempt: level TRACE */
    NR_LOG(NR_TRACE, "seen");
    CHECK_STR(lines(&a), "[Trace] seen\n");
    nr_log_disable();
    NR_LOG(NR_ERROR, "lost");
    CHECK(!nr_log_is_enabled());
    CHECK_STR(lines(&a), "[Trace] seen\n");
    /* A file that cannot be opened switches logging off. */
    nr_log_reset();
    nr_log_set_initialized();
    CHECK(!nr_log_open(nr_arena_printf(&a, "%s/none/x.log", nr_test_directory())));
    CHECK(!nr_log_is_enabled() && !nr_log_on(NR_ERROR));
    nr_log_reset();
    CHECK(nr_log_is_enabled());
    nr_arena_free(&a);
}

TEST(long_and_foreign_text)
{
    static char big[5000];
    nr_arena a = NR_ARENA_INIT;
    memset(big, 'x', sizeof big - 1);
    start(&a, NR_INFO);
    for (size_t n = 470; n < 490; n++) { /* around what fits the stack */
        start(&a, NR_INFO);
        NR_LOG(NR_INFO, "%.*s", (int)n, big);
        CHECK_EQ(lines(&a).n, 28 + 8 + n + 1);
    }
    start(&a, NR_WARN);
    NR_LOG(NR_WARN, "%s", big);
    CHECK_EQ(lines(&a).n, 8 + sizeof big - 1 + 1);
    start(&a, NR_WARN);
    NR_LOG(NR_WARN, "\xC3\xA9 \xF0\x9F\x98\x80 %s", "\xFF\xC3"); /* 1.7: always UTF-8 */
    CHECK_STR(lines(&a), "[Warn ] \xC3\xA9 \xF0\x9F\x98\x80 \xEF\xBF\xBD\xEF\xBF\xBD\n");
    /* Without memory a line is cut, not lost. */
    start(&a, NR_WARN);
    nr_alloc_fail_at(1, 1);
    NR_LOG(NR_WARN, "%s", big);
    nr_alloc_fail_at(0, 0);
    nr_str s = lines(&a);
    CHECK(s.n > 400 && s.n < 512 && s.p[s.n - 1] == '\n');
    nr_log_reset();
    nr_arena_free(&a);
}

TESTS(log, T(time_stamps), T(line_format), T(thresholds), T(clamps), T(lines_of_a_load), T(states),
      T(long_and_foreign_text))

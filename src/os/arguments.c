#include "os/arguments.h"

#include "base/buf.h"
#include "base/utf.h"

static bool is_blank(uint16_t c)
{
    return c == ' ' || c == '\t';
}

/* The program's name: file names hold no quotation marks, so there are no escapes in it. */
static const uint16_t *take_program(const uint16_t *p, nr_buf *units)
{
    bool quoted = *p == '"';
    if (quoted) p++;
    while (*p && (quoted ? *p != '"' : !is_blank(*p))) nr_buf_put(units, p++, sizeof *p);
    return *p == '"' ? p + 1 : p;
}

static void put_times(nr_buf *units, uint16_t c, size_t times)
{
    while (times--) nr_buf_put(units, &c, sizeof c);
}

/* Backslashes count only in front of a quotation mark: half of them stay, and an odd one makes the mark a character. Of marks in a
 * row, the one that opened the argument counted, each third is a character as well. */
static const uint16_t *take_argument(const uint16_t *p, nr_buf *units)
{
    bool quoted = false;
    while (*p && (quoted || !is_blank(*p))) {
        size_t slashes = 0;
        while (*p == '\\') p++, slashes++;
        if (*p != '"') {
            put_times(units, '\\', slashes);
            if (*p && (quoted || !is_blank(*p))) put_times(units, *p++, 1);
            continue;
        }
        put_times(units, '\\', slashes / 2);
        if (slashes % 2) put_times(units, *p++, 1);
        size_t marks = quoted;
        while (*p == '"') p++, marks++;
        put_times(units, '"', marks / 3);
        quoted = marks % 3 == 1;
    }
    return p;
}

bool nr_os_split_arguments(nr_arena *arena, const uint16_t *line, nr_str **list, size_t *count)
{
    nr_buf units = NR_BUF_INIT, found = NR_BUF_INIT;
    const uint16_t *p = take_program(line, &units);
    bool ok = true;
    for (;;) {
        nr_str s = nr_utf8_from_utf16(arena, (const uint16_t *)(const void *)units.data, units.size / sizeof *p);
        ok = s.p && !units.failed;
        nr_buf_put(&found, &s, sizeof s);
        while (is_blank(*p)) p++;
        if (!ok || !*p) break;
        units.size = 0;
        p = take_argument(p, &units);
    }
    *count = found.size / sizeof(nr_str);
    *list = ok && !found.failed ? nr_arena_copy(arena, found.data, found.size) : NULL;
    nr_buf_free(&units);
    nr_buf_free(&found);
    return *list != NULL;
}

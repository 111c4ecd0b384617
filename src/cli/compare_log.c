/* Two profiler logs, line by line in any order: threads write them. */
#include "cli/compare.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "2026-01-31 23:59:59 " */
static size_t time_length(nr_str s)
{
    static const char shape[] = "dddd-dd-dd dd:dd:dd ";
    if (s.n < sizeof shape - 1) return 0;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == 'd' ? !is_digit(s.p[i]) : s.p[i] != shape[i]) return 0;
    return sizeof shape - 1;
}

/* The length of an address or an id at the start of `s`: "0x7f…" with six digits or more, or twelve decimal digits. */
static size_t id_length(nr_str s)
{
    size_t n = 0;
    if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
        for (n = 2; n < s.n && (is_digit(s.p[n]) || ((s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'f')); n++) {
        }
        /* HRESULTs have eight digits and mean something */
        return n > 2 + 8 ? n : 0;
    }
    while (n < s.n && is_digit(s.p[n])) n++;
    return n >= 12 ? n : 0;
}

/* "[Info ] 2026-01-31 23:59:59 text" as "[Info ] text"; ids become "@id". p == NULL: no memory. */
static nr_str normal_line(nr_arena *arena, nr_str line)
{
    enum { LEVEL = 8 /* "[Info ] " */ };
    nr_buf out = NR_BUF_INIT;
    size_t i = 0;
    bool in_number = false;
    while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' ')) line.n--;
    if (line.n > LEVEL && line.p[0] == '[' && line.p[LEVEL - 2] == ']') {
        nr_buf_put(&out, line.p, LEVEL);
        i = LEVEL + time_length((nr_str){line.p + LEVEL, line.n - LEVEL});
    }
    while (i < line.n) {
        size_t id = in_number ? 0 : id_length((nr_str){line.p + i, line.n - i});
        if (id)
            nr_buf_put_str(&out, NR_STR("@id"));
        else
            nr_buf_u8(&out, (uint8_t)line.p[i]);
        in_number = !id && is_digit(line.p[i]);
        i += id ? id : 1;
    }
    nr_str s = out.failed ? (nr_str){NULL, 0} : nr_arena_str(arena, nr_buf_str(&out));
    nr_buf_free(&out);
    return s;
}

/* The lines in the order of their bytes. NULL: the file cannot be read, or no memory (c->failed). */
static nr_str *lines_of(nr_comparison *c, const char *path, size_t *count)
{
    nr_buf bytes = NR_BUF_INIT, list = NR_BUF_INIT;
    nr_str *lines = NULL;
    if (!nr_os_read_file(nr_str_of(path), &bytes)) goto done;
    for (size_t i = 0; i < bytes.size;) {
        const char *p = (const char *)bytes.data + i, *end = memchr(p, '\n', bytes.size - i);
        nr_str line = {p, end ? (size_t)(end - p) : bytes.size - i};
        i += line.n + 1;
        line = normal_line(&c->arena, line);
        if (!line.p) c->failed = true;
        if (line.n) nr_buf_put(&list, &line, sizeof line);
    }
    *count = list.size / sizeof *lines;
    lines = nr_arena_alloc(&c->arena, list.size + 1);
    if (!lines || list.failed)
        c->failed = true;
    else if (*count) {
        memcpy(lines, list.data, list.size);
        qsort(lines, *count, sizeof *lines, nr_comparison_by_text);
    }
done:
    nr_buf_free(&bytes);
    nr_buf_free(&list);
    return c->failed ? NULL : lines;
}

const char *nr_compare_logs(nr_comparison *c, const char *path_a, const char *path_b)
{
    const nr_str none = {"", 0};
    size_t n, m, i = 0, j = 0;
    nr_str *a = lines_of(c, path_a, &n), *b = a ? lines_of(c, path_b, &m) : NULL;
    if (!b) {
        nr_str text = nr_arena_printf(&c->arena, "%s: the log cannot be read", a ? path_b : path_a);
        return c->failed || !text.p ? "out of memory" : text.p;
    }
    while (i < n || j < m) {
        int d = i == n ? 1 : j == m ? -1 : nr_comparison_by_text(&a[i], &b[j]);
        if (d < 0) nr_comparison_change(c, "log", none, a[i], none);
        if (d > 0) nr_comparison_change(c, "log", none, none, b[j]);
        i += d <= 0;
        j += d >= 0;
    }
    return c->failed ? "out of memory" : NULL;
}

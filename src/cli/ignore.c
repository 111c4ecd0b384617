#include "cli/ignore.h"

#include "base/compiler.h"
#include "base/buf.h"
#include "cli/glob.h"
#include "os/os.h"

#include <string.h>

static const struct {
    const char *word;
    bool pattern;
} kinds[] = {
#define X(name, word, pattern, meaning) {word, pattern},
    NR_IGNORE_KINDS(X)
#undef X
};

/* Lines that the profiler adds to the reference's log (docs/compat.md, section Log). */
static const char *const documented_lines[] = {
    "[Info ] nrprof *, commit *",
    "[Debug] Templates: *",
    "[Debug] *:*: the rule for * stands behind the one at *",
    "[Info ] *:*: the rule for * stands behind the one at *",
};

static nr_str trimmed(nr_str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r')) s.n--;
    return s;
}

static const char *wrong(nr_arena *arena, nr_str entry, const char *why)
{
    nr_str text = nr_arena_printf(arena, "--ignore: '%.*s' %s", NR_STR_ARG(entry), why);
    return text.p ? text.p : "out of memory";
}

static const char *add(nr_buf *rules, nr_arena *arena, nr_str entry)
{
    nr_ignore_rule rule;
    memset(&rule, 0, sizeof rule);
    const char *equals = memchr(entry.p, '=', entry.n);
    nr_str word = {entry.p, equals ? (size_t)(equals - entry.p) : entry.n};
    size_t kind = 0;
    while (kind < NR_COUNT(kinds) && !nr_str_is(trimmed(word), kinds[kind].word)) kind++;
    if (kind == NR_COUNT(kinds))
        return wrong(arena, entry, "is none of tokens, order, documented, method=…, event=…, log=…, @FILE");
    rule.kind = (nr_ignore_kind)kind;
    rule.text = nr_arena_str(arena, entry);
    if (equals) rule.pattern = trimmed((nr_str){equals + 1, (size_t)(entry.p + entry.n - equals - 1)});
    if (kinds[kind].pattern && !rule.pattern.n) return wrong(arena, entry, "needs a pattern behind '='");
    if (!kinds[kind].pattern && equals) return wrong(arena, entry, "takes no pattern");
    rule.pattern = nr_arena_str(arena, rule.pattern);
    if (!rule.text.p || !rule.pattern.p) return "out of memory";
    nr_buf_put(rules, &rule, sizeof rule);
    return NULL;
}

static const char *add_file(nr_buf *rules, nr_arena *arena, nr_str path)
{
    nr_buf bytes = NR_BUF_INIT;
    const char *error = nr_os_read_file(path, &bytes) ? NULL : wrong(arena, path, "cannot be read");
    unsigned line = 0;
    for (size_t i = 0; !error && i < bytes.size;) {
        const char *p = (const char *)bytes.data + i, *end = memchr(p, '\n', bytes.size - i);
        nr_str entry = {p, end ? (size_t)(end - p) : bytes.size - i};
        i += entry.n + 1;
        line++;
        for (size_t c = 0; c < entry.n; c++) {
            if (entry.p[c] == '#' && (!c || entry.p[c - 1] == ' ' || entry.p[c - 1] == '\t')) entry.n = c;
        }
        entry = trimmed(entry);
        if (!entry.n || !(error = add(rules, arena, entry))) continue;
        nr_str text = nr_arena_printf(arena, "%.*s:%u: %s", NR_STR_ARG(path), line, error);
        if (text.p) error = text.p;
    }
    nr_buf_free(&bytes);
    return error;
}

const char *nr_ignores_read(nr_ignores *out, nr_arena *arena, const char *list)
{
    nr_buf rules = NR_BUF_INIT;
    nr_str rest = nr_str_of(list);
    const char *error = NULL;
    memset(out, 0, sizeof *out);
    while (rest.n && !error) {
        const char *comma = memchr(rest.p, ',', rest.n);
        nr_str entry = trimmed((nr_str){rest.p, comma ? (size_t)(comma - rest.p) : rest.n});
        size_t step = comma ? (size_t)(comma - rest.p) + 1 : rest.n;
        rest = (nr_str){rest.p + step, rest.n - step};
        if (entry.n && entry.p[0] == '@')
            error = add_file(&rules, arena, nr_arena_str(arena, (nr_str){entry.p + 1, entry.n - 1}));
        else if (entry.n)
            error = add(&rules, arena, entry);
    }
    if (!error && rules.failed) error = "out of memory";
    if (!error && rules.size) {
        out->count = rules.size / sizeof *out->rules;
        out->rules = nr_arena_copy(arena, rules.data, rules.size);
        if (!out->rules) error = "out of memory";
    }
    nr_buf_free(&rules);
    return error;
}

static bool fits(const nr_ignore_rule *rule, nr_ignore_kind kind, nr_str text)
{
    if (rule->kind == kind) return !kinds[kind].pattern || nr_glob(rule->pattern, text);
    if (rule->kind != NR_IGNORE_DOCUMENTED || kind != NR_IGNORE_LOG) return false;
    for (size_t i = 0; i < NR_COUNT(documented_lines); i++)
        if (nr_glob(nr_str_of(documented_lines[i]), text)) return true;
    return false;
}

nr_str nr_ignores_find(nr_ignores *ignores, nr_ignore_kind kind, nr_str text)
{
    for (size_t i = 0; i < ignores->count; i++) {
        if (!fits(&ignores->rules[i], kind, text)) continue;
        ignores->rules[i].used++;
        return ignores->rules[i].text;
    }
    return (nr_str){NULL, 0};
}

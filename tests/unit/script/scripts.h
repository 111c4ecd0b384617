/* scripts.h - a set of rules and its Lua state, with the lines that loading logs. */
#ifndef NR_TESTS_SCRIPT_SCRIPTS_H
#define NR_TESTS_SCRIPT_SCRIPTS_H

#include "rules/fixture.h"

#include "script/script.h"

typedef struct scripts {
    nr_ruleset set;
    nr_script *s;
    nr_arena arena;
} scripts;

/* `home` is a name below the test's directory; NULL: the built-in files only. */
static inline void scripts_begin(scripts *k, nr_log_level level, const char *home)
{
    memset(k, 0, sizeof *k);
    log_start(level);
    CHECK(nr_ruleset_init(&k->set));
    k->s = nr_script_new(&k->set);
    if (!CHECK(k->s != NULL)) return;
    nr_str path = {NULL, 0};
    if (home) path = test_path(&k->arena, home);
    CHECK(nr_script_load_builtin(k->s, path));
}

static inline bool scripts_rules(scripts *k, const char *file, const char *text)
{
    return nr_script_load_rules(k->s, nr_str_of(file), nr_str_of(text));
}

static inline bool scripts_xml(scripts *k, const char *text)
{
    return nr_script_load_xml(k->s, NR_STR("r.xml"), nr_str_of(text));
}

static inline void scripts_end(scripts *k)
{
    nr_script_free(k->s);
    nr_ruleset_free(&k->set);
    nr_arena_free(&k->arena);
}

/* The lines since the beginning, or since the last call. */
static inline nr_str scripts_log(scripts *k)
{
    nr_str all = logged(&k->arena);
    return all;
}

/* One point a line: "[assembly]class.method(parameters) flags factory|metric min max template line". */
static inline nr_str scripts_points(scripts *k)
{
    nr_buf b = NR_BUF_INIT;
    for (const nr_point *p = k->set.first; p; p = p->next) {
        nr_buf_printf(&b, "[%.*s]%.*s.%.*s", NR_STR_ARG(p->assembly), NR_STR_ARG(p->class_name), NR_STR_ARG(p->method));
        if (p->has_parameters) nr_buf_printf(&b, "(%.*s)", NR_STR_ARG(p->parameters));
        nr_buf_printf(&b, " %08x %.*s|%.*s", atomic_load(&p->flags), NR_STR_ARG(p->factory), NR_STR_ARG(p->metric));
        if (p->has_min)
            nr_buf_printf(&b, " >=%u.%u.%u.%u", p->min.part[0], p->min.part[1], p->min.part[2], p->min.part[3]);
        if (p->has_max) nr_buf_printf(&b, " <%u.%u.%u.%u", p->max.part[0], p->max.part[1], p->max.part[2], p->max.part[3]);
        if (p->template_name.p) nr_buf_printf(&b, " %.*s", NR_STR_ARG(p->template_name));
        if (p->predicate != NR_NO_PREDICATE) nr_buf_printf(&b, " where");
        nr_buf_printf(&b, " :%u\n", (unsigned)p->line);
    }
    nr_str s = nr_arena_str(&k->arena, nr_buf_str(&b));
    nr_buf_free(&b);
    return s;
}

#endif

#include "rules/wide.h"

#include "rules/ruleset.h"

void nr_wides_init(nr_wides *w, nr_arena *arena)
{
    memset(w, 0, sizeof *w);
    w->arena = arena;
    nr_globs_init(&w->assemblies, arena);
    nr_globs_init(&w->classes, arena);
    nr_globs_init(&w->methods, arena);
}

bool nr_wides_add(nr_wides *w, nr_wide *rule)
{
    if (w->count == w->room) {
        uint32_t room = w->room ? w->room * 2 : 16;
        nr_wide **items = nr_arena_alloc(w->arena, room * sizeof *items);
        if (!items) return false;
        if (w->count) memcpy(items, w->items, w->count * sizeof *items);
        w->items = items;
        w->room = room;
    }
    const nr_point *p = rule->point;
    if (!nr_globs_add(&w->assemblies, p->assembly, &rule->assembly) ||
        !nr_globs_add(&w->classes, p->class_name, &rule->class_name) ||
        !nr_globs_add(&w->methods, p->method, &rule->method))
        return false;
    rule->order = w->count;
    w->items[w->count++] = rule;
    return true;
}

/* The injected code runs on these; a wildcard cannot have meant them. */
static bool is_foundation(nr_str assembly)
{
    return nr_str_is(assembly, "mscorlib") || nr_str_is(assembly, "System.Private.CoreLib") ||
           nr_str_starts(assembly, NR_STR("NewRelic."));
}

static bool is_about(const nr_wides *w, uint32_t pattern, nr_str assembly)
{
    return !nr_glob_has_wildcard(w->assemblies.items[pattern].text) || !is_foundation(assembly);
}

typedef struct nr_assembly_look {
    const nr_wides *w;
    nr_str assembly;
    bool found;
    uint8_t *patterns; /* NULL, or 1 for each that matches */
} nr_assembly_look;

static void see_assembly(void *self, uint32_t pattern)
{
    nr_assembly_look *k = self;
    if (!is_about(k->w, pattern, k->assembly)) return;
    k->found = true;
    if (k->patterns) k->patterns[pattern] = 1;
}

bool nr_wides_know_assembly(const nr_wides *w, nr_str assembly)
{
    nr_assembly_look k = {w, assembly, false, NULL};
    if (w->count) nr_globs_each(&w->assemblies, assembly, see_assembly, &k);
    return k.found;
}

/* Groups `rules` by the pattern that `number` gives; the order of the files stays inside a group. */
static const nr_wide **grouped(nr_arena *arena, const nr_wide *const *rules, size_t count, uint32_t patterns,
                               uint32_t (*number)(const nr_wide *), uint32_t **starts)
{
    const nr_wide **list = nr_arena_alloc(arena, (count + 1) * sizeof *list);
    uint32_t *s = nr_arena_zalloc(arena, (size_t)patterns + 2, sizeof *s);
    if (!list || !s) return NULL;
    for (size_t i = 0; i < count; i++) s[number(rules[i]) + 2]++;
    for (uint32_t i = 2; i < patterns + 2; i++) s[i] += s[i - 1];
    for (size_t i = 0; i < count; i++) list[s[number(rules[i]) + 1]++] = rules[i];
    *starts = s;
    return list;
}

static uint32_t class_of(const nr_wide *rule)
{
    return rule->class_name;
}

static uint32_t method_of(const nr_wide *rule)
{
    return rule->method;
}

bool nr_wide_view_begin(nr_wide_view *v, const nr_wides *all, nr_str assembly, const nr_version *version)
{
    memset(v, 0, sizeof *v);
    v->all = all;
    uint32_t classes = all->classes.count, methods = all->methods.count;
    nr_assembly_look k = {all, assembly, false, nr_arena_zalloc(&v->arena, all->assemblies.count + 1u, 1)};
    const nr_wide **rules = nr_arena_alloc(&v->arena, (all->count + 1u) * sizeof *rules);
    v->class_stamps = nr_arena_zalloc(&v->arena, classes + 1u, sizeof *v->class_stamps);
    v->method_stamps = nr_arena_zalloc(&v->arena, methods + 1u, sizeof *v->method_stamps);
    v->patterns = nr_arena_alloc(&v->arena, ((size_t)classes + methods + 1) * sizeof *v->patterns);
    if (!k.patterns || !rules || !v->class_stamps || !v->method_stamps || !v->patterns) goto no_memory;
    nr_globs_each(&all->assemblies, assembly, see_assembly, &k);
    for (uint32_t i = 0; k.found && i < all->count; i++) {
        const nr_wide *rule = all->items[i];
        if (!k.patterns[rule->assembly] || nr_wide_excepts_assembly(rule, assembly)) continue;
        if (nr_point_accepts_version(rule->point, assembly, version)) rules[v->count++] = rule;
    }
    v->by_class = grouped(&v->arena, rules, v->count, classes, class_of, &v->class_starts);
    v->by_method = grouped(&v->arena, rules, v->count, methods, method_of, &v->method_starts);
    if (v->by_class && v->by_method) return true;
no_memory:
    nr_wide_view_end(v);
    return false;
}

static void see_class(void *self, uint32_t pattern)
{
    nr_wide_view *v = self;
    uint32_t rules = v->class_starts[pattern + 1] - v->class_starts[pattern];
    if (!rules) return;
    v->class_stamps[pattern] = v->class_stamp;
    v->patterns[v->class_patterns++] = pattern;
    v->class_rules += rules;
}

bool nr_wide_view_class(nr_wide_view *v, nr_str class_name)
{
    v->class_stamp++;
    v->class_patterns = 0;
    v->class_rules = 0;
    nr_globs_each(&v->all->classes, class_name, see_class, v);
    return v->class_rules != 0;
}

static void see_method(void *self, uint32_t pattern)
{
    nr_wide_view *v = self;
    v->method_stamps[pattern] = v->method_stamp;
    v->patterns[v->class_patterns + v->method_patterns++] = pattern;
}

void nr_wide_view_method(nr_wide_view *v, nr_str method, void (*visit)(void *self, const nr_wide *rule), void *self)
{
    size_t method_rules = 0;
    v->method_stamp++;
    v->method_patterns = 0;
    nr_globs_each(&v->all->methods, method, see_method, v);
    const uint32_t *list = v->patterns + v->class_patterns;
    for (uint32_t i = 0; i < v->method_patterns; i++)
        method_rules += v->method_starts[list[i] + 1] - v->method_starts[list[i]];
    if (method_rules <= v->class_rules) {
        for (uint32_t i = 0; i < v->method_patterns; i++) {
            for (uint32_t r = v->method_starts[list[i]]; r < v->method_starts[list[i] + 1]; r++) {
                if (v->class_stamps[v->by_method[r]->class_name] == v->class_stamp) visit(self, v->by_method[r]);
            }
        }
        return;
    }
    for (uint32_t i = 0; i < v->class_patterns; i++) {
        for (uint32_t r = v->class_starts[v->patterns[i]]; r < v->class_starts[v->patterns[i] + 1]; r++) {
            if (v->method_stamps[v->by_class[r]->method] == v->method_stamp) visit(self, v->by_class[r]);
        }
    }
}

void nr_wide_view_end(nr_wide_view *v)
{
    nr_arena_free(&v->arena);
}

/* ---- exceptions --------------------------------------------------------------------- */

static bool excepts(const nr_wide *rule, nr_except_kind kind, nr_str name)
{
    const nr_except *e = rule->except;
    while (e && !(e->kind == kind && nr_glob_matches(e->pattern, name))) e = e->next;
    return e != NULL;
}

bool nr_wide_excepts_assembly(const nr_wide *rule, nr_str assembly)
{
    return excepts(rule, NR_EXCEPT_ASSEMBLY, assembly);
}

bool nr_wide_excepts_class(const nr_wide *rule, nr_str class_name)
{
    return excepts(rule, NR_EXCEPT_CLASS, class_name);
}

bool nr_wide_excepts_method(const nr_wide *rule, nr_str method, nr_str parameters)
{
    for (const nr_except *e = rule->except; e; e = e->next) {
        if (e->kind != NR_EXCEPT_METHOD || !nr_glob_matches(e->pattern, method)) continue;
        if (!e->has_parameters || (parameters.p && nr_glob_matches_parameters(e->parameters, parameters))) return true;
    }
    return false;
}

bool nr_wide_needs_parameters(const nr_wide *rule)
{
    if (rule->point->has_parameters) return true;
    const nr_except *e = rule->except;
    while (e && !e->has_parameters) e = e->next;
    return e != NULL;
}

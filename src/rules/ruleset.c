#include "rules/ruleset.h"

#include "base/log.h"

static const char *const helper_methods[] = {
    "GetAppDomainBoolean",
    "GetThreadLocalBoolean",
    "SetThreadLocalBoolean",
    "GetMethodFromAppDomainStorageOrReflectionOrThrow",
    "GetMethodFromAppDomainStorage",
    "GetMethodViaReflectionOrThrow",
    "GetTypeViaReflectionOrThrow",
    "LoadAssemblyOrThrow",
    "StoreMethodInAppDomainStorageOrThrow",
};

bool nr_ruleset_init(nr_ruleset *set)
{
    memset(set, 0, sizeof *set);
    nr_map_init(&set->keys, &set->arena);
    nr_map_init(&set->assemblies, &set->arena);
    nr_map_init(&set->classes, &set->arena);
    nr_map_init(&set->methods, &set->arena);
    nr_wides_init(&set->wides, &set->arena);
    bool ok = nr_map_put(&set->assemblies, NR_STR("mscorlib"), NULL) &&
              nr_map_put(&set->classes, NR_STR("System.CannotUnloadAppDomainException"), NULL);
    for (size_t i = 0; ok && i < NR_COUNT(helper_methods); i++)
        ok = nr_map_put(&set->methods, nr_str_of(helper_methods[i]), NULL) != NULL;
    if (!ok) nr_ruleset_free(set);
    return ok;
}

void nr_ruleset_free(nr_ruleset *set)
{
    nr_arena_free(&set->arena);
    memset(set, 0, sizeof *set);
}

nr_point *nr_ruleset_new_point(nr_ruleset *set)
{
    nr_point *p = nr_arena_zalloc(&set->arena, 1, sizeof *p);
    if (p) p->predicate = p->namer = NR_NO_PREDICATE;
    return p;
}

static char *put(char *at, nr_str s)
{
    if (s.n) memcpy(at, s.p, s.n);
    return at + s.n;
}

/* "[assembly]class.method" and, with parameters, "(list)" behind it. */
static nr_str key_of(nr_arena *arena, nr_str assembly, nr_str class_name, nr_str method, const nr_str *parameters)
{
    size_t n = assembly.n + class_name.n + method.n + 3 + (parameters ? parameters->n + 2 : 0);
    char *key = nr_arena_alloc(arena, n + 1), *at = key;
    if (!key) return (nr_str){NULL, 0};
    *at++ = '[';
    at = put(at, assembly);
    *at++ = ']';
    at = put(at, class_name);
    *at++ = '.';
    at = put(at, method);
    if (parameters) {
        *at++ = '(';
        at = put(at, *parameters);
        *at++ = ')';
    }
    *at = 0;
    return (nr_str){key, n};
}

bool nr_ruleset_ignores(const nr_ruleset *set, nr_str assembly, nr_str class_name)
{
    for (const nr_ignore *i = set->ignore; i; i = i->next) {
        bool (*same)(nr_str, nr_str) = i->patterns ? nr_glob_matches_ci : nr_str_eq_ci;
        if (same(i->assembly, assembly) && (!i->class_name.p || same(i->class_name, class_name))) return true;
    }
    return false;
}

/* At the end of the chain of its key: file order decides between rules for one method. */
static bool append_to_key(nr_map *map, nr_str key, nr_point *point)
{
    nr_map_entry *e = nr_map_put(map, key, NULL);
    if (!e) return false;
    if (!e->value) {
        e->value = (uintptr_t)point;
        return true;
    }
    nr_point *last = (nr_point *)e->value;
    while (last->next_of_key) last = last->next_of_key;
    last->next_of_key = point;
    return true;
}

static void append(nr_ruleset *set, nr_point *p)
{
    if (set->last)
        set->last->next = p;
    else
        set->first = p;
    set->last = p;
    set->count++;
}

bool nr_ruleset_add(nr_ruleset *set, nr_point *p, bool may_be_ignored)
{
    if (p->wide) { /* what is ignored is known when an assembly comes */
        if (!nr_wides_add(&set->wides, p->wide)) return false;
        append(set, p);
        return true;
    }
    nr_str key = key_of(&set->arena, p->assembly, p->class_name, p->method, p->has_parameters ? &p->parameters : NULL);
    if (!key.p) return false;
    if (may_be_ignored && nr_ruleset_ignores(set, p->assembly, p->class_name)) {
        NR_LOG(NR_DEBUG,
               "Instrumentation for %.*s is in the ignore list in the newrelic.config file and will be ignored.",
               NR_STR_ARG(key));
        p->next = set->ignored;
        set->ignored = p;
        return true;
    }
    if (!append_to_key(&set->keys, key, p)) return false;
    /* The next rule of a class shares its text. */
    bool known = set->last && set->last->class_name.p == p->class_name.p;
    if (!known && !nr_map_put(&set->classes, p->class_name, NULL)) return false;
    if (!nr_map_put(&set->methods, p->method, NULL)) return false;
    nr_map_entry *e = nr_map_put(&set->assemblies, p->assembly, NULL);
    if (!e) return false;
    /* Newest first: constant time, and nothing depends on the order of this chain. */
    p->next_of_assembly = (nr_point *)e->value;
    e->value = (uintptr_t)p;
    append(set, p);
    return true;
}

bool nr_ruleset_add_ignore(nr_ruleset *set, nr_str assembly, nr_str class_name, bool patterns)
{
    nr_ignore *i = nr_arena_zalloc(&set->arena, 1, sizeof *i);
    if (!i) return false;
    i->assembly = assembly;
    i->class_name = class_name;
    i->patterns = patterns;
    i->next = set->ignore;
    set->ignore = i;
    return true;
}

bool nr_ruleset_add_denied(nr_ruleset *set, nr_str process, nr_str file, uint32_t line)
{
    nr_denied *d = nr_arena_zalloc(&set->arena, 1, sizeof *d);
    if (!d) return false;
    d->process = process;
    d->file = file;
    d->line = line;
    d->next = set->denied;
    set->denied = d;
    return true;
}

const nr_denied *nr_ruleset_denies(const nr_ruleset *set, nr_str path)
{
    size_t start = path.n;
    while (start > 0 && path.p[start - 1] != '/' && path.p[start - 1] != '\\') start--;
    nr_str name = {path.p + start, path.n - start};
    const nr_denied *d = set->denied;
    while (d && !nr_str_eq_ci(d->process, name)) d = d->next;
    return d;
}

bool nr_ruleset_has_assembly(const nr_ruleset *set, nr_str assembly)
{
    return nr_map_get(&set->assemblies, assembly) != NULL;
}

bool nr_ruleset_has_class(const nr_ruleset *set, nr_str class_name)
{
    return nr_map_get(&set->classes, class_name) != NULL;
}

bool nr_ruleset_has_method(const nr_ruleset *set, nr_str method)
{
    return nr_map_get(&set->methods, method) != NULL;
}

const nr_point *nr_ruleset_of_assembly(const nr_ruleset *set, nr_str assembly)
{
    const nr_map_entry *e = nr_map_get(&set->assemblies, assembly);
    return e ? (const nr_point *)e->value : NULL;
}

nr_point *nr_ruleset_lookup(const nr_ruleset *set, nr_arena *scratch, nr_str assembly, nr_str class_name, nr_str method,
                            nr_str parameters)
{
    nr_str full = key_of(scratch, assembly, class_name, method, &parameters), key = full;
    if (!full.p) return NULL;
    const nr_map_entry *e = nr_map_get(&set->keys, full);
    /* Without the list in brackets it is the other key. */
    key.n -= parameters.n + 2;
    if (!e) e = nr_map_get(&set->keys, key);
    return e ? (nr_point *)e->value : NULL;
}

/* Does a version exist that both accept? */
static bool overlap(const nr_point *a, const nr_point *b)
{
    if (a->has_max && b->has_min && nr_version_cmp(&b->min, &a->max) >= 0) return false;
    return !(b->has_max && a->has_min && nr_version_cmp(&a->min, &b->max) >= 0);
}

static bool report_alike(const nr_point *a, const nr_point *b)
{
    return nr_str_eq(a->factory, b->factory) && nr_str_eq(a->metric, b->metric) &&
           atomic_load(&a->flags) == atomic_load(&b->flags) && nr_str_eq(a->template_name, b->template_name);
}

void nr_ruleset_report_hidden(const nr_ruleset *set)
{
    for (const nr_point *p = set->first; p; p = p->next) {
        /* A predicate may leave methods to the next rule. */
        if (p->predicate != NR_NO_PREDICATE) continue;
        for (const nr_point *q = p->next_of_key; q; q = q->next_of_key) {
            if (!overlap(p, q)) continue;
            nr_log_level level = report_alike(p, q) ? NR_DEBUG : NR_INFO;
            NR_LOG(level, "%.*s:%u: the rule for [%.*s]%.*s.%.*s stands behind the one at %.*s:%u, which goes first",
                   NR_STR_ARG(q->file), q->line, NR_STR_ARG(q->assembly), NR_STR_ARG(q->class_name),
                   NR_STR_ARG(q->method), NR_STR_ARG(p->file), p->line);
        }
    }
}

static void log_version(nr_str assembly, const nr_version *v, const char *what, const nr_version *bound)
{
    NR_LOG(NR_DEBUG, "%.*s version %u.%u.%u.%u %s %u.%u.%u.%u", NR_STR_ARG(assembly), v->part[0], v->part[1],
           v->part[2], v->part[3], what, bound->part[0], bound->part[1], bound->part[2], bound->part[3]);
}

bool nr_point_accepts_version(const nr_point *p, nr_str assembly, const nr_version *version)
{
    if (p->has_min && nr_version_cmp(version, &p->min) < 0) {
        log_version(assembly, version, "does not meet minimum version", &p->min);
        return false;
    }
    if (p->has_max && nr_version_cmp(version, &p->max) >= 0) {
        log_version(assembly, version, "exceeds maximum version", &p->max);
        return false;
    }
    return true;
}

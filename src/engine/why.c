#include "engine/why.h"

#include "base/log.h"
#include "meta/sig.h"

/* The lines of one rule begin alike, so that they can be searched for. */
#define NEAR "Near miss: %.*s:%u: "
#define RULE(p) NR_STR_ARG((p)->file), (p)->line

typedef struct nr_near {
    const nr_point *point;
    nr_scope *scope;
    nr_arena *arena;
    /* classes */
    nr_str class_ci; /* p == NULL: none */
    /* methods of the class */
    bool named, exact; /* of that name; with these parameters */
    nr_str method_ci;
    nr_buf overloads;
} nr_near;

static bool see_class(void *self, uint32_t token)
{
    nr_near *n = self;
    nr_str name;
    uint32_t attributes;
    if (nr_type_full_name(n->scope, n->arena, token, &name, &attributes) < 0) return true;
    if (nr_str_eq_ci(name, n->point->class_name)) n->class_ci = name;
    return !n->class_ci.p;
}

static nr_str parameters_of(nr_near *n, const nr_method_props *props)
{
    const nr_method_sig *sig;
    nr_buf text = NR_BUF_INIT;
    nr_str parameters = {NULL, 0};
    if (nr_sig_parse_method(n->arena, props->sig, props->sig_size, &sig) == NR_META_OK &&
        nr_sig_print_params(&text, n->arena, &n->scope->meta, sig) == NR_META_OK)
        parameters = nr_arena_str(n->arena, nr_buf_str(&text));
    nr_buf_free(&text);
    return parameters;
}

static bool see_method(void *self, uint32_t token)
{
    nr_near *n = self;
    nr_method_props props;
    if (n->scope->ops->method_props(n->scope, n->arena, token, &props) < 0) return true;
    if (!nr_str_eq(props.name, n->point->method)) {
        if (nr_str_eq_ci(props.name, n->point->method)) n->method_ci = props.name;
        return true;
    }
    n->named = true;
    if (!n->point->has_parameters) return false;
    nr_str parameters = parameters_of(n, &props);
    if (!parameters.p) return true;
    if (nr_str_eq(parameters, n->point->parameters)) n->exact = true;
    nr_buf_printf(&n->overloads, "%s(%.*s)", n->overloads.size ? ", " : "", NR_STR_ARG(parameters));
    return !n->exact;
}

static void say_methods(nr_near *n, uint32_t type_def)
{
    const nr_point *p = n->point;
    n->scope->ops->each_method(n->scope, type_def, see_method, n);
    if (!n->named && n->method_ci.p)
        NR_LOG(NR_DEBUG, NEAR "the class %.*s has a method %.*s, with another case than %.*s", RULE(p),
               NR_STR_ARG(p->class_name), NR_STR_ARG(n->method_ci), NR_STR_ARG(p->method));
    else if (!n->named)
        NR_LOG(NR_DEBUG, NEAR "the class %.*s has no method %.*s", RULE(p), NR_STR_ARG(p->class_name),
               NR_STR_ARG(p->method));
    else if (p->has_parameters && !n->exact)
        NR_LOG(NR_DEBUG, NEAR "%.*s.%.*s has no overload (%.*s); there are: %.*s", RULE(p), NR_STR_ARG(p->class_name),
               NR_STR_ARG(p->method), NR_STR_ARG(p->parameters), NR_STR_ARG(nr_buf_str(&n->overloads)));
}

static bool find_class(nr_near *n, uint32_t *type_def)
{
    nr_str outer = n->point->class_name, inner = {NULL, 0};
    const char *plus = memchr(outer.p, '+', outer.n);
    if (plus) {
        inner = (nr_str){plus + 1, (size_t)(outer.p + outer.n - plus - 1)};
        outer.n = (size_t)(plus - outer.p);
    }
    if (n->scope->ops->find_type(n->scope, n->arena, outer, type_def) < 0) return false;
    while (inner.p) {
        nr_str name = inner;
        plus = memchr(inner.p, '+', inner.n);
        if (plus) name.n = (size_t)(plus - inner.p);
        inner = plus ? (nr_str){plus + 1, inner.n - name.n - 1} : (nr_str){NULL, 0};
        if (n->scope->ops->find_nested(n->scope, n->arena, name, *type_def, type_def) < 0) return false;
    }
    return true;
}

static bool is_in_bounds(const nr_point *p, const nr_version *version)
{
    return !(p->has_min && nr_version_cmp(version, &p->min) < 0) &&
           !(p->has_max && nr_version_cmp(version, &p->max) >= 0);
}

/* Rules often come in pairs, for the versions below and from some bound on. */
static bool another_suits(const nr_ruleset *set, const nr_point *p, const nr_version *version)
{
    const nr_point *q = nr_ruleset_of_assembly(set, p->assembly);
    for (; q; q = q->next_of_assembly) {
        if (nr_str_eq(q->class_name, p->class_name) && nr_str_eq(q->method, p->method) && is_in_bounds(q, version))
            return true;
    }
    return false;
}

static void say_point(const nr_ruleset *set, const nr_point *p, const nr_module *module, nr_scope *scope,
                      const nr_version *version)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_near n = {.point = p, .scope = scope, .arena = &arena};
    uint32_t type_def = 0;
    if (!is_in_bounds(p, version)) {
        if (another_suits(set, p, version)) return;
        NR_LOG(NR_DEBUG, NEAR "%.*s has the version %u.%u.%u.%u, which is %s", RULE(p), NR_STR_ARG(module->assembly),
               version->part[0], version->part[1], version->part[2], version->part[3],
               p->has_min && nr_version_cmp(version, &p->min) < 0 ? "below min" : "not below max");
    } else if (find_class(&n, &type_def)) {
        say_methods(&n, type_def);
    } else {
        scope->ops->each_type_def(scope, see_class, &n);
        if (n.class_ci.p)
            NR_LOG(NR_DEBUG, NEAR "%.*s has a class %.*s, with another case than %.*s", RULE(p),
                   NR_STR_ARG(module->assembly), NR_STR_ARG(n.class_ci), NR_STR_ARG(p->class_name));
        else
            NR_LOG(NR_DEBUG, NEAR "%.*s has no class %.*s", RULE(p), NR_STR_ARG(module->assembly),
                   NR_STR_ARG(p->class_name));
    }
    nr_buf_free(&n.overloads);
    nr_arena_free(&arena);
}

void nr_why_not(const nr_module *module, const nr_generation *g, nr_scope *scope)
{
    nr_version version;
    if (scope->ops->assembly_version(scope, &version) < 0) return;
    const nr_point *p = nr_ruleset_of_assembly(&g->set, module->assembly);
    for (; p; p = p->next_of_assembly) {
        if (p->file.p) say_point(&g->set, p, module, scope, &version);
    }
}

void nr_why_not_assembly(const nr_module *module, const nr_generation *g)
{
    for (const nr_point *p = g->set.first; p; p = p->next) {
        if (p->wide || !p->file.p || nr_str_eq(p->assembly, module->assembly)) continue;
        if (!nr_str_eq_ci(p->assembly, module->assembly)) continue;
        NR_LOG(NR_DEBUG, NEAR "the assembly %.*s has another case than %.*s", RULE(p), NR_STR_ARG(module->assembly),
               NR_STR_ARG(p->assembly));
        break; /* the others of the assembly are alike */
    }
}

#include "engine/hierarchy.h"

#include "base/alloc.h"
#include "engine/definition.h"
#include "il/locals.h"
#include "meta/sig.h"

enum { MOST_RELATIVES = 500 }; /* a hierarchy that is longer, or goes in a circle, is not followed further */

void nr_hierarchy_begin(nr_hierarchy *h, nr_modules *modules)
{
    memset(h, 0, sizeof *h);
    h->modules = modules;
    nr_map_init(&h->assemblies, &h->arena);
}

void nr_hierarchy_end(nr_hierarchy *h)
{
    nr_arena_free(&h->arena);
}

static uintptr_t module_of_assembly(void *self, nr_str assembly)
{
    nr_hierarchy *h = self;
    const nr_map_entry *known = nr_map_get(&h->assemblies, assembly);
    if (known) return known->value;
    const nr_module *m = nr_modules_named(h->modules, assembly);
    nr_str key = nr_arena_str(&h->arena, assembly);
    nr_map_entry *e = key.p ? nr_map_put(&h->assemblies, key, NULL) : NULL;
    if (e) e->value = m ? m->id : 0;
    return m ? m->id : 0;
}

/* ---- one type ---------------------------------------------------------------------------- */

typedef struct nr_walk {
    nr_hierarchy *h;
    nr_arena arena;  /* names */
    nr_scope *scope; /* of the type that is being looked at */
    uintptr_t module;
    bool interfaces, complete, stopped, direct;
    nr_relation relation;   /* of the tokens that are being looked at */
    bool through_interface; /* the type itself is one: what it has are interfaces */
    nr_relative_visitor visit;
    void *self;
    nr_definition todo[MOST_RELATIVES];
    size_t count;
    bool is_interface[MOST_RELATIVES];
} nr_walk;

static void later(nr_walk *w, uintptr_t module, uint32_t type)
{
    if (w->count == MOST_RELATIVES) {
        w->complete = false;
        return;
    }
    w->is_interface[w->count] = w->relation == NR_RELATION_INTERFACE;
    w->todo[w->count++] = (nr_definition){module, type};
}

/* TypeSpec: the generic type of an instance (II.23.2.14). */
static uint32_t generic_type(nr_walk *w, uint32_t token)
{
    const uint8_t *sig = NULL;
    uint32_t size = 0, coded = 0;
    if (w->scope->ops->type_spec(w->scope, token, &sig, &size) < 0 || size < 3 || sig[0] != NR_ELEMENT_GENERICINST)
        return 0;
    return nr_compressed_get(sig + 2, size - 2, &coded) ? nr_token_of_coded_type(coded) : 0;
}

static bool see(nr_walk *w, nr_str name)
{
    if (!w->visit(w->self, name, w->relation, w->direct)) w->stopped = true;
    /* Nothing comes above these. */
    bool top =
        nr_str_is(name, "System.Object") || nr_str_is(name, "System.ValueType") || nr_str_is(name, "System.Enum");
    return !w->stopped && !top;
}

/* As rules write it: "Outer+Inner". */
static bool full_name_of(nr_arena *arena, const nr_type_path *path, nr_str *name)
{
    *name = path->names[0];
    for (size_t i = 1; name->p && i < path->count; i++)
        *name = nr_arena_printf(arena, "%.*s+%.*s", NR_STR_ARG(*name), NR_STR_ARG(path->names[i]));
    return name->p != NULL;
}

static bool see_reference(nr_walk *w, uint32_t token)
{
    nr_type_path path;
    nr_str name;
    nr_definition d;
    if (!nr_type_path_of(w->scope, &w->arena, token, &path) || !full_name_of(&w->arena, &path, &name)) return false;
    if (!see(w, name)) return true;
    if (!nr_definition_find(w->h->modules->runtime, module_of_assembly, w->h, w->module, w->scope, &w->arena, &path,
                            &d))
        return false;
    later(w, d.module, d.type_def);
    return true;
}

/* A base class or an interface. */
static bool see_token(void *self, uint32_t token)
{
    nr_walk *w = self;
    nr_str name;
    uint32_t attributes;
    bool seen = false;
    if (token >> 24 == NR_TABLE_TYPE_SPEC) token = generic_type(w, token);
    if (token >> 24 == NR_TABLE_TYPE_REF) {
        seen = see_reference(w, token);
    } else if (token >> 24 == NR_TABLE_TYPE_DEF &&
               nr_type_full_name(w->scope, &w->arena, token, &name, &attributes) >= 0) {
        seen = true;
        if (see(w, name)) later(w, w->module, token);
    }
    if (!seen) w->complete = false;
    return !w->stopped;
}

static void look_at(nr_walk *w, uint32_t type)
{
    uint32_t base = 0;
    if (!w->through_interface) {
        w->relation = NR_RELATION_BASE;
        if (w->scope->ops->type_base(w->scope, type, &base) < 0)
            w->complete = false;
        else if (base & 0xFFFFFF)
            see_token(w, base);
    }
    if (!w->interfaces || w->stopped) return;
    w->relation = NR_RELATION_INTERFACE;
    w->scope->ops->each_interface(w->scope, type, see_token, w);
}

bool nr_hierarchy_walk(nr_hierarchy *h, nr_module *module, nr_scope *scope, uint32_t type_def, bool interfaces,
                       nr_relative_visitor visit, void *self)
{
    nr_walk *w = nr_zalloc(sizeof *w);
    if (!w) return false;
    w->h = h;
    w->scope = scope;
    w->module = module->id;
    w->interfaces = interfaces;
    w->complete = w->direct = true;
    w->visit = visit;
    w->self = self;
    look_at(w, type_def);
    w->direct = false;
    for (size_t i = 0; i < w->count && !w->stopped; i++) {
        const nr_runtime *rt = h->modules->runtime;
        nr_scope other;
        if (nr_runtime_read(rt, w->todo[i].module, 0, &other) < 0) {
            w->complete = false;
            continue;
        }
        w->scope = &other;
        w->module = w->todo[i].module;
        w->through_interface = w->is_interface[i];
        look_at(w, w->todo[i].type_def);
        other.ops->close(&other);
    }
    bool complete = w->complete;
    nr_arena_free(&w->arena);
    nr_free(w, sizeof *w);
    return complete;
}

typedef struct nr_wanted {
    nr_str name;
    nr_relation relation;
    bool found;
} nr_wanted;

static bool is_wanted(void *self, nr_str name, nr_relation relation, bool direct)
{
    nr_wanted *k = self;
    (void)direct;
    k->found = relation == k->relation && nr_str_eq(name, k->name);
    return !k->found;
}

nr_answer nr_hierarchy_has(nr_hierarchy *h, nr_module *module, nr_scope *scope, uint32_t type_def, nr_relation relation,
                           nr_str name)
{
    nr_wanted k = {name, relation, false};
    bool complete = nr_hierarchy_walk(h, module, scope, type_def, relation == NR_RELATION_INTERFACE, is_wanted, &k);
    return k.found ? NR_YES : complete ? NR_NO : NR_CANNOT_TELL;
}

#include "engine/facts.h"

#include "base/alloc.h"

#define ASYNC "System.Runtime.CompilerServices.AsyncStateMachineAttribute"
#define ITERATOR "System.Runtime.CompilerServices.IteratorStateMachineAttribute"

bool nr_fact_source_describe(nr_fact_source *f)
{
    nr_buf text = NR_BUF_INIT;
    if (f->parameters.p) return true;
    nr_meta_error e = nr_sig_parse_method(f->arena, f->props->sig, f->props->sig_size, &f->sig);
    if (e == NR_META_OK) e = nr_sig_print_params(&text, f->arena, &f->scope->meta, f->sig);
    if (e == NR_META_OK) f->parameters = nr_arena_str(f->arena, nr_buf_str(&text));
    if (e == NR_META_NO_MEMORY || (e == NR_META_OK && !f->parameters.p)) f->no_memory = true;
    nr_buf_free(&text);
    return f->parameters.p != NULL;
}

/* ---- lists ----------------------------------------------------------------------------- */

typedef struct nr_names {
    nr_fact_source *source;
    nr_str *items;
    size_t count, room;
    nr_relation wanted;
    bool direct_only;
} nr_names;

static bool add_name(void *self, nr_str name)
{
    nr_names *k = self;
    for (size_t i = 0; i < k->count; i++) {
        if (nr_str_eq(k->items[i], name)) return true;
    }
    if (k->count == k->room) {
        size_t room = k->room ? k->room * 2 : 8;
        nr_str *items = nr_arena_alloc(k->source->arena, room * sizeof *items);
        if (!items) goto no_memory;
        if (k->count) memcpy(items, k->items, k->count * sizeof *items);
        k->items = items;
        k->room = room;
    }
    k->items[k->count] = nr_arena_str(k->source->arena, name);
    if (!k->items[k->count].p) goto no_memory;
    k->count++;
    return true;
no_memory:
    k->source->no_memory = true;
    return false;
}

static bool add_relative(void *self, nr_str name, nr_relation relation, bool direct)
{
    nr_names *k = self;
    if (relation != k->wanted || (k->direct_only && !direct)) return true;
    return add_name(k, name);
}

/* A list that ends too early is none. */
static bool list_of(const nr_names *k, nr_fact_value *value)
{
    value->list = k->items;
    value->count = k->count;
    return !k->source->no_memory;
}

static bool attributes_of(nr_fact_source *f, uint32_t owner, nr_fact_value *value)
{
    nr_names k = {.source = f};
    f->scope->ops->each_attribute(f->scope, f->arena, owner, add_name, &k);
    return list_of(&k, value);
}

static bool relatives_of(nr_fact_source *f, nr_relation wanted, nr_fact_value *value)
{
    nr_names k = {.source = f, .wanted = wanted};
    if (!nr_hierarchy_walk(f->hierarchy, f->module, f->scope, f->props->type_def, wanted == NR_RELATION_INTERFACE,
                           add_relative, &k))
        f->unseen = true;
    return list_of(&k, value);
}

static bool base_of(nr_fact_source *f, nr_fact_value *value)
{
    nr_names k = {.source = f, .wanted = NR_RELATION_BASE, .direct_only = true};
    bool complete = nr_hierarchy_walk(f->hierarchy, f->module, f->scope, f->props->type_def, false, add_relative, &k);
    if (!complete && !k.count) f->unseen = true;
    if (k.count) value->text = k.items[0];
    return k.count != 0;
}

/* ---- single facts ------------------------------------------------------------------------- */

static bool return_type(nr_fact_source *f, nr_fact_value *value)
{
    nr_buf text = NR_BUF_INIT;
    const nr_param *r = &f->sig->ret;
    nr_meta_error e = NR_META_OK;
    switch (r->kind) {
    case NR_PARAM_VOID: nr_buf_put_str(&text, NR_STR("void")); break;
    case NR_PARAM_TYPE:
        e = nr_sig_print_type(&text, f->arena, &f->scope->meta, r->type);
        if (r->by_ref) nr_buf_u8(&text, '&');
        break;
    default: nr_buf_put_str(&text, NR_STR("System.TypedReference")); break;
    }
    if (e == NR_META_OK && !text.failed) value->text = nr_arena_str(f->arena, nr_buf_str(&text));
    nr_buf_free(&text);
    return value->text.p != NULL;
}

static nr_str namespace_of(nr_str type)
{
    size_t end = 0;
    for (size_t i = 0; i < type.n && type.p[i] != '+'; i++) {
        if (type.p[i] == '.') end = i;
    }
    return (nr_str){type.p, end};
}

static bool il_size(nr_fact_source *f, nr_fact_value *value)
{
    const nr_runtime *rt = f->hierarchy->modules->runtime;
    const uint8_t *body = NULL;
    uint32_t size = 0;
    if (rt->ops->il_body(rt->self, f->module->id, f->token, &body, &size) < 0 || !size) return false;
    /* II.25.4: what rules are about is the code, not header and clauses. */
    bool tiny = (body[0] & 3) == 2;
    if (!tiny && size < 12) return false;
    value->number = tiny ? body[0] >> 2 : nr_get_u32(body + 4);
    return true;
}

static bool has_mark(nr_fact_source *f, nr_str attribute)
{
    return f->scope->ops->has_attribute(f->scope, f->arena, f->token, attribute);
}

/* Flags of the class itself, not of an outer one. */
static bool class_flag(nr_fact_source *f, nr_fact fact, nr_fact_value *value)
{
    nr_str name;
    uint32_t flags = 0;
    if (f->scope->ops->type_props(f->scope, f->arena, f->props->type_def, &name, &flags) < 0) return false;
    uint32_t visibility = flags & NR_TYPE_VISIBILITY_MASK;
    value->flag = fact == NR_FACT_CLASS_IS_SEALED ? (flags & NR_TYPE_SEALED) != 0
                                                  : visibility == NR_TYPE_PUBLIC || visibility == NR_TYPE_NESTED_PUBLIC;
    return true;
}

bool nr_fact_get(void *self, nr_fact fact, nr_fact_value *v)
{
    nr_fact_source *f = self;
    uint32_t flags = f->props->attributes, access = flags & NR_METHOD_ACCESS_MASK;
    switch (fact) {
    case NR_FACT_ASSEMBLY: v->text = f->module->assembly; return true;
    case NR_FACT_VERSION:
        v->text = nr_arena_printf(f->arena, "%u.%u.%u.%u", f->version.part[0], f->version.part[1], f->version.part[2],
                                  f->version.part[3]);
        return v->text.p != NULL;
    case NR_FACT_CLASS: v->text = f->type; return true;
    case NR_FACT_NAMESPACE: v->text = namespace_of(f->type); return true;
    case NR_FACT_METHOD: v->text = f->props->name; return true;
    case NR_FACT_IS_CONSTRUCTOR: v->flag = nr_str_is(f->props->name, ".ctor"); return true;
    case NR_FACT_IS_ASYNC: v->flag = has_mark(f, NR_STR(ASYNC)); return true;
    case NR_FACT_IS_ITERATOR: v->flag = has_mark(f, NR_STR(ITERATOR)); return true;
    case NR_FACT_IS_PUBLIC: v->flag = access == NR_METHOD_PUBLIC; return true;
    case NR_FACT_IS_PRIVATE: v->flag = access == NR_METHOD_PRIVATE; return true;
    case NR_FACT_IS_VIRTUAL: v->flag = (flags & NR_METHOD_VIRTUAL) != 0; return true;
    case NR_FACT_IS_FINAL: v->flag = (flags & NR_METHOD_FINAL) != 0; return true;
    case NR_FACT_IL_SIZE: return il_size(f, v);
    case NR_FACT_ATTRIBUTES: return attributes_of(f, f->token, v);
    case NR_FACT_CLASS_ATTRIBUTES: return attributes_of(f, f->props->type_def, v);
    case NR_FACT_CLASS_IS_PUBLIC:
    case NR_FACT_CLASS_IS_SEALED: return class_flag(f, fact, v);
    case NR_FACT_BASE: return base_of(f, v);
    case NR_FACT_BASES: return relatives_of(f, NR_RELATION_BASE, v);
    case NR_FACT_INTERFACES: return relatives_of(f, NR_RELATION_INTERFACE, v);
    default: break;
    }
    if (!nr_fact_source_describe(f)) return false;
    switch (fact) {
    case NR_FACT_PARAMETERS: v->text = f->parameters; return true;
    case NR_FACT_RETURN_TYPE: return return_type(f, v);
    case NR_FACT_ARGUMENT_COUNT: v->number = f->sig->param_count; return true;
    case NR_FACT_GENERIC_COUNT: v->number = f->sig->generic_count; return true;
    case NR_FACT_IS_STATIC: v->flag = !(f->sig->convention & NR_SIG_HAS_THIS); return true;
    case NR_FACT_RETURNS: v->flag = f->sig->ret.kind != NR_PARAM_VOID; return true;
    default: return false;
    }
}

#include "engine/wide_rows.h"

#include "base/alloc.h"
#include "engine/facts.h"
#include "engine/method.h"

#include <stdlib.h>

typedef struct nr_finder {
    nr_modules *modules;
    nr_module *module;
    const nr_generation *g;
    nr_scope *scope;
    nr_wide_view view;
    nr_hierarchy hierarchy;
    nr_arena arena; /* of one class */
    nr_version version;
    nr_wide_rows *rows;
    /* the class that is being looked at */
    uint32_t class_number, type_def;
    nr_str type;
    bool last;        /* what cannot be seen now will not be asked again */
    bool attributes;  /* the module knows one of the attribute types that rules ask for */
    uint32_t *asked;  /* rule -> class_number for which … */
    uint8_t *answers; /* … this is the nr_answer about the class */
    /* the method that is being looked at */
    nr_method_props props;
    nr_fact_source facts;
} nr_finder;

/* Nearly no module refers to the attribute of a rule, and to ask every method of each would take long. */
static bool knows_attributes(nr_finder *f)
{
    const char **names = nr_arena_alloc(&f->view.arena, (2 * f->view.count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < f->view.count; i++) {
        const nr_str wanted[] = {f->view.by_class[i]->attribute, f->view.by_class[i]->class_attribute};
        for (size_t k = 0; k < NR_COUNT(wanted); k++) {
            for (size_t c = 0; c < wanted[k].n; c++) {
                if (wanted[k].p[c] & 0x80) return true; /* names are compared as ASCII there */
            }
            if (wanted[k].p) names[count++] = wanted[k].p;
        }
    }
    if (names) names[count] = NULL;
    return !names || (count && f->scope->ops->knows_type(f->scope, names));
}

static bool begin(nr_finder *f, nr_modules *m, nr_module *module, const nr_generation *g, nr_scope *scope)
{
    memset(f, 0, sizeof *f);
    f->modules = m;
    f->module = module;
    f->g = g;
    f->scope = scope;
    nr_hierarchy_begin(&f->hierarchy, m);
    if (scope->ops->assembly_version(scope, &f->version) < 0) memset(&f->version, 0, sizeof f->version);
    if (!nr_wide_view_begin(&f->view, &g->set.wides, module->assembly, &f->version)) return false;
    f->asked = nr_arena_zalloc(&f->view.arena, g->set.wides.count + 1u, sizeof *f->asked);
    f->answers = nr_arena_zalloc(&f->view.arena, g->set.wides.count + 1u, 1);
    f->attributes = module->dynamic || knows_attributes(f);
    return f->asked && f->answers;
}

static void end(nr_finder *f)
{
    nr_wide_view_end(&f->view);
    nr_hierarchy_end(&f->hierarchy);
    nr_arena_free(&f->arena);
}

static nr_answer both(nr_answer a, nr_answer b)
{
    if (a == NR_NO || b == NR_NO) return NR_NO;
    return a == NR_YES ? b : a;
}

/* What a rule asks of the class besides its name. */
static nr_answer ask_class(nr_finder *f, const nr_wide *rule)
{
    nr_answer answer = NR_YES;
    if (nr_wide_excepts_class(rule, f->type)) return NR_NO;
    if (rule->class_attribute.p &&
        !f->scope->ops->has_attribute(f->scope, &f->arena, f->type_def, rule->class_attribute))
        return NR_NO;
    if (rule->extends.p)
        answer = nr_hierarchy_has(&f->hierarchy, f->module, f->scope, f->type_def, NR_RELATION_BASE, rule->extends);
    if (rule->implements.p)
        answer = both(answer, nr_hierarchy_has(&f->hierarchy, f->module, f->scope, f->type_def, NR_RELATION_INTERFACE,
                                               rule->implements));
    return answer;
}

static nr_answer class_fits(nr_finder *f, const nr_wide *rule)
{
    if (f->asked[rule->order] != f->class_number) {
        f->asked[rule->order] = f->class_number;
        f->answers[rule->order] = (uint8_t)ask_class(f, rule);
    }
    return (nr_answer)f->answers[rule->order];
}

/* Everything but the class. */
static bool method_fits(nr_finder *f, const nr_wide *rule)
{
    const nr_point *p = rule->point;
    const nr_str none = {NULL, 0};
    if (nr_wide_needs_parameters(rule) && !nr_fact_source_describe(&f->facts)) {
        if (f->facts.no_memory) f->rows->failed = true;
        return false;
    }
    if (nr_wide_excepts_method(rule, f->props.name, nr_wide_needs_parameters(rule) ? f->facts.parameters : none))
        return false;
    if (p->has_parameters && !nr_glob_matches_parameters(p->parameters, f->facts.parameters)) return false;
    return !rule->attribute.p || f->scope->ops->has_attribute(f->scope, &f->arena, f->facts.token, rule->attribute);
}

static bool predicate_holds(nr_finder *f, const nr_wide *rule)
{
    const nr_method_facts facts = {nr_fact_get, &f->facts};
    f->facts.unseen = false;
    nr_where_answer answer = nr_script_where(f->g->script, rule->point, &facts);
    if (f->facts.no_memory || answer == NR_WHERE_NO_MEMORY) f->rows->failed = true;
    return answer == NR_WHERE_YES;
}

static void add(nr_finder *f, const nr_wide *rule, bool open)
{
    nr_wide_rows *r = f->rows;
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 32;
        nr_wide_row *items = nr_alloc(r->items, r->room * sizeof *items, room * sizeof *items);
        if (!items) {
            r->failed = true;
            return;
        }
        r->items = items;
        r->room = room;
    }
    r->items[r->count++] = (nr_wide_row){f->facts.token & 0xFFFFFF, open, rule};
}

/* A predicate is asked only when it can decide: behind a rule that is settled for the row it cannot. */
static void try_rule(void *self, const nr_wide *rule)
{
    nr_finder *f = self;
    if (!f->attributes && (rule->attribute.p || rule->class_attribute.p)) return;
    nr_answer answer = class_fits(f, rule);
    if (answer != NR_NO && method_fits(f, rule)) add(f, rule, answer == NR_CANNOT_TELL);
}

static int by_order(const void *a, const void *b)
{
    const nr_wide_row *x = a, *y = b;
    return (x->rule->order > y->rule->order) - (x->rule->order < y->rule->order);
}

/* Puts the rules of one method, from `first` on, in order and asks the predicates; ends with the first that is settled. */
static void settle(nr_finder *f, size_t first)
{
    nr_wide_rows *r = f->rows;
    size_t kept = first;
    if (r->failed || r->count == first) return;
    qsort(r->items + first, r->count - first, sizeof *r->items, by_order);
    for (size_t i = first; i < r->count; i++) {
        if (!r->items[i].open) {
            bool yes = predicate_holds(f, r->items[i].rule);
            r->items[i].open = f->facts.unseen && !f->last; /* what it said may not be what it will say */
            if (!yes && !r->items[i].open) continue;
        }
        r->items[kept++] = r->items[i];
        if (!r->items[kept - 1].open) break;
    }
    r->count = kept;
}

static bool can_be_instrumented(nr_finder *f, uint32_t token)
{
    uint32_t rva = 0, attributes = f->props.attributes;
    if (attributes & (NR_METHOD_PINVOKE | NR_METHOD_UNMANAGED_EXPORT | NR_METHOD_ABSTRACT)) return false;
    if ((attributes & NR_METHOD_SPECIAL_NAME) && !nr_str_is(f->props.name, ".ctor")) return false;
    /* A dynamic module has no addresses before it is saved. */
    return f->module->dynamic || (f->scope->ops->method_rva(f->scope, token, &rva) >= 0 && rva);
}

static void enter_method(nr_finder *f, uint32_t token)
{
    memset(&f->facts, 0, sizeof f->facts);
    f->facts.hierarchy = &f->hierarchy;
    f->facts.module = f->module;
    f->facts.scope = f->scope;
    f->facts.arena = &f->arena;
    f->facts.token = token;
    f->facts.props = &f->props;
    f->facts.type = f->type;
    f->facts.version = f->version;
}

static void look_at_method(nr_finder *f, uint32_t token)
{
    size_t first = f->rows->count;
    enter_method(f, token);
    nr_wide_view_method(&f->view, f->props.name, try_rule, f);
    if (f->rows->count > first && !can_be_instrumented(f, token)) f->rows->count = first;
    settle(f, first);
}

static bool collect_method(void *self, uint32_t token)
{
    nr_finder *f = self;
    int32_t hr = f->scope->ops->method_props(f->scope, &f->arena, token, &f->props);
    if (hr >= 0)
        look_at_method(f, token);
    else if (hr == NR_HR_NO_MEMORY)
        f->rows->failed = true;
    return !f->rows->failed;
}

/* False: no rule is about the class. */
static bool enter_class(nr_finder *f, uint32_t type_def, nr_str type, uint32_t attributes)
{
    f->class_number++;
    f->type_def = type_def;
    f->type = type;
    if ((attributes & NR_TYPE_LAYOUT_MASK) == NR_TYPE_SEQUENTIAL) return false;
    return nr_wide_view_class(&f->view, type) && !nr_ruleset_ignores(&f->g->set, f->module->assembly, type);
}

static bool collect_type(void *self, uint32_t token)
{
    nr_finder *f = self;
    nr_str name;
    uint32_t attributes;
    int32_t hr = nr_type_full_name(f->scope, &f->arena, token, &name, &attributes);
    if (hr == NR_HR_NO_MEMORY || (hr >= 0 && enter_class(f, token, name, attributes) &&
                                  !f->scope->ops->each_method(f->scope, token, collect_method, f)))
        f->rows->failed = true;
    nr_arena_free(&f->arena);
    return !f->rows->failed;
}

static int by_row(const void *a, const void *b)
{
    const nr_wide_row *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return by_order(a, b);
}

bool nr_wide_rows_of(nr_modules *m, nr_module *module, const nr_generation *g, nr_scope *scope, nr_wide_rows *rows)
{
    nr_finder f;
    rows->failed = !begin(&f, m, module, g, scope);
    f.rows = rows;
    if (!rows->failed && f.view.count && !scope->ops->each_type_def(scope, collect_type, &f)) rows->failed = true;
    if (!rows->failed && rows->count) qsort(rows->items, rows->count, sizeof *rows->items, by_row);
    end(&f);
    return !rows->failed;
}

void nr_wide_rows_free(nr_wide_rows *rows)
{
    nr_free(rows->items, rows->room * sizeof *rows->items);
    memset(rows, 0, sizeof *rows);
}

const nr_wide_row *nr_wide_rows_find(const nr_wide_rows *rows, uint32_t row)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows->items[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rows->count && rows->items[low].row == row ? &rows->items[low] : NULL;
}

/* ---- one method --------------------------------------------------------------------- */

/* By names, or to settle what was left open. */
static const nr_wide *look_again(nr_method *m)
{
    nr_wide_rows rows = {NULL, 0, 0, false};
    nr_finder f;
    const nr_wide *rule = NULL;
    rows.failed = !begin(&f, &m->e->modules, m->module, m->g, &m->scope);
    f.rows = &rows;
    f.last = true;
    if (!rows.failed && enter_class(&f, m->props.type_def, m->type, m->type_attributes)) {
        f.props = m->props;
        look_at_method(&f, m->token);
    }
    /* What is still open now could be seen nowhere: it does not match. */
    for (size_t i = 0; !rows.failed && i < rows.count && !rule; i++) {
        if (!rows.items[i].open) rule = rows.items[i].rule;
    }
    nr_wide_rows_free(&rows);
    end(&f);
    return rule;
}

const nr_wide *nr_wide_of_method(nr_method *m, const nr_wide_rows *rows)
{
    if (!rows) return look_again(m);
    const nr_wide_row *first = nr_wide_rows_find(rows, m->token & 0xFFFFFF);
    if (!first) return NULL;
    return first->open ? look_again(m) : first->rule;
}

/* ---- one rule for one method --------------------------------------------------------- */

static const char *object_to_class(nr_finder *f, const nr_wide *rule)
{
    nr_answer answer;
    if (nr_wide_excepts_class(rule, f->type)) return "except";
    if (rule->class_attribute.p &&
        !f->scope->ops->has_attribute(f->scope, &f->arena, f->type_def, rule->class_attribute))
        return "class_attribute";
    nr_wide only = *rule;
    only.class_attribute.p = only.implements.p = NULL;
    answer = ask_class(f, &only);
    if (answer != NR_YES) return "extends";
    return ask_class(f, rule) == NR_YES ? NULL : "implements";
}

static const char *object_to_method(nr_finder *f, const nr_wide *rule)
{
    const nr_point *p = rule->point;
    if (!nr_fact_source_describe(&f->facts)) return "parameters";
    if (nr_wide_excepts_method(rule, f->props.name, f->facts.parameters)) return "except";
    if (p->has_parameters && !nr_glob_matches_parameters(p->parameters, f->facts.parameters)) return "parameters";
    return method_fits(f, rule) ? NULL : "attribute";
}

const char *nr_wide_objection(nr_method *m, const nr_wide *rule)
{
    nr_wide_rows none = {NULL, 0, 0, false};
    nr_finder f;
    nr_str assembly = m->module->assembly;
    const nr_point *p = rule->point;
    const char *what = "kind";
    if (!nr_glob_matches(p->assembly, assembly)) return "assembly";
    if (!nr_glob_matches(p->class_name, m->type)) return "class";
    if (!nr_glob_matches(p->method, m->props.name)) return "method";
    if (nr_wide_excepts_assembly(rule, assembly)) return "except";
    if (!nr_point_accepts_version(p, assembly, &m->version)) return "version";
    if (nr_ruleset_ignores(&m->g->set, assembly, m->type)) return "ignore";
    if (begin(&f, &m->e->modules, m->module, m->g, &m->scope) &&
        enter_class(&f, m->props.type_def, m->type, m->type_attributes)) {
        f.rows = &none;
        f.props = m->props;
        enter_method(&f, m->token);
        if (can_be_instrumented(&f, m->token)) what = object_to_class(&f, rule);
        if (!what) what = object_to_method(&f, rule);
        if (!what && !predicate_holds(&f, rule)) what = "where";
    }
    end(&f);
    return what;
}

/* Is the function of an entry in a module, and is that the agent's assembly? */
#include "base/log.h"
#include "engine/engine.h"
#include "meta/sig.h"

typedef struct nr_functions {
    uint32_t token;
    unsigned count;
} nr_functions;

static bool note_function(void *self, uint32_t token)
{
    nr_functions *f = self;
    f->token = token;
    f->count++;
    return true;
}

static void no_batch(void *self, uint32_t count)
{
    (void)self;
    (void)count;
}

/* One function of the name, static, and its signature as text the same. */
static bool is_there(nr_scope *scope, nr_arena *arena, const nr_template_entry *t)
{
    nr_functions f = {0, 0};
    uint32_t type_def = 0;
    nr_method_props props;
    const nr_method_sig *sig;
    nr_buf parameters = NR_BUF_INIT, returns = NR_BUF_INIT;
    if (scope->ops->find_type(scope, arena, t->class_name, &type_def) < 0) return false;
    scope->ops->each_method_named(scope, arena, type_def, t->method, note_function, no_batch, &f);
    if (f.count != 1 || scope->ops->method_props(scope, arena, f.token, &props) < 0) return false;
    if (nr_sig_parse_method(arena, props.sig, props.sig_size, &sig) != NR_META_OK) return false;
    bool same = sig->convention == 0 && sig->ret.kind == NR_PARAM_TYPE && !sig->ret.by_ref &&
                nr_sig_print_params(&parameters, arena, &scope->meta, sig) == NR_META_OK &&
                nr_sig_print_type(&returns, arena, &scope->meta, sig->ret.type) == NR_META_OK &&
                nr_str_eq(nr_buf_str(&parameters), t->parameters) && nr_str_eq(nr_buf_str(&returns), t->returns);
    nr_buf_free(&parameters);
    nr_buf_free(&returns);
    return same;
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Separators in a row count as one: a home directory may end with one. */
static size_t behind(nr_str path, size_t i)
{
    bool separators = is_separator(path.p[i]);
    do i++;
    while (separators && i < path.n && is_separator(path.p[i]));
    return i;
}

static bool same_path(nr_str a, nr_str b)
{
    size_t i = 0, j = 0;
    while (i < a.n && j < b.n) {
        bool separator = is_separator(a.p[i]);
        if (separator != is_separator(b.p[j])) return false;
        if (!separator && !nr_str_eq_ci((nr_str){a.p + i, 1}, (nr_str){b.p + j, 1})) return false;
        if (!NR_OS_WINDOWS && a.p[i] != b.p[j]) return false;
        i = behind(a, i);
        j = behind(b, j);
    }
    return i == a.n && j == b.n;
}

nr_entry_state nr_entry_look(nr_engine *e, const nr_template_entry *t, const nr_module *module)
{
    const nr_runtime *clr = &e->runtime;
    nr_arena arena = NR_ARENA_INIT;
    nr_scope scope;
    nr_str path = {NULL, 0};
    nr_entry_state state = NR_ENTRY_WAITING;
    if (clr->ops->module_path(clr->self, &arena, module->id, &path) >= 0 && same_path(path, e->core_path) &&
        nr_runtime_read(clr, module->id, 0, &scope) >= 0) {
        state = is_there(&scope, &arena, t) ? NR_ENTRY_THERE : NR_ENTRY_REFUSED;
        scope.ops->close(&scope);
    }
    if (state == NR_ENTRY_WAITING)
        NR_LOG(NR_INFO, "No direct calls into %.*s, it is not the agent's assembly (%.*s).", NR_STR_ARG(path),
               NR_STR_ARG(e->core_path));
    if (state == NR_ENTRY_REFUSED)
        NR_LOG(
            NR_INFO,
            "No direct calls: %.*s has no static %.*s %.*s.%.*s(%.*s) as %.*s:%u wants it. The template '%.*s' writes "
            "instead.",
            NR_STR_ARG(path), NR_STR_ARG(t->returns), NR_STR_ARG(t->class_name), NR_STR_ARG(t->method),
            NR_STR_ARG(t->parameters), NR_STR_ARG(t->file), (unsigned)t->line, NR_STR_ARG(t->instead));
    nr_arena_free(&arena);
    return state;
}

#include "engine/traced.h"

static const char *const attribute_names[] = {"NewRelic.Api.Agent.TransactionAttribute",
                                              "NewRelic.Api.Agent.TraceAttribute", NULL};

static bool note(void *self, uint32_t token)
{
    if (token >> 24 == NR_TABLE_METHOD_DEF) nr_method_bits_set(self, token & 0xFFFFFF);
    return true;
}

/* To look at too many methods costs time, at too few loses a trace. */
static void note_all(nr_method_bits *bits)
{
    for (uint32_t row = 1; row <= bits->count; row++) nr_method_bits_set(bits, row);
}

/* What cannot be done now, for want of memory or metadata, is tried again at the next callback. */
void nr_module_find_traced(nr_modules *m, nr_module *module, uintptr_t function)
{
    nr_scope scope;
    if (module->dynamic || atomic_load_explicit(&module->untraced, memory_order_relaxed) ||
        atomic_load_explicit(&module->traced, memory_order_relaxed))
        return;
    if (nr_runtime_read(m->runtime, module->id, function, &scope) < 0) return;
    if (scope.ops->knows_type(&scope, attribute_names)) {
        nr_method_bits *bits = nr_method_bits_new(nr_scope_last_method(&scope));
        if (bits && !scope.ops->each_carrier(&scope, attribute_names, note, bits)) note_all(bits);
        nr_method_bits_publish(&module->traced, bits);
    } else {
        atomic_store(&module->untraced, true);
    }
    scope.ops->close(&scope);
}

bool nr_module_may_be_traced(nr_modules *m, nr_module *module, uintptr_t function, uint32_t row)
{
    nr_module_find_traced(m, module, function);
    const nr_method_bits *bits = atomic_load_explicit(&module->traced, memory_order_acquire);
    if (!bits) return !atomic_load(&module->untraced);
    return row > bits->count || nr_method_bits_get(&module->traced, row);
}

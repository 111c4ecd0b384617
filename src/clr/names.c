#include "clr/names.h"

#include <string.h>

static nr_str key_of(const uintptr_t *function)
{
    return (nr_str){(const char *)function, sizeof *function};
}

const nrprof_function_name *nr_names_get(const nr_names *names, uintptr_t function)
{
    const nr_map_entry *e = nr_map_get(&names->functions, key_of(&function));
    return e ? (const nrprof_function_name *)e->value : NULL;
}

nrprof_function_name nr_names_answer(const nr_names *names, uintptr_t function)
{
    static const uint16_t unknown_class[] = u"UnknownClass", unknown_method[] = u"UnknownMethod(error)";
    const nrprof_function_name *found = nr_names_get(names, function);
    return found ? *found : (nrprof_function_name){function, unknown_class, unknown_method};
}

static const uint16_t *copy(nr_arena *arena, const uint16_t *units, size_t length)
{
    uint16_t *text = nr_arena_alloc(arena, (length + 1) * sizeof *text);
    if (!text) return NULL;
    if (length) memcpy(text, units, length * sizeof *text);
    text[length] = 0;
    return text;
}

static const uint16_t *type_text(nr_names *names, const uint16_t *units, size_t length)
{
    nr_str key = {(const char *)units, length * sizeof *units};
    const nr_map_entry *known = nr_map_get(&names->types, key);
    if (known) return (const uint16_t *)known->value;
    const uint16_t *text = copy(&names->arena, units, length);
    if (!text) return NULL;
    key.p = (const char *)text;
    nr_map_entry *e = nr_map_put(&names->types, key, NULL);
    if (e) e->value = (uintptr_t)text;
    return e ? text : NULL;
}

bool nr_names_put(nr_names *names, uintptr_t function, const uint16_t *type, size_t type_length, const uint16_t *method,
                  size_t method_length)
{
    if (!names->functions.arena) {
        nr_map_init(&names->functions, &names->arena);
        nr_map_init(&names->types, &names->arena);
    }
    if (nr_names_get(names, function)) return true;
    nrprof_function_name *name = nr_arena_alloc(&names->arena, sizeof *name);
    if (!name) return false;
    name->function = function;
    name->type_name = type_text(names, type, type_length);
    name->method_name = copy(&names->arena, method, method_length);
    if (!name->type_name || !name->method_name) return false;
    nr_map_entry *e = nr_map_put(&names->functions, key_of(&name->function), NULL);
    if (e) e->value = (uintptr_t)name;
    return e != NULL;
}

void nr_names_clear(nr_names *names)
{
    nr_arena_free(&names->arena);
    memset(names, 0, sizeof *names);
}

#include "engine/definition.h"

enum { TABLE_MODULE = 0x00, MOST_FORWARDS = 8 };

bool nr_type_path_of(nr_scope *s, nr_arena *arena, uint32_t type_ref, nr_type_path *path)
{
    path->count = 0;
    for (uint32_t token = type_ref; token >> 24 == NR_TABLE_TYPE_REF; token = path->resolution_scope) {
        if (path->count == NR_MOST_ENCLOSERS) return false;
        memmove(path->names + 1, path->names, path->count * sizeof path->names[0]);
        if (s->ops->type_ref(s, arena, token, &path->resolution_scope, &path->names[0]) < 0) return false;
        path->count++;
    }
    return true;
}

static bool find_path(nr_scope *s, nr_arena *arena, const nr_type_path *path, uint32_t *type_def)
{
    bool found = s->ops->find_type(s, arena, path->names[0], type_def) >= 0;
    for (size_t i = 1; found && i < path->count; i++)
        found = s->ops->find_nested(s, arena, path->names[i], *type_def, type_def) >= 0;
    return found;
}

/* The AssemblyRef behind a token, which may be one of another kind. */
static bool assembly_of(nr_scope *s, nr_arena *arena, uint32_t token, nr_str *assembly)
{
    return token >> 24 == NR_TABLE_ASSEMBLY_REF && s->ops->assembly_ref(s, arena, token, assembly) >= 0;
}

bool nr_definition_find(const nr_runtime *runtime, nr_module_finder finder, void *self, uintptr_t module,
                        nr_scope *scope, nr_arena *arena, const nr_type_path *path, nr_definition *d)
{
    nr_str assembly;
    *d = (nr_definition){module, 0};
    if (path->resolution_scope >> 24 == TABLE_MODULE) return find_path(scope, arena, path, &d->type_def);
    if (!assembly_of(scope, arena, path->resolution_scope, &assembly)) return false;
    for (int i = 0; i < MOST_FORWARDS; i++) {
        nr_scope s;
        uint32_t implementation = 0;
        d->module = finder(self, assembly);
        if (!d->module || nr_runtime_read(runtime, d->module, 0, &s) < 0) return false;
        bool found = find_path(&s, arena, path, &d->type_def);
        bool forwarded = !found && s.ops->exported_type(&s, arena, path->names[0], &implementation) >= 0 &&
                         assembly_of(&s, arena, implementation, &assembly);
        s.ops->close(&s);
        if (!forwarded) return found;
    }
    return false;
}

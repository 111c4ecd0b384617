/* The built-in files and those of the home directory that replace them. */
#include "base/log.h"
#include "rules/env.h"
#include "script/embedded.h"
#include "script/host.h"

#include <string.h>

typedef struct nr_listing {
    nr_arena *arena;
    nr_str names[256];
    size_t count;
} nr_listing;

static void list_lua(void *self, nr_str name)
{
    nr_listing *l = self;
    if (!nr_str_ends(name, NR_STR(".lua")) || l->count == NR_COUNT(l->names)) return;
    nr_str copy = nr_arena_str(l->arena, name);
    if (!copy.p) return;
    size_t i = l->count++;
    for (; i > 0 && nr_str_cmp_utf16(l->names[i - 1], copy) > 0; i--) l->names[i] = l->names[i - 1];
    l->names[i] = copy;
}

/* What defines templates for .NET Framework's mscorlib, and for a switch. */
static bool is_rare(nr_str file)
{
    return nr_str_ends(file, NR_STR("/helpers.lua")) || nr_str_ends(file, NR_STR("/direct.lua"));
}

/* Runs the built-in files of a kind: all of them, or those of a stage. */
static bool run_builtin(nr_script *s, nr_file_kind env, const char *kind, unsigned stage)
{
    bool ok = true;
    char prefix[40];
    nr_script_no_budget(s);
    size_t n = strlen("instrumentation/") + strlen(kind) + 1;
    memcpy(prefix, "instrumentation/", 16);
    memcpy(prefix + 16, kind, strlen(kind));
    prefix[n - 1] = '/';
    prefix[n] = 0;
    for (const nr_embedded *e = nr_embedded_files; e->name; e++) {
        nr_str text = {(const char *)e->data, e->size}, name = nr_str_of(e->name);
        /* The process lists are plain data, compiled into C (cmake/process_lists.cmake). */
        if (strncmp(e->name, prefix, n) != 0 || nr_str_ends(name, NR_STR("/process.lua"))) continue;
        if (stage != NR_STAGE_NONE && (stage == NR_STAGE_RARE) != is_rare(name)) continue;
        if (!nr_script_run_file(s, env, name, text, "a built-in file failed")) ok = false;
    }
    return ok;
}

void nr_script_run_later(nr_script *s, unsigned left)
{
    if (atomic_load(&s->later) <= left) return;
    nr_mutex_lock(&s->lock);
    bool sealed = s->sealed;
    s->sealed = false;
    for (unsigned stage; (stage = atomic_load(&s->later)) > left;) {
        if (!run_builtin(s, NR_FILE_TEMPLATE, "templates", stage)) break; /* no memory: the next who asks tries again */
        atomic_store(&s->later, stage - 1);
    }
    s->sealed = sealed;
    nr_mutex_unlock(&s->lock);
}

/* Runs the built-in files of a kind, then what the home directory has: a file there replaces what the built-in one of the same
 * name defined, because a later definition wins. */
static bool load_kind(nr_script *s, nr_file_kind env, nr_str home, const char *kind)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_listing *l = home.p ? nr_arena_zalloc(&arena, 1, sizeof *l) : NULL;
    nr_str dir =
        nr_arena_printf(&arena, "%.*s" NR_OS_SEPARATOR "instrumentation" NR_OS_SEPARATOR "%s", NR_STR_ARG(home), kind);
    if (l && dir.p) {
        l->arena = &arena;
        nr_os_list_directory(dir, list_lua, l);
    }
    /* Many a process has no method that needs a template: they are compiled when one is asked for, which takes a third off a
     * start without rules. Not where files of one's own replace what they define, and not where one is to be switched off. */
    if (env == NR_FILE_TEMPLATE && !(l && l->count) && !nr_env_is_set(NR_ENV_TEMPLATES_DISABLED))
        s->later = NR_STAGE_COMMON;
    bool ok = (env == NR_FILE_TEMPLATE && s->later) || run_builtin(s, env, kind, NR_STAGE_NONE);
    if (l && dir.p) {
        s->from_home = true;
        for (size_t i = 0; i < l->count; i++) {
            nr_script_set_budget(s, NR_SCRIPT_INSTRUCTIONS);
            nr_str text,
                path = nr_arena_printf(&arena, "%.*s" NR_OS_SEPARATOR "%.*s", NR_STR_ARG(dir), NR_STR_ARG(l->names[i]));
            if (!path.p) break;
            if (nr_script_read_file(s, &arena, path, &text) &&
                nr_script_run_file(s, env, nr_arena_str(&s->set->arena, path), text, "the file is skipped"))
                NR_LOG(NR_INFO, "Loaded %.*s", NR_STR_ARG(path));
        }
        s->from_home = false;
    }
    nr_arena_free(&arena);
    return ok;
}

bool nr_script_load_builtin(nr_script *s, nr_str home)
{
    bool templates = load_kind(s, NR_FILE_TEMPLATE, home, "templates");
    bool rules = load_kind(s, NR_FILE_MAPPING, home, "rules");
    return templates && rules && s->mapping != LUA_NOREF;
}

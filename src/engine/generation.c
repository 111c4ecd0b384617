#include "engine/generation.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/xml.h"
#include "engine/template_check.h"
#include "rules/env.h"
#include "rules/switches.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { LARGEST_XML = 32 << 20 }; /* bytes; the largest that ship have 32 KiB */

static bool is_deprecated(nr_str file)
{
    static const char *const names[] = {"NewRelic.Providers.Wrapper.Logging.Instrumentation.xml",
                                        "NewRelic.Providers.Wrapper.CastleMonoRail2.Instrumentation.xml",
                                        "NewRelic.Providers.Wrapper.Asp35.Instrumentation.xml"};
    if (!nr_str_has_ci(file, NR_STR("NewRelic.Providers.Wrapper."))) return false;
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        if (nr_str_has_ci(file, nr_str_of(names[i]))) return true;
    }
    return false;
}

/* False: the text could not be read; the reference then leaves the file out without counting it. Without memory it is counted, so
 * that no refresh takes the place of rules that have it. */
static bool read_extension(nr_generation *g, nr_arena *arena, nr_str file, nr_str *text)
{
    nr_start_error e = nr_text_read(arena, file, text);
    if (e == NR_START_OK) return true;
    if (e == NR_START_NO_MEMORY) g->invalid_files++;
    NR_LOG(NR_ERROR, "An exception was thrown while reading instrumentation file: %.*s - ignoring this file.",
           NR_STR_ARG(file));
    return false;
}

static void load_xml(nr_generation *g, nr_str file, nr_str text)
{
    if (nr_file_switched_off(file)) return;
    if (is_deprecated(file)) {
        NR_LOG(NR_WARN, "Deprecated instrumentation file being ignored: %.*s", NR_STR_ARG(file));
        return;
    }
    NR_LOG(NR_DEBUG, "Parsing instrumentation file '%.*s'", NR_STR_ARG(file));
    if (text.n > LARGEST_XML) {
        g->invalid_files++;
        NR_LOG(NR_WARN, "%.*s: %zu bytes, more than an instrumentation file may have (%d) - the file is skipped",
               NR_STR_ARG(file), text.n, (int)LARGEST_XML);
        return;
    }
    if (nr_script_load_xml(g->script, file, text)) return;
    g->invalid_files++;
    NR_LOG(
        NR_WARN,
        "Exception thrown while attempting to parse instrumentation file '%.*s'. Please validate your instrumentation "
        "files against extensions/extension.xsd or contact New Relic support.",
        NR_STR_ARG(file));
}

static bool load_rules(nr_generation *g, const nr_extension_files *files, nr_arena *arena)
{
    nr_str text;
    for (size_t i = 0; i < files->lua.count; i++) {
        nr_str file = files->lua.items[i];
        if (nr_file_switched_off(file)) continue;
        bool ok = nr_script_read_file(g->script, arena, file, &text) && nr_script_load_rules(g->script, file, text);
        if (!ok) g->invalid_rules++;
    }
    if (!nr_script_commit_rules(g->script)) return false;
    if (files->lua.count)
        NR_LOG(NR_INFO, "Identified %zu Instrumentation points (not ignored) in .lua files", g->set.count);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return nr_str_cmp_utf16(((const nr_named_text *)a)->name, ((const nr_named_text *)b)->name);
}

/* Files and live texts as one list in the order of their names; a live text goes before a file of its name. */
static nr_named_text *all_texts(nr_generation *g, nr_arena *arena, const nr_extension_files *files,
                                const nr_named_text *live, size_t live_count, size_t *count)
{
    nr_named_text *list = nr_arena_zalloc(arena, files->xml.count + live_count + 1, sizeof *list);
    size_t n = 0;
    if (!list) return NULL;
    for (size_t i = 0; i < files->xml.count; i++) {
        size_t l = 0;
        while (l < live_count && !nr_str_eq(live[l].name, files->xml.items[i])) l++;
        if (!read_extension(g, arena, files->xml.items[i], &list[n].text)) continue;
        g->files_read++;
        list[n].name = files->xml.items[i];
        if (l == live_count) n++;
    }
    if (live_count) {
        memcpy(list + n, live, live_count * sizeof *live);
        n += live_count;
        qsort(list, n, sizeof *list, by_name);
    }
    *count = n;
    return list;
}

static bool load_files(nr_generation *g, const nr_extension_files *files, const nr_named_text *live, size_t live_count)
{
    nr_arena arena = NR_ARENA_INIT;
    /* Rules in Lua come first: a later rule for the same method does not count, so they can correct what ships
     * as XML, and their ignore lists cover it. */
    bool ok = load_rules(g, files, &arena);
    size_t lua_points = g->set.count, count = 0;
    nr_named_text *texts = ok ? all_texts(g, &arena, files, live, live_count, &count) : NULL;
    for (size_t i = 0; texts && i < count; i++) load_xml(g, texts[i].name, texts[i].text);
    if (texts)
        NR_LOG(NR_INFO, "Identified %zu Instrumentation points (not ignored) in .xml files", g->set.count - lua_points);
    nr_arena_free(&arena);
    return texts != NULL;
}

/* The list goes into the arena of the generation: the next refresh takes it from there. */
static bool copy_ignore(nr_generation *g, const nr_ignore_list *ignore)
{
    nr_ignore_entry *copy = nr_arena_zalloc(&g->set.arena, ignore->count + 1, sizeof *copy);
    if (!copy) return false;
    for (size_t i = 0; i < ignore->count; i++) {
        nr_str none = {NULL, 0};
        copy[i].assembly = nr_arena_str(&g->set.arena, ignore->entries[i].assembly);
        copy[i].class_name = nr_arena_str(&g->set.arena, ignore->entries[i].class_name);
        if (!copy[i].assembly.p || !copy[i].class_name.p ||
            !nr_ruleset_add_ignore(&g->set, copy[i].assembly, copy[i].class_name.n ? copy[i].class_name : none, false))
            return false;
    }
    g->ignore.entries = copy;
    g->ignore.count = ignore->count;
    return true;
}

nr_generation *nr_generation_load(nr_str home, const nr_extension_files *files, const nr_named_text *live,
                                  size_t live_count, const nr_ignore_list *ignore)
{
    static atomic_ulong serial;
    nr_generation *g = nr_zalloc(sizeof *g);
    bool ok = g && nr_ruleset_init(&g->set);
    ok = ok && copy_ignore(g, ignore);
    ok = ok && (g->script = nr_script_new(&g->set)) != NULL;
    if (ok) nr_script_set_check(g->script, nr_template_check);
    ok = ok && nr_script_load_builtin(g->script, home);
    ok = ok && load_files(g, files, live, live_count);
    if (!ok) {
        nr_generation_free(g);
        return NULL;
    }
    nr_script_seal(g->script);
    nr_ruleset_report_hidden(&g->set);
    g->serial = atomic_fetch_add(&serial, 1) + 1;
    return g;
}

/* Exactly three pieces between "::". */
static bool split_descriptor(nr_str text, nr_str pieces[3])
{
    size_t count = 0, start = 0;
    for (size_t i = 0; i + 1 < text.n; i++) {
        if (text.p[i] != ':' || text.p[i + 1] != ':') continue;
        if (count == 2) return false;
        pieces[count++] = (nr_str){text.p + start, i - start};
        start = i + 2;
        i++;
    }
    if (count != 2) return false;
    pieces[2] = (nr_str){text.p + start, text.n - start};
    return true;
}

static bool add_descriptor(nr_generation *g, nr_str text)
{
    nr_str pieces[3];
    if (!split_descriptor(text, pieces)) {
        NR_LOG(NR_WARN, "%.*s is not a valid method descriptor. It must be in the format 'assembly::class::method'",
               NR_STR_ARG(text));
        return false;
    }
    NR_LOG(NR_INFO, "Serverless mode detected. Assembly: %.*s Class: %.*s Method: %.*s", NR_STR_ARG(pieces[0]),
           NR_STR_ARG(pieces[1]), NR_STR_ARG(pieces[2]));
    nr_point *p = nr_ruleset_new_point(&g->set);
    if (!p) return false;
    p->assembly = nr_arena_str(&g->set.arena, pieces[0]);
    p->class_name = nr_arena_str(&g->set.arena, pieces[1]);
    p->method = nr_arena_str(&g->set.arena, pieces[2]);
    p->factory = NR_STR("NewRelic.Providers.Wrapper.AwsLambda.HandlerMethod");
    p->metric = NR_STR("");
    return p->assembly.p && p->class_name.p && p->method.p && nr_ruleset_add(&g->set, p, false);
}

void nr_generation_add_environment_point(nr_generation *g)
{
    static const char *const names[] = {"NEW_RELIC_LAMBDA_HANDLER", "_HANDLER"};
    nr_arena arena = NR_ARENA_INIT;
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        nr_str text;
        if (!nr_os_env(&arena, names[i], &text)) continue;
        NR_LOG(NR_DEBUG, "Found %s environment variable: %.*s", names[i], NR_STR_ARG(text));
        if (add_descriptor(g, text)) break;
    }
    nr_arena_free(&arena);
}

void nr_generation_free(nr_generation *g)
{
    if (!g) return;
    nr_script_free(g->script);
    nr_ruleset_free(&g->set);
    nr_free(g, sizeof *g);
}

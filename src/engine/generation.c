#include "engine/generation.h"

#include "base/alloc.h"
#include "base/log.h"
#include "rules/env.h"

static bool is_deprecated(nr_str file)
{
    static const char *const names[] = {"NewRelic.Providers.Wrapper.Logging.Instrumentation.xml",
                                        "NewRelic.Providers.Wrapper.CastleMonoRail2.Instrumentation.xml",
                                        "NewRelic.Providers.Wrapper.Asp35.Instrumentation.xml"};
    for (size_t i = 0; i < NR_COUNT(names); i++) {
        if (nr_str_has_ci(file, nr_str_of(names[i]))) return true;
    }
    return false;
}

/* False: the text could not be read; the reference then leaves the file out without counting it. */
static bool read_extension(nr_arena *arena, nr_str file, nr_str *text)
{
    if (nr_text_read(arena, file, text) == NR_START_OK) return true;
    NR_LOG(NR_ERROR, "An exception was thrown while reading instrumentation file: %.*s - ignoring this file.",
           NR_STR_ARG(file));
    return false;
}

static void load_xml(nr_generation *g, nr_str file, nr_str text)
{
    if (is_deprecated(file)) {
        NR_LOG(NR_WARN, "Deprecated instrumentation file being ignored: %.*s", NR_STR_ARG(file));
        return;
    }
    NR_LOG(NR_DEBUG, "Parsing instrumentation file '%.*s'", NR_STR_ARG(file));
    if (nr_script_load_xml(g->script, file, text)) return;
    g->invalid_files++;
    NR_LOG(NR_WARN,
           "Exception thrown while attempting to parse instrumentation file '%.*s'. Please validate your instrumentation "
           "files against extensions/extension.xsd or contact New Relic support.",
           NR_STR_ARG(file));
}

static bool load_files(nr_generation *g, const nr_extension_files *files)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str text;
    /* Rules in Lua come first: a later rule for the same method does not count, so they can correct what ships
     * as XML, and their ignore lists cover it. */
    for (size_t i = 0; i < files->lua.count; i++) {
        if (nr_script_file_is_loose(files->lua.items[i])) continue;
        if (read_extension(&arena, files->lua.items[i], &text)) nr_script_load_rules(g->script, files->lua.items[i], text);
    }
    bool ok = nr_script_commit_rules(g->script);
    size_t lua_points = g->set.count;
    if (files->lua.count) NR_LOG(NR_INFO, "Identified %zu Instrumentation points (not ignored) in .lua files", lua_points);
    /* Texts first, as the reference reads them: all of them, then all parsed. */
    nr_str *texts = nr_arena_zalloc(&arena, files->xml.count + 1, sizeof *texts);
    size_t read = 0;
    for (size_t i = 0; texts && i < files->xml.count; i++) {
        if (read_extension(&arena, files->xml.items[i], &texts[i])) read++;
        else texts[i].p = NULL;
    }
    NR_LOG(NR_TRACE, "Read %zu instrumentation files", read);
    for (size_t i = 0; texts && i < files->xml.count; i++) {
        if (texts[i].p) load_xml(g, files->xml.items[i], texts[i]);
    }
    NR_LOG(NR_INFO, "Identified %zu Instrumentation points (not ignored) in .xml files", g->set.count - lua_points);
    nr_arena_free(&arena);
    return ok && texts;
}

nr_generation *nr_generation_load(nr_str home, const nr_extension_files *files, const nr_ignore_list *ignore)
{
    nr_generation *g = nr_zalloc(sizeof *g);
    bool ok = g && nr_ruleset_init(&g->set);
    for (size_t i = 0; ok && i < ignore->count; i++) {
        nr_str assembly = nr_arena_str(&g->set.arena, ignore->entries[i].assembly), class_name = {NULL, 0};
        if (ignore->entries[i].class_name.n) class_name = nr_arena_str(&g->set.arena, ignore->entries[i].class_name);
        ok = assembly.p && nr_ruleset_add_ignore(&g->set, assembly, class_name);
    }
    ok = ok && (g->script = nr_script_new(&g->set)) != NULL;
    ok = ok && nr_script_load_builtin(g->script, home);
    ok = ok && load_files(g, files);
    if (!ok) {
        nr_generation_free(g);
        return NULL;
    }
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

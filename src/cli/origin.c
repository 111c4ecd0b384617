#include "cli/origin.h"

#include "rules/home.h"

#include <string.h>

bool nr_origins_load(nr_origins *o, nr_arena *arena, nr_str home, bool core)
{
    nr_extension_files files;
    nr_str text;
    memset(&files, 0, sizeof files);
    if (!nr_ruleset_init(&o->set) || !(o->script = nr_script_new(&o->set))) return false;
    if (!nr_script_load_builtin(o->script, home)) return false;
    if (home.n && nr_extension_files_list(arena, core, &files) != NR_START_OK) return false;
    for (size_t i = 0; i < files.lua.count; i++) {
        if (nr_text_read(arena, files.lua.items[i], &text) == NR_START_OK)
            nr_script_load_rules(o->script, files.lua.items[i], text);
    }
    bool ok = nr_script_commit_rules(o->script);
    for (size_t i = 0; i < files.xml.count; i++) {
        if (nr_text_read(arena, files.xml.items[i], &text) == NR_START_OK)
            nr_script_load_xml(o->script, files.xml.items[i], text);
    }
    nr_script_seal(o->script);
    return ok;
}

void nr_origins_free(nr_origins *o)
{
    nr_script_free(o->script);
    nr_ruleset_free(&o->set);
    o->script = NULL;
}

static const nr_blob *align_with(nr_origins *o, nr_arena *arena, nr_str template_name, nr_listing *after)
{
    for (unsigned shape = 0; shape < NR_SHAPE_COUNT; shape++) {
        const nr_blob *blob = nr_script_blob(o->script, template_name, shape);
        if (blob && nr_listing_align(arena, after, blob)) return blob;
    }
    return NULL;
}

/* The template is found by trying: a listing that begins and ends with its instructions was made by it. */
const nr_blob *nr_origins_find(nr_origins *o, nr_arena *arena, nr_str method, nr_listing *after)
{
    const nr_blob *blob = align_with(o, arena, NR_STR("tracer"), after);
    if (!blob) blob = align_with(o, arena, NR_STR("api"), after);
    if (!blob) blob = align_with(o, arena, method, after); /* the helpers in mscorlib */
    for (const nr_point *p = o->set.first; !blob && p; p = p->next) {
        if (p->template_name.p) blob = align_with(o, arena, p->template_name, after);
    }
    return blob;
}

static nr_str base_name(nr_str path)
{
    nr_str r = path;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '/' || path.p[i] == '\\') r = (nr_str){path.p + i + 1, path.n - i - 1};
    }
    return r;
}

void nr_origin_print(nr_buf *out, const nr_blob *blob, const nr_line *line)
{
    if (!line->step || !blob) return;
    nr_buf_put_str(out, line->step->library ? nr_str_of(line->step->library) : base_name(blob->file));
    if (line->step->line) nr_buf_printf(out, ":%u", (unsigned)line->step->line);
}

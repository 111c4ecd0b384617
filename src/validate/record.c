#include "validate/record.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/json.h"
#include "base/log.h"
#include "base/version.h"
#include "validate/frame.h"
#include "validate/record_internal.h"

enum { FORMAT = 1 };

/* ---- lines ---------------------------------------------------------------------------------------- */

bool nr_line_begin(nr_line *l, nr_side *side, const char *ev)
{
    nr_recorder *r = side->recorder;
    if (!r || !atomic_load_explicit(&r->lines.open, memory_order_relaxed)) return false;
    memset(l, 0, sizeof *l);
    l->side = side;
    l->recorder = r;
    l->from = nr_os_monotonic_ns();
    nr_buf_printf(&l->text, "{\"ev\":\"%s\"", ev);
    return true;
}

void nr_line_end(nr_line *l)
{
    nr_buf_put_str(&l->text, NR_STR("}\n"));
    nr_lines_write(&l->recorder->lines, &l->text);
    nr_buf_free(&l->text);
    atomic_fetch_add(&l->recorder->own_ns, nr_os_monotonic_ns() - l->from);
}

void nr_line_hr(nr_line *l, int32_t hr)
{
    nr_buf_printf(&l->text, ",\"hr\":\"%08x\"", (unsigned)hr);
}

static void guid(nr_line *l, const nr_guid *g)
{
    nr_buf_printf(&l->text, ",\"iid\":\"%08x-%04x-%04x-", (unsigned)g->data1, g->data2, g->data3);
    for (int i = 0; i < 8; i++) nr_buf_printf(&l->text, "%02x", g->data4[i]);
    nr_buf_u8(&l->text, '"');
}

/* A text that is made once and kept while nothing else takes its place. */
static void kept(nr_line *l, nr_kept_text *all, size_t room, uintptr_t module, uint32_t token,
                 void (*make)(nr_side *side, uintptr_t module, uint32_t token, nr_buf *out))
{
    nr_recorder *r = l->recorder;
    nr_kept_text *k = &all[((module >> 4) * 31 + token * 7) % room];
    nr_mutex_lock(&r->lock);
    bool found = k->text.size && k->module == module && k->token == token;
    if (found) nr_buf_put_str(&l->text, nr_buf_str(&k->text));
    nr_mutex_unlock(&r->lock);
    if (found) return;
    nr_buf text = NR_BUF_INIT;
    make(l->side, module, token, &text); /* calls the CLR */
    nr_buf_put_str(&l->text, nr_buf_str(&text));
    nr_mutex_lock(&r->lock);
    nr_buf old = k->text;
    k->text = text;
    k->module = module;
    k->token = token;
    if (text.failed) k->text.size = 0;
    nr_mutex_unlock(&r->lock);
    nr_buf_free(&old);
}

static void make_assembly(nr_side *side, uintptr_t module, uint32_t token, nr_buf *out)
{
    nr_buf name = NR_BUF_INIT;
    (void)token;
    nr_view_assembly(side->info, module, &name);
    nr_json_text(out, nr_buf_str(&name));
    nr_buf_free(&name);
}

void nr_line_assembly(nr_line *l, uintptr_t module)
{
    kept(l, l->recorder->assemblies, NR_ASSEMBLIES_KEPT, module, 0, make_assembly);
}

static void make_method(nr_side *side, uintptr_t module, uint32_t token, nr_buf *out)
{
    nr_view view;
    nr_buf type = NR_BUF_INIT, name = NR_BUF_INIT;
    nr_side_view(side, module, &view);
    nr_view_method(&view, token, &type, &name);
    nr_view_close(&view);
    nr_buf_put_str(out, NR_STR(",\"type\":"));
    nr_json_text(out, nr_buf_str(&type));
    nr_buf_put_str(out, NR_STR(",\"method\":"));
    nr_json_text(out, nr_buf_str(&name));
    nr_buf_printf(out, ",\"tok\":\"%08x\"", (unsigned)token);
    nr_buf_free(&type);
    nr_buf_free(&name);
}

void nr_line_method(nr_line *l, uintptr_t module, uint32_t method)
{
    nr_buf_put_str(&l->text, NR_STR(",\"asm\":"));
    nr_line_assembly(l, module);
    kept(l, l->recorder->methods, NR_METHODS_KEPT, module, method, make_method);
}

/* ---- the recording --------------------------------------------------------------------------------- */

static void first_line(nr_recorder *r, const char *profiler, const char *role)
{
    nr_buf line = NR_BUF_INIT;
    nr_arena arena = NR_ARENA_INIT;
    nr_buf_printf(
        &line,
        "{\"ev\":\"recording\",\"format\":%d,\"tool\":\"nrprof %s\",\"commit\":\"%s\",\"pid\":%lu,\"process\":", FORMAT,
        NRPROF_VERSION, NRPROF_COMMIT, nr_os_process_id());
    nr_json_text(&line, nr_os_process_path(&arena));
    nr_buf_put_str(&line, NR_STR(",\"started\":\""));
    nr_log_format_time(nr_os_unix_time(), &line);
    nr_buf_put_str(&line, NR_STR("\",\"profiler\":"));
    nr_json_text(&line, nr_str_of(profiler ? profiler : "self"));
    nr_buf_printf(&line, ",\"role\":\"%s\"}\n", role);
    nr_lines_write(&r->lines, &line);
    nr_arena_free(&arena);
    nr_buf_free(&line);
}

nr_recorder *nr_recorder_new(nr_str directory, const char *profiler, bool shadow_run, bool beside, const char **why)
{
    nr_recorder *r = nr_zalloc(sizeof *r);
    *why = "there is no memory";
    if (!r) return NULL;
    r->lines.file = -1;
    if (!nr_lines_create(&r->lines, directory, beside ? ".shadow.jsonl" : ".jsonl", why)) {
        nr_free(r, sizeof *r);
        return NULL;
    }
    first_line(r, profiler, beside ? "shadow" : shadow_run ? "charge" : "alone");
    return r;
}

void nr_recorder_free(nr_recorder *r)
{
    if (!r) return;
    nr_os_close(r->lines.file);
    nr_ids_free(&r->tokens);
    nr_ids_free(&r->definitions);
    nr_ids_free(&r->functions);
    for (size_t i = 0; i < NR_METHODS_KEPT; i++) nr_buf_free(&r->methods[i].text);
    for (size_t i = 0; i < NR_ASSEMBLIES_KEPT; i++) nr_buf_free(&r->assemblies[i].text);
    nr_free(r, sizeof *r);
}

/* ---- events ----------------------------------------------------------------------------------------- */

void nr_record_create(nr_side *side, const nr_guid *iid, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "create")) return;
    guid(&l, iid);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_query(nr_side *side, const char *of, const nr_guid *iid, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "qi")) return;
    nr_buf_printf(&l.text, ",\"of\":\"%s\"", of);
    guid(&l, iid);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_runtime(nr_side *side, bool core, uint16_t major, uint16_t minor, uint16_t build, uint16_t patch)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "runtime")) return;
    nr_buf_printf(&l.text, ",\"core\":%d,\"version\":\"%u.%u.%u.%u\"", core, major, minor, build, patch);
    nr_line_end(&l);
}

static void milliseconds(nr_buf *out, uint64_t ns)
{
    nr_buf_printf(out, "%llu.%03llu", (unsigned long long)(ns / 1000000), (unsigned long long)(ns / 1000 % 1000));
}

void nr_record_initialize(nr_side *side, bool attach, uint64_t ns, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "init")) return;
    nr_buf_printf(&l.text, ",\"attach\":%d,\"ms\":", attach);
    milliseconds(&l.text, ns);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_mask(nr_side *side, uint32_t low, const uint32_t *high, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "mask")) return;
    nr_buf_printf(&l.text, ",\"low\":\"%08x\",\"high\":", (unsigned)low);
    if (high)
        nr_buf_printf(&l.text, "\"%08x\"", (unsigned)*high);
    else
        nr_buf_put_str(&l.text, NR_STR("null"));
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_module(nr_side *side, uintptr_t module, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "module")) return;
    nr_buf_put_str(&l.text, NR_STR(",\"asm\":"));
    nr_line_assembly(&l, module);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_request(nr_side *side, const char *ev, uint32_t count, const uintptr_t *modules, const uint32_t *methods,
                       int32_t hr, const int32_t *each)
{
    nr_line l;
    const nr_frame *f = nr_frame_now();
    if (!nr_line_begin(&l, side, ev)) return;
    nr_buf_printf(&l.text, ",\"cb\":\"%s\"", f ? f->callback : "");
    nr_line_hr(&l, hr);
    nr_buf_printf(&l.text, ",\"n\":%u", (unsigned)count);
    for (uint32_t i = 0; i < count;) { /* runs of one module */
        nr_buf_put_str(&l.text, i ? NR_STR(",{\"asm\":") : NR_STR(",\"m\":[{\"asm\":"));
        nr_line_assembly(&l, modules[i]);
        nr_buf_put_str(&l.text, NR_STR(",\"toks\":["));
        for (uint32_t from = i; i < count && modules[i] == modules[from]; i++)
            nr_buf_printf(&l.text, i > from ? ",\"%08x\"" : "\"%08x\"", (unsigned)methods[i]);
        nr_buf_put_str(&l.text, NR_STR("]}"));
    }
    if (count) nr_buf_u8(&l.text, ']');
    if (each) {
        nr_buf_put_str(&l.text, NR_STR(",\"each\":["));
        for (uint32_t i = 0; i < count; i++) nr_buf_printf(&l.text, i ? ",\"%08x\"" : "\"%08x\"", (unsigned)each[i]);
        nr_buf_u8(&l.text, ']');
    }
    nr_line_end(&l);
}

void nr_record_method(nr_side *side, const char *ev, uintptr_t module, uint32_t method, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, ev)) return;
    nr_line_method(&l, module, method);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_codegen_flags(nr_side *side, uintptr_t module, uint32_t method, uint32_t flags, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "codegenflags")) return;
    nr_line_method(&l, module, method);
    nr_buf_printf(&l.text, ",\"flags\":\"%08x\"", (unsigned)flags);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_map(nr_side *side, uintptr_t module, uint32_t method, uint32_t count, int32_t hr)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "ilmap")) return;
    nr_line_method(&l, module, method);
    nr_buf_printf(&l.text, ",\"n\":%u", (unsigned)count);
    nr_line_hr(&l, hr);
    nr_line_end(&l);
}

void nr_record_export(nr_side *side, const char *name, const int32_t *hr, const char *const *arguments)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "export")) return;
    nr_buf_printf(&l.text, ",\"name\":\"%s\"", name);
    if (hr) nr_line_hr(&l, *hr);
    for (size_t i = 0; arguments && arguments[i]; i++) {
        nr_buf_put_str(&l.text, i ? NR_STR(",") : NR_STR(",\"args\":["));
        nr_json_text(&l.text, nr_str_of(arguments[i]));
        if (!arguments[i + 1]) nr_buf_u8(&l.text, ']');
    }
    nr_line_end(&l);
}

void nr_record_shadow(nr_side *side, uintptr_t module, uint32_t method, const char *is, const char *why)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "shadow")) return;
    nr_line_method(&l, module, method);
    nr_buf_printf(&l.text, ",\"is\":\"%s\",\"why\":", is);
    nr_json_text(&l.text, nr_str_of(why));
    nr_line_end(&l);
}

void nr_record_warning(nr_side *side, const char *what)
{
    nr_line l;
    if (!nr_line_begin(&l, side, "warn")) return;
    nr_buf_put_str(&l.text, NR_STR(",\"what\":"));
    nr_json_text(&l.text, nr_str_of(what));
    nr_line_end(&l);
}

/* ---- counting --------------------------------------------------------------------------------------- */

void nr_record_count(nr_side *side, nr_counted what, uint64_t ns)
{
    if (!side->recorder) return;
    atomic_fetch_add_explicit(&side->recorder->calls[what], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&side->recorder->ns[what], ns, memory_order_relaxed);
}

static void count_member(nr_line *l, const char *calls, const char *ms, nr_counted what)
{
    nr_buf_printf(&l->text, ",\"%s\":%llu,\"%s\":", calls, (unsigned long long)atomic_load(&l->recorder->calls[what]),
                  ms);
    milliseconds(&l->text, atomic_load(&l->recorder->ns[what]));
}

static void totals(nr_side *side)
{
    static const char *const names[] = {
#define X(name) #name,
        NR_COUNTED(X)
#undef X
    };
    nr_line l;
    const char *comma = "";
    if (!nr_line_begin(&l, side, "totals")) return;
    nr_buf_put_str(&l.text, NR_STR(",\"callbacks\":{"));
    for (unsigned i = 0; i < NR_COUNTED_KINDS; i++) {
        uint64_t n = atomic_load(&l.recorder->calls[i]);
        if (!n) continue;
        nr_buf_printf(&l.text, "%s\"%s\":{\"n\":%llu,\"ms\":", comma, names[i], (unsigned long long)n);
        milliseconds(&l.text, atomic_load(&l.recorder->ns[i]));
        nr_buf_u8(&l.text, '}');
        comma = ",";
    }
    nr_buf_u8(&l.text, '}');
    nr_line_end(&l);
}

void nr_record_shutdown(nr_side *side)
{
    static const char *const slots[] = {
#define X(name) #name,
        NR_DEFINITIONS(X)
#undef X
    };
    nr_line l;
    const char *comma = "";
    totals(side);
    if (!nr_line_begin(&l, side, "shutdown")) return;
    count_member(&l, "jit_started", "jit_ms", NR_COUNTED_JITCompilationStarted);
    count_member(&l, "rejit_params", "rejit_ms", NR_COUNTED_GetReJITParameters);
    count_member(&l, "modules", "module_ms", NR_COUNTED_ModuleLoadFinished);
    nr_buf_printf(&l.text, ",\"setil\":%llu,\"recorder_ms\":", (unsigned long long)atomic_load(&l.recorder->bodies));
    milliseconds(&l.text, atomic_load(&l.recorder->own_ns));
    nr_buf_put_str(&l.text, NR_STR(",\"emit_calls\":{"));
    for (unsigned i = 0; i < NR_DEFINITION_KINDS; i++) {
        uint64_t n = atomic_load(&l.recorder->defined[i]);
        if (n) nr_buf_printf(&l.text, "%s\"%s\":%llu", comma, slots[i], (unsigned long long)n);
        if (n) comma = ",";
    }
    nr_buf_u8(&l.text, '}');
    nr_line_end(&l);
}

/* ---- what is remembered ------------------------------------------------------------------------------- */

void nr_record_function(nr_side *side, uintptr_t function, uintptr_t module, uint32_t method)
{
    nr_recorder *r = side->recorder;
    bool added;
    if (!r || !function) return;
    nr_mutex_lock(&r->lock);
    nr_id_entry *e = nr_ids_put(&r->functions, function, 0, &added);
    if (e) {
        e->value[0] = module;
        e->value[1] = method;
    }
    nr_mutex_unlock(&r->lock);
}

void nr_record_forget_module(nr_side *side, uintptr_t module)
{
    nr_recorder *r = side->recorder;
    if (!r) return;
    /* The id may come back for another module. Tokens that were explained under it are explained again then. */
    nr_mutex_lock(&r->lock);
    for (size_t i = 0; i < NR_METHODS_KEPT; i++)
        if (r->methods[i].module == module) r->methods[i].text.size = 0;
    for (size_t i = 0; i < NR_ASSEMBLIES_KEPT; i++)
        if (r->assemblies[i].module == module) r->assemblies[i].text.size = 0;
    nr_ids_forget(&r->tokens, module);
    nr_mutex_unlock(&r->lock);
}

/* record.c - events as JSON lines, in the format of the golden recordings.
 *
 * A token is explained once per module ("tok"), before the line that uses it; of equal definitions only the
 * first that succeeds is written unless all are wanted; times are written as 0, so that a recording depends on
 * nothing but its input. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "base/json.h"
#include "base/map.h"
#include "il/scan.h"
#include "sim/sim.h"

#include <string.h>

typedef struct nr_sim_recording {
    nr_sim *sim;
    nr_sim_writer write;
    void *self;
    bool original, every_emit, failed;
    nr_arena arena;
    nr_map tokens, emits; /* what has been written */
    nr_map totals;        /* definitions by slot */
    unsigned long jits, rejits, modules, bodies;
    nr_buf line, name, offsets;
} recording;

static void flush(recording *r)
{
    nr_buf_put_str(&r->line, NR_STR("}\n"));
    if (r->line.failed) r->failed = true;
    else r->write(r->self, (const char *)r->line.data, r->line.size);
    r->line.size = 0;
    r->line.failed = false;
}

static void begin(recording *r, const char *ev)
{
    nr_buf_printf(&r->line, "{\"ev\":\"%s\"", ev);
}

static void hr_member(recording *r, int32_t hr)
{
    nr_buf_printf(&r->line, ",\"hr\":\"%08x\"", (unsigned)hr);
}

/* Remembers a key; true when it is new. */
static bool first_time(recording *r, nr_map *map, const void *key, size_t size)
{
    nr_str k = {key, size};
    bool added = false;
    if (nr_map_get(map, k)) return false;
    k.p = nr_arena_copy(&r->arena, key, size);
    if (!k.p || !nr_map_put(map, k, &added)) r->failed = true;
    return added;
}

static nr_str assembly_of(const recording *r, uintptr_t module)
{
    const sim_module *m = sim_module_of(r->sim, module);
    return m ? m->assembly : NR_STR("?");
}

static void assembly_member(recording *r, uintptr_t module)
{
    nr_buf_put_str(&r->line, NR_STR(",\"asm\":"));
    nr_json_text(&r->line, assembly_of(r, module));
}

static void method_members(recording *r, uintptr_t module, uint32_t token)
{
    const sim_module *m = sim_module_of(r->sim, module);
    nr_arena scratch = NR_ARENA_INIT;
    nr_str type = NR_STR("?"), name = NR_STR("?");
    if (m && nr_md_is(&m->md, token, NR_TAB_METHOD_DEF)) {
        uint32_t rid = nr_md_method_type(&m->md, token & 0xFFFFFF);
        name = nr_md_text(&m->md, NR_TAB_METHOD_DEF, token & 0xFFFFFF, NR_COL_METHOD_NAME);
        if (rid == 1) type = NR_STR(""); /* global */
        else if (rid) type = nr_md_type_name(&m->md, &scratch, rid);
    }
    assembly_member(r, module);
    nr_buf_put_str(&r->line, NR_STR(",\"type\":"));
    nr_json_text(&r->line, type);
    nr_buf_put_str(&r->line, NR_STR(",\"method\":"));
    nr_json_text(&r->line, name);
    nr_buf_printf(&r->line, ",\"tok\":\"%08x\"", (unsigned)token);
    nr_arena_free(&scratch);
}

static void token_line(recording *r, uintptr_t module, uint32_t token)
{
    struct {
        uint64_t module, token;
    } key = {module, token};
    const sim_module *m = sim_module_of(r->sim, module);
    if (!m || !first_time(r, &r->tokens, &key, sizeof key)) return;
    r->name.size = 0;
    sim_meaning(m, &r->name, token);
    begin(r, "tok");
    assembly_member(r, module);
    nr_buf_printf(&r->line, ",\"tok\":\"%08x\",\"is\":", (unsigned)token);
    nr_json_text(&r->line, nr_buf_str(&r->name));
    flush(r);
}

/* ---- bodies ------------------------------------------------------------------------------------- */

static void body_line(recording *r, const nr_sim_event *e)
{
    nr_scan s;
    r->bodies++;
    if (!e->bytes || !e->size) {
        begin(r, "setil");
        nr_buf_printf(&r->line, ",\"via\":\"%s\"", e->name);
        method_members(r, e->module, e->method);
        hr_member(r, e->hr);
        nr_buf_put_str(&r->line, NR_STR(",\"il\":null"));
        flush(r);
        return;
    }
    if (!nr_scan_body(&s, e->bytes, e->size)) r->failed = true;
    for (size_t i = 0; i < s.tokens.count; i++) token_line(r, e->module, nr_get_u32(e->bytes + s.tokens.items[i]));
    begin(r, "setil");
    nr_buf_printf(&r->line, ",\"via\":\"%s\"", e->name);
    method_members(r, e->module, e->method);
    hr_member(r, e->hr);
    nr_buf_printf(&r->line, ",\"size\":%lu", (unsigned long)e->size);
    if (s.size != e->size) nr_buf_printf(&r->line, ",\"calc\":%lu", (unsigned long)s.size);
    if (s.bad) nr_buf_put_str(&r->line, NR_STR(",\"bad\":1"));
    nr_buf_put_str(&r->line, NR_STR(",\"tk\":["));
    for (size_t i = 0; i < s.tokens.count; i++)
        nr_buf_printf(&r->line, i ? ",%u" : "%u", (unsigned)s.tokens.items[i]);
    nr_buf_put_str(&r->line, NR_STR("],\"fid\":["));
    uintptr_t own = nr_sim_function_id(r->sim, e->module, e->method);
    bool any = false;
    for (size_t i = 0; i < s.longs.count; i++) {
        if (nr_get_u64(e->bytes + s.longs.items[i]) != own) continue;
        nr_buf_printf(&r->line, any ? ",[%u,\"self\"]" : "[%u,\"self\"]", (unsigned)s.longs.items[i]);
        any = true;
    }
    nr_buf_put_str(&r->line, NR_STR("],\"il\":"));
    nr_json_hex(&r->line, e->bytes, e->size);
    flush(r);
    nr_scan_free(&s);
}

static void getil_line(recording *r, const nr_sim_event *e)
{
    uint64_t f = 1469598103934665603u; /* FNV-1a with the recorder's start value */
    for (size_t i = 0; e->bytes && i < e->size; i++) f = (f ^ e->bytes[i]) * 1099511628211u;
    begin(r, "getil");
    method_members(r, e->module, e->method);
    hr_member(r, e->hr);
    nr_buf_printf(&r->line, ",\"size\":%lu,\"fnv\":\"%08x%08x\"", (unsigned long)e->size, (unsigned)(f >> 32), (unsigned)f);
    if (r->original && e->bytes) {
        nr_buf_put_str(&r->line, NR_STR(",\"il\":"));
        nr_json_hex(&r->line, e->bytes, e->size);
    }
    flush(r);
}

/* ---- the other lines --------------------------------------------------------------------------------- */

static void emit_line(recording *r, const nr_sim_event *e)
{
    nr_map_entry *total = nr_map_put(&r->totals, nr_str_of(e->name), NULL); /* slot names are static */
    if (total) total->value++;
    else r->failed = true;
    nr_buf key = NR_BUF_INIT;
    nr_buf_printf(&key, "%lx %s ", (unsigned long)e->module, e->name);
    nr_buf_put_str(&key, nr_str_of(e->args));
    bool first = !key.failed && first_time(r, &r->emits, key.data, key.size);
    nr_buf_free(&key);
    if (!first && !r->every_emit && e->hr >= 0) return;
    bool has_token = strcmp(e->name, "DefineCustomAttribute") != 0;
    begin(r, "emit");
    nr_buf_printf(&r->line, ",\"api\":\"%s\"", e->name);
    assembly_member(r, e->module);
    if (e->in) nr_buf_printf(&r->line, ",\"in\":\"%08x\"", (unsigned)e->in);
    nr_buf_u8(&r->line, ',');
    nr_buf_put_str(&r->line, nr_str_of(e->args));
    hr_member(r, e->hr);
    if (has_token) nr_buf_printf(&r->line, ",\"tok\":\"%08x\"", e->hr >= 0 ? (unsigned)e->token : 0u);
    flush(r);
    if (has_token && e->hr >= 0) token_line(r, e->module, e->token);
}

static void request_line(recording *r, const nr_sim_event *e)
{
    const char *ev = e->kind == NR_SIM_REQUEST_REVERT ? "revert"
                     : strcmp(e->name, "RequestReJIT") ? "rejit_inliners"
                                                       : "rejit";
    begin(r, ev);
    nr_buf_printf(&r->line, ",\"cb\":\"%s\"", e->callback);
    hr_member(r, e->hr);
    nr_buf_printf(&r->line, ",\"n\":%u", (unsigned)e->count);
    for (uint32_t i = 0; i < e->count;) { /* runs of one module */
        nr_buf_put_str(&r->line, i ? NR_STR(",{\"asm\":") : NR_STR(",\"m\":[{\"asm\":"));
        nr_json_text(&r->line, assembly_of(r, e->modules[i]));
        nr_buf_put_str(&r->line, NR_STR(",\"toks\":["));
        for (uint32_t from = i, module = i; i < e->count && e->modules[i] == e->modules[module]; i++)
            nr_buf_printf(&r->line, i > from ? ",\"%08x\"" : "\"%08x\"", (unsigned)e->tokens[i]);
        nr_buf_put_str(&r->line, NR_STR("]}"));
    }
    if (e->count) nr_buf_u8(&r->line, ']');
    flush(r);
}

static void method_line(recording *r, const nr_sim_event *e, const char *ev)
{
    begin(r, ev);
    method_members(r, e->module, e->method);
    hr_member(r, e->hr);
    flush(r);
}

static void totals_line(recording *r, const char *ev)
{
    begin(r, ev);
    nr_buf_printf(&r->line, ",\"jit_started\":%lu,\"jit_ms\":0,\"rejit_params\":%lu,\"rejit_ms\":0,\"modules\":%lu,"
                            "\"module_ms\":0,\"setil\":%lu,\"recorder_ms\":0,\"emit_calls\":{",
                  r->jits, r->rejits, r->modules, r->bodies);
    static const char *const slots[] = {"DefineAssemblyRef", "DefineCustomAttribute", "DefineMemberRef",
                                        "DefineMethod", "DefineMethodSpec", "DefineModuleRef",
                                        "DefinePermissionSet", "DefineTypeRefByName", "DefineUserString",
                                        "GetTokenFromSig", "GetTokenFromTypeSpec"};
    bool any = false;
    for (size_t i = 0; i < NR_COUNT(slots); i++) {
        const nr_map_entry *total = nr_map_get(&r->totals, nr_str_of(slots[i]));
        if (!total) continue;
        nr_buf_printf(&r->line, any ? ",\"%s\":%lu" : "\"%s\":%lu", slots[i], (unsigned long)total->value);
        any = true;
    }
    nr_buf_u8(&r->line, '}');
    flush(r);
}

static void on_event(void *self, const nr_sim_event *e)
{
    recording *r = self;
    switch (e->kind) {
    case NR_SIM_CREATE:
        begin(r, "create");
        nr_buf_printf(&r->line, ",\"iid\":\"%s\"", e->name);
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_QUERY:
        begin(r, "qi");
        nr_buf_printf(&r->line, ",\"of\":\"%s\",\"iid\":\"%s\"", e->args, e->name);
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_INIT:
        begin(r, "init");
        nr_buf_put_str(&r->line, NR_STR(",\"attach\":0,\"ms\":0"));
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_MASK:
        begin(r, "mask");
        nr_buf_printf(&r->line, ",\"low\":\"%08x\",\"high\":", (unsigned)e->low);
        if (strcmp(e->name, "SetEventMask2")) nr_buf_put_str(&r->line, NR_STR("null"));
        else nr_buf_printf(&r->line, "\"%08x\"", (unsigned)e->high);
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_MODULE:
        r->modules++;
        begin(r, "module");
        assembly_member(r, e->module);
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_JIT:
        r->jits++;
        if (e->hr) method_line(r, e, "jitret");
        return;
    case NR_SIM_GET_REJIT:
        r->rejits++;
        method_line(r, e, "getrejit");
        return;
    case NR_SIM_REJIT_ERROR: method_line(r, e, "rejiterror"); return;
    case NR_SIM_REQUEST_REJIT:
    case NR_SIM_REQUEST_REVERT: request_line(r, e); return;
    case NR_SIM_GET_IL: getil_line(r, e); return;
    case NR_SIM_SET_IL: body_line(r, e); return;
    case NR_SIM_EMIT: emit_line(r, e); return;
    case NR_SIM_CODEGEN_FLAGS:
        begin(r, "codegenflags");
        method_members(r, e->module, e->method);
        nr_buf_printf(&r->line, ",\"flags\":\"%08x\"", (unsigned)e->low);
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_IL_MAP:
        begin(r, "ilmap");
        method_members(r, e->module, e->method);
        nr_buf_printf(&r->line, ",\"n\":%u", (unsigned)e->count);
        hr_member(r, e->hr);
        flush(r);
        return;
    case NR_SIM_SHUTDOWN: totals_line(r, "shutdown"); return;
    case NR_SIM_UNIMPLEMENTED:
        begin(r, "warn");
        nr_buf_printf(&r->line, ",\"what\":\"not implemented: %s\"", e->name);
        flush(r);
        return;
    default: return;
    }
}

bool nr_sim_record(nr_sim *sim, nr_sim_writer writer, void *self, bool original, bool every_emit)
{
    recording *r = nr_zalloc(sizeof *r);
    if (!r) return false;
    r->sim = sim;
    r->write = writer;
    r->self = self;
    r->original = original;
    r->every_emit = every_emit;
    nr_map_init(&r->tokens, &r->arena);
    nr_map_init(&r->emits, &r->arena);
    nr_map_init(&r->totals, &r->arena);
    nr_sim_set_sink(sim, on_event, r);
    sim->recording = r;
    return true;
}

void sim_recording_free(nr_sim *sim)
{
    recording *r = sim->recording;
    if (!r) return;
    sim->sink = NULL;
    sim->recording = NULL;
    nr_buf_free(&r->line);
    nr_buf_free(&r->name);
    nr_buf_free(&r->offsets);
    nr_arena_free(&r->arena);
    nr_free(r, sizeof *r);
}

bool nr_sim_record_end(nr_sim *sim)
{
    recording *r = sim->recording;
    if (!r) return false;
    totals_line(r, "exit");
    bool ok = !r->failed;
    sim_recording_free(sim);
    return ok;
}

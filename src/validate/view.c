#include "validate/view.h"

#include "base/utf.h"
#include "meta/meaning.h"

enum { OF_READ = 0, NAME_UNITS = 512, VISIBILITY = 7, FIRST_NESTED = 2, MAX_ENCLOSING = 64 };

void nr_view_open(nr_view *view, nr_ICorProfilerInfo4 *info, uintptr_t module)
{
    void *import = NULL, *assembly = NULL;
    if (info && module) {
        if (NR_CALL(info, GetModuleMetaData, module, OF_READ, &nr_iid_IMetaDataImport2, &import) < 0) import = NULL;
        if (NR_CALL(info, GetModuleMetaData, module, OF_READ, &nr_iid_IMetaDataAssemblyImport, &assembly) < 0)
            assembly = NULL;
    }
    view->import = import;
    view->assembly_import = assembly;
}

void nr_view_close(nr_view *view)
{
    nr_release(view->import);
    nr_release(view->assembly_import);
    view->import = NULL;
    view->assembly_import = NULL;
}

/* ---- names ---------------------------------------------------------------------------------------- */

/* What one call gives: a name, and up to two numbers and a blob beside it. */
typedef struct answer {
    uint32_t a, b;
    const uint8_t *blob;
    uint32_t size;
} answer;
typedef int32_t (*asker)(nr_view *v, uint32_t token, uint16_t *units, uint32_t room, uint32_t *length, answer *more);

/* Asks once, and for a longer name once more with room for all of it. */
static bool ask(nr_view *v, uint32_t token, asker call, answer *more, nr_buf *out)
{
    uint16_t small[NAME_UNITS], *units = small;
    uint32_t length = 0;
    nr_arena arena = NR_ARENA_INIT;
    memset(more, 0, sizeof *more);
    bool ok = call(v, token, small, NAME_UNITS, &length, more) >= 0;
    if (ok && length > NAME_UNITS) {
        units = nr_arena_alloc(&arena, length * sizeof *units);
        ok = units && call(v, token, units, length, &length, more) >= 0;
    }
    /* Some calls count the terminating zero, some do not. */
    if (ok && length && !units[length - 1]) length--;
    if (ok) nr_utf8_put_utf16(out, units, length);
    nr_arena_free(&arena);
    return ok;
}

static int32_t ask_type_def(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    return NR_CALL(v->import, GetTypeDefProps, t, units, room, length, &more->a, &more->b);
}

static int32_t ask_type_ref(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    return NR_CALL(v->import, GetTypeRefProps, t, &more->a, units, room, length);
}

static int32_t ask_field(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    return NR_CALL(v->import, GetFieldProps, t, &more->a, units, room, length, NULL, &more->blob, &more->size, NULL,
                   NULL, NULL);
}

static int32_t ask_method(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    return NR_CALL(v->import, GetMethodProps, t, &more->a, units, room, length, NULL, &more->blob, &more->size, NULL,
                   NULL);
}

static int32_t ask_member_ref(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    return NR_CALL(v->import, GetMemberRefProps, t, &more->a, units, room, length, &more->blob, &more->size);
}

static int32_t ask_module_ref(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    (void)more;
    return NR_CALL(v->import, GetModuleRefProps, t, units, room, length);
}

static void unknown(nr_buf *out, uint32_t token)
{
    nr_buf_printf(out, "?%08x", (unsigned)token);
}

/* "Namespace.Outer+Nested". */
static void type_def(nr_view *v, nr_buf *out, uint32_t token)
{
    uint32_t chain[MAX_ENCLOSING];
    size_t n = 0;
    for (uint32_t t = token; n < MAX_ENCLOSING;) {
        uint32_t flags = 0, base, outer = 0;
        chain[n++] = t;
        if (NR_CALL(v->import, GetTypeDefProps, t, NULL, 0, NULL, &flags, &base) < 0) break;
        if ((flags & VISIBILITY) < FIRST_NESTED) break;
        if (NR_CALL(v->import, GetNestedClassProps, t, &outer) < 0 || !outer) break;
        t = outer;
    }
    while (n--) {
        answer more;
        if (!ask(v, chain[n], ask_type_def, &more, out)) unknown(out, chain[n]);
        if (n) nr_buf_u8(out, '+');
    }
}

void nr_view_method(nr_view *v, uint32_t method, nr_buf *type, nr_buf *name)
{
    answer more;
    if (v->import && ask(v, method, ask_method, &more, name)) {
        type_def(v, type, more.a);
    } else {
        nr_buf_u8(type, '?');
        nr_buf_u8(name, '?');
    }
}

void nr_view_assembly(nr_ICorProfilerInfo4 *info, uintptr_t module, nr_buf *out)
{
    uint16_t units[NAME_UNITS];
    uint32_t length = 0;
    uintptr_t assembly = 0;
    if (!info || NR_CALL(info, GetModuleInfo, module, NULL, 0, NULL, NULL, &assembly) < 0 || !assembly ||
        NR_CALL(info, GetAssemblyInfo, assembly, NAME_UNITS, &length, units, NULL, NULL) < 0) {
        nr_buf_u8(out, '?');
        return;
    }
    if (length > NAME_UNITS) length = NAME_UNITS;
    nr_utf8_put_utf16(out, units, length ? length - 1 : 0);
}

/* ---- meanings ------------------------------------------------------------------------------------- */

static void say(void *self, nr_buf *out, uint32_t token, int depth);

static void signature(nr_view *v, nr_buf *out, const uint8_t *p, uint32_t n, bool type_spec, int depth)
{
    nr_meaning_of_signature(out, p, n, type_spec, depth, say, v);
}

/* Owner, "::", name, signature. The owner stands in front of a name that is read with it. */
static bool member(nr_view *v, nr_buf *out, uint32_t token, asker call, bool defined, int depth)
{
    nr_buf name = NR_BUF_INIT;
    answer more;
    bool ok = ask(v, token, call, &more, &name);
    if (ok) {
        if (defined)
            type_def(v, out, more.a);
        else
            say(v, out, more.a, depth + 1);
        nr_buf_put_str(out, NR_STR("::"));
        nr_buf_put_str(out, nr_buf_str(&name));
        nr_buf_u8(out, ' ');
        signature(v, out, more.blob, more.size, false, depth);
    }
    nr_buf_free(&name);
    return ok;
}

static bool type_ref(nr_view *v, nr_buf *out, uint32_t token, int depth)
{
    nr_buf name = NR_BUF_INIT;
    answer more;
    bool ok = ask(v, token, ask_type_ref, &more, &name);
    if (ok) {
        bool nested = more.a >> 24 == 1;
        if (!nested) nr_buf_u8(out, '[');
        say(v, out, more.a, depth + 1);
        nr_buf_u8(out, nested ? '/' : ']');
        nr_buf_put_str(out, nr_buf_str(&name));
    }
    nr_buf_free(&name);
    return ok;
}

static int32_t ask_assembly_ref(nr_view *v, uint32_t t, uint16_t *units, uint32_t room, uint32_t *length, answer *more)
{
    const void *key = NULL;
    int32_t hr = NR_CALL(v->assembly_import, GetAssemblyRefProps, t, &key, &more->size, units, room, length, NULL, NULL,
                         NULL, &more->a);
    more->blob = key;
    return hr;
}

static bool assembly_ref(nr_view *v, nr_buf *out, uint32_t token)
{
    answer more;
    nr_assembly_metadata version;
    if (!v->assembly_import || !ask(v, token, ask_assembly_ref, &more, out)) return false;
    memset(&version, 0, sizeof version);
    NR_CALL(v->assembly_import, GetAssemblyRefProps, token, NULL, NULL, NULL, 0, NULL, &version, NULL, NULL, NULL);
    nr_buf_printf(out, ",%u.%u.%u.%u,", version.major, version.minor, version.build, version.revision);
    for (uint32_t i = 0; more.blob && i < more.size; i++) nr_buf_printf(out, "%02x", more.blob[i]);
    if (more.a) nr_buf_printf(out, ",f%x", (unsigned)more.a);
    return true;
}

static bool user_string(nr_view *v, nr_buf *out, uint32_t token)
{
    nr_arena arena = NR_ARENA_INIT;
    uint32_t length = 0;
    bool ok = NR_CALL(v->import, GetUserString, token, NULL, 0, &length) >= 0;
    uint16_t *units = ok ? nr_arena_zalloc(&arena, (size_t)length + 1, sizeof *units) : NULL;
    ok = units && NR_CALL(v->import, GetUserString, token, units, length, &length) >= 0;
    if (ok) {
        nr_buf_u8(out, '"');
        nr_utf8_put_utf16(out, units, length);
        nr_buf_u8(out, '"');
    }
    nr_arena_free(&arena);
    return ok;
}

static bool blob_of(nr_view *v, nr_buf *out, uint32_t token, int depth)
{
    const uint8_t *p = NULL;
    uint32_t n = 0;
    bool spec = token >> 24 == 0x1B;
    int32_t hr = spec ? NR_CALL(v->import, GetTypeSpecFromToken, token, &p, &n)
                      : NR_CALL(v->import, GetSigFromToken, token, &p, &n);
    if (hr < 0) return false;
    if (spec) nr_buf_put_str(out, NR_STR("spec "));
    signature(v, out, p, n, spec, depth);
    return true;
}

static bool method_spec(nr_view *v, nr_buf *out, uint32_t token, int depth)
{
    const uint8_t *p = NULL;
    uint32_t n = 0, method = 0;
    if (NR_CALL(v->import, GetMethodSpecProps, token, &method, &p, &n) < 0) return false;
    say(v, out, method, depth + 1);
    nr_buf_u8(out, ' ');
    signature(v, out, p, n, false, depth);
    return true;
}

static bool module_ref(nr_view *v, nr_buf *out, uint32_t token)
{
    nr_buf name = NR_BUF_INIT;
    answer more;
    bool ok = ask(v, token, ask_module_ref, &more, &name);
    if (ok) {
        nr_buf_put_str(out, NR_STR("module "));
        nr_buf_put_str(out, nr_buf_str(&name));
    }
    nr_buf_free(&name);
    return ok;
}

/* By the table that the token names (ECMA-335 II.22). */
static bool say_table(nr_view *v, nr_buf *out, uint32_t token, int depth)
{
    switch (token >> 24) {
    case 0x00: nr_buf_put_str(out, token ? NR_STR("module") : NR_STR("module(nil)")); return true;
    case 0x01: return type_ref(v, out, token, depth);
    case 0x02: type_def(v, out, token); return true;
    case 0x04: return member(v, out, token, ask_field, true, depth);
    case 0x06: return member(v, out, token, ask_method, true, depth);
    case 0x0A: return member(v, out, token, ask_member_ref, false, depth);
    case 0x11:
    case 0x1B: return blob_of(v, out, token, depth);
    case 0x1A: return module_ref(v, out, token);
    case 0x23: return assembly_ref(v, out, token);
    case 0x2B: return method_spec(v, out, token, depth);
    case 0x70: return user_string(v, out, token);
    default: return false;
    }
}

static void say(void *self, nr_buf *out, uint32_t token, int depth)
{
    nr_view *v = self;
    if (!v->import || depth > NR_MEANING_DEPTH || !say_table(v, out, token, depth)) unknown(out, token);
}

void nr_view_meaning(nr_view *v, nr_buf *out, uint32_t token)
{
    say(v, out, token, 0);
}

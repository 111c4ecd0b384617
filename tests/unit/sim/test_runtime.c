/* The simulated metadata against the runtime's own: libcoreclr exports MetaDataGetDispenser, whose scopes are
 * private and writable. The same calls must give the same codes, tokens and properties in both. */
#include "base/alloc.h"
#include "base/compiler.h"
#include "os/map.h"
#include "os/os.h"
#include "sim/sim.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nr_guid clsid_dispenser = {0xE5CB7A31, 0x7512, 0x11D2, {0x89, 0xCE, 0x00, 0x80, 0xC7, 0x92, 0xE5, 0xD8}};
static const nr_guid iid_dispenser = {0x809C652E, 0x7396, 0x11D2, {0x97, 0x71, 0x00, 0xA0, 0xC9, 0xB4, 0xD5, 0x0C}};

/* IMetaDataDispenser: the first two slots behind IUnknown. */
typedef struct dispenser_vtbl {
    int32_t(NR_COM *unknown[3])(void *);
    int32_t(NR_COM *DefineScope)(void *, const nr_guid *, uint32_t, const nr_guid *, void **);
    int32_t(NR_COM *OpenScope)(void *, const uint16_t *, uint32_t, const nr_guid *, void **);
    int32_t(NR_COM *OpenScopeOnMemory)(void *, const void *, uint32_t, uint32_t, const nr_guid *, void **);
} dispenser_vtbl;
typedef struct dispenser {
    const dispenser_vtbl *vtbl;
} dispenser;

/* The runtime keeps what it allocates when it starts. */
NR_EXPORT const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcoreclr.so";
}

static dispenser *the_dispenser;
static char framework[512];

/* The runtime must be started before its metadata code can be used. It stays for the rest of the process. */
static dispenser *runtime(void)
{
    static bool tried;
    if (tried) return the_dispenser;
    tried = true;
    const char *root = getenv("DOTNET_ROOT"), *version = getenv("NR_TEST_DOTNET_VERSION");
    snprintf(framework, sizeof framework, "%s/shared/Microsoft.NETCore.App/%s", root && *root ? root : "/usr/share/dotnet",
             version ? version : "10.0.12");
    char path[600];
    snprintf(path, sizeof path, "%s/libcoreclr.so", framework);
    void *library = nr_os_library_open(nr_str_of(path), NULL, 0);
    if (!library) return NULL;
    typedef int (*initialize)(const char *, const char *, int, const char **, const char **, void **, unsigned *);
    typedef int32_t (*get_dispenser)(const nr_guid *, const nr_guid *, void **);
    initialize start = (initialize)nr_os_library_symbol(library, "coreclr_initialize");
    get_dispenser get = (get_dispenser)nr_os_library_symbol(library, "MetaDataGetDispenser");
    const char *key = "TRUSTED_PLATFORM_ASSEMBLIES", *value = path;
    void *host;
    unsigned domain;
    snprintf(path, sizeof path, "%s/System.Private.CoreLib.dll", framework);
    if (!start || !get || start(path, "unit", 1, &key, &value, &host, &domain) < 0) return NULL;
    void *p = NULL;
    if (get(&clsid_dispenser, &iid_dispenser, &p) >= 0) the_dispenser = p;
    return the_dispenser;
}

/* ---- both scopes side by side -------------------------------------------------------------------- */

typedef struct side {
    nr_IMetaDataEmit2 *emit;
    nr_IMetaDataImport2 *import;
    nr_IMetaDataAssemblyEmit *assembly_emit;
    nr_IMetaDataAssemblyImport *assembly_import;
} side;

typedef struct pair {
    nr_sim *sim;
    uintptr_t module;
    const uint8_t *data;
    size_t size;
    side s[2]; /* 0: simulated, 1: the runtime's */
    unsigned differences;
} pair;

static bool complete(side *s)
{
    return NR_CALL(s->emit, QueryInterface, &nr_iid_IMetaDataImport2, (void **)&s->import) >= 0 &&
           NR_CALL(s->emit, QueryInterface, &nr_iid_IMetaDataAssemblyEmit, (void **)&s->assembly_emit) >= 0 &&
           NR_CALL(s->emit, QueryInterface, &nr_iid_IMetaDataAssemblyImport, (void **)&s->assembly_import) >= 0;
}

static bool open_pair(pair *p, const char *name)
{
    char path[600];
    memset(p, 0, sizeof *p);
    snprintf(path, sizeof path, "%s/%s", framework, name);
    p->sim = nr_sim_create(NULL);
    p->module = nr_sim_load(p->sim, path, NULL);
    if (!p->module || !nr_os_map_file(nr_str_of(path), &p->data, &p->size)) return false;
    sim_metadata(sim_module_of(p->sim, p->module), &nr_iid_IMetaDataEmit2, (void **)&p->s[0].emit);
    int32_t hr = the_dispenser->vtbl->OpenScopeOnMemory(the_dispenser, p->data, (uint32_t)p->size, 1 /* ofWrite */,
                                                        &nr_iid_IMetaDataEmit2, (void **)&p->s[1].emit);
    return hr >= 0 && complete(&p->s[0]) && complete(&p->s[1]);
}

static void close_pair(pair *p)
{
    for (int i = 0; i < 2; i++) {
        nr_release(p->s[i].import);
        nr_release(p->s[i].assembly_emit);
        nr_release(p->s[i].assembly_import);
        nr_release(p->s[i].emit);
    }
    nr_sim_destroy(p->sim);
    nr_os_unmap(p->data, p->size);
}

static uint32_t seed;
static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static const uint16_t *wide(const char *s)
{
    static uint16_t buffers[4][300];
    static unsigned next;
    uint16_t *out = buffers[next++ & 3];
    size_t i = 0;
    for (; s[i]; i++) out[i] = (uint8_t)s[i];
    out[i] = 0;
    return out;
}

static void same(pair *p, const char *what, int32_t hr0, uint32_t v0, int32_t hr1, uint32_t v1)
{
    if (hr0 == hr1 && v0 == v1) return;
    if (p->differences++ < 10)
        printf("    %s: simulated %08x %08x, runtime %08x %08x\n", what, (unsigned)hr0, (unsigned)v0, (unsigned)hr1,
               (unsigned)v1);
}

/* ---- definitions -------------------------------------------------------------------------------------- */

/* Runs one call on both sides. */
#define BOTH(what, call) \
    do { \
        uint32_t t[2] = {0, 0}; \
        int32_t h[2]; \
        for (int i = 0; i < 2; i++) { \
            side *s = &p->s[i]; \
            uint32_t *token = &t[i]; \
            h[i] = call; \
        } \
        same(p, what, h[0], t[0], h[1], t[1]); \
    } while (0)

static uint32_t any_row(const pair *p, unsigned table)
{
    uint32_t n = nr_sim_rows(p->sim, p->module, table);
    return (uint32_t)table << 24 | (n ? 1 + random_below(n) : 0);
}

static void define_something(pair *p)
{
    static const char *const names[] = {"System.Object",         "System.Exception", "System.Action`2", "A.B.C", "X",
                                        "System.Reflection.MethodBase", "A..B",      ".A",              "A.",    "N.T"};
    static const char *const strings[] = {"", "a", "key", "System", "value", "hello, world", "ArgumentNull", "0"};
    uint8_t sig[8] = {0x07, 0x01, 0x1C, 0x0E, 0x08, 0x12, 0x05, 0x1D};
    uint32_t size = 3 + random_below(5), a, b;
    const char *name = names[random_below(NR_COUNT(names))], *text = strings[random_below(NR_COUNT(strings))];
    sig[2] = (uint8_t)(random_below(6) + 8);
    nr_assembly_metadata am;
    memset(&am, 0, sizeof am);
    switch (random_below(12)) {
    case 0:
    case 1:
        a = random_below(4) ? any_row(p, NR_TAB_ASSEMBLY_REF) : 1;
        BOTH("DefineTypeRefByName", NR_CALL(s->emit, DefineTypeRefByName, a, wide(name), token));
        return;
    case 2:
        a = any_row(p, random_below(2) ? NR_TAB_TYPE_REF : random_below(2) ? NR_TAB_TYPE_DEF : NR_TAB_TYPE_SPEC);
        BOTH("DefineMemberRef", NR_CALL(s->emit, DefineMemberRef, a, wide(name), sig, size, token));
        return;
    case 3:
        BOTH("DefineUserString", NR_CALL(s->emit, DefineUserString, wide(text), (uint32_t)strlen(text), token));
        return;
    case 4: BOTH("GetTokenFromSig", NR_CALL(s->emit, GetTokenFromSig, sig, size, token)); return;
    case 5: BOTH("GetTokenFromTypeSpec", NR_CALL(s->emit, GetTokenFromTypeSpec, sig + 2, size - 2, token)); return;
    case 6:
        a = any_row(p, random_below(2) ? NR_TAB_METHOD_DEF : NR_TAB_MEMBER_REF);
        sig[0] = 0x0A;
        BOTH("DefineMethodSpec", NR_CALL(s->emit, DefineMethodSpec, a, sig, size, token));
        return;
    case 7:
        if (random_below(4)) return;
        am.major = (uint16_t)random_below(3);
        a = random_below(2) * 8;
        BOTH("DefineAssemblyRef",
             NR_CALL(s->assembly_emit, DefineAssemblyRef, "12345678", a, wide(name), &am, NULL, 0, 0, token));
        return;
    case 8: BOTH("DefineModuleRef", NR_CALL(s->emit, DefineModuleRef, wide(name), token)); return;
    case 9:
        a = any_row(p, NR_TAB_TYPE_DEF);
        sig[0] = 0;
        sig[1] = 0;
        sig[2] = 1;
        BOTH("DefineMethod", NR_CALL(s->emit, DefineMethod, a, wide("Added"), 0x96, sig, 3, 0x2050, 8, token));
        return;
    case 10:
        a = any_row(p, random_below(2) ? NR_TAB_METHOD_DEF : NR_TAB_TYPE_DEF);
        b = any_row(p, NR_TAB_MEMBER_REF);
        uint32_t parent = 0; /* the runtime finds an attribute of another kind of constructor damaged */
        NR_CALL(p->s[1].import, GetMemberRefProps, b, &parent, NULL, 0, NULL, NULL, NULL);
        if (!(a & 0xFFFFFF) || parent >> 24 != NR_TAB_TYPE_REF) return;
        BOTH("DefineCustomAttribute", NR_CALL(s->emit, DefineCustomAttribute, a, b, "\1\0\0", 4, token));
        return;
    default:
        a = any_row(p, NR_TAB_METHOD_DEF);
        if (!(a & 0xFFFFFF)) return;
        BOTH("DefinePermissionSet", NR_CALL(s->emit, DefinePermissionSet, a, 3, "blob", size - 3, token));
        return;
    }
}

/* ---- reading back --------------------------------------------------------------------------------------- */

static uint32_t fold(uint32_t h, const void *data, size_t n)
{
    return data && n ? nr_index_hash(h, data, n) : h;
}

/* Everything an import interface says about one token, folded into a number. */
static uint32_t describe(side *s, uint32_t token, int32_t *hr)
{
    uint16_t name[64];
    uint32_t n = 0, a = 0, b = 0, c = 0, d = 0, size = 0;
    const uint8_t *sig = NULL;
    const void *data = NULL, *hash = NULL;
    nr_assembly_metadata am;
    memset(name, 0, sizeof name);
    memset(&am, 0, sizeof am);
    switch (token >> 24) {
    case NR_TAB_TYPE_REF: *hr = NR_CALL(s->import, GetTypeRefProps, token, &a, name, 64, &n); break;
    case NR_TAB_TYPE_DEF:
        *hr = NR_CALL(s->import, GetTypeDefProps, token, name, 64, &n, &a, &b);
        d = (uint32_t)NR_CALL(s->import, GetNestedClassProps, token, &c);
        break;
    case NR_TAB_FIELD:
        *hr = NR_CALL(s->import, GetFieldProps, token, &a, name, 64, &n, &b, &sig, &size, NULL, NULL, NULL);
        break;
    case NR_TAB_METHOD_DEF:
        *hr = NR_CALL(s->import, GetMethodProps, token, &a, name, 64, &n, &b, &sig, &size, &c, &d);
        break;
    case NR_TAB_MEMBER_REF: *hr = NR_CALL(s->import, GetMemberRefProps, token, &a, name, 64, &n, &sig, &size); break;
    case NR_TAB_STAND_ALONE_SIG: *hr = NR_CALL(s->import, GetSigFromToken, token, &sig, &size); break;
    case NR_TAB_TYPE_SPEC: *hr = NR_CALL(s->import, GetTypeSpecFromToken, token, &sig, &size); break;
    case NR_TAB_METHOD_SPEC: *hr = NR_CALL(s->import, GetMethodSpecProps, token, &a, &sig, &size); break;
    case NR_TAB_MODULE_REF: *hr = NR_CALL(s->import, GetModuleRefProps, token, name, 64, &n); break;
    case NR_TAB_CUSTOM_ATTRIBUTE:
        *hr = NR_CALL(s->import, GetCustomAttributeProps, token, &a, &b, &data, &size);
        break;
    case NR_TAB_DECL_SECURITY: *hr = NR_CALL(s->import, GetPermissionSetProps, token, &a, &data, &size); break;
    case NR_TAB_ASSEMBLY_REF:
        *hr = NR_CALL(s->assembly_import, GetAssemblyRefProps, token, &data, &size, name, 64, &n, &am, &hash, &a, &b);
        c = (uint32_t)am.major << 16 | am.minor;
        d = (uint32_t)am.build << 16 | am.revision;
        break;
    case NR_TAB_ASSEMBLY:
        *hr = NR_CALL(s->assembly_import, GetAssemblyProps, token, &data, &size, &a, name, 64, &n, &am, &b);
        c = (uint32_t)am.major << 16 | am.minor;
        d = (uint32_t)am.build << 16 | am.revision;
        break;
    default: *hr = 0; return 0;
    }
    uint32_t numbers[6] = {n, a, b, c, d, size}, h = fold(0, numbers, sizeof numbers);
    h = fold(h, name, sizeof name);
    h = fold(h, sig, size);
    return fold(h, data, size);
}

static void compare_rows(pair *p)
{
    static const unsigned tables[] = {NR_TAB_TYPE_REF,   NR_TAB_TYPE_DEF,  NR_TAB_FIELD,      NR_TAB_METHOD_DEF,
                                      NR_TAB_MEMBER_REF, NR_TAB_TYPE_SPEC, NR_TAB_METHOD_SPEC, NR_TAB_STAND_ALONE_SIG,
                                      NR_TAB_MODULE_REF, NR_TAB_ASSEMBLY,  NR_TAB_ASSEMBLY_REF, NR_TAB_CUSTOM_ATTRIBUTE,
                                      NR_TAB_DECL_SECURITY};
    unsigned long rows = 0;
    for (size_t t = 0; t < NR_COUNT(tables); t++) {
        uint32_t n = nr_sim_rows(p->sim, p->module, tables[t]);
        for (uint32_t rid = 1; rid <= n + 1; rid++, rows++) { /* one too many as well */
            char what[32];
            int32_t hr[2];
            uint32_t token = (uint32_t)tables[t] << 24 | rid, v[2];
            if (rid == n + 1 && tables[t] != NR_TAB_METHOD_DEF && tables[t] != NR_TAB_TYPE_DEF) continue;
            for (int i = 0; i < 2; i++) v[i] = describe(&p->s[i], token, &hr[i]);
            snprintf(what, sizeof what, "row %08x", (unsigned)token);
            same(p, what, hr[0], hr[0] < 0 ? 0 : v[0], hr[1], hr[1] < 0 ? 0 : v[1]);
        }
    }
    printf("    %lu rows compared\n", rows);
}

static uint32_t enumerate(side *s, int which, uint32_t of)
{
    void *handle = NULL;
    uint32_t tokens[7], n = 0, h = 0;
    for (int calls = 0; calls < 10000; calls++) {
        int32_t hr = NR_E_FAIL;
        switch (which) {
        case 0: hr = NR_CALL(s->import, EnumMethods, &handle, of, tokens, 7, &n); break;
        case 1: hr = NR_CALL(s->import, EnumMemberRefs, &handle, of, tokens, 7, &n); break;
        case 2: hr = NR_CALL(s->import, EnumMethodsWithName, &handle, of, wide(".ctor"), tokens, 7, &n); break;
        case 3: hr = NR_CALL(s->import, EnumFields, &handle, of, tokens, 7, &n); break;
        case 4: hr = NR_CALL(s->import, EnumCustomAttributes, &handle, of, 0, tokens, 7, &n); break;
        case 5: hr = NR_CALL(s->assembly_import, EnumAssemblyRefs, &handle, tokens, 7, &n); break;
        case 6: hr = NR_CALL(s->import, EnumTypeDefs, &handle, tokens, 7, &n); break;
        default: hr = NR_CALL(s->import, EnumTypeRefs, &handle, tokens, 7, &n); break;
        }
        if (which == 4) /* the runtime's order is that of its hash once rows were added: a sum */
            for (uint32_t i = 0; i < n; i++) h += fold(1, &tokens[i], sizeof *tokens);
        else h = fold(h + (uint32_t)hr, tokens, n * sizeof *tokens);
        if (hr != NR_S_OK) break;
    }
    NR_CALL(s->import, CloseEnum, handle);
    return h;
}

static void compare_lookups(pair *p)
{
    static const char *const attributes[] = {"System.Runtime.CompilerServices.AsyncStateMachineAttribute",
                                             "System.Runtime.CompilerServices.CompilerGeneratedAttribute",
                                             "System.ObsoleteAttribute", "No.Such", "Added"};
    uint32_t types = nr_sim_rows(p->sim, p->module, NR_TAB_TYPE_DEF);
    for (uint32_t rid = 1; rid <= types; rid++) {
        uint32_t type = (uint32_t)NR_TAB_TYPE_DEF << 24 | rid;
        for (int which = 0; which < 5; which++) {
            char what[48];
            snprintf(what, sizeof what, "enumeration %d of %08x", which, (unsigned)type);
            same(p, what, 0, enumerate(&p->s[0], which, type), 0, enumerate(&p->s[1], which, type));
        }
        uint16_t name[512];
        uint32_t n, t[2] = {0, 0};
        int32_t h[2];
        NR_CALL(p->s[1].import, GetTypeDefProps, type, name, 512, &n, NULL, NULL);
        for (int i = 0; i < 2; i++) h[i] = NR_CALL(p->s[i].import, FindTypeDefByName, name, 0x02000000, &t[i]);
        same(p, "FindTypeDefByName", h[0], t[0], h[1], t[1]);
        for (int i = 0; i < 2; i++)
            h[i] = NR_CALL(p->s[i].import, FindMethod, type, wide(".ctor"), (const uint8_t *)"\x20\x00\x01", 3, &t[i]);
        same(p, "FindMethod", h[0], t[0], h[1], t[1]);
    }
    for (int which = 5; which < 8; which++)
        same(p, "enumeration", 0, enumerate(&p->s[0], which, 0), 0, enumerate(&p->s[1], which, 0));
    uint32_t methods = nr_sim_rows(p->sim, p->module, NR_TAB_METHOD_DEF), found = 0;
    for (uint32_t rid = 1; rid <= methods; rid++)
        for (size_t a = 0; a < NR_COUNT(attributes); a++) {
            uint32_t h[2], size;
            int32_t hr[2];
            for (int i = 0; i < 2; i++) {
                const void *data = NULL;
                hr[i] = NR_CALL(p->s[i].import, GetCustomAttributeByName, (uint32_t)NR_TAB_METHOD_DEF << 24 | rid, wide(attributes[a]), &data, &size);
                h[i] = fold(size, data, size);
            }
            found += hr[1] == 0;
            same(p, attributes[a], hr[0], h[0], hr[1], h[1]);
        }
    printf("    %u attributes found by name\n", (unsigned)found);
}

/* Module with user strings, generics, nested types; with pointers and P/Invoke; a facade without code. */
static const char *const assemblies[] = {"System.Linq.dll", "System.Text.Json.dll", "System.Private.Xml.Linq.dll",
                                         "Microsoft.VisualBasic.Core.dll", "System.Runtime.dll", "mscorlib.dll"};

TEST(reading)
{
    if (!runtime()) SKIP("no .NET runtime 10.0.12 is installed");
    for (size_t i = 0; i < NR_COUNT(assemblies); i++) {
        pair p;
        if (CHECK(open_pair(&p, assemblies[i]))) {
            compare_rows(&p);
            compare_lookups(&p);
        }
        CHECK_EQ(p.differences, 0);
        CHECK_EQ(nr_sim_unimplemented(p.sim), 0);
        close_pair(&p);
    }
}

TEST(definitions)
{
    if (!runtime()) SKIP("no .NET runtime 10.0.12 is installed");
    for (size_t i = 0; i < NR_COUNT(assemblies); i++) {
        pair p;
        if (CHECK(open_pair(&p, assemblies[i]))) {
            seed = (uint32_t)i + 1;
            for (int n = 0; n < 3000; n++) define_something(&p);
            CHECK_EQ(p.differences, 0);
            p.differences = 0;
            compare_rows(&p);
            compare_lookups(&p);
        }
        CHECK_EQ(p.differences, 0);
        close_pair(&p);
    }
}

TESTS(runtime, T(reading), T(definitions))

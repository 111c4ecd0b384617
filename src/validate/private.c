#include "validate/private.h"

#include "base/alloc.h"
#include "base/log.h"
#include "os/guard.h"
#include "validate/frame.h"
#include "validate/trial.h"

enum { OF_READ = 0, OF_COPY_MEMORY = 2 };

struct nr_private_module {
    nr_private_module *next;
    uintptr_t module;
    bool written;      /* by the profiler in charge */
    nr_IUnknown *copy; /* NULL: there is none yet */
};

/* ---- the runtime's dispenser ------------------------------------------------------------------------ */

static const nr_guid class_dispenser = {0xE5CB7A31, 0x7512, 0x11D2, {0x89, 0xCE, 0x00, 0x80, 0xC7, 0x92, 0xE5, 0xD8}};
static const nr_guid option_thread_safety = {
    0xF7559806, 0xF266, 0x42EA, {0x8C, 0x63, 0x0A, 0xDB, 0x45, 0xE8, 0xB2, 0x34}};

/* VARIANT of type VT_UI4. */
typedef struct variant {
    uint16_t type, reserved[3];
    uint32_t value;
    uint32_t rest[3];
} variant;

typedef int32_t(NR_COM *get_dispenser)(const nr_guid *clsid, const nr_guid *iid, void **object);

static nr_IMetaDataDispenserEx *dispenser_of(const nr_ICorProfilerInfo4 *info)
{
    const variant on = {19, {0, 0, 0}, 1, {0, 0, 0}};
    void *found = NULL;
    void (*export)(void) = nr_os_symbol_around(info->vtbl, "MetaDataGetDispenser");
    if (!export || ((get_dispenser) export)(&class_dispenser, &nr_iid_IMetaDataDispenserEx, &found) < 0) return NULL;
    nr_IMetaDataDispenserEx *dispenser = found;
    /* Callbacks come on many threads. The duplicate checks of a new scope are those of the runtime's own already. */
    NR_CALL(dispenser, SetOption, &option_thread_safety, &on);
    return dispenser;
}

bool nr_private_is_possible(nr_shadow *s)
{
    nr_IMetaDataDispenserEx *dispenser = dispenser_of(s->beside->info);
    nr_release(dispenser);
    return dispenser != NULL;
}

/* ---- the image as it was loaded ------------------------------------------------------------------------- */

enum { FLAT_LAYOUT = 0x20 }; /* COR_PRF_MODULE_FLAT_LAYOUT: sections lie as in the file */

/* ECMA-335 II.25.3: where an address relative to the image is. The runtime has checked the headers. */
static const uint8_t *at_rva(const uint8_t *base, const uint8_t *pe, bool flat, uint32_t rva)
{
    const uint8_t *section = pe + 24 + nr_get_u16(pe + 20);
    if (!flat) return base + rva;
    for (unsigned i = nr_get_u16(pe + 6); i; i--, section += 40) {
        uint32_t from = nr_get_u32(section + 12), size = nr_get_u32(section + 16);
        if (rva >= from && rva - from < size) return base + nr_get_u32(section + 20) + (rva - from);
    }
    return NULL;
}

/* The metadata root (II.24.2.1) of a module: what has been defined since is not in it. False: it has no image. */
static bool metadata_of(nr_ICorProfilerInfo4 *info, uintptr_t module, const uint8_t **metadata, uint32_t *size)
{
    const uint8_t *base = NULL;
    uint32_t length = 0, flags = 0;
    uintptr_t assembly = 0;
    if (NR_CALL(info, GetModuleInfo2, module, &base, 0, &length, NULL, &assembly, &flags) < 0 || !base) return false;
    if (base[0] != 'M' || base[1] != 'Z') return false;
    const uint8_t *pe = base + nr_get_u32(base + 60);
    if (memcmp(pe, "PE\0\0", 4)) return false;
    uint32_t directories = nr_get_u16(pe + 24) == 0x20B ? 112 : 96;
    uint32_t cli = nr_get_u32(pe + 24 + directories + 14 * 8);
    const uint8_t *header = cli ? at_rva(base, pe, flags & FLAT_LAYOUT, cli) : NULL;
    const uint8_t *root = header ? at_rva(base, pe, flags & FLAT_LAYOUT, nr_get_u32(header + 8)) : NULL;
    if (!root || memcmp(root, "BSJB", 4)) return false;
    *metadata = root;
    *size = nr_get_u32(header + 12);
    return true;
}

static nr_IUnknown *copy_of(nr_ICorProfilerInfo4 *info, uintptr_t module)
{
    void *copy = NULL;
    const uint8_t *p;
    uint32_t n;
    if (!metadata_of(info, module, &p, &n)) return NULL;
    nr_IMetaDataDispenserEx *dispenser = dispenser_of(info);
    if (dispenser && NR_CALL(dispenser, OpenScopeOnMemory, p, n, NR_OPEN_TO_WRITE | OF_COPY_MEMORY,
                             &nr_iid_IMetaDataImport2, &copy) < 0)
        copy = NULL;
    nr_release(dispenser);
    return copy;
}

/* ---- modules ------------------------------------------------------------------------------------------ */

static nr_private_module *find(nr_shadow *s, uintptr_t module)
{
    nr_private_module *m = s->modules;
    while (m && m->module != module) m = m->next;
    return m;
}

/* The lock is held. */
static nr_private_module *need(nr_shadow *s, uintptr_t module)
{
    nr_private_module *m = find(s, module);
    if (m || !(m = nr_zalloc(sizeof *m))) return m;
    m->module = module;
    m->next = s->modules;
    s->modules = m;
    return m;
}

void nr_private_written(nr_shadow *s, uintptr_t module)
{
    nr_mutex_lock(&s->lock);
    nr_private_module *m = need(s, module);
    if (m) m->written = true;
    nr_mutex_unlock(&s->lock);
}

nr_IUnknown *nr_private_adopt(nr_shadow *s, uintptr_t module, nr_IUnknown *made)
{
    nr_IUnknown *copy = NULL;
    nr_mutex_lock(&s->lock);
    nr_private_module *m = need(s, module);
    if (m && !m->copy) {
        m->copy = made; /* that reference is the list's */
        made = NULL;
    }
    if (m) copy = m->copy;
    if (copy) copy->vtbl->AddRef(copy);
    nr_mutex_unlock(&s->lock);
    nr_release(made);
    return copy;
}

int32_t nr_private_metadata(nr_shadow *s, uintptr_t module, uint32_t flags, const nr_guid *iid, void **object)
{
    nr_ICorProfilerInfo4 *info = s->beside->info;
    const nr_frame *f = nr_frame_now();
    nr_mutex_lock(&s->lock);
    nr_private_module *m = find(s, module);
    nr_IUnknown *copy = m ? m->copy : NULL;
    bool apart = copy || (m && m->written) || (flags & NR_OPEN_TO_WRITE) || (f && f->rewrites);
    if (copy) copy->vtbl->AddRef(copy);
    nr_mutex_unlock(&s->lock);
    if (!apart) return NR_CALL(info, GetModuleMetaData, module, OF_READ, iid, object);
    if (!copy) {
        nr_IUnknown *made = copy_of(info, module);
        if (!made) return NR_E_NOTIMPL;
        copy = nr_private_adopt(s, module, made);
        if (!copy) return NR_E_OUTOFMEMORY;
    }
    int32_t hr = NR_CALL(copy, QueryInterface, iid, object);
    nr_release(copy);
    return hr;
}

void nr_private_forget(nr_shadow *s, uintptr_t module)
{
    nr_private_module *gone = NULL;
    nr_mutex_lock(&s->lock);
    for (nr_private_module **at = &s->modules; *at; at = &(*at)->next) {
        if ((*at)->module != module) continue;
        gone = *at;
        *at = gone->next;
        break;
    }
    nr_ids_forget(&s->same, module);
    nr_mutex_unlock(&s->lock);
    if (!gone) return;
    nr_release(gone->copy);
    nr_free(gone, sizeof *gone);
}

void nr_private_free(nr_shadow *s)
{
    while (s->modules) nr_private_forget(s, s->modules->module);
}

/* ---- memory for bodies ------------------------------------------------------------------------------------ */

static int32_t NR_COM malloc_QueryInterface(void *self, const nr_guid *iid, void **object)
{
    bool known = nr_guid_eq(iid, &nr_iid_IUnknown) || nr_guid_eq(iid, &nr_iid_IMethodMalloc);
    *object = known ? self : NULL;
    return known ? NR_S_OK : NR_E_NOINTERFACE;
}

static uint32_t NR_COM malloc_count(void *self)
{
    (void)self;
    return 1; /* there is one for all, and it stays */
}

static void *NR_COM malloc_Alloc(void *self, uint32_t size)
{
    (void)self;
    return nr_trial_alloc(nr_trial_now(), size);
}

int32_t nr_private_allocator(void **allocator)
{
    static const nr_IMethodMalloc_vtbl slots = {malloc_QueryInterface, malloc_count, malloc_count, malloc_Alloc};
    static nr_IMethodMalloc one = {&slots};
    *allocator = &one;
    return NR_S_OK;
}

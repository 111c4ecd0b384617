#include "validate/private.h"

#include "base/alloc.h"
#include "base/log.h"
#include "clr/loaded_image.h"
#include "validate/frame.h"
#include "validate/trial.h"

enum { OF_READ = 0, OF_COPY_MEMORY = 2 };

struct nr_private_module {
    nr_private_module *next;
    uintptr_t module;
    bool written;      /* the profiler in charge may have defined something */
    nr_IUnknown *copy; /* NULL: there is none yet */
};

/* ---- copies ------------------------------------------------------------------------ */

static const nr_guid option_thread_safety = {
    0xF7559806, 0xF266, 0x42EA, {0x8C, 0x63, 0x0A, 0xDB, 0x45, 0xE8, 0xB2, 0x34}};

/* VARIANT of type VT_UI4. */
typedef struct variant {
    uint16_t type, reserved[3];
    uint32_t value;
    uint32_t rest[3];
} variant;

bool nr_private_is_possible(nr_shadow *s)
{
    nr_IMetaDataDispenserEx *dispenser = nr_dispenser_new(nr_dispenser_export(s->beside->info));
    nr_release(dispenser);
    return dispenser != NULL;
}

static nr_IUnknown *copy_of(nr_ICorProfilerInfo4 *info, uintptr_t module)
{
    const variant on = {19, {0, 0, 0}, 1, {0, 0, 0}};
    void *copy = NULL;
    nr_loaded_image image;
    if (!nr_loaded_image_of(info, module, &image)) return NULL;
    nr_IMetaDataDispenserEx *dispenser = nr_dispenser_new(nr_dispenser_export(info));
    if (!dispenser) return NULL;
    /* Callbacks come on many threads. The duplicate checks of a new scope are those of the runtime's own already. */
    NR_CALL(dispenser, SetOption, &option_thread_safety, &on);
    if (NR_CALL(dispenser, OpenScopeOnMemory, image.metadata, image.size, NR_OPEN_TO_WRITE | OF_COPY_MEMORY,
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

void nr_private_written(nr_side *side, uintptr_t module)
{
    nr_shadow *s = side->shadow;
    if (!s || side->beside || !module) return;
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
    return nr_trial_alloc(size);
}

int32_t nr_private_allocator(void **allocator)
{
    static const nr_IMethodMalloc_vtbl slots = {malloc_QueryInterface, malloc_count, malloc_count, malloc_Alloc};
    static nr_IMethodMalloc one = {&slots};
    *allocator = &one;
    return NR_S_OK;
}

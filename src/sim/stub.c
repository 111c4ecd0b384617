/* stub.c - every slot of every interface, until something better is put into it: counted, named, E_NOTIMPL. */
#include "clr/words.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#define U0
#define U1 U0(void) a;
#define U2 U1(void) b;
#define U3 U2(void) c;
#define U4 U3(void) d;
#define U5 U4(void) e;
#define U6 U5(void) f;
#define U7 U6(void) g;
#define U8 U7(void) h;
#define U9 U8(void) i;
#define U10 U9(void) j;
#define U11 U10(void) k;
#define U12 U11(void) l;
#define U13 U12(void) m;
#define U14 U13(void) n;
#define U15 U14(void) o;
#define U16 U15(void) p;

/* A function per slot, with as many words as its caller pushes: stdcall cleans up by the callee's count. */
#define SLOT(kind, interface, result, name, words, args) \
    static int32_t NR_COM kind##_##name(void *self NR_WORDS_##words) \
    { \
        U##words return sim_stub(self, SIM_##kind, (unsigned)NR_SLOT(interface, name)); \
    }
#include "sim/slots.def"
#undef SLOT

static void stubs(sim_vtbls *v)
{
/* Through void (*)(void): the stub's type differs from the slot's on purpose. */
#define SLOT(kind, interface, result, name, words, args) \
    v->kind.name = (result(NR_COM *) args)(void (*)(void))kind##_##name;
#include "sim/slots.def"
#undef SLOT
}

void sim_vtbls_init(sim_vtbls *v)
{
    stubs(v);
    sim_objects_vtbl(v);
    sim_info_vtbl(v);
    sim_rejit_vtbl(v);
    sim_import_vtbl(v);
    sim_import_enum_vtbl(v);
    sim_assembly_vtbl(v);
    sim_emit_vtbl(v);
    sim_precompiled_vtbl(v);
}

/* ---- names ---------------------------------------------------------------------------- */

#define X(result, name, words, args) #name,
static const char *const info_names[] = {NR_SLOTS_ICorProfilerInfo11(X) NULL};
static const char *const import_names[] = {NR_SLOTS_IMetaDataImport2(X) NULL};
static const char *const assembly_import_names[] = {NR_SLOTS_IMetaDataAssemblyImport(X) NULL};
static const char *const emit_names[] = {NR_SLOTS_IMetaDataEmit2(X) NULL};
static const char *const assembly_emit_names[] = {NR_SLOTS_IMetaDataAssemblyEmit(X) NULL};
static const char *const control_names[] = {NR_SLOTS_ICorProfilerFunctionControl(X) NULL};
static const char *const malloc_names[] = {NR_SLOTS_IMethodMalloc(X) NULL};
static const char *const module_enum_names[] = {NR_SLOTS_ICorProfilerModuleEnum(X) NULL};
static const char *const thread_enum_names[] = {NR_SLOTS_ICorProfilerThreadEnum(X) NULL};
static const char *const method_enum_names[] = {NR_SLOTS_ICorProfilerMethodEnum(X) NULL};
#undef X
static const char *const *const slot_names[SIM_KINDS] = {
    info_names,    import_names, assembly_import_names, emit_names,        assembly_emit_names,
    control_names, malloc_names, module_enum_names,     thread_enum_names, method_enum_names};
#define X(kind, interface, name) name,
static const char *const kind_names[SIM_KINDS] = {NR_SIM_KINDS(X)};
#undef X
#define X(kind, interface, name) \
    _Static_assert((int)NR_SLOTS_OF_##interface <= SIM_MAX_SLOTS, "room for the call counters of every slot");
NR_SIM_KINDS(X)
#undef X

bool sim_slot_named(const char *interface_name, const char *slot, sim_kind *kind, unsigned *number)
{
    size_t n = strlen(interface_name);
    while (n && interface_name[n - 1] >= '0' && interface_name[n - 1] <= '9') n--;
    for (unsigned k = 0; k < SIM_KINDS; k++) {
        if (strlen(kind_names[k]) != n || memcmp(kind_names[k], interface_name, n)) continue;
        for (unsigned i = 0; slot_names[k][i]; i++) {
            if (strcmp(slot_names[k][i], slot)) continue;
            *kind = (sim_kind)k;
            *number = i;
            return true;
        }
    }
    return false;
}

int32_t sim_stub(void *self, sim_kind kind, unsigned slot)
{
    nr_sim *sim = ((sim_object *)self)->sim;
    char name[128];
    int32_t hr;
    if (sim_enter(sim, kind, slot, &hr)) return hr;
    snprintf(name, sizeof name, "%s::%s", kind_names[kind], slot_names[kind][slot]);
    sim->unimplemented++;
    if (!sim->options.quiet) fprintf(stderr, "simulated CLR: %s is not implemented\n", name);
    nr_sim_event e = {.kind = NR_SIM_UNIMPLEMENTED, .hr = NR_E_NOTIMPL};
    e.name = name;
    sim_event(sim, &e);
    return NR_E_NOTIMPL;
}

bool sim_enter(nr_sim *sim, sim_kind kind, unsigned slot, int32_t *hr)
{
    unsigned long call = ++sim->calls[kind][slot];
    if (sim->any_in && --sim->any_in == 0) {
        snprintf(sim->any_failed, sizeof sim->any_failed, "%s::%s", kind_names[kind], slot_names[kind][slot]);
        *hr = sim->any_hr;
        return true;
    }
    const sim_failure *f = (const sim_failure *)(const void *)sim->failures.data;
    for (size_t n = sim->failures.size / sizeof *f; n; n--, f++) {
        if (f->kind != kind || f->slot != slot || (f->at && f->at != call)) continue;
        *hr = f->hr;
        return true;
    }
    return false;
}

bool nr_sim_fail(nr_sim *sim, const char *interface_name, const char *slot, unsigned nth, int32_t hr)
{
    sim_failure f;
    if (!sim_slot_named(interface_name, slot, &f.kind, &f.slot)) {
        sim_say(sim, "no slot %s::%s", interface_name, slot);
        return false;
    }
    f.at = nth ? sim->calls[f.kind][f.slot] + nth : 0;
    f.hr = hr;
    return sim_push(&sim->failures, &f, sizeof f);
}

void nr_sim_fail_any(nr_sim *sim, unsigned long nth, int32_t hr)
{
    sim->any_in = nth;
    sim->any_hr = hr;
    sim->any_failed[0] = 0;
}

const char *nr_sim_failed(const nr_sim *sim)
{
    return sim->any_failed;
}

void nr_sim_fail_none(nr_sim *sim)
{
    sim->any_in = 0;
    sim->failures.size = 0;
}

unsigned long nr_sim_calls(const nr_sim *sim, const char *interface_name, const char *slot)
{
    sim_kind kind;
    unsigned number;
    return sim_slot_named(interface_name, slot, &kind, &number) ? sim->calls[kind][number] : 0;
}

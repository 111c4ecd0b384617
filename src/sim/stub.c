/* stub.c - every slot of every interface, until something better is put into it: counted, named, E_NOTIMPL. */
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

/* A function per slot, with as many words as its caller pushes: stdcall cleans up by the callee's count. */
#define A0 void *self
#define A1 A0, uintptr_t a1
#define A2 A1, uintptr_t a2
#define A3 A2, uintptr_t a3
#define A4 A3, uintptr_t a4
#define A5 A4, uintptr_t a5
#define A6 A5, uintptr_t a6
#define A7 A6, uintptr_t a7
#define A8 A7, uintptr_t a8
#define A9 A8, uintptr_t a9
#define A10 A9, uintptr_t a10
#define A11 A10, uintptr_t a11
#define A12 A11, uintptr_t a12
#define A13 A12, uintptr_t a13
#define A14 A13, uintptr_t a14
#define A15 A14, uintptr_t a15
#define A16 A15, uintptr_t a16
#define U0
#define U1 U0(void) a1;
#define U2 U1(void) a2;
#define U3 U2(void) a3;
#define U4 U3(void) a4;
#define U5 U4(void) a5;
#define U6 U5(void) a6;
#define U7 U6(void) a7;
#define U8 U7(void) a8;
#define U9 U8(void) a9;
#define U10 U9(void) a10;
#define U11 U10(void) a11;
#define U12 U11(void) a12;
#define U13 U12(void) a13;
#define U14 U13(void) a14;
#define U15 U14(void) a15;
#define U16 U15(void) a16;

#define STUB(kind, interface, name, words) \
    static int32_t NR_COM kind##_##name(A##words) \
    { \
        U##words return sim_stub(self, SIM_##kind, (unsigned)NR_SLOT(interface, name)); \
    }
#define X(result, name, words, args) STUB(INFO, ICorProfilerInfo11, name, words)
NR_SLOTS_ICorProfilerInfo11(X)
#undef X
#define X(result, name, words, args) STUB(IMPORT, IMetaDataImport2, name, words)
    NR_SLOTS_IMetaDataImport2(X)
#undef X
#define X(result, name, words, args) STUB(ASSEMBLY_IMPORT, IMetaDataAssemblyImport, name, words)
        NR_SLOTS_IMetaDataAssemblyImport(X)
#undef X
#define X(result, name, words, args) STUB(EMIT, IMetaDataEmit2, name, words)
            NR_SLOTS_IMetaDataEmit2(X)
#undef X
#define X(result, name, words, args) STUB(ASSEMBLY_EMIT, IMetaDataAssemblyEmit, name, words)
                NR_SLOTS_IMetaDataAssemblyEmit(X)
#undef X
#define X(result, name, words, args) STUB(CONTROL, ICorProfilerFunctionControl, name, words)
                    NR_SLOTS_ICorProfilerFunctionControl(X)
#undef X
#define X(result, name, words, args) STUB(MALLOC, IMethodMalloc, name, words)
                        NR_SLOTS_IMethodMalloc(X)
#undef X
#define X(result, name, words, args) STUB(MODULE_ENUM, ICorProfilerModuleEnum, name, words)
                            NR_SLOTS_ICorProfilerModuleEnum(X)
#undef X
#define X(result, name, words, args) STUB(THREAD_ENUM, ICorProfilerThreadEnum, name, words)
                                NR_SLOTS_ICorProfilerThreadEnum(X)
#undef X
#define X(result, name, words, args) STUB(METHOD_ENUM, ICorProfilerMethodEnum, name, words)
                                    NR_SLOTS_ICorProfilerMethodEnum(X)
#undef X

/* Through void (*)(void): the stub's type differs from the slot's on purpose. */
#define PUT(kind, result, name, args) v->kind.name = (result(NR_COM *) args)(void (*)(void))kind##_##name;

                                        static void stubs(sim_vtbls *v)
{
#define X(result, name, words, args) PUT(INFO, result, name, args)
    NR_SLOTS_ICorProfilerInfo11(X)
#undef X
#define X(result, name, words, args) PUT(IMPORT, result, name, args)
        NR_SLOTS_IMetaDataImport2(X)
#undef X
#define X(result, name, words, args) PUT(ASSEMBLY_IMPORT, result, name, args)
            NR_SLOTS_IMetaDataAssemblyImport(X)
#undef X
#define X(result, name, words, args) PUT(EMIT, result, name, args)
                NR_SLOTS_IMetaDataEmit2(X)
#undef X
#define X(result, name, words, args) PUT(ASSEMBLY_EMIT, result, name, args)
                    NR_SLOTS_IMetaDataAssemblyEmit(X)
#undef X
#define X(result, name, words, args) PUT(CONTROL, result, name, args)
                        NR_SLOTS_ICorProfilerFunctionControl(X)
#undef X
#define X(result, name, words, args) PUT(MALLOC, result, name, args)
                            NR_SLOTS_IMethodMalloc(X)
#undef X
#define X(result, name, words, args) PUT(MODULE_ENUM, result, name, args)
                                NR_SLOTS_ICorProfilerModuleEnum(X)
#undef X
#define X(result, name, words, args) PUT(THREAD_ENUM, result, name, args)
                                    NR_SLOTS_ICorProfilerThreadEnum(X)
#undef X
#define X(result, name, words, args) PUT(METHOD_ENUM, result, name, args)
                                        NR_SLOTS_ICorProfilerMethodEnum(X)
#undef X
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

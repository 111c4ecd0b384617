/* thunks.c - for each slot of each family a function that passes the call on to the object behind the face. */
#include "clr/words.h"
#include "validate/proxy.h"

typedef nr_word W;

#define NR_CAT_(a, b) a##b
#define NR_CAT(a, b) NR_CAT_(a, b)
#define NR_NAME_(face, name) pass_##face##_##name
#define NR_NAME(face, name) NR_NAME_(face, name)
#define NR_NUMBER_(interface, method) NR_SLOT(interface, method)
#define NR_NUMBER(interface, method) NR_NUMBER_(interface, method)

#define PASS(function, slot, parameters, arguments) \
    static W NR_COM function(nr_face *self parameters) \
    { \
        void *inner = atomic_load_explicit(&self->inner, memory_order_relaxed); \
        typedef W(NR_COM *call)(void *parameters); \
        return ((call)(*(nr_any_function **)inner)[slot])(inner arguments); \
    }
#define X(result, name, words, args) \
    PASS(NR_NAME(FACE, name), NR_NUMBER(FACE, name), NR_CAT(NR_WORDS_, words), NR_CAT(NR_PASSED_, words))
#define FACE ICorProfilerCallback11
NR_SLOTS_ICorProfilerCallback11(X)
#undef FACE
#define FACE ICorProfilerInfo15
    NR_SLOTS_ICorProfilerInfo15(X)
#undef FACE
#define FACE ICorProfilerFunctionControl
        NR_SLOTS_ICorProfilerFunctionControl(X)
#undef FACE
#define FACE IMetaDataImport2
            NR_SLOTS_IMetaDataImport2(X)
#undef FACE
#define FACE IMetaDataEmit2
                NR_SLOTS_IMetaDataEmit2(X)
#undef FACE
#define FACE IMetaDataAssemblyImport
                    NR_SLOTS_IMetaDataAssemblyImport(X)
#undef FACE
#define FACE IMetaDataAssemblyEmit
                        NR_SLOTS_IMetaDataAssemblyEmit(X)
#undef FACE
#define FACE IMetaDataTables2
                            NR_SLOTS_IMetaDataTables2(X)
#undef FACE
#undef X

#define X(result, name, words, args) (nr_any_function) NR_NAME(FACE, name),
#define FACE ICorProfilerCallback11
                                static nr_any_function callback[] = {NR_SLOTS_ICorProfilerCallback11(X)};
#undef FACE
#define FACE ICorProfilerInfo15
static nr_any_function info[] = {NR_SLOTS_ICorProfilerInfo15(X)};
#undef FACE
#define FACE ICorProfilerFunctionControl
static nr_any_function control[] = {NR_SLOTS_ICorProfilerFunctionControl(X)};
#undef FACE
#define FACE IMetaDataImport2
static nr_any_function import[] = {NR_SLOTS_IMetaDataImport2(X)};
#undef FACE
#define FACE IMetaDataEmit2
static nr_any_function emit[] = {NR_SLOTS_IMetaDataEmit2(X)};
#undef FACE
#define FACE IMetaDataAssemblyImport
static nr_any_function assembly_import[] = {NR_SLOTS_IMetaDataAssemblyImport(X)};
#undef FACE
#define FACE IMetaDataAssemblyEmit
static nr_any_function assembly_emit[] = {NR_SLOTS_IMetaDataAssemblyEmit(X)};
#undef FACE
#define FACE IMetaDataTables2
static nr_any_function tables[] = {NR_SLOTS_IMetaDataTables2(X)};
#undef FACE
#undef X

nr_any_function *nr_family_slots(nr_family family)
{
    static nr_any_function *const all[] = {callback,        info,          control, import, emit,
                                           assembly_import, assembly_emit, tables};
    _Static_assert(sizeof all / sizeof all[0] == NR_FAMILY_COUNT, "in the order of NR_FAMILIES");
    return all[family];
}

size_t nr_family_size(nr_family family)
{
    static const size_t sizes[] = {
#define X(family, interface) NR_SLOTS_OF_##interface,
        NR_FAMILIES(X)
#undef X
    };
    return sizes[family];
}

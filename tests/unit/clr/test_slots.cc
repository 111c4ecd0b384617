// Module: slots by name, from both sides. (a) A C++ compiler calls our callback object through virtual functions,
// as the CLR does. (b) Our C structures call objects of a C++ compiler, as we call the CLR.
#include "interfaces.h"

extern "C" {
#include "slot_calls.h"
#include "test.h"

int32_t DllGetClassObject(const void *clsid, const void *iid, void **object);
int32_t DllCanUnloadNow(void);
}

#include <cstring>

namespace {

struct Guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};
const Guid iid_unknown = {0, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const Guid iid_factory = {1, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const Guid iid_callback = {0x176FBED1, 0xA55C, 0x4796, {0x98, 0xCA, 0xA9, 0xDA, 0x0E, 0xF8, 0x83, 0xE7}};
const Guid iid_callback2 = {0x8A8CC829, 0xCCF2, 0x49FE, {0xBB, 0xAE, 0x0F, 0x02, 0x22, 0x28, 0x07, 0x1A}};
const Guid iid_callback3 = {0x4FD2ED52, 0x7731, 0x4B8D, {0x94, 0x69, 0x03, 0xD2, 0xCC, 0x30, 0x86, 0xC5}};
const Guid iid_callback4 = {0x7B63B2E3, 0x107D, 0x4D48, {0xB2, 0xF6, 0xF6, 0x1E, 0x22, 0x94, 0x70, 0xD2}};
const Guid iid_callback5 = {0x8DFBA405, 0x8C9F, 0x45F8, {0xBF, 0xFA, 0x83, 0xB1, 0x4C, 0xEF, 0x78, 0xB5}};

const I ok = 0, no_interface = I(0x80004002), no_aggregation = I(0x80040110), cancel = I(0x80131375);

// ---- fakes that write their own name down --------------------------------------------------------

const char *heard = "";
unsigned wrong;

template <class R> struct Nothing {
    static R value() { return R(); }
};
template <> struct Nothing<void> {
    static void value() {}
};

#define RECORD(result, name, parameters) \
    result name parameters override \
    { \
        heard = #name; \
        return Nothing<result>::value(); \
    }

struct FakeInfo : ICorProfilerInfo11 {
    METHODS_IUnknown(RECORD) METHODS_ICorProfilerInfo(RECORD) METHODS_ICorProfilerInfo2(RECORD)
    METHODS_ICorProfilerInfo3(RECORD) METHODS_ICorProfilerInfo4(RECORD) METHODS_ICorProfilerInfo5(RECORD)
    METHODS_ICorProfilerInfo6(RECORD) METHODS_ICorProfilerInfo7(RECORD) METHODS_ICorProfilerInfo8(RECORD)
    METHODS_ICorProfilerInfo9(RECORD) METHODS_ICorProfilerInfo10(RECORD) METHODS_ICorProfilerInfo11(RECORD)
};
struct FakeCallback : ICorProfilerCallback4 {
    METHODS_IUnknown(RECORD) METHODS_ICorProfilerCallback(RECORD) METHODS_ICorProfilerCallback2(RECORD)
    METHODS_ICorProfilerCallback3(RECORD) METHODS_ICorProfilerCallback4(RECORD)
};
struct FakeImport : IMetaDataImport2 {
    METHODS_IUnknown(RECORD) METHODS_IMetaDataImport(RECORD) METHODS_IMetaDataImport2(RECORD)
};
struct FakeEmit : IMetaDataEmit2 {
    METHODS_IUnknown(RECORD) METHODS_IMetaDataEmit(RECORD) METHODS_IMetaDataEmit2(RECORD)
};
#define FAKE(type, interface) \
    struct type : interface { \
        METHODS_IUnknown(RECORD) METHODS_##interface(RECORD) \
    };
FAKE(FakeAssemblyEmit, IMetaDataAssemblyEmit)
FAKE(FakeAssemblyImport, IMetaDataAssemblyImport)
FAKE(FakeControl, ICorProfilerFunctionControl)
FAKE(FakeMalloc, IMethodMalloc)
FAKE(FakeModules, ICorProfilerModuleEnum)
FAKE(FakeThreads, ICorProfilerThreadEnum)
FAKE(FakeFactory, IClassFactory)

void compare(const char *name)
{
    nr_test_str(nr_str_of(heard), name, "the method that was called", __FILE__, __LINE__);
    if (std::strcmp(heard, name)) wrong++;
    heard = "";
}

template <class T> void check_interface(unsigned (*call)(void *, slot_called), unsigned slots)
{
    T object;
    wrong = 0;
    CHECK_EQ(call(static_cast<T *>(&object), compare), slots);
    CHECK_EQ(wrong, 0);
}

// ---- our object, called as the CLR calls it --------------------------------------------------------

// The object behind these pointers is C's: there is no type information before its virtual table.
#define FOREIGN __attribute__((no_sanitize("vptr")))

unsigned char sentinel[64];

template <class A> A argument();
template <> P argument<P>() { return sentinel; }
template <> W argument<W>() { return 0x7f001000; }
template <> U argument<U>() { return 1; }
template <> I argument<I>() { return 1; }

bool untouched()
{
    for (unsigned char b : sentinel) {
        if (b != 0xCC) return false;
    }
    return true;
}

template <class O, class C, class R, class... A> FOREIGN R call(O *object, R (C::*method)(A...))
{
    return (object->*method)(argument<A>()...);
}

FOREIGN IClassFactory *factory()
{
    void *object = nullptr;
    const Guid any = {0x12345678, 1, 2, {3}}; // 1.6: any class id
    CHECK_EQ(DllGetClassObject(&any, &iid_factory, &object), ok);
    return static_cast<IClassFactory *>(object);
}

FOREIGN ICorProfilerCallback4 *profiler()
{
    IClassFactory *f = factory();
    void *object = nullptr;
    CHECK_EQ(f->CreateInstance(nullptr, P(&iid_callback4), &object), ok);
    f->Release();
    return static_cast<ICorProfilerCallback4 *>(object);
}

// A runtime without any interface that is needed.
struct Bare : IUnknown {
    unsigned queries = 0;
    I QueryInterface(P, P out) override
    {
        queries++;
        *static_cast<void **>(out) = nullptr;
        return no_interface;
    }
    U AddRef() override { return 1; }
    U Release() override { return 1; }
};

FOREIGN void test_every_slot_of_the_callback()
{
    static const char *const with_result[] = {"QueryInterface", "AddRef", "Release", "Initialize", "GetReJITParameters"};
    ICorProfilerCallback4 *p = profiler();
    unsigned slots = 0;
    std::memset(sentinel, 0xCC, sizeof sentinel);
#define CALL(result, name, parameters) \
    { \
        bool own = false; \
        for (const char *n : with_result) own = own || !std::strcmp(n, #name); \
        slots++; \
        if (!own) { \
            I hr = I(call(p, &ICorProfilerCallback4::name)); \
            if (hr != ok || !untouched()) CHECK_STR(nr_str_of(#name), "S_OK, and nothing written"); \
        } \
    }
    METHODS_IUnknown(CALL)
    CHECK_EQ(slots, 3);
    METHODS_ICorProfilerCallback(CALL)
    CHECK_EQ(slots, 72);
    METHODS_ICorProfilerCallback2(CALL)
    CHECK_EQ(slots, 80);
    METHODS_ICorProfilerCallback3(CALL)
    CHECK_EQ(slots, 83);
    METHODS_ICorProfilerCallback4(CALL)
    CHECK_EQ(slots, 89);
#undef CALL
    CHECK(untouched());
    CHECK_EQ(p->GetReJITParameters(0x1000, 0x06000001, sentinel), 1); // no function is known: S_FALSE
    Bare bare;
    CHECK_EQ(p->Initialize(static_cast<IUnknown *>(&bare)), cancel);
    CHECK_EQ(bare.queries, 1);
    CHECK_EQ(p->JITCompilationStarted(0x1000, 1), ok); // still harmless
    CHECK_EQ(p->Release(), 0);
}

// 4.1 and 4.2
FOREIGN void test_interfaces_of_the_callback()
{
    static const struct {
        const Guid *iid;
        bool known;
    } rows[] = {{&iid_unknown, true},   {&iid_callback, true},   {&iid_callback2, true}, {&iid_callback3, true},
                {&iid_callback4, true}, {&iid_callback5, false}, {&iid_factory, false}};
    ICorProfilerCallback4 *p = profiler();
    for (const auto &row : rows) {
        void *object = sentinel;
        CHECK_EQ(p->QueryInterface(P(row.iid), &object), row.known ? ok : no_interface);
        CHECK(object == (row.known ? p : nullptr));
        if (row.known) CHECK_EQ(p->Release(), 1);
    }
    CHECK_EQ(p->AddRef(), 2);
    CHECK_EQ(p->Release(), 1);
    CHECK_EQ(p->Release(), 0);
}

// 2 and 3
FOREIGN void test_the_class_factory()
{
    void *object = sentinel;
    CHECK_EQ(DllCanUnloadNow(), ok);
    CHECK_EQ(DllGetClassObject(&iid_unknown, &iid_callback, &object), no_interface);
    CHECK(object == nullptr);
    CHECK_EQ(DllGetClassObject(&iid_unknown, &iid_unknown, &object), ok);
    IClassFactory *f = static_cast<IClassFactory *>(object), *other = factory();
    CHECK(f != other); // a new one each time
    CHECK_EQ(f->AddRef(), 2);
    CHECK_EQ(f->Release(), 1);
    CHECK_EQ(f->LockServer(1), ok);
    object = sentinel;
    CHECK_EQ(f->QueryInterface(P(&iid_callback), &object), no_interface);
    CHECK(object == nullptr);
    object = sentinel;
    CHECK_EQ(f->CreateInstance(f, P(&iid_callback4), &object), no_aggregation);
    CHECK(object == nullptr);
    object = sentinel;
    CHECK_EQ(f->CreateInstance(nullptr, P(&iid_callback5), &object), no_interface);
    CHECK(object == nullptr);
    void *a = nullptr, *b = nullptr;
    CHECK_EQ(f->CreateInstance(nullptr, P(&iid_callback2), &a), ok);
    CHECK_EQ(f->CreateInstance(nullptr, P(&iid_unknown), &b), ok);
    CHECK(a && b && a != b);
    static_cast<IUnknown *>(a)->Release();
    static_cast<IUnknown *>(b)->Release();
    CHECK_EQ(f->Release(), 0);
    CHECK_EQ(other->Release(), 0);
}

// 4.3: what we call has the slot of its name.
void test_every_slot_that_we_call()
{
    check_interface<FakeCallback>(call_slots_ICorProfilerCallback4, 89);
    check_interface<FakeInfo>(call_slots_ICorProfilerInfo4, 81);
    check_interface<FakeInfo>(call_slots_ICorProfilerInfo5, 83);
    check_interface<FakeInfo>(call_slots_ICorProfilerInfo7, 87);
    check_interface<FakeInfo>(call_slots_ICorProfilerInfo10, 99);
    check_interface<FakeInfo>(call_slots_ICorProfilerInfo11, 101);
    check_interface<FakeControl>(call_slots_ICorProfilerFunctionControl, 6);
    check_interface<FakeMalloc>(call_slots_IMethodMalloc, 4);
    check_interface<FakeModules>(call_slots_ICorProfilerModuleEnum, 8);
    check_interface<FakeThreads>(call_slots_ICorProfilerThreadEnum, 8);
    check_interface<FakeImport>(call_slots_IMetaDataImport2, 73);
    check_interface<FakeEmit>(call_slots_IMetaDataEmit2, 60);
    check_interface<FakeAssemblyEmit>(call_slots_IMetaDataAssemblyEmit, 13);
    check_interface<FakeAssemblyImport>(call_slots_IMetaDataAssemblyImport, 17);
    check_interface<FakeFactory>(call_slots_IClassFactory, 5);
}

} // namespace

extern "C" {
TESTS(slots, T(every_slot_of_the_callback), T(interfaces_of_the_callback), T(the_class_factory),
      T(every_slot_that_we_call))
}

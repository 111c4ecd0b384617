#include "base/alloc.h"
#include "fake_profiler.h"
#include "nrsim.h"
#include "test.h"
#include "tiny_image.h"

#include <stdlib.h>

static nr_buf image, lines;
static nr_sim *sim;
static uintptr_t module;

static void write_line(void *self, const char *text, size_t size)
{
    nr_buf_put(self, text, size);
}

/* A CLR with the fake profiler and, unless said otherwise, the small assembly. */
static int32_t start(const nr_sim_options *options, bool with_module)
{
    nr_sim_options quiet = {0};
    if (options) quiet = *options;
    quiet.quiet = true;
    image = (nr_buf)NR_BUF_INIT;
    tiny_image(&image, 0);
    sim = nr_sim_create(&quiet);
    nr_sim_record(sim, write_line, &lines, false, false);
    int32_t hr = nr_sim_attach_class(sim, (void (*)(void))fake_class_object);
    module = with_module ? nr_sim_load_bytes(sim, "/app/tiny.dll", image.data, image.size, NR_S_OK, NULL) : 0;
    return hr;
}

static void stop(void)
{
    nr_sim_destroy(sim);
    nr_buf_free(&image);
    nr_buf_free(&lines);
}

static bool recorded(const char *text)
{
    return nr_str_has(nr_buf_str(&lines), nr_str_of(text));
}

#define LOG() nr_str_of(fake.log)
static void forget(void)
{
    fake.log[0] = 0;
}

TEST(life)
{
    fake_reset();
    CHECK_EQ(start(NULL, true), NR_S_OK);
    CHECK(nr_sim_attached(sim));
    CHECK_EQ(fake.references, 2); /* Callback2 and Callback4 */
    CHECK_STR(LOG(), "Initialize ModuleLoadStarted ModuleLoadFinished(40000010,0) ModuleAttachedToAssembly ");
    uint32_t low, high;
    nr_sim_mask(sim, &low, &high);
    CHECK_EQ(low, 0xB0040224);
    CHECK_EQ(high, 8);
    forget();
    CHECK_EQ(nr_sim_unload(sim, module), NR_S_OK);
    CHECK_EQ(nr_sim_unload(sim, module), NR_E_INVALIDARG);
    CHECK_EQ(nr_sim_modules(sim, NULL, 0), 0);
    CHECK_EQ(nr_sim_shutdown(sim), NR_S_OK);
    CHECK_EQ(nr_sim_shutdown(sim), NR_E_UNEXPECTED);
    CHECK_STR(LOG(), "ModuleUnloadStarted ModuleUnloadFinished Shutdown ");
    CHECK_EQ(fake.references, 0);
    CHECK(recorded("{\"ev\":\"create\",\"iid\":\"8a8cc829-ccf2-49fe-bbae0f022228071a\",\"hr\":\"00000000\"}\n"));
    CHECK(recorded("{\"ev\":\"mask\",\"low\":\"b0040224\",\"high\":\"00000008\",\"hr\":\"00000000\"}\n"));
    CHECK(recorded("{\"ev\":\"module\",\"asm\":\"Contoso\",\"hr\":\"00000000\"}\n"));
    stop();
}

TEST(initialize_fails) /* com-and-lifecycle.md 4.2.4: the CLR lets go of the object */
{
    fake_reset();
    fake.initialize = NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION;
    CHECK_EQ(start(NULL, true), NR_CORPROF_E_PROFILER_CANCEL_ACTIVATION);
    CHECK(!nr_sim_attached(sim));
    CHECK_EQ(fake.references, 0);
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000001), NR_S_OK);
    CHECK_STR(LOG(), "Initialize ");
    stop();
    fake_reset();
    nr_sim_options old = {.highest_info = 10};
    CHECK_EQ(start(&old, false), NR_E_NOINTERFACE);
    stop();
}

TEST(only_what_the_mask_asks_for)
{
    fake_reset();
    fake.low = 0;
    start(NULL, true);
    nr_sim_jit(sim, module, 0x06000001);
    CHECK_STR(LOG(), "Initialize ");
    uint32_t token = 0x06000001;
    CHECK_EQ((uint32_t)NR_CALL(fake.info, RequestReJIT, 1, &module, &token), 0x8013137Cu);
    stop();
    fake_reset();
    fake.low = 8;
    start(NULL, true);
    CHECK_STR(LOG(), "Initialize AssemblyLoadStarted AssemblyLoadFinished ");
    stop();
}

static const uint8_t body[] = {0x0E, 0x00, 0x00, 0x2A};

TEST(compile_and_rejit)
{
    const uint8_t *il;
    size_t size;
    fake_reset();
    fake.request_in_jit = true;
    fake.rejit_il = body;
    fake.rejit_size = sizeof body;
    start(NULL, true);
    forget();
    /* A request from within JITCompilationStarted is answered in the same go. */
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000001), NR_S_OK);
    CHECK_STR(LOG(), "JIT(06000001) JITCompilationFinished Parameters(06000001) ReJIT(06000001,1) "
                     "ReJITCompilationFinished ");
    CHECK(nr_sim_is_rewritten(sim, module, 0x06000001));
    CHECK(nr_sim_il(sim, module, 0x06000001, NR_SIM_BODY_CURRENT, &il, &size));
    CHECK_BYTES(il, size, "0e 00 00 2a");
    CHECK(nr_sim_il(sim, module, 0x06000001, NR_SIM_BODY_ORIGINAL, &il, &size));
    CHECK_BYTES(il, size, "0a 00 2a");
    forget();
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000001), NR_S_FALSE);
    CHECK_STR(LOG(), "");
    /* Requested twice, compiled once; then reverted: the original was compiled already. */
    uint32_t tokens[2] = {0x06000001, 0x06000001};
    uintptr_t modules[2] = {module, module};
    int32_t status[2] = {1, 1};
    CHECK_EQ(NR_CALL(fake.info, RequestReJIT, 2, modules, tokens), NR_S_OK);
    CHECK_EQ(nr_sim_jit_pending(sim), 1);
    CHECK_STR(LOG(), "Parameters(06000001) ReJIT(06000001,2) ReJITCompilationFinished ");
    forget();
    CHECK_EQ(NR_CALL(fake.info, RequestRevert, 1, modules, tokens, status), NR_S_OK);
    CHECK_EQ(status[0], NR_S_OK);
    CHECK_EQ(nr_sim_jit_pending(sim), 1);
    CHECK(!nr_sim_is_rewritten(sim, module, 0x06000001));
    CHECK_STR(LOG(), "");
    CHECK(recorded("{\"ev\":\"revert\",\"cb\":\"\",\"hr\":\"00000000\",\"n\":1,\"m\":[{\"asm\":\"Contoso\",\"toks\":[\"06000001\"]}]}\n"));
    CHECK(recorded("{\"ev\":\"setil\",\"via\":\"rejit\",\"asm\":\"Contoso\",\"type\":\"Contoso.Shop\",\"method\":\".ctor\","
                   "\"tok\":\"06000001\",\"hr\":\"00000000\",\"size\":4,\"tk\":[],\"fid\":[],\"il\":\"0e00002a\"}\n"));
    stop();
}

TEST(requested_before_the_first_call) /* selection-in-native.md 7.1: no JITCompilationStarted */
{
    fake_reset();
    fake.request_in_module = true;
    fake.request_in_start = true;
    fake.parameters = NR_S_FALSE;
    start(NULL, true);
    forget();
    /* 7.4: another request in ReJITCompilationStarted. */
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000004), NR_S_OK);
    CHECK_STR(LOG(), "Parameters(06000004) ReJIT(06000004,1) ReJITCompilationFinished Parameters(06000004) "
                     "ReJIT(06000004,2) ReJITCompilationFinished ");
    stop();
}

TEST(parameters_fail)
{
    fake_reset();
    fake.request_in_module = true;
    fake.parameters = NR_E_FAIL;
    start(NULL, true);
    forget();
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000004), NR_E_FAIL);
    CHECK_STR(LOG(), "Parameters(06000004) Error(06000004,80004005) ");
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000004), NR_S_FALSE);
    uint32_t token = 0x06000099;
    forget();
    CHECK_EQ(NR_CALL(fake.info, RequestReJIT, 1, &module, &token), NR_S_OK);
    CHECK_STR(LOG(), "Error(06000099,80070057) ");
    CHECK_EQ(NR_CALL(fake.info, RequestReJIT, 0, &module, &token), NR_E_INVALIDARG);
    stop();
}

TEST(methods_without_il)
{
    fake_reset();
    start(NULL, true);
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000003), NR_CORPROF_E_FUNCTION_NOT_IL);
    CHECK_EQ(nr_sim_jit(sim, module, 0x06000007), NR_E_INVALIDARG);
    CHECK_EQ(nr_sim_jit_all(sim, module), TINY_BODIES);
    CHECK_EQ(nr_sim_jit_all(sim, module), 0);
    stop();
}

/* Inside JITCompilationStarted: everything the profiler asks about a function. */
static unsigned asked;
static void ask(uintptr_t function)
{
    uintptr_t mod, assembly, domain, again;
    uint32_t token, n;
    uint16_t name[64];
    void *p = NULL;
    uint8_t *il;
    nr_IMethodMalloc *memory;
    NR_CALL(fake.info, GetFunctionInfo, function, NULL, &mod, &token);
    CHECK_EQ(NR_CALL(fake.info, GetModuleInfo, mod, NULL, 64, &n, name, &assembly), NR_S_OK);
    CHECK_EQ(n, 14);
    CHECK_EQ(name[12], 'l');
    CHECK_EQ(NR_CALL(fake.info, GetAssemblyInfo, assembly, 0, &n, NULL, &domain, NULL), NR_S_OK);
    CHECK_EQ(n, 8);
    CHECK_EQ(NR_CALL(fake.info, GetAppDomainInfo, domain, 64, &n, name, NULL), NR_S_OK);
    CHECK_EQ(n, 8);
    CHECK_EQ(name[0], 'c'); /* clrhost */
    CHECK_EQ(NR_CALL(fake.info, GetAppDomainInfo, domain + 1, 64, &n, name, NULL), NR_E_INVALIDARG);
    /* Generic: by its own parameter (4) or its type's (6). */
    int32_t hr = NR_CALL(fake.info, GetFunctionFromToken, mod, token, &again);
    if (token == 0x06000004 || token == 0x06000006) CHECK_EQ(hr, NR_CORPROF_E_FUNCTION_IS_PARAMETERIZED);
    else CHECK_EQ(again, function);
    CHECK_EQ(NR_CALL(fake.info, GetTokenAndMetaDataFromFunction, function, &nr_iid_IMetaDataEmit2, &p, &token), NR_S_OK);
    nr_IMetaDataEmit2 *emit = p;
    uint32_t user = 0;
    CHECK_EQ(NR_CALL(emit, DefineUserString, (const uint16_t *)u"once", 4, &user), NR_S_OK);
    CHECK_EQ(user, 0x70000008); /* behind the image's 8 bytes, the same for all methods */
    nr_release(emit);
    /* A body of our own. */
    CHECK_EQ(NR_CALL(fake.info, GetILFunctionBodyAllocator, mod, &p), NR_S_OK);
    memory = p;
    il = NR_CALL(memory, Alloc, sizeof body);
    memcpy(il, body, sizeof body);
    CHECK_EQ(NR_CALL(fake.info, SetILFunctionBody, mod, token, il), NR_S_OK);
    CHECK_EQ(NR_CALL(fake.info, SetILFunctionBody, mod, token, body), NR_E_INVALIDARG); /* not from the allocator */
    nr_release(memory);
    asked++;
}

TEST(questions_and_bodies)
{
    const uint8_t *il;
    size_t size;
    fake_reset();
    fake.on_jit = ask;
    asked = 0;
    start(NULL, true);
    nr_sim_jit_all(sim, module);
    CHECK_EQ(asked, TINY_BODIES);
    CHECK(nr_sim_il(sim, module, 0x06000005, NR_SIM_BODY_CURRENT, &il, &size));
    CHECK_BYTES(il, size, "0e 00 00 2a");
    CHECK_EQ(nr_sim_unimplemented(sim), 0);
    CHECK(recorded("{\"ev\":\"emit\",\"api\":\"DefineUserString\",\"asm\":\"Contoso\",\"in\":\"06000001\",\"str\":\"once\","
                   "\"hr\":\"00000000\",\"tok\":\"70000008\"}\n{\"ev\":\"tok\",\"asm\":\"Contoso\",\"tok\":\"70000008\",\"is\":\"\\\"once\\\"\"}\n"));
    CHECK(!recorded("\"in\":\"06000002\",\"str\"")); /* written once */
    fake.info->vtbl->Release(fake.info);
    CHECK_EQ(nr_sim_references(sim), 0);
    stop();
}

static int32_t NR_COM frame(uintptr_t function, uintptr_t ip, uintptr_t info, uint32_t n, uint8_t *context, void *client)
{
    (void)ip, (void)info, (void)n, (void)context;
    fake_note("%x ", (unsigned)function);
    return client ? NR_S_FALSE : NR_S_OK;
}

TEST(threads_and_stacks)
{
    fake_reset();
    start(NULL, true);
    forget();
    uintptr_t a = nr_sim_thread(sim), b = nr_sim_thread(sim), ids[4];
    uintptr_t frames[3] = {nr_sim_function_id(sim, module, 0x06000002), 0, nr_sim_function_id(sim, module, 0x06000001)};
    void (*callback)(void) = (void (*)(void))frame;
    void *p, *threads = NULL;
    uint32_t n = 0;
    int one = 1;
    memcpy(&p, &callback, sizeof p);
    CHECK_STR(LOG(), "ThreadCreated ThreadCreated ");
    forget();
    CHECK(nr_sim_thread_stack(sim, a, frames, 3, NR_S_OK));
    CHECK(nr_sim_thread_stack(sim, b, frames, 1, (int32_t)0x80131360));
    CHECK_EQ(NR_CALL(fake.info, DoStackSnapshot, a, p, 0, NULL, NULL, 0), NR_S_OK);
    CHECK_STR(LOG(), "100002 0 100001 ");
    CHECK_EQ((uint32_t)NR_CALL(fake.info, DoStackSnapshot, b, p, 0, NULL, NULL, 0), 0x80131360u);
    CHECK_EQ((uint32_t)NR_CALL(fake.info, DoStackSnapshot, a, p, 0, &one, NULL, 0), 0x80131361u);
    CHECK_EQ(NR_CALL(fake.info, EnumThreads, &threads), NR_S_OK);
    CHECK_EQ(NR_CALL((nr_ICorProfilerThreadEnum *)threads, Next, 4, ids, &n), NR_S_FALSE);
    CHECK_EQ(n, 2);
    CHECK_EQ(ids[1], b);
    nr_release(threads);
    CHECK_EQ(nr_sim_thread_end(sim, a), NR_S_OK);
    CHECK_EQ((uint32_t)NR_CALL(fake.info, DoStackSnapshot, a, p, 0, NULL, NULL, 0), 0x8013135Eu);
    NR_CALL0(fake.info, SuspendRuntime);
    CHECK_EQ(nr_sim_suspended(sim), 1);
    NR_CALL0(fake.info, ResumeRuntime);
    CHECK_EQ(nr_sim_suspended(sim), 0);
    stop();
}

TEST(failures_on_demand)
{
    uint32_t token = 0x06000001;
    fake_reset();
    start(NULL, true);
    CHECK(nr_sim_fail(sim, "ICorProfilerInfo4", "RequestReJIT", 2, NR_E_OUTOFMEMORY));
    CHECK(!nr_sim_fail(sim, "ICorProfilerInfo4", "RequestReJut", 2, NR_E_OUTOFMEMORY));
    CHECK_EQ(NR_CALL(fake.info, RequestReJIT, 1, &module, &token), NR_S_OK);
    CHECK_EQ(NR_CALL(fake.info, RequestReJIT, 1, &module, &token), NR_E_OUTOFMEMORY);
    CHECK_EQ(NR_CALL(fake.info, RequestReJIT, 1, &module, &token), NR_S_OK);
    CHECK_EQ(nr_sim_calls(sim, "ICorProfilerInfo", "RequestReJIT"), 3);
    CHECK(nr_sim_fail(sim, "ICorProfilerInfo", "GetFunctionInfo", 0, NR_E_FAIL));
    for (int i = 0; i < 3; i++) CHECK_EQ(NR_CALL(fake.info, GetFunctionInfo, 0x100001, NULL, NULL, &token), NR_E_FAIL);
    nr_sim_fail_none(sim);
    CHECK_EQ(NR_CALL(fake.info, GetFunctionInfo, 0x100001, NULL, NULL, &token), NR_S_OK);
    stop();
}

TEST(unimplemented_slots_are_loud)
{
    uint32_t n;
    fake_reset();
    start(NULL, true);
    CHECK_EQ(NR_CALL(fake.info, GetObjectSize, 0, &n), NR_E_NOTIMPL);
    CHECK_EQ(NR_CALL(fake.info, SetEnvironmentVariable, NULL, NULL), NR_E_NOTIMPL);
    CHECK_EQ(nr_sim_unimplemented(sim), 2);
    CHECK(recorded("{\"ev\":\"warn\",\"what\":\"not implemented: ICorProfilerInfo::GetObjectSize\"}\n"));
    stop();
}

TEST(desktop)
{
    uint16_t major, minor, build;
    uint32_t type = 0, n;
    uint16_t name[32];
    nr_sim_options options = {.flavour = NR_SIM_DESKTOP, .app_domain = "/LM/W3SVC/1"};
    fake_reset();
    start(&options, true);
    CHECK_EQ(NR_CALL(fake.info, GetRuntimeInformation, NULL, &type, &major, &minor, &build, NULL, 0, NULL, NULL), NR_S_OK);
    CHECK_EQ(type, 1);
    CHECK_EQ(major, 4);
    CHECK_EQ(build, 30319);
    CHECK_EQ(NR_CALL(fake.info, GetAppDomainInfo, 0x60000000, 32, &n, name, NULL), NR_S_OK);
    CHECK_EQ(n, 12);
    CHECK_EQ(name[0], '/');
    stop();
    fake_reset();
    nr_sim_options core = {.major = 8, .minor = 1};
    start(&core, false);
    NR_CALL(fake.info, GetRuntimeInformation, NULL, &type, &major, &minor, &build, NULL, 0, NULL, NULL);
    CHECK_EQ(type, 2);
    CHECK_EQ(major, 8);
    CHECK_EQ(minor, 1);
    stop();
}

TEST(names_and_meanings)
{
    static const struct {
        uint32_t token;
        const char *text;
    } rows[] = {
        {0x00000001, "module"},
        {0x00000000, "module(nil)"},
        {0x01000001, "[mscorlib,4.0.0.0,b77a5c561934e089]System.Object"},
        {0x02000003, "Contoso.Shop+Cart"},
        {0x06000001, "Contoso.Shop::.ctor cc20 void()"},
        {0x06000004, "Contoso.Shop::Pick cc30 gen1 !!0()"},
        {0x0A000001, "[mscorlib,4.0.0.0,b77a5c561934e089]System.Object::.ctor cc20 void()"},
        {0x11000001, "locals(i4)"},
        {0x23000001, "mscorlib,4.0.0.0,b77a5c561934e089"},
        {0x70000001, "\"hi\""},
        {0x06000099, "?06000099"},
        {0x99000001, "?99000001"},
    };
    char text[200];
    bool inlined = true;
    fake_reset();
    start(NULL, true);
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        CHECK_EQ(nr_sim_meaning(sim, module, rows[i].token, text, sizeof text), strlen(rows[i].text));
        CHECK_STR(nr_str_of(text), rows[i].text);
    }
    CHECK_EQ(nr_sim_meaning(sim, module, 0x70000001, text, 3), 4);
    CHECK_STR(nr_str_of(text), "\"h");
    CHECK_EQ(nr_sim_find(sim, module, "Contoso.Shop+Cart", "Add", 0), 0x06000005);
    CHECK_EQ(nr_sim_find(sim, module, "Contoso.Shop+Cart", "Add", 1), 0);
    CHECK_EQ(nr_sim_find(sim, module, "Contoso.Box`1", NULL, 0), 0x02000004);
    CHECK_EQ(nr_sim_find(sim, module, "Cart", NULL, 0), 0);
    CHECK_EQ(nr_sim_declaring_type(sim, module, 0x06000005), 0x02000003);
    CHECK_EQ(nr_sim_inline(sim, module, 0x06000001, 0x06000002, &inlined), NR_S_OK);
    CHECK(!inlined);
    stop();
}

TEST(refused_files)
{
    fake_reset();
    start(NULL, false);
    forget();
    CHECK_EQ(nr_sim_load(sim, "no/such.dll", NULL), 0);
    CHECK_STR(nr_str_of(nr_sim_message(sim)), "no/such.dll: cannot be opened (at offset 0x0)");
    CHECK_EQ(nr_sim_load_bytes(sim, "x.dll", "MZ", 2, 0, NULL), 0);
    CHECK_STR(nr_str_of(nr_sim_message(sim)), "x.dll: no room for a DOS header (at offset 0x0)");
    CHECK_STR(LOG(), "");
    CHECK(nr_sim_attach(sim, "no/such/library.so") < 0);
    CHECK_EQ(nr_sim_call(sim, "InstrumentationRefresh"), NR_E_NOINTERFACE);
    stop();
}

TEST(memory_runs_out)
{
    bool done = false;
    nr_buf bytes = NR_BUF_INIT;
    tiny_image(&bytes, 0);
    for (unsigned long n = 1; !done && n < 500; n++) {
        fake_reset();
        fake.request_in_jit = true;
        fake.rejit_il = body;
        fake.rejit_size = sizeof body;
        nr_sim_options quiet = {.quiet = true};
        nr_alloc_fail_at(n, 0);
        nr_sim *s = nr_sim_create(&quiet);
        if (s) {
            bool ok = nr_sim_record(s, write_line, &lines, false, false);
            ok &= nr_sim_attach_class(s, (void (*)(void))fake_class_object) >= 0;
            uintptr_t m = nr_sim_load_bytes(s, "x.dll", bytes.data, bytes.size, NR_S_OK, NULL);
            if (m) ok &= nr_sim_jit(s, m, 0x06000001) == NR_S_OK && nr_sim_is_rewritten(s, m, 0x06000001);
            done = nr_sim_record_end(s) && ok && m && n > 5;
        }
        nr_alloc_fail_at(0, 0);
        nr_sim_destroy(s);
        nr_buf_free(&lines);
        lines = (nr_buf)NR_BUF_INIT;
    }
    CHECK(done);
    nr_buf_free(&bytes);
}

TESTS(clr, T(life), T(initialize_fails), T(only_what_the_mask_asks_for), T(compile_and_rejit),
      T(requested_before_the_first_call), T(parameters_fail), T(methods_without_il), T(questions_and_bodies),
      T(threads_and_stacks), T(failures_on_demand), T(unimplemented_slots_are_loud), T(desktop), T(names_and_meanings),
      T(refused_files), T(memory_runs_out))

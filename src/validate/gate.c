/* gate.c - variables, libraries, and the class factory in front of the profilers' own. */
#include "validate/gate.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/log.h"
#include "clr/profiler.h"
#include "os/guard.h"
#include "os/map.h"
#include "rules/config.h"
#include "rules/env.h"
#include "rules/logfile.h"
#include "validate/gate_internal.h"
#include "validate/hooks.h"
#include "validate/record.h"
#include "validate/run.h"

#include <stdio.h>
#include <stdlib.h>

enum { UNDECIDED, OPEN, CLOSED };

atomic_bool nr_gate_closed;

static nr_mutex lock;  /* of the decision and the notes */
static int decision;   /* UNDECIDED … */
static nr_arena arena; /* as long as the process: notes, paths */
static nr_buf notes;   /* lines for the log, each behind its level */

static struct {
    nr_guid clsid;
    nr_class_object own;
    bool recording, shadow, reverse, fallback;
    nr_str output;
    nr_gate_other other; /* target, shadow, or the fallback that was drawn; library NULL: none */
    nr_str fallback_path;
} settings;

/* ---- notes ------------------------------------------------------------------------------------------ */

static void note(nr_log_level level, const char *format, ...) NR_PRINTF(2, 3);
static void note(nr_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    nr_mutex_lock(&lock);
    nr_buf_u8(&notes, (uint8_t)level);
    nr_buf_vprintf(&notes, format, args);
    nr_buf_u8(&notes, 0);
    nr_mutex_unlock(&lock);
    va_end(args);
}

void nr_gate_log_notes(void)
{
    nr_mutex_lock(&lock);
    nr_buf said = notes;
    notes = (nr_buf)NR_BUF_INIT;
    nr_mutex_unlock(&lock);
    for (size_t at = 0; !said.failed && at < said.size;) {
        const char *line = (const char *)said.data + at + 1;
        NR_LOG((nr_log_level)said.data[at], "%s", line);
        at += strlen(line) + 2;
    }
    nr_buf_free(&said);
}

/* ---- the other library -------------------------------------------------------------------------------- */

bool nr_gate_load(nr_gate_other *other, const char *variable, nr_str path)
{
    char why[256] = "";
    nr_os_distrust d = nr_os_distrusts(path);
    memset(other, 0, sizeof *other);
    if (d != NR_OS_DISTRUST_NONE) {
        note(NR_WARN, "%s is not used: %.*s: %s", variable, NR_STR_ARG(path), nr_os_distrust_text(d));
        return false;
    }
    void *library = nr_os_library_open_guarded(path, why, sizeof why);
    if (!library) {
        note(NR_WARN, "%s is not used: %.*s cannot be loaded: %s", variable, NR_STR_ARG(path), why);
        return false;
    }
    other->class_object = (nr_class_object)nr_os_library_symbol(library, "DllGetClassObject");
    if (!other->class_object) {
        note(NR_WARN, "%s is not used: %.*s is no profiler: it exports no DllGetClassObject", variable,
             NR_STR_ARG(path));
        return false; /* it stays loaded: what its initialisers have started may still run */
    }
    /* Outside of Windows it is the CLR that calls this one. */
    typedef int32_t(NR_COM * dll_main)(void *instance, uint32_t reason, void *reserved);
    void (*main)(void) = NR_OS_WINDOWS ? NULL : nr_os_library_symbol(library, "DllMain");
    if (main) ((dll_main)main)(library, 1, NULL);
    void (*f)(void);
#define X(result, name, parameters) \
    f = nr_os_library_symbol(library, #name); \
    memcpy(&other->calls.name, &f, sizeof f);
    NR_AGENT_CALLS(X)
#undef X
    other->library = library;
    other->path = path;
    note(NR_INFO, "Loaded the profiler %.*s, because %s says so", NR_STR_ARG(path), variable);
    return true;
}

/* ---- the decision ---------------------------------------------------------------------------------------- */

/* A variable that names a library; false: not set, or not to be heard. */
static bool named(nr_env_id id, nr_str *path)
{
    if (!nr_env_get(&arena, id, path) || !path->n) return false;
    if (!nr_os_is_elevated()) return true;
    note(NR_WARN, "%s is not used: this process has rights that its user does not have", nr_env_variables[id].name);
    return false;
}

static unsigned percent(void)
{
    nr_str text;
    unsigned n = 0;
    if (!nr_env_get(&arena, NR_ENV_FALLBACK_PERCENT, &text) || !text.n) return 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || n > 100)
            n = 101;
        else
            n = n * 10 + (unsigned)(text.p[i] - '0');
    }
    if (n <= 100) return n;
    note(NR_WARN, "NEW_RELIC_PROFILER_FALLBACK_PERCENT is not a number from 0 to 100: %.*s", NR_STR_ARG(text));
    return 0;
}

/* From 0 to 99, another one in each process. */
static unsigned draw(void)
{
    uint64_t h = nr_os_monotonic_ns() ^ (uint64_t)nr_os_process_id() << 32 ^ (uint64_t)nr_os_unix_time();
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9u;
    h = (h ^ h >> 27) * 0x94D049BB133111EBu;
    return (unsigned)((h ^ h >> 31) % 100);
}

/* The lock is not held: nothing else reads the settings yet. */
static bool decide(void)
{
    nr_str path;
    bool recording = nr_env_bool(NR_ENV_VALIDATION_ENABLED, false);
    settings.output = NR_STR("./validation_output");
    if (nr_env_get(&arena, NR_ENV_VALIDATION_OUTPUT, &path) && (path.n || !path.p)) settings.output = path;
    if (recording && !settings.output.p) {
        note(NR_WARN, "There is no validation recording, because there is no memory");
        recording = false;
    }
    settings.recording = recording;
    settings.reverse = nr_env_bool(NR_ENV_VALIDATION_SHADOW_REVERSE, false);
    if (named(NR_ENV_VALIDATION_SHADOW, &path))
        settings.shadow = nr_gate_load(&settings.other, "NEWRELIC_VALIDATION_SHADOW", path);
    if (named(NR_ENV_VALIDATION_TARGET, &path)) {
        if (settings.shadow)
            note(NR_WARN, "NEWRELIC_VALIDATION_TARGET is not used: this is a shadow run");
        else
            nr_gate_load(&settings.other, "NEWRELIC_VALIDATION_TARGET", path);
    }
    if (named(NR_ENV_FALLBACK, &settings.fallback_path)) {
        settings.fallback = true;
        unsigned share = percent(), drawn = draw();
        if (!settings.other.library && drawn < share &&
            nr_gate_load(&settings.other, "NEW_RELIC_PROFILER_FALLBACK", settings.fallback_path))
            note(NR_INFO, "This process is one of the %u percent that the fallback gets", share);
    }
    return recording || settings.other.library || settings.fallback || notes.size;
}

/* ---- the class factory --------------------------------------------------------------------------------------- */

/* What a library of this kind asks another profiler for first: one of the same kind then leaves the variables to the one
 * that asks, for both would act on them. Others know no such interface. */
static const nr_guid behind_gate = {0x6E72A3C1, 0x51D7, 0x4B0E, {0x9C, 0x44, 0x8A, 0x1F, 0x27, 0x5E, 0xB3, 0x60}};

static void *instance(nr_class_object class_object, void *outer, const nr_guid *iid, int32_t *hr)
{
    void *found = NULL, *object = NULL;
    *hr = class_object == settings.own ? NR_E_NOINTERFACE : class_object(&settings.clsid, &behind_gate, &found);
    if (*hr < 0 || !found) *hr = class_object(&settings.clsid, &nr_iid_IClassFactory, &found);
    if (*hr < 0 || !found) return NULL;
    nr_IClassFactory *factory = found;
    *hr = NR_CALL(factory, CreateInstance, outer, iid, &object);
    nr_release(factory);
    return *hr < 0 ? NULL : object;
}

static void start_recording(nr_run *run)
{
    const char *why, *other = settings.other.library ? settings.other.path.p : NULL;
    bool two = run->beside_callback != NULL;
    if (!settings.recording) return;
    run->charge.recorder = nr_recorder_new(settings.output, run->own_in_charge ? NULL : other, two, false, &why);
    if (two && run->charge.recorder)
        run->beside.recorder = nr_recorder_new(settings.output, run->own_beside ? NULL : other, true, true, &why);
    if (!run->charge.recorder || (two && !run->beside.recorder))
        note(NR_WARN, "There is no validation recording in %.*s, because %s", NR_STR_ARG(settings.output), why);
    else
        note(NR_INFO, "Validation recording: %s", run->charge.recorder->lines.path);
}

/* Who is in charge and who is beside. A target that makes no object leaves the work to this library. */
static void *cast(nr_run *run, void *outer, const nr_guid *iid, int32_t *hr)
{
    bool own_first = !settings.other.library || (settings.shadow && settings.reverse);
    void *charge = instance(own_first ? settings.own : settings.other.class_object, outer, iid, hr);
    run->own_in_charge = own_first;
    if (!charge && !own_first) {
        note(NR_WARN, "%.*s makes no profiler (%08x): this library does the work", NR_STR_ARG(settings.other.path),
             (unsigned)*hr);
        run->own_in_charge = true;
        return instance(settings.own, outer, iid, hr);
    }
    if (charge && settings.shadow) {
        int32_t ignored;
        run->own_beside = !own_first;
        run->beside_callback = instance(own_first ? settings.other.class_object : settings.own, NULL,
                                        &nr_iid_ICorProfilerCallback4, &ignored);
        if (!run->beside_callback) note(NR_WARN, "There is no shadow run: no second profiler could be made");
    }
    return charge;
}

static int32_t NR_COM gate_QueryInterface(void *self, const nr_guid *iid, void **object)
{
    if (!object) return NR_E_POINTER;
    bool known = nr_guid_eq(iid, &nr_iid_IUnknown) || nr_guid_eq(iid, &nr_iid_IClassFactory);
    *object = known ? self : NULL;
    return known ? NR_S_OK : NR_E_NOINTERFACE;
}

static uint32_t NR_COM gate_count(void *self)
{
    (void)self;
    return 1; /* there is one, and it stays */
}

static int32_t NR_COM gate_CreateInstance(void *self, void *outer, const nr_guid *iid, void **object)
{
    int32_t hr;
    (void)self;
    if (!object) return NR_E_POINTER;
    *object = NULL;
    nr_run *run = nr_zalloc(sizeof *run);
    if (!run) return NR_E_OUTOFMEMORY;
    void *callback = cast(run, outer, iid, &hr);
    if (!callback) {
        nr_free(run, sizeof *run);
        return hr;
    }
    start_recording(run);
    nr_gate_assign(run, &settings.other.calls);
    nr_face *face = nr_run_new(run, callback);
    if (!face) return NR_E_OUTOFMEMORY;
    nr_record_create(&run->charge, iid, hr);
    if (run->beside_callback) nr_record_create(&run->beside, iid, hr);
    *object = face;
    return hr;
}

static int32_t NR_COM gate_LockServer(void *self, int32_t on)
{
    (void)self;
    (void)on;
    return NR_S_OK;
}

int32_t nr_gate_class_object(nr_class_object own, const nr_guid *clsid, const nr_guid *iid, void **object)
{
    static const nr_IClassFactory_vtbl slots = {gate_QueryInterface, gate_count, gate_count, gate_CreateInstance,
                                                gate_LockServer};
    static nr_IClassFactory factory = {&slots};
    if (!object) return NR_E_POINTER;
    if (decision == UNDECIDED && nr_guid_eq(iid, &behind_gate)) {
        decision = OPEN;
        iid = &nr_iid_IClassFactory;
    }
    /* The CLR asks once, from one thread. */
    if (decision == UNDECIDED) {
        settings.own = own;
        settings.clsid = *clsid;
        decision = decide() ? CLOSED : OPEN;
        if (decision == CLOSED) {
            nr_proxy_prepare();
            nr_hook_info();
            nr_hook_metadata();
            nr_hook_callback();
            atomic_store(&nr_gate_closed, true);
        }
    }
    if (decision == OPEN) return own(clsid, iid, object);
    return gate_QueryInterface(&factory, iid, object);
}

/* ---- what Initialize needs ---------------------------------------------------------------------------------------- */

void nr_gate_starting(nr_run *run, bool core)
{
    nr_logfile_set_shadow(!run->own_in_charge);
    if (run->own_in_charge || run->own_beside) return; /* its Initialize opens the log, and says the notes */
    nr_config config;
    nr_arena scratch = NR_ARENA_INIT;
    nr_config_load(&scratch, core, &config);
    nr_logfile_start(core);
    nr_log_set_initialized();
    nr_gate_log_notes();
    nr_arena_free(&scratch);
}

void nr_gate_rename_log(bool core)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str from = nr_logfile_path(&scratch, core, false), to = nr_logfile_path(&scratch, core, true);
    if (from.p && to.p && nr_os_file_exists(from) && !nr_os_rename(from, to))
        note(NR_WARN, "%.*s could not be renamed: two profilers write to it", NR_STR_ARG(from));
    nr_arena_free(&scratch);
}

void *nr_gate_fallback(nr_run *run, bool core)
{
    int32_t hr;
    if (!settings.fallback || run->beside_callback || !nr_profiler_start_failed()) return NULL;
    /* It opens a log of the same name. */
    nr_gate_rename_log(core);
    bool loaded = nr_gate_load(&settings.other, "NEW_RELIC_PROFILER_FALLBACK", settings.fallback_path);
    /* The CLR has had this from our own object, and calls the one that takes its place by the same slots. */
    void *callback = loaded ? instance(settings.other.class_object, NULL, &nr_iid_ICorProfilerCallback4, &hr) : NULL;
    nr_gate_log_notes();
    if (!callback) {
        if (loaded)
            NR_LOG(
                NR_ERROR,
                "The fallback profiler cannot take over: %.*s makes no ICorProfilerCallback4 (%08x). This process runs "
                "without a profiler.",
                NR_STR_ARG(settings.fallback_path), (unsigned)hr);
        else
            NR_LOG(NR_ERROR, "The fallback profiler cannot take over. This process runs without a profiler.");
        return NULL;
    }
    NR_LOG(NR_WARN, "This profiler could not start: %.*s takes over.", NR_STR_ARG(settings.fallback_path));
    nr_gate_hand_over(&settings.other.calls);
    return callback;
}

void nr_gate_begin_again(void)
{
    decision = UNDECIDED;
    atomic_store(&nr_gate_closed, false);
    memset(&settings, 0, sizeof settings);
    nr_buf_free(&notes);
    nr_arena_free(&arena);
}

/* Any two strings as AddCustomInstrumentation's arguments, through the exports, in a simulated CLR. */
#include "support.h"

#include "clr/factory.h"

#include "nrprof_agent.h"
#include "nrsim.h"

static nr_sim *sim;

static void stop(void)
{
    nr_sim_destroy(sim);
}

static void start(void)
{
    nr_arena a = NR_ARENA_INIT;
    nr_sim_options options = {.quiet = true};
    clear_env();
    put_file(&a, "newrelic.config",
             "<configuration><service licenseKey=\"k\"/><log level=\"off\" enabled=\"false\"/></configuration>");
    put_file(&a, "NewRelic.Agent.Core.dll", "");
    put_file(&a, "extensions/none.xml", "<extension/>");
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    set_env("NEW_RELIC_FORCE_PROFILING", "1");
    sim = nr_sim_create(&options);
    REQUIRE(sim);
    if (nr_sim_attach_class(sim, (void (*)(void))DllGetClassObject) < 0) {
        fprintf(stderr, "%s\n", nr_sim_message(sim));
        abort();
    }
    atexit(stop);
    nr_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, data + size};
    nr_arena arena = NR_ARENA_INIT;
    if (!sim) start();
    nr_str name = nr_arena_str(&arena, fuzz_text(&in)), xml = nr_arena_str(&arena, fuzz_text(&in));
    int32_t added = AddCustomInstrumentation(name.p, xml.p);
    REQUIRE(added == 0 || added == (int32_t)0x80070057u);
    int32_t applied = ApplyCustomInstrumentation();
    REQUIRE(applied == 0 || applied == 1);
    if (applied == 1) { /* an invalid document stays applied until another Apply replaces it */
        REQUIRE(added == 0);
        REQUIRE(AddCustomInstrumentation("fuzz", "<extension/>") == 0 && ApplyCustomInstrumentation() == 0);
    }
    nr_arena_free(&arena);
    return 0;
}

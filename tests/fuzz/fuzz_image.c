/* Any bytes as an assembly in the simulated CLR: all that tools ask of one. */
#include "fuzz.h"

#include "nrsim.h"

enum { MOST_METHODS = 200, MOST_ROWS = 50 };

static void look(nr_sim *sim, uintptr_t module)
{
    char text[512];
    uint32_t methods = nr_sim_rows(sim, module, 0x06), flags, impl;
    nr_sim_assembly_name(sim, module, text, sizeof text);
    for (uint32_t rid = 1; rid <= methods && rid <= MOST_METHODS; rid++) {
        const uint8_t *il;
        size_t size;
        uint32_t token = 0x06000000 | rid;
        nr_sim_method_name(sim, module, token, text, sizeof text);
        nr_sim_type_name(sim, module, nr_sim_declaring_type(sim, module, token), text, sizeof text);
        nr_sim_method_flags(sim, module, token, &flags, &impl);
        nr_sim_il(sim, module, token, NR_SIM_BODY_ORIGINAL, &il, &size);
        nr_sim_jit(sim, module, token);
    }
    for (uint32_t table = 0; table < 0x2D; table++) {
        for (uint32_t rid = 1; rid <= nr_sim_rows(sim, module, table) && rid <= MOST_ROWS; rid++)
            nr_sim_meaning(sim, module, table << 24 | rid, text, sizeof text);
    }
    nr_sim_meaning(sim, module, 0x70000001, text, sizeof text);
    nr_sim_find(sim, module, "Contoso.Shop", "Sell", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nr_sim_options options = {.quiet = true};
    nr_sim *sim = nr_sim_create(&options);
    int32_t hr;
    REQUIRE(sim);
    uintptr_t module = nr_sim_load_bytes(sim, "fuzz.dll", data, size, 0, &hr);
    if (module)
        look(sim, module);
    else
        REQUIRE(*nr_sim_message(sim)); /* always a reason */
    nr_sim_destroy(sim);
    return 0;
}

#include "rules/compat.h"

const nr_switch_info nr_switches[NR_SWITCH_COUNT] = {
#define X(id, name, variable, on, off, help) {name, NR_ENV_##variable, on, off, help},
    NR_COMPAT(X)
#undef X
};

nr_switch_set nr_switches_in_force(nr_switch_set of_rules)
{
    nr_switch_set set = 0;
    for (unsigned i = 0; i < NR_SWITCH_COUNT; i++) {
        if (nr_env_bool(nr_switches[i].variable, (of_rules >> i & 1) != 0)) set |= (nr_switch_set)1 << i;
    }
    return set;
}

/* events.c - GUIDs as text, and the way of an event to its sink. */
#include "sim/sim.h"

#include <stdio.h>

nr_str sim_guid_text(char buffer[48], const nr_guid *g)
{
    int n = snprintf(buffer, 48, "%08x-%04x-%04x-", (unsigned)g->data1, g->data2, g->data3);
    for (int i = 0; i < 8; i++) n += snprintf(buffer + n, 48 - (size_t)n, "%02x", g->data4[i]);
    return nr_str_of(buffer);
}

void sim_event(nr_sim *sim, nr_sim_event *e)
{
    if (!sim->sink) return;
    e->callback = sim->in_callback;
    e->in = sim->in_method;
    if (!e->name) e->name = "";
    if (!e->args) e->args = "";
    sim->sink(sim->sink_self, e);
}

void nr_sim_set_sink(nr_sim *sim, nr_sim_sink sink, void *self)
{
    sim_recording_free(sim);
    sim->sink = sink;
    sim->sink_self = self;
}

const char *nr_sim_event_name(nr_sim_event_kind kind)
{
    static const char *const names[] = {
#define X(name, meaning) #name,
        NR_SIM_EVENTS(X)
#undef X
    };
    return (unsigned)kind < NR_SIM_EVENT_KINDS ? names[kind] : "?";
}

/* json.c - JSON text in the recorder's form, GUIDs, and the way of an event to its sink. */
#include "base/utf.h"
#include "sim/sim.h"

#include <stdio.h>

static void escape(nr_buf *out, uint32_t c)
{
    if (c == '"' || c == '\\') {
        nr_buf_u8(out, '\\');
        nr_buf_u8(out, (uint8_t)c);
    } else if (c < 32) {
        nr_buf_printf(out, "\\u%04x", (unsigned)c);
    } else if (c >= 0xD800 && c < 0xE000) {
        nr_buf_printf(out, "\\\\u%04x", (unsigned)c); /* a lone surrogate: its number as text */
    } else {
        nr_utf8_put(out, c);
    }
}

void sim_json_text(nr_buf *out, nr_str utf8)
{
    nr_buf_u8(out, '"');
    for (size_t at = 0; at < utf8.n;) escape(out, nr_utf8_next(utf8, &at));
    nr_buf_u8(out, '"');
}

void sim_json_utf16(nr_buf *out, const uint16_t *units, size_t count)
{
    nr_buf_u8(out, '"');
    for (size_t i = 0; i < count; i++) {
        uint32_t c = units[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < count && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + (units[++i] - 0xDC00u);
        escape(out, c);
    }
    nr_buf_u8(out, '"');
}

void sim_json_hex(nr_buf *out, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = p;
    if (!p) n = 0;
    uint8_t *at = nr_buf_extend(out, 2 * n + 2);
    if (!at) return;
    *at++ = '"';
    for (size_t i = 0; i < n; i++) {
        *at++ = (uint8_t)digits[b[i] >> 4];
        *at++ = (uint8_t)digits[b[i] & 15];
    }
    *at = '"';
}

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

/* entry.h - templates that call a function of the agent by its address (field `entry` of a template).
 *
 * A call by address is as fast as a call can be and binds in every load context, but nobody checks its signature. So such
 * a template is used only when the agent's assembly has been loaded, from where injected code loads it, and the function was
 * found in it as the template says. Until then the template `instead` writes, and what it wrote is compiled again when the
 * function is there. Methods of value types stay with it: their `this` is no object. */
#ifndef NR_ENGINE_ENTRY_H
#define NR_ENGINE_ENTRY_H

#include "base/str.h"
#include "os/os.h"

#include <stdint.h>

typedef struct nr_engine nr_engine;
typedef struct nr_generation nr_generation;
typedef struct nr_method nr_method;
typedef struct nr_module nr_module;

typedef enum nr_entry_state { NR_ENTRY_WAITING, NR_ENTRY_THERE, NR_ENTRY_REFUSED } nr_entry_state;

typedef struct nr_entry {
    nr_mutex lock;
    nr_entry_state state;
    uintptr_t *modules; /* methods that the other template wrote meanwhile */
    uint32_t *tokens;
    uint32_t count, room;
} nr_entry;

/* The template that is to write this method: `name`, or the one that stands in for it. */
nr_str nr_entry_template_for(nr_method *m, nr_str name);
/* Inside an epoch. */
void nr_entry_module_loaded(nr_engine *e, const nr_generation *g, nr_module *module);
void nr_entry_forget_module(nr_entry *entry, uintptr_t module);
void nr_entry_free(nr_entry *entry);

#endif

/* entry.h - templates that call a function of the agent by its address (field `entry` of a template).
 *
 * A call by address is as fast as a call can be and binds in every load context, but nobody checks its signature. So such
 * a template is used only when the agent's assembly has been loaded, from where injected code loads it, and the function was
 * found in it as the template says. Until then the template `instead` writes, and what it wrote is compiled again when the
 * function is there. Methods of value types stay with it: their `this` is no object.
 *
 * An entry is what a template says of its function, all of it. Each that a process meets is looked for on its own and has a word
 * of memory of its own for the address, whichever template, and whichever generation's, it came from: code never finds in its word
 * the address of a function other than the one that it was checked for. */
#ifndef NR_ENGINE_ENTRY_H
#define NR_ENGINE_ENTRY_H

#include "base/arena.h"
#include "base/str.h"
#include "os/os.h"
#include "script/blob.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nr_engine nr_engine;
typedef struct nr_method nr_method;
typedef struct nr_module nr_module;

typedef enum nr_entry_state { NR_ENTRY_WAITING, NR_ENTRY_THERE, NR_ENTRY_REFUSED } nr_entry_state;

enum { NR_ENTRY_MOST = 32 }; /* in a process */

typedef struct nr_entry nr_entry;
struct nr_entry {
    nr_entry *_Atomic next; /* in the order in which they were met; they stay until the engine ends */
    nr_arena arena;
    nr_template_entry function; /* its texts are in the arena */
    uintptr_t word;             /* address of the word that $shared_word is in templates with this entry */
    nr_entry_state state;
    uintptr_t *modules; /* methods that the other template wrote meanwhile, each once */
    uint32_t *tokens;
    uint32_t count, room;
};

/* All zero: none. */
typedef struct nr_entries {
    nr_mutex lock; /* for everything but `next` and what is set when an entry is made */
    nr_entry *_Atomic first;
    uint32_t count;
    bool is_full; /* there were more, and that was said */
} nr_entries;

/* The template that is to write this method: `*name`, or the one that stands in for it; *word: the address that $shared_word is in
 * it. False: those that stand in for each other lead nowhere. Inside an epoch. */
bool nr_entry_template_for(nr_method *m, nr_str *name, uintptr_t *word);
/* Inside an epoch. */
void nr_entry_module_loaded(nr_engine *e, nr_module *module);
void nr_entry_forget_module(nr_entries *entries, uintptr_t module);
void nr_entry_free(nr_entries *entries);

/* entry_look.c: is this module the agent's assembly (else NR_ENTRY_WAITING), and has it that function? One line when not. */
nr_entry_state nr_entry_look(nr_engine *e, const nr_template_entry *t, const nr_module *module);

#endif

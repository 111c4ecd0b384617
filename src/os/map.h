/* map.h - files mapped into memory and libraries loaded into the process: what the simulated CLR
 * needs from the operating system. */
#ifndef NR_OS_MAP_H
#define NR_OS_MAP_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps a file for reading. An empty file gives size 0 and a valid pointer. False: it could not be
 * opened or mapped. */
bool nr_os_map_file(nr_str path, const uint8_t **data, size_t *size);
void nr_os_unmap(const uint8_t *data, size_t size);

/* Loads a shared library, symbols resolved when they are first used, as the CLR loads a profiler.
 * NULL: it could not be loaded; `why` (may be NULL) then holds the system's words. */
void *nr_os_library_open(nr_str path, char *why, size_t why_size);
/* NULL: the library exports no such name. */
void (*nr_os_library_symbol(void *library, const char *name))(void);
void nr_os_library_close(void *library);

/* Calls a COM method with words as wide as a pointer, the object first; at most 6 where words are 64 bits wide. *moved: by how many
 * bytes the stack pointer was off afterwards: on 32-bit Windows the callee takes its arguments away. 0 elsewhere. */
int32_t nr_os_call_method(void (*method)(void), const uintptr_t *words, size_t count, intptr_t *moved);

#endif

/* guard.h - what is loaded or written because an environment variable says so, with the checks that this needs. */
#ifndef NR_OS_GUARD_H
#define NR_OS_GUARD_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a library is not loaded. Owner and mode are looked at on Unix only. */
#define NR_OS_DISTRUST(X) \
    X(NONE, "") \
    X(RELATIVE, "the path is not absolute") \
    X(NO_FILE, "there is no such file") \
    X(OWNER, "the file belongs to neither root nor the user of this process") \
    X(WRITABLE, "every user may write to the file") \
    X(OURSELVES, "the file is this library itself")

typedef enum nr_os_distrust {
#define X(name, text) NR_OS_DISTRUST_##name,
    NR_OS_DISTRUST(X)
#undef X
} nr_os_distrust;
const char *nr_os_distrust_text(nr_os_distrust d);

/* Looks at the file that a link leads to. */
nr_os_distrust nr_os_distrusts(nr_str path);
/* Does this process have rights that its user does not have (set-uid, set-gid, capabilities of a file)? */
bool nr_os_is_elevated(void);

/* As nr_os_library_open; on Windows what the library needs is searched beside it and in the system directory only. */
void *nr_os_library_open_guarded(nr_str path, char *why, size_t why_size);
/* A name exported by the library or program that holds `address`; NULL: none. */
void (*nr_os_symbol_around(const void *address, const char *name))(void);

/* An absolute path; relative ones begin at the current directory. Where that cannot be found out, the path as it was given, which the
 * system then reads in its own way. p == NULL: no memory. */
nr_str nr_os_absolute_path(nr_arena *arena, nr_str path);
/* Creates a file that only its owner may use, for writing. -1: it could not be; *exists: because there is one (a
 * symbolic link counts). Not inherited by child processes. */
intptr_t nr_os_create_private(nr_str path, bool *exists);
/* Cuts an open file to a size, and goes to its end. */
void nr_os_cut(intptr_t file, uint64_t size);
bool nr_os_rename(nr_str from, nr_str to);

/* Of the calling thread; never 0, different for all threads that live. */
uintptr_t nr_os_thread_id(void);

#endif

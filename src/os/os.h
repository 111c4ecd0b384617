/* os.h - everything that differs between operating systems, and nothing else.
 *
 * Implemented in os/unix and os/windows. Text is UTF-8. Results go into the caller's
 * buffer or arena; nothing returned here is freed by the caller. */
#ifndef NR_OS_H
#define NR_OS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of the two this is, for behaviour the reference has on one system only, and the end of
 * a line in a text file. */
#ifdef _WIN32
enum { NR_OS_WINDOWS = 1 };
#define NR_OS_LINE_END "\r\n"
#define NR_OS_SEPARATOR "\\"
#define NR_OS_LIBRARY "NewRelic.Profiler.dll"
#else
enum { NR_OS_WINDOWS = 0 };
#define NR_OS_LINE_END "\n"
#define NR_OS_SEPARATOR "/"
#define NR_OS_LIBRARY "libNewRelicProfiler.so"
#endif

/* ---- locks ------------------------------------------------------------------- */

/* All zero is an unlocked mutex: no run-time initialisation, no destruction. The last word is its rank (os/lock_order.h). */
enum { NR_MUTEX_WORDS = 8 };
typedef struct nr_mutex {
    uint64_t storage[NR_MUTEX_WORDS];
} nr_mutex;
void nr_mutex_lock(nr_mutex *m);
void nr_mutex_unlock(nr_mutex *m);

/* All zero is a condition that nobody waits for. A wait may end for no reason: look again at what is waited for. */
typedef struct nr_condition {
    uint64_t storage[8];
} nr_condition;
/* Unlocks `m` while it waits; nothing is missed between the two. */
void nr_condition_wait(nr_condition *c, nr_mutex *m);
/* The same, for about so long at most. */
void nr_condition_wait_for(nr_condition *c, nr_mutex *m, unsigned milliseconds);
void nr_condition_wake_all(nr_condition *c);

/* ---- threads ------------------------------------------------------------------- */

/* Stays where it is until it is joined. */
typedef struct nr_thread {
    uintptr_t handle;
    void (*body)(void *self);
    void *self;
} nr_thread;
/* Runs `body` on a thread of its own. False: no thread could be made, and there is nothing to join. */
bool nr_thread_start(nr_thread *t, void (*body)(void *self), void *self);
/* Waits for the end of `body`; once for each start. */
void nr_thread_join(nr_thread *t);
/* Starts and joins. For calls that the CLR does not allow on a thread that runs managed code. */
bool nr_os_run_on_thread(void (*body)(void *self), void *self);

/* ---- environment --------------------------------------------------------------- */

/* Value of a variable in `arena`. False: not set (on Windows also: set but empty, see
 * environment-and-files.md 1.2). True with value->p == NULL: it is set, but there is no memory.
 * On Unix the bytes are kept as they are, so that a path that is not UTF-8 can still be opened. */
bool nr_os_env(nr_arena *arena, const char *name, nr_str *value);

/* ---- files ----------------------------------------------------------------------- */

/* A path that contains a NUL byte, or that the system has no room for, names nothing. */

bool nr_os_file_exists(nr_str path);      /* a regular file */
bool nr_os_directory_exists(nr_str path); /* can be listed */
/* May any user of the machine change this directory? Its permission bits are then in *mode. Unix only; elsewhere,
 * and when it cannot be looked at: false. */
bool nr_os_is_world_writable(nr_str path, unsigned *mode);
/* Size, and the time of the last change on a clock of the system's own. False: it cannot be looked at. */
bool nr_os_file_stamp(nr_str path, uint64_t *size, int64_t *changed);
/* Appends the bytes of a file to `out`. False: it could not be opened or read, or there is no
 * memory (out->failed). On Unix a directory reads as an empty file (4.4). */
bool nr_os_read_file(nr_str path, nr_buf *out);
/* Who may change a file that has been opened. Links have been followed by then, so that nothing can be put in its place. */
typedef enum nr_os_trust {
    NR_OS_TRUSTED,        /* it belongs to root or to this process's user, and not everybody may write to it */
    NR_OS_NOT_A_FILE,     /* a directory, pipe or device */
    NR_OS_WORLD_WRITABLE, /* *mode is set */
    NR_OS_FOREIGN         /* *owner is set */
} nr_os_trust;
typedef struct nr_os_owner {
    nr_os_trust trust;
    unsigned mode;
    unsigned long owner, user;
} nr_os_owner;
/* nr_os_read_file for a file that may tell this process what to do: nothing is read unless it is trusted. On Windows every
 * file is: its access lists are the installer's matter. False with owner->trust == NR_OS_TRUSTED: as nr_os_read_file. */
bool nr_os_read_trusted_file(nr_str path, nr_buf *out, nr_os_owner *owner);
/* Calls `each` for every entry name of a directory, "." and ".." excluded, in the order
 * of the file system. False: not a directory. */
bool nr_os_list_directory(nr_str path, void (*each)(void *self, nr_str name), void *self);
/* The same for the entries that the reference takes for files with that extension (4.4).
 * Windows: what the pattern "*.xml" matches, case-insensitively and by 8.3 names as well; false
 * when that is nothing. Unix: names that end with these letters, dot or no dot. */
bool nr_os_list_by_extension(nr_str path, const char *extension, void (*each)(void *self, nr_str name), void *self);
/* Creates a directory and its parents. False: it does not exist afterwards. */
bool nr_os_make_directory(nr_str path);

/* Opens for writing, truncated, created when missing. -1: it could not be opened. The
 * handle is not inherited by child processes. */
intptr_t nr_os_open_log(nr_str path);
/* Writes all bytes or returns false; -1 is never written to. */
bool nr_os_write(intptr_t file, const void *p, size_t n);
intptr_t nr_os_stdout(void);
void nr_os_close(intptr_t file);

/* ---- process ------------------------------------------------------------------------ */

/* Facts of environment-and-files.md section 8, with the reference's values where a
 * system has none (".", ""). They never fail: without memory they give these values as well. */
nr_str nr_os_process_path(nr_arena *arena);
nr_str nr_os_process_directory(nr_arena *arena);
nr_str nr_os_parent_process_path(nr_arena *arena);
nr_str nr_os_command_line(nr_arena *arena);
unsigned long nr_os_process_id(void);
/* Application pool id from the command line (Windows only; elsewhere false). */
bool nr_os_app_pool_from_command_line(nr_arena *arena, nr_str *id);
/* REG_SZ value below HKLM (Windows only; elsewhere false). True with value->p == NULL: it is
 * there, but there is no memory. */
bool nr_os_registry_string(nr_arena *arena, const char *key, const char *name, nr_str *value);
/* Directory for application data of all users ("" on Unix). */
nr_str nr_os_common_app_data(nr_arena *arena);
/* The linker's build id of this library, as hexadecimal text. False: it has none. */
bool nr_os_build_id(char *text, size_t room);
/* Seconds since 1970-01-01 UTC. */
int64_t nr_os_unix_time(void);
/* Nanoseconds on a clock that never goes back, and of processor time this process has used. */
uint64_t nr_os_monotonic_ns(void);
uint64_t nr_os_cpu_ns(void);

/* Text of the platform's default marshalling of strings: UTF-8, on Windows the ANSI code page. False: it is not
 * valid, or there is no memory. */
bool nr_os_marshalled_text(nr_arena *arena, const char *z, nr_str *text);

/* Product name and fixed file version of a DLL's version resource. Where there is no such
 * thing (Unix) every file is accepted: NR_OS_PRODUCT_UNCHECKED. */
typedef enum nr_os_product {
    NR_OS_PRODUCT_UNCHECKED,
    NR_OS_PRODUCT_FOUND,      /* *name is set; *version when has_version */
    NR_OS_PRODUCT_NO_RESOURCE,
    NR_OS_PRODUCT_NO_NAME
} nr_os_product;
typedef struct nr_os_product_info {
    nr_str name;
    bool has_version;
    uint16_t version[4];
} nr_os_product_info;
nr_os_product nr_os_product_of(nr_arena *arena, nr_str path, nr_os_product_info *info);

#endif

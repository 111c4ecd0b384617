/* wide.h - <windows.h> and UTF-16 text, for this folder only. */
#ifndef NR_OS_WINDOWS_WIDE_H
#define NR_OS_WINDOWS_WIDE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#ifndef UNICODE
#define UNICODE
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <windows.h>

/* Longest path the reference asks the system for, and longest one given to it, in units. */
enum { NR_PATH_UNITS = 1024, NR_WIDE_UNITS = 4096 };

/* UTF-8 to terminated wide text, without an allocation: a file must not seem to be missing because
 * there is no memory. False: too long, or it contains NUL. */
bool nr_wide(nr_str s, wchar_t out[NR_WIDE_UNITS]);
/* `units` wide characters as UTF-8 in `arena`; p == NULL: no memory. */
nr_str nr_narrow(nr_arena *arena, const wchar_t *p, size_t units);
nr_str nr_narrow_z(nr_arena *arena, const wchar_t *z);
/* A function of a system DLL that is not linked; NULL: there is none. The DLL stays loaded. */
FARPROC nr_system_function(const wchar_t *dll, const char *function);

#endif

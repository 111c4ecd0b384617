/* embedded.h - the Lua files compiled into the binary, so that the one library file is enough. Written by cmake/embed.cmake. */
#ifndef NR_SCRIPT_EMBEDDED_H
#define NR_SCRIPT_EMBEDDED_H

#include <stddef.h>

typedef struct nr_embedded {
    const char *name; /* path relative to the project, with '/': "lua/nrprof/il.lua"; NULL ends a table */
    const unsigned char *data; /* the bytes of the file; a zero byte follows them */
    size_t size;
} nr_embedded;

/* Every *.lua below lua/ and instrumentation/, sorted by name (byte order). */
extern const nr_embedded nr_embedded_files[];

/* In the command line tool only: "luaunit.lua". */
extern const nr_embedded nr_embedded_tool_files[];

#endif

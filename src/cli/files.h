/* files.h - trees of files, for the command line tool. */
#ifndef NR_CLI_FILES_H
#define NR_CLI_FILES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

/* Appends the files below `directory` whose names end with `suffix` to `list` (nr_str items, texts in
 * `arena`), in the order of their names, directories among them. Names that begin with '.' or '_' are left out. False: no
 * such directory, or no memory. */
bool nr_files_collect(nr_arena *arena, nr_str directory, nr_str suffix, nr_buf *list);
/* Writes a file; its directory is made when it is missing. */
bool nr_files_write(nr_str path, nr_str bytes);
/* Removes a directory and everything in it; links are removed, not followed. */
bool nr_files_remove_tree(nr_str path);
/* The library that belongs to this program: in the same directory. In `arena`; p == NULL: no memory. */
nr_str nr_files_default_library(nr_arena *arena);
/* The part in front of the last separator, "." when there is none. */
nr_str nr_files_directory_of(nr_str path);

#endif

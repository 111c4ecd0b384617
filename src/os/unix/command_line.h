/* command_line.h - the text of a command line from the bytes of /proc/self/cmdline. */
#ifndef NR_OS_UNIX_COMMAND_LINE_H
#define NR_OS_UNIX_COMMAND_LINE_H

#include "base/arena.h"
#include "base/str.h"

/* `bytes`: arguments with a NUL behind each. Every argument is followed by one blank; one that
 * contains a blank stands between apostrophes. Bytes that are not UTF-8 become U+FFFD (the
 * reference widens them one by one, with their sign). Without memory: "". */
nr_str nr_os_unix_command_line(nr_arena *arena, nr_str bytes);

#endif

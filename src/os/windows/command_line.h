/* command_line.h - words to the one line that a Windows program gets. */
#ifndef NR_OS_WINDOWS_COMMAND_LINE_H
#define NR_OS_WINDOWS_COMMAND_LINE_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

/* Appends a word by the rules of CommandLineToArgvW: backslashes count only in front of a quotation mark. A word that needs no quotation
 * marks gets none, because cmd.exe does not know "/c". */
static inline void nr_command_line_add(nr_buf *line, nr_str word)
{
    size_t slashes = 0;
    bool plain = word.n > 0;
    for (size_t i = 0; plain && i < word.n; i++) plain = word.p[i] > ' ' && word.p[i] != '"';
    if (line->size) nr_buf_u8(line, ' ');
    if (plain) {
        nr_buf_put_str(line, word);
        return;
    }
    nr_buf_u8(line, '"');
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (c == '"') nr_buf_fill(line, '\\', slashes + 1);
        slashes = c == '\\' ? slashes + 1 : 0;
        nr_buf_u8(line, (uint8_t)c);
    }
    nr_buf_fill(line, '\\', slashes);
    nr_buf_u8(line, '"');
}

#endif

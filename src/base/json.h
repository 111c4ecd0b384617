/* json.h - pieces of JSON as recordings have them. */
#ifndef NR_BASE_JSON_H
#define NR_BASE_JSON_H

#include "base/buf.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

/* A text with its quotes. A lone surrogate, which UTF-8 cannot hold, becomes the six characters \uXXXX of a text. */
void nr_json_text(nr_buf *out, nr_str utf8);
void nr_json_utf16(nr_buf *out, const uint16_t *units, size_t count);
/* Bytes as lower-case digits, with quotes; p == NULL: none. */
void nr_json_hex(nr_buf *out, const void *p, size_t n);

#endif

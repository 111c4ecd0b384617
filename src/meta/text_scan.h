/* text_scan.h - the scanner of the type and method grammar (metadata-tokens.md 4.1). */
#ifndef NR_META_TEXT_SCAN_H
#define NR_META_TEXT_SCAN_H

#include "base/str.h"

#include <stdint.h>

/* Name, and how a message calls it. */
#define NR_TEXT_TOKENS(X) \
    X(END, "the end") \
    X(BAD, "a character that has no meaning here") \
    X(OPEN_SQUARE, "\"[\"") \
    X(CLOSE_SQUARE, "\"]\"") \
    X(OPEN, "\"(\"") \
    X(CLOSE, "\")\"") \
    X(LESS, "\"<\"") \
    X(GREATER, "\">\"") \
    X(COMMA, "\",\"") \
    X(SLASH, "\"/\"") \
    X(BACKTICK, "\"`\"") \
    X(DOT, "\".\"") \
    X(DOUBLE_COLON, "\"::\"") \
    X(BANG, "\"!\"") \
    X(DOUBLE_BANG, "\"!!\"") \
    X(NAME, "a name") \
    X(NUMBER, "a number") \
    X(INSTANCE, "\"instance\"") \
    X(CLASS, "\"class\"") \
    X(VALUETYPE, "\"valuetype\"") \
    X(OBJECT, "\"object\"") \
    X(VOID, "\"void\"") \
    X(BOOL, "\"bool\"") \
    X(STRING, "\"string\"") \
    X(UINT32, "\"uint32\"") \
    X(PRIMITIVE, "a type of numbers")

typedef enum nr_text_token {
#define X(name, text) NR_TOK_##name,
    NR_TEXT_TOKENS(X)
#undef X
} nr_text_token;

typedef struct nr_text_scanner {
    nr_str text;
    size_t at;
    nr_str name;     /* of the last NR_TOK_NAME */
    uint32_t number; /* of the last NR_TOK_NUMBER, wraps like a 32-bit int; element type of the last NR_TOK_PRIMITIVE */
} nr_text_scanner;

/* The next token. NR_TOK_END and NR_TOK_BAD do not advance. Looking ahead is done by putting the
 * old `at` back: a token depends on nothing else. */
nr_text_token nr_text_next(nr_text_scanner *s);
const char *nr_text_token_text(nr_text_token token);

#endif

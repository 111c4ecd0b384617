/* error.h - why a signature, a type text or a token request failed. */
#ifndef NR_META_ERROR_H
#define NR_META_ERROR_H

#include <stdbool.h>
#include <stdint.h>

/* Name and text. Where the reference logs the failure (logging.md 5.3), the text is the reference's,
 * and the log line is the text with the detail of the failure (a name, a number; often nothing) put
 * directly behind it: nr_sig_parse_line, nr_sig_print_line and nr_tokens_line build it.
 *
 * The reference's parser has four more "Attempted to read past the end" lines; each of them is
 * behind a test for a modifier that has failed before, so they are never seen. */
#define NR_META_ERRORS(X) \
    X(OK, "") \
    X(NO_MEMORY, "out of memory") \
    X(CALL_FAILED, "Win32 function call failed.  Function: ") \
    /* the parser of signatures */ \
    X(SIGNATURE, "the signature is nested too deeply, or the rank of an array in it is too large") \
    X(END_IN_INTEGER, "Attempted to read past the end of the signature while decompressing an integer.") \
    X(END_IN_METHOD, "Attempted to read past the end of the signature while parsing a method signature.") \
    X(END_IN_MODIFIER, "Attempted to read past the end of the signature while checking for a custom mod.") \
    X(END_IN_TYPE, "Attempted to read past the end of the signature while parsing a type.") \
    X(ELEMENT, "Unhandled token encountered while parsing the type.  Token: ") \
    X(TOO_LARGE, "Data too large to compress. ") \
    /* names in the text of a parameter list */ \
    X(TYPE_SPEC, "TypeSpec parameters not supported.") \
    X(TOKEN_TYPE, "Attempted to lookup type strings for an unhandled token type.  Token type: ") \
    X(TYPE_NAME, "the name of a type in the signature cannot be read") \
    /* scopes */ \
    X(NOT_MSCORLIB, \
      "Attempted to get an assembly ref token to something other than mscorlib. Since mscorlib can only " \
      "call mscorlib, there are no other valid assemlbly refs available.  ") \
    X(NO_MSCORLIB, "Unable to locate mscorlib assembly reference in module.") \
    /* types without a token */ \
    X(TEXT_TOKEN, "Failed to parse or tokenize CIL string: ") \
    X(VOID_TOKEN, "Void return to token not supported.") \
    X(BY_REF_TOKEN, "By ref tokenization not supported.") \
    X(FUNCTION_POINTER_TOKEN, "Function pointer tokenization not supported.") \
    X(POINTER_TOKEN, "Pointer tokenization not supported.") \
    X(VOID_POINTER_TOKEN, "Void pointer tokenization not supported.")

typedef enum nr_meta_error {
#define X(name, text) NR_META_##name,
    NR_META_ERRORS(X)
#undef X
        NR_META_ERROR_COUNT
} nr_meta_error;

const char *nr_meta_error_name(nr_meta_error e);
const char *nr_meta_error_text(nr_meta_error e);

/* Does the reference write a line for it (at WARN when nr_meta_error_is_warning, else at ERROR)? */
bool nr_meta_error_is_logged(nr_meta_error e);
bool nr_meta_error_is_warning(nr_meta_error e);
/* Is it the reference's SignatureParserException, which has a log line of its own in the callback? */
bool nr_meta_error_is_parser(nr_meta_error e);

#endif

/* xml.h - the lenient XML reader (reference/newrelic-config.md section 1).
 *
 * Reads what the reference's in-place DOM parser reads, and reports the same errors. Where
 * that parser breaks text because it looks at the low byte of a UTF-16 unit only (1.10), this
 * one accepts it; a numeric character reference of 0x80 and more is expanded as there (1.9):
 * each of its UTF-8 bytes becomes one character.
 *
 * No recursion: depth and size of a document cost memory only in proportion to its text. */
#ifndef NR_BASE_XML_H
#define NR_BASE_XML_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct nr_xml_attribute nr_xml_attribute;
typedef struct nr_xml_node nr_xml_node;

struct nr_xml_attribute {
    nr_str name, value;
    nr_xml_attribute *next;
};

struct nr_xml_node { /* an element; text, comments, CDATA and the rest are not kept */
    nr_str name;
    nr_xml_attribute *attributes; /* in document order */
    nr_xml_node *parent, *first_child, *next;
    uint32_t line; /* 1-based, of its '<' */
};

typedef struct nr_xml_error {
    const char *text;      /* the reference's wording, e.g. "expected >"; NULL: none */
    size_t offset;         /* bytes from the start of the document */
    uint32_t line, column; /* 1-based; column in bytes */
} nr_xml_error;

/* Elements that a document may have: an element takes about 64 bytes here and four in the text. */
enum { NR_XML_MOST_ELEMENTS = 2000000 };

/* Parses `text`, which must outlive the result, and gives a document node without a name whose
 * children are the root elements. NULL: error->text says why ("out of memory" and "too many
 * elements" included, which the reference does not know). */
nr_xml_node *nr_xml_parse(nr_arena *arena, nr_str text, nr_xml_error *error);

/* First child / following sibling of that name; names compare as 1.1 says. NULL: none. */
const nr_xml_node *nr_xml_child(const nr_xml_node *node, const char *name);
const nr_xml_node *nr_xml_next(const nr_xml_node *node, const char *name);
/* First attribute of that name: true and *value when there is one. */
bool nr_xml_attribute_value(const nr_xml_node *node, const char *name, nr_str *value);

/* Text of a file as the reference reads it (environment-and-files.md 4.3): the UTF-8 BOM is
 * dropped, the text ends at the first invalid byte. A UTF-16 BOM is honoured, too. */
nr_str nr_text_decode(nr_arena *arena, nr_str bytes);
/* The same with what is not valid UTF-8 left in. */
nr_str nr_text_decode_all(nr_arena *arena, nr_str bytes);

#endif

#include "test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/xml.h"

#include <stdio.h>

/* The document as "name[attribute=value,...](children...)", for rows of a table. */
static void show(const nr_xml_node *node, nr_buf *out)
{
    for (const nr_xml_node *n = node; n; n = n->next) {
        nr_buf_put_str(out, n->name);
        for (const nr_xml_attribute *a = n->attributes; a; a = a->next) {
            nr_buf_printf(out, "[%.*s=", NR_STR_ARG(a->name));
            nr_buf_put_str(out, a->value);
            nr_buf_u8(out, ']');
        }
        if (n->first_child) {
            nr_buf_u8(out, '(');
            show(n->first_child, out);
            nr_buf_u8(out, ')');
        }
        if (n->next) nr_buf_u8(out, ' ');
    }
}

static const struct {
    const char *rule, *text, *shown;
} accepted[] = {
    {"1.2", "<x:extension xmlns='u'/>", "x:extension[xmlns=u]"},
    {"1.3", "<a/><b/>", "a b"},
    {"1.3", "<a><b/><c/><b/></a>", "a(b c b)"},
    {"1.3", "<a><b><c/></b><d/></a><e/>", "a(b(c) d) e"},
    {"1.4", "<a><b></wrong></a >", "a(b)"},
    {"1.4", "<a></>", "a"},
    {"1.5", "<?xml version='1.0' encoding='utf-16'?><!-- <x> --><?pi <y>?><a/>", "a"},
    {"1.5", "<?xml?><a/>", "a"},
    {"1.5", "<!DOCTYPE a [<!ELEMENT a (b)> [[x]>] ]><a/>", "a"},
    {"1.5", "<!DOCTYPE ]><a/>", "a"},
    {"1.5", "<!UNKNOWN <a/>", ""},
    {"1.5", "<!-x><![CDAT[x><!DOCTYPEa><a/>", "a"},
    {"1.5", "<!DOCTYPEx[><a/>", "a"}, /* no white space: not a DOCTYPE */
    {"1.5", "<a><![CDATA[]]><b/></a>", "a(b)"},
    {"1.5", "<a><![CDATA[ </a> & ]] ]]><b/><!----></a>", "a(b)"},
    {"1.6", "", ""},
    {"1.6", " \t\r\n", ""},
    {"1.6", " \n<a/>\n ", "a"},
    {"1.7", "<a b='1'b='2'c=\"3\"/>", "a[b=1][b=2][c=3]"},
    {"1.7", "<a b = '1' />", "a[b=1]"},
    {"1.7", "<a b='\"' c=\"'\"/>", "a[b=\"][c=']"},
    {"1.8", "<a b='  x \n y\t'/>", "a[b=  x \n y\t]"},
    {"1.8", "<a b=''/>", "a[b=]"},
    {"1.9", "<a b='&amp;&apos;&quot;&gt;&lt;'/>", "a[b=&'\"><]"},
    {"1.9", "<a b='&foo; & &am; &AMP; &'/>", "a[b=&foo; & &am; &AMP; &]"},
    {"1.9", "<a b='&#65;&#x42;&#x6a;&#X;'/>", NULL},
    {"1.9", "<a b='&#65;&#x42;&#x6a;'/>", "a[b=ABj]"},
    {"1.9", "<a b='&#1F;'/>", "a[b=\x19]"}, /* hexadecimal digits count in decimal, too */
    {"1.9", "<a b='&#233;'/>", "a[b=\xC3\x83\xC2\xA9]"},
    {"1.9", "<a b='&#x20ac;'/>", "a[b=\xC3\xA2\xC2\x82\xC2\xAC]"},
    {"1.9", "<a b='&#x1F600;'/>", "a[b=\xC3\xB0\xC2\x9F\xC2\x98\xC2\x80]"},
    {"1.9", "<a b='&#x80;&#x800;&#x10000;'/>",
     "a[b=\xC3\x82\xC2\x80\xC3\xA0\xC2\xA0\xC2\x80\xC3\xB0\xC2\x90\xC2\x80\xC2\x80]"},
    {"1.9", "<a b='x&#0;y' c='&#;'/>", "a[b=x][c=]"}, /* a NUL ends the value */
    {"1.9", "<a>text &amp; &#65; &foo;</a>", "a"},
    {"1.10", "<a b=\"\xE2\x80\xA2\" c='\xC4\xA7' d='\xC4\x80\xF0\x9F\x98\x80'/>",
     "a[b=\xE2\x80\xA2][c=\xC4\xA7][d=\xC4\x80\xF0\x9F\x98\x80]"},
    {"1.10", "<a b='\xC3\xA9\xE4\xB8\xAD'>\xC4\xBC\xC4\x80</a>", "a[b=\xC3\xA9\xE4\xB8\xAD]"},
    {"names", "<a<b!=/>", "a<b!="},
    {"names", "<a b<c='1'/>", NULL},
    {"names", "<a/ >", NULL},
    {"BOM as characters", "\xC3\xAF\xC2\xBB\xC2\xBF<a/>", "a"},
};

TEST(accepted_documents)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_xml_error error;
        nr_buf out = NR_BUF_INIT;
        nr_xml_node *document = nr_xml_parse(&arena, nr_str_of(accepted[i].text), &error);
        if (!accepted[i].shown) {
            CHECK(!document);
        } else if (CHECK(document)) {
            show(document->first_child, &out);
            nr_buf_u8(&out, '.');
            char want[200];
            snprintf(want, sizeof want, "%s.", accepted[i].shown);
            CHECK_STR(nr_buf_str(&out), want);
            CHECK(error.text == NULL);
            CHECK(document->next == NULL && document->parent == NULL);
        } else {
            printf("    rule %s: %s\n", accepted[i].rule, error.text ? error.text : "no error");
        }
        nr_buf_free(&out);
        nr_arena_free(&arena);
    }
}

static const struct {
    const char *text, *error, *rest; /* rest: what "Exception thrown at" prints */
} refused[] = {
    {"x<a/>", "expected <", "x<a/>"}, /* 1.6 */
    {"<a/>x", "expected <", "x"},
    {"\xEF\xBB\xBF<a/>", "expected <", "\xEF\xBB\xBF<a/>"}, /* a second BOM */
    {"<a", "expected >", ""},
    {"<a b='c'", "expected >", ""},
    {"<a/b>", "expected >", "b>"},
    {"<a ?>", "expected >", "?>"},
    {"<a></a", "expected >", ""},
    {"<a></a b>", "expected >", "b>"},
    {"< a/>", "expected element name", " a/>"},
    {"<>", "expected element name", ">"},
    {"</a>", "expected element name", "/a>"},
    {"<a b/>", "expected =", "/>"}, /* 1.7 */
    {"<a b c='1'/>", "expected =", "c='1'/>"},
    {"<a b!='1'/>", "expected =", "!='1'/>"},
    {"<a b=c/>", "expected ' or \"", "c/>"}, /* 1.7 */
    {"<a b=>", "expected ' or \"", ">"},
    {"<a b='c/>", "expected ' or \"", ""},
    {"<a b='c\"/>", "expected ' or \"", ""},
    {"<a b='&#65'/>", "expected ;", "'/>"}, /* 1.9 */
    {"<a b='&#x41 ;'/>", "expected ;", " ;'/>"},
    {"<a b='&#X41;'/>", "expected ;", "X41;'/>"},
    {"<a>&#65 </a>", "expected ;", " </a>"},
    {"<a b='xy&#x110000;'/>", "invalid numeric character entity", "&#x110000;'/>"},
    {"<a b='&amp;z&#1114112;'/>", "invalid numeric character entity", "mp;z&#1114112;'/>"}, /* where it would go */
    {"<a>  x  y\n\n&#x110000;</a>", "invalid numeric character entity", "\n\n&#x110000;</a>"},
    {"<a b='\xC3\xA9&lt;\xF0\x9F\x98\x80&#x110000;'/>", "invalid numeric character entity",
     ";\xF0\x9F\x98\x80&#x110000;'/>"},
    {"<a>", "unexpected end of data", ""}, /* 1.4 */
    {"<a><b></b>", "unexpected end of data", ""},
    {"<a>text", "unexpected end of data", ""},
    {"<a> ", "unexpected end of data", ""},
    {"<?xml version='1.0'>", "unexpected end of data", ""},
    {"<!-- -- >", "unexpected end of data", ""},
    {"<!-->", "unexpected end of data", ""},
    {"<![CDATA[ ]]", "unexpected end of data", ""},
    {"<!DOCTYPE [", "unexpected end of data", ""},
    {"<!DOCTYPE [>] ", "unexpected end of data", ""},
    {"<!x", "unexpected end of data", ""},
    {"<", "expected element name", ""},
};

TEST(refused_documents)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_xml_error error = {NULL, 0, 0, 0};
        nr_str text = nr_str_of(refused[i].text);
        CHECK(nr_xml_parse(&arena, text, &error) == NULL);
        if (!CHECK(error.text && error.offset <= text.n)) printf("    %s\n", refused[i].text);
        CHECK_STR(nr_str_of(error.text), refused[i].error);
        CHECK_STR(((nr_str){text.p + error.offset, text.n - error.offset}), refused[i].rest);
        CHECK(nr_xml_parse(&arena, text, NULL) == NULL);
        nr_arena_free(&arena);
    }
}

TEST(a_nul_ends_the_document)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_xml_error error;
    CHECK(nr_xml_parse(&arena, NR_STR("<a/>\0junk"), &error) != NULL);
    CHECK(nr_xml_parse(&arena, NR_STR("<a>\0</a>"), &error) == NULL);
    CHECK_EQ(error.offset, 3);
    CHECK(nr_xml_parse(&arena, (nr_str){NULL, 0}, &error) != NULL);
    nr_arena_free(&arena);
}

TEST(lookup)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str v = {NULL, 0};
    nr_xml_node *d = nr_xml_parse(&arena,
                                  NR_STR("<?xml version='1.0'?>\n<other/>\n<CONFIGURATION Log='1' LOG='2'>\n"
                                         "<x/><Add/>\n\n<ADD k='v'/><adding/><\xC5\xA1/></CONFIGURATION>"),
                                  NULL);
    const nr_xml_node *c = nr_xml_child(d, "configuration"); /* 1.1, 1.3 */
    if (!CHECK(c != NULL)) return;
    CHECK_EQ(c->line, 3);
    CHECK(c->parent == d);
    CHECK(nr_xml_attribute_value(c, "lOg", &v)); /* 1.7: the first wins */
    CHECK_STR(v, "1");
    CHECK(!nr_xml_attribute_value(c, "lo", &v));
    CHECK(!nr_xml_attribute_value(c, "logs", &v));
    const nr_xml_node *add = nr_xml_child(c, "add");
    CHECK_EQ(add->line, 4);
    add = nr_xml_next(add, "add");
    CHECK_EQ(add->line, 6);
    CHECK(nr_xml_attribute_value(add, "K", &v));
    CHECK(nr_xml_next(add, "add") == NULL);
    CHECK(nr_xml_child(c, "a") != NULL); /* 1.1: of U+0161 the low byte counts, which is 'a' */
    CHECK(nr_xml_child(c, "aa") == NULL);
    CHECK(nr_xml_child(NULL, "a") == NULL && nr_xml_next(NULL, "a") == NULL);
    CHECK(!nr_xml_attribute_value(NULL, "a", &v));
    nr_arena_free(&arena);
}

TEST(place_of_an_error)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_xml_error e;
    nr_xml_parse(&arena, NR_STR("<a>\n  <b>\n  <c d/>\n"), &e);
    CHECK_EQ(e.line, 3);
    CHECK_EQ(e.column, 7);
    nr_xml_parse(&arena, NR_STR("x"), &e);
    CHECK_EQ(e.line, 1);
    CHECK_EQ(e.column, 1);
    nr_arena_free(&arena);
}

TEST(a_million_levels)
{
    enum { N = 1000000 };
    nr_arena arena = NR_ARENA_INIT;
    nr_buf text = NR_BUF_INIT;
    for (int i = 0; i < N; i++) nr_buf_put(&text, "<a>", 3);
    nr_xml_error e;
    CHECK(nr_xml_parse(&arena, nr_buf_str(&text), &e) == NULL);
    CHECK_EQ(e.offset, 3 * N);
    for (int i = 0; i < N; i++) nr_buf_put(&text, "</>", 3);
    const nr_xml_node *n = nr_xml_parse(&arena, nr_buf_str(&text), &e);
    CHECK(n != NULL);
    int depth = -1;
    for (; n; n = n->first_child) depth++;
    CHECK_EQ(depth, N);
    nr_arena_free(&arena);
    nr_buf_free(&text);
}

TEST(too_many_elements)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_buf text = NR_BUF_INIT;
    nr_xml_error e;
    for (int i = 0; i < NR_XML_MOST_ELEMENTS; i++) nr_buf_put(&text, "<a/>", 4);
    CHECK(nr_xml_parse(&arena, nr_buf_str(&text), &e) != NULL);
    nr_arena_free(&arena);
    nr_buf_put(&text, "<a/>", 4);
    CHECK(nr_xml_parse(&arena, nr_buf_str(&text), &e) == NULL);
    CHECK_STR(nr_str_of(e.text), "too many elements");
    nr_arena_free(&arena);
    nr_buf_free(&text);
}

TEST(a_large_document)
{
    enum { SIZE = 100 << 20 };
    nr_arena arena = NR_ARENA_INIT;
    nr_buf text = NR_BUF_INIT;
    nr_buf_put_str(&text, NR_STR("<a b='"));
    nr_buf_fill(&text, 'x', SIZE / 2);
    nr_buf_put_str(&text, NR_STR("&amp;'>"));
    nr_buf_fill(&text, 'y', SIZE / 2);
    nr_buf_put_str(&text, NR_STR("</a>"));
    nr_alloc_count(1);
    nr_xml_node *d = nr_xml_parse(&arena, nr_buf_str(&text), NULL);
    CHECK(d != NULL);
    CHECK(nr_alloc_live() < SIZE / 2 + (1 << 20)); /* one copy of the value, because of its entity */
    CHECK_EQ(d->first_child->attributes->value.n, SIZE / 2 + 1);
    nr_arena_free(&arena);
    nr_alloc_count(0);
    nr_buf_free(&text);
}

TEST(no_memory)
{
    for (unsigned long n = 1;; n++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_xml_error e;
        nr_alloc_fail_at(n, 0);
        nr_xml_node *d = nr_xml_parse(&arena, NR_STR("<a><b c='&amp;&#233;' d='1'/>&#233;</a>"), &e);
        nr_alloc_fail_at(0, 0);
        if (!d) CHECK_STR(nr_str_of(e.text), "out of memory");
        nr_arena_free(&arena);
        if (d) {
            CHECK(n > 1);
            break;
        }
    }
}

/* environment-and-files.md 4.3 */
TEST(text_of_a_file)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *text;
    } rows[] = {
        {"", 0, ""},
        {"abc", 3, "abc"},
        {"\xEF\xBB\xBF<a/>", 7, "<a/>"},
        {"\xEF\xBB\xBF\xEF\xBB\xBF<a/>", 10, "\xEF\xBB\xBF<a/>"}, /* only the first */
        {"\xF0\x9F\x98\x80", 4, "\xF0\x9F\x98\x80"},
        {"<a/>\xE9", 5, "<a/>"},            /* Latin-1: ends there */
        {"<a>\xED\xA0\x80</a>", 10, "<a>"}, /* an encoded surrogate */
        {"\xC3", 1, ""},
        {"\xFF\xFE<\0\xE9\0=\xD8\0\xDE", 10, "<\xC3\xA9\xF0\x9F\x98\x80"},
        {"\xFE\xFF\0<\0\xE9", 6, "<\xC3\xA9"},
        {"\xFF\xFE", 2, ""},
        {"\xFF\xFE<\0>", 5, "<"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_arena arena = NR_ARENA_INIT;
        CHECK_STR(nr_text_decode(&arena, (nr_str){rows[i].bytes, rows[i].n}), rows[i].text);
        nr_arena_free(&arena);
    }
    nr_arena arena = NR_ARENA_INIT;
    for (unsigned long n = 1; n <= 2; n++) {
        nr_alloc_fail_at(n, 0);
        CHECK(nr_text_decode(&arena, NR_STR("\xFF\xFE<\0")).p == NULL);
    }
    nr_alloc_fail_at(0, 0);
    nr_arena_free(&arena);
}

TESTS(xml, T(accepted_documents), T(refused_documents), T(a_nul_ends_the_document), T(lookup), T(place_of_an_error),
      T(a_million_levels), T(too_many_elements), T(a_large_document), T(no_memory), T(text_of_a_file))

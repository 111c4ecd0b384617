#include "meta/text_scan.h"

#include "meta/sig.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The letters of the C locale; whatever is beyond ASCII has no meaning. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static nr_text_token scan_name(nr_text_scanner *s)
{
    static const struct {
        const char *text;
        nr_text_token token;
        uint8_t element;
    } keywords[] = {
        {"instance", NR_TOK_INSTANCE, 0},
        {"class", NR_TOK_CLASS, 0},
        {"valuetype", NR_TOK_VALUETYPE, 0},
        {"object", NR_TOK_OBJECT, 0},
        {"void", NR_TOK_VOID, 0},
        {"bool", NR_TOK_BOOL, 0},
        {"string", NR_TOK_STRING, 0},
        {"uint32", NR_TOK_UINT32, 0},
        /* Not in the reference's language: its templates need none of them, those of users do. */
        {"char", NR_TOK_PRIMITIVE, NR_ELEMENT_CHAR},
        {"int8", NR_TOK_PRIMITIVE, NR_ELEMENT_I1},
        {"uint8", NR_TOK_PRIMITIVE, NR_ELEMENT_U1},
        {"int16", NR_TOK_PRIMITIVE, NR_ELEMENT_I2},
        {"uint16", NR_TOK_PRIMITIVE, NR_ELEMENT_U2},
        {"int32", NR_TOK_PRIMITIVE, NR_ELEMENT_I4},
        {"int64", NR_TOK_PRIMITIVE, NR_ELEMENT_I8},
        {"uint64", NR_TOK_PRIMITIVE, NR_ELEMENT_U8},
        {"float32", NR_TOK_PRIMITIVE, NR_ELEMENT_R4},
        {"float64", NR_TOK_PRIMITIVE, NR_ELEMENT_R8},
        {"nint", NR_TOK_PRIMITIVE, NR_ELEMENT_I},
        {"nuint", NR_TOK_PRIMITIVE, NR_ELEMENT_U},
    };
    size_t begin = s->at;
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        if (!is_letter(c) && !is_digit(c) && c != '.') break;
        s->at++;
    }
    s->name = (nr_str){s->text.p + begin, s->at - begin};
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (!nr_str_is(s->name, keywords[i].text)) continue;
        if (keywords[i].element) s->number = keywords[i].element;
        return keywords[i].token;
    }
    return NR_TOK_NAME;
}

static nr_text_token scan_number(nr_text_scanner *s)
{
    s->number = 0;
    for (; s->at < s->text.n && is_digit(s->text.p[s->at]); s->at++)
        s->number = s->number * 10 + (uint32_t)(s->text.p[s->at] - '0');
    return NR_TOK_NUMBER;
}

/* One character, or two when the second is `second`. */
static nr_text_token scan_double(nr_text_scanner *s, char second, nr_text_token one, nr_text_token two)
{
    bool doubled = s->at + 1 < s->text.n && s->text.p[s->at + 1] == second;
    nr_text_token token = doubled ? two : one;
    if (token != NR_TOK_BAD) s->at += doubled ? 2 : 1;
    return token;
}

static nr_text_token single(char c)
{
    switch (c) {
    case '[': return NR_TOK_OPEN_SQUARE;
    case ']': return NR_TOK_CLOSE_SQUARE;
    case '(': return NR_TOK_OPEN;
    case ')': return NR_TOK_CLOSE;
    case '<': return NR_TOK_LESS;
    case '>': return NR_TOK_GREATER;
    case ',': return NR_TOK_COMMA;
    case '/': return NR_TOK_SLASH;
    case '`': return NR_TOK_BACKTICK;
    case '.': return NR_TOK_DOT;
    default: return NR_TOK_BAD;
    }
}

nr_text_token nr_text_next(nr_text_scanner *s)
{
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') break;
        s->at++;
    }
    if (s->at >= s->text.n) return NR_TOK_END;
    char c = s->text.p[s->at];
    if (is_letter(c)) return scan_name(s);
    if (is_digit(c)) return scan_number(s);
    if (c == ':') return scan_double(s, ':', NR_TOK_BAD, NR_TOK_DOUBLE_COLON);
    if (c == '!') return scan_double(s, '!', NR_TOK_BANG, NR_TOK_DOUBLE_BANG);
    nr_text_token token = single(c);
    if (token != NR_TOK_BAD) s->at++;
    return token;
}

const char *nr_text_token_text(nr_text_token token)
{
    static const char *const texts[] = {
#define X(name, text) text,
        NR_TEXT_TOKENS(X)
#undef X
    };
    return texts[token];
}

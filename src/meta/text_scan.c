#include "meta/text_scan.h"

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
    } keywords[] = {
        {"instance", NR_TOK_INSTANCE}, {"class", NR_TOK_CLASS},   {"valuetype", NR_TOK_VALUETYPE},
        {"object", NR_TOK_OBJECT},     {"void", NR_TOK_VOID},     {"bool", NR_TOK_BOOL},
        {"string", NR_TOK_STRING},     {"uint32", NR_TOK_UINT32},
    };
    size_t begin = s->at;
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        if (!is_letter(c) && !is_digit(c) && c != '.') break;
        s->at++;
    }
    s->name = (nr_str){s->text.p + begin, s->at - begin};
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (nr_str_is(s->name, keywords[i].text)) return keywords[i].token;
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

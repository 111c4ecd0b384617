#include "rules/version.h"

/* isspace of the C locale. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool nr_stoi(nr_str text, int32_t *value)
{
    size_t i = 0;
    bool negative = false, digits = false;
    int64_t v = 0;
    while (i < text.n && is_space(text.p[i])) i++;
    if (i < text.n && (text.p[i] == '+' || text.p[i] == '-')) negative = text.p[i++] == '-';
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
        digits = true;
        v = v * 10 + (text.p[i] - '0');
        if (v > (int64_t)INT32_MAX + 1) return false;
    }
    if (negative) v = -v;
    if (!digits || v > INT32_MAX) return false;
    *value = (int32_t)v;
    return true;
}

bool nr_version_parse(nr_str text, nr_version *out)
{
    nr_version v = {{0, 0, 0, 0}};
    size_t start = 0, parts = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != '.') continue;
        nr_str part = {text.p + start, i - start};
        int32_t number;
        if (parts == 4 || !nr_stoi(part, &number) || number < 0 || number > 0xFFFF) return false;
        v.part[parts++] = (uint16_t)number;
        start = i + 1;
    }
    *out = v;
    return true;
}

size_t nr_version_print(const nr_version *v, char *out)
{
    char *at = out;
    for (int i = 0; i < 4; i++) {
        unsigned scale = 10000, part = v->part[i];
        while (scale > 1 && part < scale) scale /= 10;
        if (i) *at++ = '.';
        for (; scale; scale /= 10) *at++ = (char)('0' + part / scale % 10);
    }
    return (size_t)(at - out);
}

int nr_version_cmp(const nr_version *a, const nr_version *b)
{
    for (int i = 0; i < 4; i++) {
        if (a->part[i] != b->part[i]) return a->part[i] < b->part[i] ? -1 : 1;
    }
    return 0;
}

bool nr_version_is_zero(const nr_version *v)
{
    return !(v->part[0] | v->part[1] | v->part[2] | v->part[3]);
}

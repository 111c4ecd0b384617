#include "cli/listing.h"

#include "il/opcodes.h"

#include <string.h>

/* `text` with every "IL_0012" cut down to "IL"; p == NULL: no memory. */
static nr_str without_offsets(nr_arena *arena, nr_str text)
{
    char *p = nr_arena_alloc(arena, text.n + 1);
    size_t n = 0;
    if (!p) return (nr_str){NULL, 0};
    for (size_t i = 0; i < text.n;) {
        p[n++] = text.p[i++];
        if (n < 3 || memcmp(p + n - 3, "IL_", 3) != 0) continue;
        size_t digits = i;
        while (digits < text.n && text.p[digits] && strchr("0123456789abcdefABCDEF", text.p[digits])) digits++;
        if (digits - i >= 4) {
            i = digits;
            n--;
        }
    }
    p[n] = 0;
    return (nr_str){p, n};
}

/* "  IL_0012: call 0A000001 …": mnemonic and operand; anything else has none. */
static void split(nr_line *line)
{
    nr_str t = line->text;
    const char *colon = t.n > 5 && !memcmp(t.p, "  IL_", 5) ? memchr(t.p, ':', t.n) : NULL;
    if (!colon || colon + 2 >= t.p + t.n) return;
    const char *word = colon + 2, *end = t.p + t.n, *space = memchr(word, ' ', (size_t)(end - word));
    line->mnemonic = (nr_str){word, (size_t)((space ? space : end) - word)};
    if (space) line->operand = (nr_str){space + 1, (size_t)(end - space - 1)};
}

bool nr_listing_make(nr_arena *arena, const uint8_t *il, size_t size, nr_disasm_name *name, void *context,
                     nr_listing *out)
{
    nr_buf text = NR_BUF_INIT;
    nr_str copy = {NULL, 0};
    bool ok = nr_disasm(&text, il, size, name, context) != NR_IL_NO_MEMORY && !text.failed;
    if (ok) copy = nr_arena_str(arena, nr_buf_str(&text));
    nr_buf_free(&text);
    size_t count = 0;
    for (size_t i = 0; copy.p && i < copy.n; i++) count += copy.p[i] == '\n';
    out->count = 0;
    out->lines = copy.p ? nr_arena_zalloc(arena, count + 1, sizeof *out->lines) : NULL;
    if (!out->lines) return false;
    for (size_t i = 0; i < copy.n;) {
        const char *p = copy.p + i, *end = memchr(p, '\n', copy.n - i);
        nr_line *line = &out->lines[out->count++];
        line->text = (nr_str){p, end ? (size_t)(end - p) : copy.n - i};
        i += line->text.n + 1;
        line->key = without_offsets(arena, line->text);
        if (!line->key.p) return false;
        split(line);
        /* The labels of lines differ; what they say is compared. */
        if (line->mnemonic.n) {
            line->key.n -= (size_t)(strlen("  IL: "));
            line->key.p += strlen("  IL: ");
        }
    }
    return true;
}

void nr_listing_short_name(nr_buf *out, nr_str text)
{
    bool literal = text.n && text.p[0] == '"', in_brackets = false, skip = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        nr_str rest = {text.p + i, text.n - i};
        if (literal) {
            nr_buf_u8(out, (uint8_t)c < ' ' ? ' ' : (uint8_t)c); /* line ends stay on the line */
            continue;
        }
        if (c == '[') in_brackets = true, skip = false;
        if (c == ']') in_brackets = skip = false;
        if (c == ',' && in_brackets && i + 1 < text.n && text.p[i + 1] >= '0' && text.p[i + 1] <= '9') skip = true;
        if (nr_str_starts(rest, NR_STR(" cc00 "))) {
            i += strlen(" cc00") - 1;
        } else if (nr_str_starts(rest, NR_STR(" cc20 "))) {
            nr_buf_put_str(out, NR_STR(" instance"));
            i += strlen(" cc20") - 1;
        } else if (!skip) {
            nr_buf_u8(out, (uint8_t)c);
        }
    }
}

/* ---- which step made which line -------------------------------------------------------------------- */

typedef struct matching {
    nr_line **code; /* the instructions */
    size_t count;
    const nr_step **made; /* by instruction */
    const nr_blob *blob;
    long argument_count; /* as the code says it; -1: not seen yet */
} matching;

static bool has_mnemonic(const matching *m, size_t at, const char *word)
{
    return at < m->count && nr_str_is(m->code[at]->mnemonic, word);
}

/* Any encoding form: ldloc.0, ldloc.s, ldloc. */
static bool has_form(const matching *m, size_t at, const char *stem)
{
    nr_str s = nr_str_of(stem);
    if (at >= m->count || !nr_str_starts(m->code[at]->mnemonic, s)) return false;
    nr_str word = m->code[at]->mnemonic;
    return word.n == s.n || word.p[s.n] == '.';
}

static bool has_opcode(const matching *m, size_t at, const nr_step *s)
{
    uint16_t code = s->code[0];
    if (code == 0xFE) code = (uint16_t)(NR_CODE_TWO_BYTES | s->code[1]);
    nr_opcode op = nr_opcode_by_code(code);
    return op != NR_OP_COUNT && has_mnemonic(m, at, nr_opcodes[op].mnemonic);
}

/* The decimal number an operand begins with. */
static long number_of(nr_str operand)
{
    long v = 0;
    for (size_t i = 0; i < operand.n && operand.p[i] >= '0' && operand.p[i] <= '9' && v < 100000; i++)
        v = 10 * v + (operand.p[i] - '0');
    return v;
}

static bool match(matching *m, size_t from, size_t to, size_t *at);

/* The body of each_argument, as often as the code said before; without that, as often as it fits. */
static bool match_repeated(matching *m, size_t from, size_t to, size_t *at)
{
    for (long i = 0; m->argument_count < 0 || i < m->argument_count; i++) {
        size_t next = *at;
        if (!match(m, from, to, &next) || next == *at) return m->argument_count < 0;
        *at = next;
    }
    return true;
}

/* Steps [from, to) against the instructions from *at; *at is behind what they made. Nested at most three deep. */
static bool match(matching *m, size_t from, size_t to, size_t *at)
{
    for (size_t i = from; i < to; i++) {
        const nr_step *s = &m->blob->steps[i];
        size_t used = 0;
        switch ((nr_step_kind)s->kind) {
        case NR_STEP_PLAIN:
        case NR_STEP_NUMBER:
        case NR_STEP_STRING:
        case NR_STEP_TOKEN:
        case NR_STEP_SIGNATURE:
        case NR_STEP_BRANCH:
            if (!has_opcode(m, *at, s)) return false;
            if (s->kind == NR_STEP_NUMBER && s->hole == NR_NUMBER_ARGUMENT_COUNT)
                m->argument_count = number_of(m->code[*at]->operand);
            used = 1;
            break;
        case NR_STEP_LOCAL:
            if (!has_form(m, *at, s->store ? "stloc" : "ldloc")) return false;
            used = 1;
            break;
        case NR_STEP_LDLOC_BOXED:
            if (!has_form(m, *at, "ldloc") || !has_mnemonic(m, *at + 1, "box")) return false;
            used = 2;
            break;
        case NR_STEP_LDARG_BOXED: /* or null where it cannot be boxed, or nothing for a sentinel */
            if (has_mnemonic(m, *at, "ldnull"))
                used = 1;
            else if (has_form(m, *at, "ldarg") && has_mnemonic(m, *at + 1, "box"))
                used = 2;
            break;
        case NR_STEP_EACH_ARGUMENT:
            if (!match_repeated(m, i + 1, s->target, at)) return false;
            i = s->target;
            break;
        case NR_STEP_ARGUMENT_TYPE: { /* left out for a sentinel */
            size_t next = *at;
            if (match(m, i + 1, s->target, &next)) *at = next;
            i = s->target;
            break;
        }
        case NR_STEP_LABEL:
        case NR_STEP_TRY:
        case NR_STEP_CATCH:
        case NR_STEP_END_CATCH:
        case NR_STEP_END_EACH:
        case NR_STEP_END_TYPE: break;
        case NR_STEP_ORIGINAL: return false;
        }
        while (used--) m->made[(*at)++] = s;
    }
    return true;
}

/* In front of original() from the start; what is behind it from wherever it fits up to the end. */
static bool match_all(matching *m)
{
    size_t original = 0, at = 0;
    while (original < m->blob->step_count && m->blob->steps[original].kind != NR_STEP_ORIGINAL) original++;
    if (!match(m, 0, original, &at)) return false;
    if (original == m->blob->step_count) return at == m->count;
    for (size_t start = m->count;; start--) {
        size_t next = start;
        for (size_t i = at; i < m->count; i++) m->made[i] = NULL;
        if (match(m, original + 1, m->blob->step_count, &next) && next == m->count) return true;
        if (start == at) return false;
    }
}

bool nr_listing_align(nr_arena *arena, nr_listing *listing, const nr_blob *blob)
{
    matching m = {NULL, 0, NULL, blob, -1};
    m.code = nr_arena_zalloc(arena, listing->count + 1, sizeof(nr_line *));
    m.made = nr_arena_zalloc(arena, listing->count + 1, sizeof(nr_step *));
    if (!m.code || !m.made) return false;
    for (size_t i = 0; i < listing->count; i++) {
        if (listing->lines[i].mnemonic.n) m.code[m.count++] = &listing->lines[i];
    }
    if (!match_all(&m)) return false;
    for (size_t i = 0; i < m.count; i++) m.code[i]->step = m.made[i];
    return true;
}

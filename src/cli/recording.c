#include "cli/recording.h"

#include "base/buf.h"
#include "base/compiler.h"
#include "os/tool.h"

#include <stdio.h>
#include <string.h>

enum { READ_STEP = 1 << 18, MOST_TEXT = 64 << 20 /* of a line */ };

/* cJSON ends a text at its first NUL; a character that no text has takes its place. */
static const char nul_escape[] = "\\u0000", nul_stand_in[] = "\\uFDD0";

typedef struct reader {
    nr_recording *r;
    const char *error;
    bool no_memory;
} reader;

static nr_str copy(reader *d, nr_str s)
{
    nr_str c = nr_arena_str(&d->r->arena, s);
    if (!c.p) d->no_memory = true;
    return c.p ? c : NR_STR("");
}

/* The same text for equal texts. */
static nr_str word(reader *d, nr_str s)
{
    nr_map_entry *e = nr_map_get(&d->r->words, s);
    if (e) return e->key;
    nr_str c = copy(d, s);
    if (!d->no_memory && !nr_map_put(&d->r->words, c, NULL)) d->no_memory = true;
    return c;
}

static nr_str text_of(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    return cJSON_IsString(v) ? nr_str_of(v->valuestring) : (nr_str){"", 0};
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    unsigned v = ((unsigned char)c | 0x20u) - 'a';
    return v < 6 ? v + 10 : 16;
}

/* Eight hexadecimal digits; false: something else. */
static bool token_of(nr_str text, uint32_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned d = digit(text.p[i]);
        if (d > 15) return false;
        v = v << 4 | d;
    }
    *out = v;
    return text.n == 8;
}

/* ---- names of the home directory -------------------------------------------------------------------- */

/* The home directory is part of the injected code and another on every machine: `path/NewRelic.Agent.Core.dll`, from the
 * quote in front of it or the start, becomes `@home/NewRelic.Agent.Core.dll`. */
static nr_str without_home(reader *d, nr_str s)
{
    static const char dll[] = "NewRelic.Agent.Core.dll";
    size_t n = sizeof dll - 1;
    for (size_t i = 1; i + n <= s.n; i++) {
        if ((s.p[i - 1] != '/' && s.p[i - 1] != '\\') || memcmp(s.p + i, dll, n) != 0) continue;
        size_t start = i;
        while (start && s.p[start - 1] != '"') start--;
        nr_str masked = nr_arena_printf(&d->r->arena, "%.*s@home/%.*s", (int)start, s.p, (int)(s.n - i), s.p + i);
        if (!masked.p) d->no_memory = true;
        return masked.p ? masked : NR_STR("");
    }
    return copy(d, s);
}

/* ---- methods ------------------------------------------------------------------------------------------ */

static nr_rec_assembly *assembly(reader *d, nr_str name)
{
    nr_map_entry *e = nr_map_get(&d->r->assembly_map, name);
    if (e) return (nr_rec_assembly *)e->value;
    nr_rec_assembly *a = nr_arena_zalloc(&d->r->arena, 1, sizeof *a);
    if (a) {
        a->name = copy(d, name);
        nr_map_init(&a->methods, &d->r->arena);
        nr_map_init(&a->meanings, &d->r->arena);
        e = nr_map_put(&d->r->assembly_map, a->name, NULL);
    }
    if (!a || !e) {
        d->no_memory = true;
        return NULL;
    }
    e->value = (uintptr_t)a;
    if (d->r->last_assembly)
        d->r->last_assembly->next = a;
    else
        d->r->assemblies = a;
    return d->r->last_assembly = a;
}

static nr_str token_key(const uint32_t *token)
{
    return (nr_str){(const char *)token, sizeof *token};
}

/* The method of a line with "asm", "type", "method" and "tok"; NULL: they are not there, or no memory. */
static nr_rec_method *method(reader *d, const cJSON *o)
{
    uint32_t token;
    if (!token_of(text_of(o, "tok"), &token)) return NULL;
    nr_rec_assembly *a = assembly(d, text_of(o, "asm"));
    nr_map_entry *e = a ? nr_map_get(&a->methods, token_key(&token)) : NULL;
    if (!a || e) return e ? (nr_rec_method *)e->value : NULL;
    nr_rec_method *m = nr_arena_zalloc(&d->r->arena, 1, sizeof *m);
    if (m) {
        m->assembly = a;
        m->token = token;
        m->type = word(d, text_of(o, "type"));
        m->name = word(d, text_of(o, "method"));
        e = nr_map_put(&a->methods, token_key(&m->token), NULL);
    }
    if (!m || !e) {
        d->no_memory = true;
        return NULL;
    }
    e->value = (uintptr_t)m;
    if (d->r->last_method)
        d->r->last_method->next = m;
    else
        d->r->methods = m;
    return d->r->last_method = m;
}

static bool bytes_of(reader *d, nr_str hex, nr_rec_body *b)
{
    uint8_t *p = nr_arena_alloc(&d->r->arena, hex.n / 2 + 1);
    if (!p) return d->no_memory = true, false;
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        unsigned high = digit(hex.p[i]), low = digit(hex.p[i + 1]);
        if ((high | low) > 15) return false;
        p[i / 2] = (uint8_t)(high << 4 | low);
    }
    b->il = p;
    b->size = (uint32_t)(hex.n / 2);
    return hex.n % 2 == 0;
}

/* A list of offsets, each with `room` bytes of the body behind it. The items are numbers, or pairs of a number and the word
 * "self"; pairs with another word are left out. */
static bool offsets_of(reader *d, const cJSON *list, uint32_t size, uint32_t room, const uint32_t **out,
                       uint32_t *count)
{
    int n = cJSON_GetArraySize(list);
    uint32_t *p = nr_arena_alloc(&d->r->arena, ((size_t)n + 1) * sizeof *p);
    const cJSON *item;
    if (!p) return d->no_memory = true, false;
    *count = 0;
    cJSON_ArrayForEach(item, list)
    {
        const cJSON *number = item;
        if (cJSON_IsArray(item)) {
            number = cJSON_GetArrayItem(item, 0);
            const cJSON *whose = cJSON_GetArrayItem(item, 1);
            if (!cJSON_IsString(whose) || strcmp(whose->valuestring, "self") != 0) continue;
        }
        if (!cJSON_IsNumber(number) || number->valuedouble < 0 || number->valuedouble + room > size) return false;
        p[(*count)++] = (uint32_t)number->valuedouble;
    }
    *out = p;
    return true;
}

static bool take_body(reader *d, const cJSON *o)
{
    nr_rec_method *m = method(d, o);
    nr_rec_body *b = nr_arena_zalloc(&d->r->arena, 1, sizeof *b);
    if (!b) d->no_memory = true;
    if (!m || !b) return false;
    b->via = word(d, text_of(o, "via"));
    b->hr = word(d, text_of(o, "hr"));
    const cJSON *il = cJSON_GetObjectItemCaseSensitive(o, "il");
    if (!il) return false;
    if (cJSON_IsString(il) &&
        (!bytes_of(d, nr_str_of(il->valuestring), b) ||
         !offsets_of(d, cJSON_GetObjectItemCaseSensitive(o, "tk"), b->size, 4, &b->tokens, &b->token_count) ||
         !offsets_of(d, cJSON_GetObjectItemCaseSensitive(o, "fid"), b->size, 8, &b->own_ids, &b->own_id_count)))
        return false;
    if (m->last_body)
        m->last_body->next = b;
    else
        m->bodies = b;
    m->last_body = b;
    m->body_count++;
    d->r->body_count++;
    return true;
}

static bool take_result(reader *d, const cJSON *o)
{
    nr_rec_method *m = method(d, o);
    nr_rec_result *result = nr_arena_zalloc(&d->r->arena, 1, sizeof *result);
    if (!result) d->no_memory = true;
    if (!m || !result) return false;
    result->ev = word(d, text_of(o, "ev"));
    result->hr = word(d, text_of(o, "hr"));
    if (m->last_result)
        m->last_result->next = result;
    else
        m->results = result;
    m->last_result = result;
    return true;
}

static bool take_original(reader *d, const cJSON *o)
{
    nr_rec_method *m = method(d, o);
    if (!m) return false;
    m->original = word(d, text_of(o, "fnv"));
    return true;
}

/* ---- the other lines -------------------------------------------------------------------------------------- */

static bool take_meaning(reader *d, const cJSON *o)
{
    uint32_t token;
    if (!token_of(text_of(o, "tok"), &token)) return false;
    nr_rec_assembly *a = assembly(d, text_of(o, "asm"));
    nr_map_entry *e = a ? nr_map_get(&a->meanings, token_key(&token)) : NULL;
    nr_rec_meaning *m = e ? (nr_rec_meaning *)e->value : NULL;
    if (a && !m && (m = nr_arena_zalloc(&d->r->arena, 1, sizeof *m)) != NULL) {
        m->token = token;
        if ((e = nr_map_put(&a->meanings, token_key(&m->token), NULL)) != NULL) e->value = (uintptr_t)m;
    }
    if (!m || !e) return d->no_memory = true, false;
    m->text = without_home(d, text_of(o, "is"));
    return true;
}

static bool take_definition(reader *d, const cJSON *o)
{
    nr_rec_assembly *a = assembly(d, text_of(o, "asm"));
    nr_rec_definition *e = nr_arena_zalloc(&d->r->arena, 1, sizeof *e);
    if (!a || !e) return d->no_memory = true, false;
    e->api = word(d, text_of(o, "api"));
    e->hr = word(d, text_of(o, "hr"));
    e->name = word(d, text_of(o, "name"));
    e->has_token = token_of(text_of(o, "tok"), &e->token);
    if (a->last_definition)
        a->last_definition->next = e;
    else
        a->definitions = e;
    a->last_definition = e;
    return true;
}

static bool take_request(reader *d, const cJSON *o)
{
    const cJSON *module, *token;
    nr_str ev = text_of(o, "ev"), cb = text_of(o, "cb"), hr = text_of(o, "hr");
    nr_buf key = NR_BUF_INIT;
    cJSON_ArrayForEach(module, cJSON_GetObjectItemCaseSensitive(o, "m"))
    {
        nr_str name = text_of(module, "asm");
        cJSON_ArrayForEach(token, cJSON_GetObjectItemCaseSensitive(module, "toks"))
        {
            if (!cJSON_IsString(token)) continue;
            key.size = 0;
            nr_buf_printf(&key, "%.*s from %.*s of %.*s %s (%.*s)", NR_STR_ARG(ev), NR_STR_ARG(cb), NR_STR_ARG(name),
                          token->valuestring, NR_STR_ARG(hr));
            if (key.failed) break;
            nr_map_entry *e = nr_map_get(&d->r->requests, nr_buf_str(&key));
            if (!e) e = nr_map_put(&d->r->requests, copy(d, nr_buf_str(&key)), NULL);
            if (e)
                e->value++;
            else
                d->no_memory = true;
        }
    }
    if (key.failed) d->no_memory = true;
    nr_buf_free(&key);
    return true;
}

static bool take_event(reader *d, cJSON *o)
{
    nr_rec_event *e = nr_arena_zalloc(&d->r->arena, 1, sizeof *e);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "ms");
    char *text = cJSON_PrintUnformatted(o);
    if (!e || !text)
        d->no_memory = true;
    else {
        e->ev = word(d, text_of(o, "ev"));
        e->text = copy(d, nr_str_of(text));
        if (d->r->last_event)
            d->r->last_event->next = e;
        else
            d->r->events = e;
        d->r->last_event = e;
    }
    cJSON_free(text);
    return true;
}

static bool take_header(reader *d, const cJSON *o)
{
    d->r->process = copy(d, text_of(o, "process"));
    d->r->profiler = copy(d, text_of(o, "profiler"));
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "format");
    if (cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < 1e9) d->r->format = (uint32_t)v->valuedouble;
    return true;
}

static bool take(reader *d, cJSON **line)
{
    cJSON *o = *line;
    nr_str ev = text_of(o, "ev");
    if (!ev.n) return false;
    if (nr_str_is(ev, "setil")) return take_body(d, o);
    if (nr_str_is(ev, "tok")) return take_meaning(d, o);
    if (nr_str_is(ev, "getil")) return take_original(d, o);
    if (nr_str_is(ev, "emit")) return take_definition(d, o);
    static const char *const results[] = {"getrejit", "jitret", "rejiterror", "jitfail", "rejitfail"};
    for (size_t i = 0; i < NR_COUNT(results); i++)
        if (nr_str_is(ev, results[i])) return take_result(d, o);
    static const char *const requests[] = {"rejit", "revert", "rejit_inliners"};
    for (size_t i = 0; i < NR_COUNT(requests); i++)
        if (nr_str_is(ev, requests[i])) return take_request(d, o);
    static const char *const events[] = {"create", "init", "mask", "codegenflags", "ilmap", "warn", "export"};
    for (size_t i = 0; i < NR_COUNT(events); i++)
        if (nr_str_is(ev, events[i])) return take_event(d, o);
    if (nr_str_is(ev, "recording")) return take_header(d, o);
    if (nr_str_is(ev, "shutdown") || nr_str_is(ev, "exit")) {
        cJSON_Delete(d->r->totals);
        d->r->totals = o;
        *line = NULL;
    }
    return true;
}

/* An escaped NUL: an odd number of backslashes in front of "u0000". */
static void stand_in_for_nul(char *line, size_t n)
{
    size_t length = sizeof nul_escape - 1;
    for (size_t i = 0; i + length <= n; i++) {
        if (line[i] != '\\') continue;
        if (!memcmp(line + i, nul_escape, length)) memcpy(line + i, nul_stand_in, length);
        i++; /* the character that is escaped */
    }
}

static void take_line(reader *d, char *line, size_t n)
{
    while (n && (line[n - 1] == '\r' || line[n - 1] == ' ')) n--;
    d->r->lines++;
    if (!n) return;
    stand_in_for_nul(line, n);
    cJSON *o = cJSON_ParseWithLength(line, n);
    bool ok = cJSON_IsObject(o) && take(d, &o);
    cJSON_Delete(o);
    if (ok) return;
    if (!d->r->unreadable++) d->r->first_unreadable = d->r->lines;
}

/* ---- files -------------------------------------------------------------------------------------------------- */

static uint64_t size_of(FILE *file)
{
    if (fseek(file, 0, SEEK_END) != 0) return 0; /* a pipe */
    long n = ftell(file);
    rewind(file);
    return n > 0 ? (uint64_t)n : 0;
}

static void read_lines(reader *d, FILE *file, nr_recording_progress *progress, void *self)
{
    nr_buf text = NR_BUF_INIT;
    uint64_t total = size_of(file), done = 0;
    size_t looked = 0; /* there is no end of a line in front of this */
    for (;;) {
        uint8_t *at = nr_buf_extend(&text, READ_STEP);
        if (!at) break;
        size_t n = fread(at, 1, READ_STEP, file), start = 0;
        text.size -= READ_STEP - n;
        if (!n) break;
        done += n;
        for (uint8_t *end; (end = memchr(text.data + looked, '\n', text.size - looked)) != NULL;) {
            looked = (size_t)(end - text.data) + 1;
            take_line(d, (char *)text.data + start, looked - 1 - start);
            start = looked;
        }
        memmove(text.data, text.data + start, text.size - start);
        text.size -= start;
        looked = text.size;
        if (progress) progress(self, done, total);
        if (d->no_memory || text.size > MOST_TEXT || d->r->format != NR_RECORDING_FORMAT) break;
    }
    if (text.size > MOST_TEXT) d->error = "it has a line of more than 64 MB";
    if (text.failed) d->no_memory = true;
    if (text.size && !d->error && !d->no_memory && d->r->format == NR_RECORDING_FORMAT) {
        d->r->cut_off = true;
        take_line(d, (char *)text.data, text.size);
    }
    nr_buf_free(&text);
}

static const char unreadable_file[] = "the file cannot be read";

/* Compressed files are for other programs. */
static const char *compressed(FILE *file)
{
    static const unsigned char xz[] = {0xFD, '7', 'z', 'X', 'Z'}, gz[] = {0x1F, 0x8B};
    unsigned char head[8];
    size_t n = fread(head, 1, sizeof head, file);
    rewind(file);
    if (n >= sizeof xz && !memcmp(head, xz, sizeof xz)) return "it is compressed, unpack it first: xz -dk FILE";
    if (n >= sizeof gz && !memcmp(head, gz, sizeof gz)) return "it is compressed, unpack it first: gzip -dk FILE";
    return NULL;
}

static const char *read_stream(nr_recording *r, FILE *file, nr_recording_progress *progress, void *self)
{
    reader d = {r, NULL, false};
    r->format = 1;
    nr_map_init(&r->words, &r->arena);
    nr_map_init(&r->assembly_map, &r->arena);
    nr_map_init(&r->requests, &r->arena);
    if (!size_of(file) || !(d.error = compressed(file))) read_lines(&d, file, progress, self);
    if (d.error) return d.error;
    if (d.no_memory) return "out of memory";
    if (ferror(file)) return unreadable_file;
    if (r->format != NR_RECORDING_FORMAT) {
        nr_str text =
            nr_arena_printf(&r->arena,
                            "its format is version %u, this nrprof reads version %d: use the nrprof that came with the "
                            "profiler that recorded it",
                            (unsigned)r->format, NR_RECORDING_FORMAT);
        return text.p ? text.p : "out of memory";
    }
    if (r->lines == r->unreadable)
        return "it is no recording: it has no line that 'nrprof record' or a validation writes";
    return NULL;
}

const char *nr_recording_read_stream(nr_recording *r, FILE *file)
{
    memset(r, 0, sizeof *r);
    return read_stream(r, file, NULL, NULL);
}

const char *nr_recording_read(nr_recording *r, const char *path, nr_recording_progress *progress, void *self)
{
    memset(r, 0, sizeof *r);
    r->path = nr_str_of(path);
    FILE *file = nr_os_stream(path, "rb");
    if (!file) return unreadable_file;
    const char *error = read_stream(r, file, progress, self);
    fclose(file);
    return error;
}

void nr_recording_free(nr_recording *r)
{
    cJSON_Delete(r->totals);
    r->totals = NULL;
    nr_arena_free(&r->arena);
}

nr_rec_assembly *nr_recording_assembly(const nr_recording *r, nr_str name)
{
    nr_map_entry *e = nr_map_get(&r->assembly_map, name);
    return e ? (nr_rec_assembly *)e->value : NULL;
}

nr_rec_method *nr_recording_method(const nr_rec_assembly *a, uint32_t token)
{
    nr_map_entry *e = a ? nr_map_get(&a->methods, token_key(&token)) : NULL;
    return e ? (nr_rec_method *)e->value : NULL;
}

nr_str nr_recording_meaning(const nr_rec_assembly *a, uint32_t token)
{
    nr_map_entry *e = a ? nr_map_get(&a->meanings, token_key(&token)) : NULL;
    return e ? ((const nr_rec_meaning *)e->value)->text : (nr_str){NULL, 0};
}

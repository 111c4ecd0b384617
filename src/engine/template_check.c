#include "engine/template_check.h"

#include "base/alloc.h"
#include "engine/link.h"
#include "il/opcodes.h"
#include "il/parts.h"
#include "il/verify.h"
#include "il/verify_sig.h"

enum { MOST_TOKENS = 4096, MOST_CLASSES = 64 };

/* ---- metadata that gives every request a token of its own -------------------------------------- */

typedef struct nr_blank {
    nr_arena arena;
    uint32_t count;
    struct {
        uint32_t token;
        const uint8_t *sig; /* of a method */
        size_t size;
    } rows[MOST_TOKENS];
} nr_blank;

static int32_t give(nr_blank *b, uint32_t table, const uint8_t *sig, size_t size, uint32_t *token)
{
    if (b->count == MOST_TOKENS) return -1;
    b->rows[b->count].sig = sig ? nr_arena_copy(&b->arena, sig, size) : NULL;
    b->rows[b->count].size = size;
    *token = b->rows[b->count].token = table << 24 | (b->count + 1);
    b->count++;
    return 0;
}

static int32_t find_type_def(void *m, nr_str name, uint32_t *token)
{
    (void)name;
    return give(m, NR_TABLE_TYPE_DEF, NULL, 0, token);
}

static int32_t no_name(void *m, nr_arena *arena, uint32_t token, nr_str *name)
{
    (void)m, (void)arena, (void)token;
    *name = NR_STR("T");
    return 0;
}

static void no_rows(void *m, nr_meta_row row, void *self)
{
    (void)m, (void)row, (void)self;
}

static void no_members(void *m, uint32_t parent, nr_meta_row row, void *self)
{
    (void)m, (void)parent, (void)row, (void)self;
}

static int32_t type_ref(void *m, uint32_t scope, nr_str name, uint32_t *token)
{
    (void)scope, (void)name;
    return give(m, NR_TABLE_TYPE_REF, NULL, 0, token);
}

static int32_t member_ref(void *m, uint32_t parent, nr_str name, const uint8_t *sig, size_t size, uint32_t *token)
{
    (void)parent, (void)name;
    return give(m, NR_TABLE_MEMBER_REF, sig, size, token);
}

static int32_t assembly_ref(void *m, nr_str name, uint32_t *token)
{
    (void)name;
    return give(m, NR_TABLE_ASSEMBLY_REF, NULL, 0, token);
}

static int32_t user_string(void *m, nr_str text, uint32_t *token)
{
    (void)text;
    return give(m, NR_TABLE_USER_STRING, NULL, 0, token);
}

static const uint8_t *sig_of(const nr_blank *b, uint32_t token, size_t *size)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->rows[i].token != token) continue;
        *size = b->rows[i].size;
        return b->rows[i].sig;
    }
    return NULL;
}

static int32_t method_spec(void *m, uint32_t method, const uint8_t *sig, size_t size, uint32_t *token)
{
    size_t n = 0;
    const uint8_t *p = sig_of(m, method, &n);
    (void)sig, (void)size;
    return give(m, NR_TABLE_METHOD_SPEC, p, n, token);
}

static int32_t type_spec(void *m, const uint8_t *sig, size_t size, uint32_t *token)
{
    (void)sig, (void)size;
    return give(m, NR_TABLE_TYPE_SPEC, NULL, 0, token);
}

static int32_t locals_sig(void *m, const uint8_t *sig, size_t size, uint32_t *token)
{
    return give(m, NR_TABLE_STAND_ALONE_SIG, sig, size, token);
}

static const nr_meta_ops blank_ops = {
    .find_type_def = find_type_def,
    .type_def_name = no_name,
    .type_ref_name = no_name,
    .each_assembly_ref = no_rows,
    .each_member_ref = no_members,
    .each_method = no_members,
    .define_type_ref = type_ref,
    .define_member_ref = member_ref,
    .define_assembly_ref = assembly_ref,
    .define_user_string = user_string,
    .define_method_spec = method_spec,
    .token_from_type_spec = type_spec,
    .token_from_sig = locals_sig,
};

/* ---- samples -------------------------------------------------------------------------------------- */

typedef struct nr_sample {
    const char *what;
    uint8_t sig[12]; /* without the calling convention */
    uint8_t size;
    uint8_t code[4];
    uint8_t code_size, max_stack;
} nr_sample;

/* Results of several classes and sizes; no parameters, and such of several classes, by reference too. (Pointers are left out: they cannot
 * be given to the agent, and such methods stay as they are.) Their own code and stack are as small as can be. */
static const nr_sample samples[] = {
    {"a method without parameters", {0, 0x01}, 2, {0x2A}, 1, 0},
    {"a method with parameters", {4, 0x01, 0x08, 0x0E, 0x10, 0x08, 0x0D}, 7, {0x2A}, 1, 0},
    {"a method that returns an int", {0, 0x08}, 2, {0x16, 0x2A}, 2, 1},
    {"a method that returns a long", {1, 0x0A, 0x0C}, 3, {0x16, 0x6A, 0x2A}, 3, 1},
    {"a method that returns an object", {2, 0x1C, 0x0D, 0x1C}, 4, {0x14, 0x2A}, 2, 1},
};

typedef struct nr_trial {
    nr_blank blank;
    uint8_t callee[MOST_CLASSES], arguments[MOST_CLASSES], locals[MOST_CLASSES];
    uint8_t sig[16];
    size_t sig_size;
    nr_verify_context context;
} nr_trial;

static bool call_shape(void *self, uint32_t token, nr_call_shape *out)
{
    nr_trial *k = self;
    size_t size = 0;
    const uint8_t *sig = sig_of(&k->blank, token, &size);
    return sig && nr_verify_method_sig(sig, size, k->callee, MOST_CLASSES, out);
}

static int32_t no_sig(void *self, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    (void)self, (void)token, (void)sig, (void)size;
    return -1; /* the samples have no locals of their own */
}

/* ---- messages ---------------------------------------------------------------------------------------- */

static const char *verb_of(const nr_step *s, char name[40])
{
    static const char *const verbs[NR_STEP_LDLOC_BOXED + 1] = {
        [NR_STEP_LOCAL] = "ldloc",
        [NR_STEP_LABEL] = "place",
        [NR_STEP_TRY] = "try_catch",
        [NR_STEP_CATCH] = "try_catch",
        [NR_STEP_END_CATCH] = "try_catch",
        [NR_STEP_ORIGINAL] = "original",
        [NR_STEP_EACH_ARGUMENT] = "each_argument",
        [NR_STEP_END_EACH] = "each_argument",
        [NR_STEP_LDARG_BOXED] = "ldarg_boxed",
        [NR_STEP_ARGUMENT_TYPE] = "with_argument_type",
        [NR_STEP_END_TYPE] = "with_argument_type",
        [NR_STEP_LDLOC_BOXED] = "ldloc_boxed",
    };
    if (s->kind == NR_STEP_LOCAL && s->store) return "stloc";
    if (verbs[s->kind]) return verbs[s->kind];
    uint16_t code = s->code[0];
    if (code == 0xFE) code = (uint16_t)(NR_CODE_TWO_BYTES | s->code[1]);
    nr_opcode op = nr_opcode_by_code(code);
    if (op == NR_OP_COUNT) return "?";
    strncpy(name, nr_opcodes[op].mnemonic, 39);
    name[39] = 0;
    for (char *p = name; *p; p++) {
        if (*p == '.') *p = '_';
    }
    return name;
}

/* The step whose code the offset lies in: the last one that begins there or before. */
static size_t step_at(const nr_blob *blob, const uint32_t *offsets, uint32_t offset)
{
    size_t best = 0;
    for (size_t i = 0; i < blob->step_count; i++) {
        if (offsets[i] != NR_VERIFY_NO_OFFSET && offsets[i] <= offset && offsets[i] >= offsets[best]) best = i;
    }
    return best;
}

/* A library's line says which instruction; the file's, which call of the library. */
static nr_str complain(nr_arena *arena, const nr_blob *blob, size_t at, const char *why, const nr_sample *sample,
                       unsigned shape)
{
    char name[40];
    const nr_step *s = &blob->steps[at], *own = s;
    while (own > blob->steps && own->library) own--;
    const char *kind = shape & NR_SHAPE_STATIC ? "static" : "instance";
    if (s->library)
        return nr_arena_printf(arena, "@:%u: %s at %s:%u: %s (%s, %s)", own->library ? 1 : (unsigned)own->line,
                               verb_of(s, name), s->library, (unsigned)s->line, why, kind, sample->what);
    return nr_arena_printf(arena, "@:%u: %s: %s (%s, %s)", (unsigned)s->line, verb_of(s, name), why, kind,
                           sample->what);
}

/* ---- one sample ------------------------------------------------------------------------------------------- */

static void know(nr_trial *k, const nr_buf *body)
{
    nr_body_parts parts;
    size_t size = 0;
    bool classes = false;
    memset(&k->context, 0, sizeof k->context);
    k->context.call_shape = call_shape;
    k->context.self = k;
    nr_verify_own_sig(k->sig, k->sig_size, k->arguments, MOST_CLASSES, &k->context);
    if (nr_body_parse_code(body->data, body->size, &parts) != NR_IL_OK || !parts.local_var_sig) return;
    const uint8_t *sig = sig_of(&k->blank, parts.local_var_sig, &size);
    if (!sig || !nr_verify_locals_sig(sig, size, k->locals, MOST_CLASSES, &k->context.local_count, &classes)) return;
    k->context.locals_known = true;
    k->context.local_classes = classes ? k->locals : NULL;
}

static nr_str try_sample(nr_arena *arena, const nr_blob *blob, unsigned shape, const nr_sample *sample, nr_trial *k)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_buf body = NR_BUF_INIT;
    nr_str complaint = {NULL, 0};
    nr_verify_report report;
    memset(k, 0, sizeof *k);
    k->sig[0] = shape & NR_SHAPE_STATIC ? 0 : NR_SIG_HAS_THIS;
    memcpy(k->sig + 1, sample->sig, sample->size);
    k->sig_size = sample->size + 1u;
    nr_tokens tokens = {.meta = {&blank_ops, &k->blank}, .tokenizer = NR_TOKENIZER_CORE, .scratch = &scratch};
    uint8_t own[16] = {0x03, 0x30, sample->max_stack, 0, sample->code_size}; /* a fat header: a tiny one's stack is 8 */
    memcpy(own + 12, sample->code, sample->code_size);
    nr_link_job job = {.blob = blob, .tokens = &tokens, .body = own, .body_size = 12u + sample->code_size};
    job.sig_from_token = no_sig;
    job.type_def = NR_TABLE_TYPE_DEF << 24 | 2;
    for (size_t i = 0; i < NR_COUNT(job.text); i++) job.text[i] = NR_STR("x");
    job.step_offsets = nr_arena_alloc(&scratch, (blob->step_count + 1) * sizeof *job.step_offsets);
    if (!job.step_offsets || nr_sig_parse_method(&scratch, k->sig, k->sig_size, &job.sig) != NR_META_OK) goto done;
    for (size_t i = 0; i < blob->step_count; i++) job.step_offsets[i] = NR_VERIFY_NO_OFFSET;
    job.number[NR_NUMBER_ARGUMENT_COUNT] = job.sig->param_count;
    nr_link_result linked = nr_link(&job, &body);
    size_t last = step_at(blob, job.step_offsets, NR_VERIFY_NO_OFFSET - 1);
    if (linked.stage == NR_LINK_META) {
        /* Else there was no memory: the texts were read when the template was. */
        complaint = complain(arena, blob, last, "it asks for more tokens than a template may (4096)", sample, shape);
    } else if (linked.stage == NR_LINK_IL) {
        complaint = complain(arena, blob, last, nr_il_error_text(linked.il), sample, shape);
    } else if (!body.failed) {
        know(k, &body);
        nr_verify_body(body.data, body.size, &k->context, &report);
        if (report.verdict == NR_VERDICT_BAD) {
            size_t at = report.offset == NR_VERIFY_NO_OFFSET ? 0 : step_at(blob, job.step_offsets, report.offset);
            complaint = complain(arena, blob, at, nr_verify_fault_text(report.fault), sample, shape);
        }
    }
done:
    nr_buf_free(&body);
    nr_arena_free(&k->blank.arena);
    nr_arena_free(&scratch);
    return complaint;
}

nr_str nr_template_check(nr_arena *arena, const nr_blob *blob, unsigned shape)
{
    nr_str complaint = {NULL, 0};
    nr_trial *k = blob->step_count ? nr_zalloc(sizeof *k) : NULL;
    if (!k) return complaint;
    for (size_t i = 0; i < NR_COUNT(samples) && !complaint.p; i++) {
        bool returns = samples[i].sig[1] != NR_ELEMENT_VOID;
        /* The public API, which is what keeps its last RET, has results of reference types only. */
        if (blob->prepare == NR_PREPARE_LAST_RET && returns && samples[i].sig[1] != NR_ELEMENT_OBJECT) continue;
        if (returns == ((shape & NR_SHAPE_RETURNS) != 0)) complaint = try_sample(arena, blob, shape, &samples[i], k);
    }
    nr_free(k, sizeof *k);
    return complaint;
}

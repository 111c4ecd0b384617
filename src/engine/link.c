#include "engine/link.h"

#include "il/emit.h"
#include "il/locals.h"

typedef struct nr_linker {
    const nr_link_job *job;
    nr_emit emit;
    nr_method_body body;
    nr_buf code, locals_sig;
    uint16_t *locals; /* local number of each local of the blob */
    uint32_t user_code;
    uint32_t argument, argument_type;
    uint32_t catch_types[16]; /* tokens of the open handlers */
    unsigned catches;
    nr_link_result result;
} nr_linker;

static bool il(nr_linker *k, nr_il_error e)
{
    if (e == NR_IL_OK) return true;
    k->result.stage = NR_LINK_IL;
    k->result.il = e;
    return false;
}

static bool meta(nr_linker *k, nr_meta_error e)
{
    if (e == NR_META_OK) return true;
    k->result.stage = NR_LINK_META;
    k->result.meta = e;
    return false;
}

static bool has_result(const nr_linker *k)
{
    return k->job->sig->ret.kind != NR_PARAM_VOID;
}

/* What il-method-body.md 1.3 does before any metadata is requested. */
static bool prepare(nr_linker *k)
{
    const nr_link_job *j = k->job;
    const uint8_t *bytes = j->body;
    size_t size = j->body_size;
    nr_arena *arena = j->tokens->scratch;
    if (j->blob->prepare == NR_PREPARE_NONE) return true;
    if (j->blob->prepare == NR_PREPARE_ALL_RETS &&
        !il(k, nr_body_rewrite_ret(arena, bytes, size, &bytes, &size, &k->result.multiple_rets)))
        return false;
    if (!il(k, nr_body_split(arena, bytes, size, &k->body))) return false;
    if (j->blob->prepare == NR_PREPARE_LAST_RET) {
        bool replaced = false;
        if (!il(k, nr_body_replace_last_ret(arena, &k->body, &replaced))) return false;
        k->result.last_not_ret = !replaced;
    }
    return true;
}

static bool begin_locals(nr_linker *k)
{
    const uint8_t *sig = NULL;
    uint32_t size = 0;
    if (k->body.local_var_sig) {
        k->job->tokens->hr = k->job->sig_from_token(k->job->sig_self, k->body.local_var_sig, &sig, &size);
        if (k->job->tokens->hr < 0) return meta(k, NR_META_CALL_FAILED);
    }
    return il(k, nr_locals_begin(&k->locals_sig, sig, size));
}

static bool append_locals(nr_linker *k)
{
    const nr_blob *b = k->job->blob;
    nr_buf type = NR_BUF_INIT;
    bool ok = false;
    k->locals = nr_arena_zalloc(k->job->tokens->scratch, b->local_count + 1, sizeof *k->locals);
    if (!k->locals) return il(k, NR_IL_NO_MEMORY);
    for (size_t i = 0; i < b->local_count; i++) {
        type.size = 0;
        if (b->locals[i].type) {
            if (!meta(k, nr_tokens_signature(k->job->tokens, b->locals[i].type, &type))) goto done;
        } else {
            if (!has_result(k)) continue; /* a void method has no result local */
            if (!meta(k, nr_sig_encode_param(&type, &k->job->sig->ret))) goto done;
        }
        if (!il(k, nr_locals_append(&k->locals_sig, type.data, type.size, &k->locals[i]))) {
            if (k->result.il == NR_IL_LOCALS_TOO_MANY) (void)nr_locals_count(&k->locals_sig, &k->result.local_count);
            goto done;
        }
    }
    ok = true;
done:
    nr_buf_free(&type);
    return ok;
}

static void raw(nr_linker *k, const nr_step *s)
{
    nr_emit_bytes(&k->emit, s->code, s->code_size);
}

static void token_operand(nr_linker *k, uint32_t token)
{
    uint8_t bytes[4];
    nr_put_u32(bytes, token);
    nr_emit_bytes(&k->emit, bytes, 4);
}

static bool link_string(nr_linker *k, const nr_step *s)
{
    nr_arena *arena = k->job->tokens->scratch;
    nr_str text = {NULL, 0};
    uint32_t token;
    if (s->piece_count == 1) {
        const nr_text_piece *p = &s->pieces[0];
        text = p->hole == NR_TEXT_LITERAL ? p->literal : k->job->text[p->hole];
    } else {
        size_t n = 0;
        for (size_t i = 0; i < s->piece_count; i++) {
            const nr_text_piece *p = &s->pieces[i];
            n += p->hole == NR_TEXT_LITERAL ? p->literal.n : k->job->text[p->hole].n;
        }
        char *at = nr_arena_alloc(arena, n + 1);
        if (!at) return il(k, NR_IL_NO_MEMORY);
        text = (nr_str){at, n};
        for (size_t i = 0; i < s->piece_count; i++) {
            const nr_text_piece *p = &s->pieces[i];
            nr_str t = p->hole == NR_TEXT_LITERAL ? p->literal : k->job->text[p->hole];
            if (t.n) memcpy(at, t.p, t.n);
            at += t.n;
        }
    }
    while (s->trim && text.n && text.p[0] == ' ') {
        text.p++;
        text.n--;
    }
    if (!meta(k, nr_tokens_user_string(k->job->tokens, text, &token))) return false;
    raw(k, s);
    token_operand(k, token);
    return true;
}

static bool link_token(nr_linker *k, const nr_step *s)
{
    uint32_t token = 0;
    switch ((nr_token_hole)s->hole) {
    case NR_TOKEN_TYPE_DEF: token = k->job->type_def; break;
    case NR_TOKEN_ARGUMENT_TYPE: token = k->argument_type; break;
    default:
        if (!meta(k, nr_tokens_of_text(k->job->tokens, s->text, &token))) return false;
    }
    raw(k, s);
    token_operand(k, token);
    return true;
}

static bool link_signature(nr_linker *k, const nr_step *s)
{
    nr_buf sig = NR_BUF_INIT;
    uint32_t token = 0;
    bool ok = meta(k, nr_tokens_signature(k->job->tokens, s->text, &sig)) &&
              meta(k, nr_tokens_local_sig(k->job->tokens, sig.data, sig.size, &token));
    nr_buf_free(&sig);
    if (!ok) return false;
    raw(k, s);
    token_operand(k, token);
    return true;
}

static void link_number(nr_linker *k, const nr_step *s)
{
    uint64_t v = s->hole == NR_NUMBER_ARGUMENT_INDEX ? k->argument : k->job->number[s->hole];
    uint8_t bytes[8];
    nr_put_u32(bytes, (uint32_t)v);
    nr_put_u32(bytes + 4, (uint32_t)(v >> 32));
    raw(k, s);
    nr_emit_bytes(&k->emit, bytes, s->width);
}

static bool cannot_be_boxed(const nr_linker *k, uint32_t type)
{
    return k->job->is_by_ref_like && k->job->is_by_ref_like(k->job->type_self, type);
}

/* injected-code.md 4.1: null for what cannot be boxed, nothing for a sentinel. */
static bool link_argument(nr_linker *k)
{
    const nr_param *p = &k->job->sig->params[k->argument];
    uint32_t token = 0;
    nr_meta_error e = p->by_ref ? NR_META_BY_REF_TOKEN : nr_tokens_box(k->job->tokens, p, &token);
    if (e == NR_META_NO_MEMORY) return meta(k, e);
    if (e != NR_META_OK || (token && cannot_be_boxed(k, token))) {
        nr_emit_op(&k->emit, NR_OP_LDNULL);
    } else if (token) {
        unsigned self = k->job->sig->convention & NR_SIG_HAS_THIS ? 1 : 0;
        nr_emit_ldarg(&k->emit, (uint16_t)(k->argument + self));
        nr_emit_operand(&k->emit, NR_OP_BOX, token);
    }
    return true;
}

static bool link_result(nr_linker *k, const nr_step *s)
{
    uint32_t token;
    if (!meta(k, nr_tokens_box_result(k->job->tokens, &k->job->sig->ret, &token))) return false;
    if (cannot_be_boxed(k, token)) {
        nr_emit_op(&k->emit, NR_OP_LDNULL);
        return true;
    }
    nr_emit_ldloc(&k->emit, k->locals[s->local]);
    nr_emit_operand(&k->emit, NR_OP_BOX, token);
    return true;
}

/* One step; *next is the one that follows. */
static bool link_step(nr_linker *k, size_t *next)
{
    const nr_step *s = &k->job->blob->steps[*next];
    uint32_t arguments = (uint16_t)k->job->sig->param_count;
    (*next)++;
    switch ((nr_step_kind)s->kind) {
    case NR_STEP_PLAIN: raw(k, s); return true;
    case NR_STEP_NUMBER: link_number(k, s); return true;
    case NR_STEP_STRING: return link_string(k, s);
    case NR_STEP_TOKEN: return link_token(k, s);
    case NR_STEP_SIGNATURE: return link_signature(k, s);
    case NR_STEP_LOCAL: (s->store ? nr_emit_stloc : nr_emit_ldloc)(&k->emit, k->locals[s->local]); return true;
    case NR_STEP_BRANCH: nr_emit_branch(&k->emit, nr_opcode_by_code(s->code[0]), (int)s->target); return true;
    case NR_STEP_LABEL: nr_emit_place(&k->emit, (int)s->target); return true;
    case NR_STEP_TRY: nr_emit_try(&k->emit); return true;
    case NR_STEP_CATCH:
        if (k->catches == NR_COUNT(k->catch_types)) return il(k, NR_IL_EMIT_TRY);
        if (!meta(k, nr_tokens_of_text(k->job->tokens, s->text, &k->catch_types[k->catches]))) return false;
        k->catches++;
        nr_emit_handler(&k->emit);
        return true;
    case NR_STEP_END_CATCH:
        if (k->catches == 0) return il(k, NR_IL_EMIT_TRY);
        nr_emit_end_try(&k->emit, NR_EH_CATCH, k->catch_types[--k->catches]);
        return true;
    case NR_STEP_ORIGINAL:
        k->user_code = nr_emit_offset(&k->emit);
        nr_emit_bytes(&k->emit, k->body.code, k->body.code_size);
        k->result.own_start = k->user_code;
        k->result.own_size = (uint32_t)k->body.code_size;
        return true;
    case NR_STEP_EACH_ARGUMENT:
        k->argument = 0;
        if (arguments == 0) *next = s->target + 1;
        return true;
    case NR_STEP_END_EACH:
        if (++k->argument < arguments) *next = s->target + 1;
        return true;
    case NR_STEP_LDARG_BOXED: return link_argument(k);
    case NR_STEP_ARGUMENT_TYPE:
        if (!meta(k, nr_tokens_box(k->job->tokens, &k->job->sig->params[k->argument], &k->argument_type))) return false;
        if (!k->argument_type) *next = s->target + 1;
        return true;
    case NR_STEP_END_TYPE: return true;
    case NR_STEP_LDLOC_BOXED: return link_result(k, s);
    }
    return il(k, NR_IL_EMIT_OPERAND);
}

static uint16_t max_stack(const nr_linker *k)
{
    const nr_blob *b = k->job->blob;
    uint32_t arguments = k->job->sig->param_count + b->stack_over_arguments, v = b->stack_at_least;
    if (b->stack_exact) return b->stack_at_least;
    if (v < k->body.max_stack) v = k->body.max_stack;
    if (b->stack_over_arguments && v < arguments) v = arguments;
    return (uint16_t)v;
}

/* Original clauses first, shifted to where the user code now is (il-method-body.md 6.5, 6.6). */
static nr_eh_clause *all_clauses(nr_linker *k, size_t *count)
{
    *count = k->body.clause_count + k->emit.clause_count;
    nr_eh_clause *list = nr_arena_zalloc(k->job->tokens->scratch, *count + 1, sizeof *list);
    for (size_t i = 0; list && i < k->body.clause_count; i++) {
        list[i] = k->body.clauses[i];
        list[i].try_offset += k->user_code;
        list[i].handler_offset += k->user_code;
        if (list[i].flags == NR_EH_FILTER) list[i].token_or_filter += k->user_code;
    }
    if (list && k->emit.clause_count)
        memcpy(list + k->body.clause_count, k->emit.clauses, k->emit.clause_count * sizeof *list);
    return list;
}

static bool write_body(nr_linker *k, nr_buf *out)
{
    uint32_t sig_token;
    size_t count;
    if (k->job->blob->tiny) return il(k, nr_body_write_tiny(out, k->code.data, k->code.size));
    nr_eh_clause *clauses = all_clauses(k, &count);
    if (!clauses) return il(k, NR_IL_NO_MEMORY);
    if (!meta(k, nr_tokens_local_sig(k->job->tokens, k->locals_sig.data, k->locals_sig.size, &sig_token))) return false;
    return il(
        k, nr_body_write_fat(out, k->body.flags, max_stack(k), sig_token, k->code.data, k->code.size, clauses, count));
}

nr_link_result nr_link(const nr_link_job *job, nr_buf *out)
{
    nr_linker k;
    memset(&k, 0, sizeof k);
    k.job = job;
    k.emit = nr_emit_start(&k.code);
    if (!prepare(&k)) goto done;
    if (!job->blob->tiny && (!begin_locals(&k) || !append_locals(&k))) goto done;
    for (uint32_t i = 0; i < job->blob->label_count; i++) nr_emit_label(&k.emit);
    for (size_t i = 0; i < job->blob->step_count;) {
        if (job->step_offsets && job->step_offsets[i] == UINT32_MAX) job->step_offsets[i] = nr_emit_offset(&k.emit);
        if (!link_step(&k, &i)) goto done;
    }
    if (!il(&k, nr_emit_finish(&k.emit))) goto done;
    write_body(&k, out);
done:
    nr_emit_free(&k.emit);
    nr_buf_free(&k.code);
    nr_buf_free(&k.locals_sig);
    return k.result;
}

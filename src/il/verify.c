#include "il/verify.h"

#include "il/verify_internal.h"

/* Tables of 30 bytes per byte of code are built; nobody has IL of this size. */
enum { MAX_CODE = 16 << 20 };

bool nr_verify_stop(nr_verifier *v, nr_verify_fault fault, uint32_t offset, uint32_t other)
{
    bool unknown = fault >= NR_VERIFY_CALL_SHAPE;
    v->report->verdict = unknown ? NR_VERDICT_UNKNOWN : NR_VERDICT_BAD;
    v->report->fault = fault;
    v->report->offset = offset;
    v->report->other = other;
    return false;
}

void *nr_verify_alloc(nr_verifier *v, size_t count, size_t size)
{
    void *p = nr_arena_zalloc(&v->arena, count, size);
    if (!p) {
        v->out_of_memory = true;
        nr_verify_stop(v, NR_VERIFY_NO_MEMORY, NR_VERIFY_NO_OFFSET, NR_VERIFY_NO_OFFSET);
    }
    return p;
}

static bool bad(nr_verifier *v, nr_verify_fault fault, const nr_insn *i)
{
    return nr_verify_stop(v, fault, i->offset, NR_VERIFY_NO_OFFSET);
}

/* ---- instructions one by one ---------------------------------------------------------------- */

static bool check_header(nr_verifier *v, const uint8_t *bytes, size_t size)
{
    nr_il_error err = nr_body_parse(&v->arena, bytes, size, &v->body);
    if (err) {
        v->out_of_memory = err == NR_IL_NO_MEMORY;
        nr_verify_fault fault = v->out_of_memory ? NR_VERIFY_NO_MEMORY : NR_VERIFY_BODY;
        v->report->body = err;
        return nr_verify_stop(v, fault, NR_VERIFY_NO_OFFSET, NR_VERIFY_NO_OFFSET);
    }
    uint32_t locals = v->body.local_var_sig;
    if (v->body.code_size == 0) return nr_verify_stop(v, NR_VERIFY_EMPTY_CODE, 0, NR_VERIFY_NO_OFFSET);
    if (locals && !v->context.loose_tokens && (locals >> 24 != 0x11 || (locals & 0xFFFFFF) == 0))
        return nr_verify_stop(v, NR_VERIFY_LOCALS_TOKEN, NR_VERIFY_NO_OFFSET, NR_VERIFY_NO_OFFSET);
    if (!locals) {
        v->context.locals_known = true;
        v->context.local_count = 0;
    }
    if (v->body.code_size > MAX_CODE)
        return nr_verify_stop(v, NR_VERIFY_TOO_COMPLEX, NR_VERIFY_NO_OFFSET, NR_VERIFY_NO_OFFSET);
    v->code = v->body.code;
    v->size = (uint32_t)v->body.code_size;
    v->budget = (size_t)v->size * 64 + 4096;
    v->marks = nr_verify_alloc(v, v->size, 1);
    return v->marks != NULL;
}

static bool decode_all(nr_verifier *v)
{
    nr_insn i;
    for (uint32_t at = 0; at < v->size; at += i.size) {
        nr_il_error err = nr_insn_decode(v->code, v->size, at, &i);
        if (err) {
            nr_verify_fault fault = err == NR_IL_ILLEGAL_OPCODE ? NR_VERIFY_OPCODE : NR_VERIFY_OVERRUN;
            return nr_verify_stop(v, fault, at, NR_VERIFY_NO_OFFSET);
        }
        v->marks[at] = NR_MARK_START;
        v->instructions++;
    }
    return true;
}

/* Tables by operand, a bit each; those of III for each instruction. */
static uint64_t tables_of(const nr_insn *i)
{
#define TABLE(n) ((uint64_t)1 << (n))
    uint64_t types = TABLE(0x01) | TABLE(0x02) | TABLE(0x1B), methods = TABLE(0x06) | TABLE(0x0A);
    switch (nr_opcodes[i->op].operand) {
    case NR_OPERAND_METHOD: return i->op == NR_OP_NEWOBJ ? methods : methods | TABLE(0x2B);
    case NR_OPERAND_FIELD: return TABLE(0x04) | TABLE(0x0A);
    case NR_OPERAND_TYPE: return types;
    case NR_OPERAND_SIG: return TABLE(0x11);
    default: return types | methods | TABLE(0x2B) | TABLE(0x04); /* ldtoken */
    }
#undef TABLE
}

static bool check_token(nr_verifier *v, const nr_insn *i)
{
    if (!nr_opcode_has_token(i->op) || v->context.loose_tokens) return true;
    uint32_t table = (uint32_t)i->operand >> 24, rid = (uint32_t)i->operand & 0xFFFFFF;
    bool ok;
    if (nr_opcodes[i->op].operand == NR_OPERAND_STRING) ok = table == 0x70; /* an offset, which may be 0 */
    else ok = rid != 0 && table < 64 && (tables_of(i) >> table & 1);
    return ok || bad(v, NR_VERIFY_TOKEN, i);
}

static bool check_variable(nr_verifier *v, const nr_insn *i)
{
    uint32_t n;
    bool argument;
    if (!nr_verify_variable(i, &argument, &n)) return true;
    if (argument) {
        if (v->context.arguments_known && n >= v->context.argument_count) return bad(v, NR_VERIFY_ARGUMENT_INDEX, i);
    } else if (v->context.locals_known && n >= v->context.local_count) {
        return bad(v, NR_VERIFY_LOCAL_INDEX, i);
    }
    return true;
}

bool nr_verify_variable(const nr_insn *i, bool *argument, uint32_t *number)
{
    nr_opcode op = i->op;
    if (op >= NR_OP_LDARG_0 && op <= NR_OP_LDARG_3) {
        *argument = true;
        *number = (uint32_t)(op - NR_OP_LDARG_0);
    } else if (op >= NR_OP_LDLOC_0 && op <= NR_OP_LDLOC_3) {
        *argument = false;
        *number = (uint32_t)(op - NR_OP_LDLOC_0);
    } else if (op >= NR_OP_STLOC_0 && op <= NR_OP_STLOC_3) {
        *argument = false;
        *number = (uint32_t)(op - NR_OP_STLOC_0);
    } else if (nr_opcodes[op].operand == NR_OPERAND_SHORT_VAR || nr_opcodes[op].operand == NR_OPERAND_VAR) {
        *argument = op == NR_OP_LDARG_S || op == NR_OP_LDARGA_S || op == NR_OP_STARG_S || op == NR_OP_LDARG ||
                    op == NR_OP_LDARGA || op == NR_OP_STARG;
        *number = (uint32_t)i->operand;
    } else {
        return false;
    }
    return true;
}

/* ---- prefixes (III.2) ------------------------------------------------------------------------- */

enum { PREFIX_UNALIGNED = 1, PREFIX_VOLATILE = 2, PREFIX_TAIL = 4, PREFIX_CONSTRAINED = 8, PREFIX_READONLY = 16, PREFIX_NO = 32 };

static unsigned prefix_of(nr_opcode op)
{
    switch (op) {
    case NR_OP_UNALIGNED: return PREFIX_UNALIGNED;
    case NR_OP_VOLATILE: return PREFIX_VOLATILE;
    case NR_OP_TAIL: return PREFIX_TAIL;
    case NR_OP_CONSTRAINED: return PREFIX_CONSTRAINED;
    case NR_OP_READONLY: return PREFIX_READONLY;
    case NR_OP_NO: return PREFIX_NO;
    default: return 0;
    }
}

/* The prefixes that an instruction can have. */
static unsigned prefixes_for(nr_opcode op)
{
    if (op >= NR_OP_LDIND_I1 && op <= NR_OP_STIND_R8) return PREFIX_UNALIGNED | PREFIX_VOLATILE;
    if ((op >= NR_OP_LDELEM_I1 && op <= NR_OP_STELEM)) return PREFIX_NO;
    switch (op) {
    case NR_OP_STIND_I:
    case NR_OP_LDOBJ:
    case NR_OP_STOBJ:
    case NR_OP_INITBLK:
    case NR_OP_CPBLK: return PREFIX_UNALIGNED | PREFIX_VOLATILE;
    case NR_OP_LDFLD:
    case NR_OP_STFLD: return PREFIX_UNALIGNED | PREFIX_VOLATILE | PREFIX_NO;
    case NR_OP_LDSFLD:
    case NR_OP_STSFLD: return PREFIX_VOLATILE;
    case NR_OP_CALL: return PREFIX_TAIL | PREFIX_CONSTRAINED | PREFIX_READONLY; /* static virtual methods; Address of an array */
    case NR_OP_CALLVIRT: return PREFIX_TAIL | PREFIX_CONSTRAINED | PREFIX_READONLY | PREFIX_NO;
    case NR_OP_CALLI: return PREFIX_TAIL;
    case NR_OP_LDFTN: return PREFIX_CONSTRAINED;
    case NR_OP_LDELEMA: return PREFIX_READONLY | PREFIX_NO;
    case NR_OP_LDVIRTFTN:
    case NR_OP_CASTCLASS:
    case NR_OP_UNBOX: return PREFIX_NO;
    default: return 0;
    }
}

/* `pending` are the prefixes in front of `i`; updated for the next instruction. */
static bool check_prefixes(nr_verifier *v, const nr_insn *i, unsigned *pending)
{
    unsigned own = prefix_of(i->op);
    if (*pending) v->marks[i->offset] |= NR_MARK_PREFIXED;
    if (own) {
        *pending |= own;
        return true;
    }
    unsigned had = *pending;
    *pending = 0;
    if (had & ~prefixes_for(i->op)) return bad(v, NR_VERIFY_PREFIX, i);
    if (had & PREFIX_TAIL) {
        uint32_t next = i->offset + i->size;
        if (next >= v->size || v->code[next] != NR_CODE_RET) return bad(v, NR_VERIFY_TAIL_CALL, i);
    }
    return true;
}

/* ---- flow ---------------------------------------------------------------------------------------- */

static bool check_target(nr_verifier *v, const nr_insn *i, int64_t target)
{
    if (target < 0 || target >= (int64_t)v->size || !(v->marks[target] & NR_MARK_START))
        return bad(v, NR_VERIFY_BRANCH_TARGET, i);
    uint32_t to = (uint32_t)target;
    v->marks[to] |= NR_MARK_TARGET;
    if (i->op == NR_OP_LEAVE || i->op == NR_OP_LEAVE_S) return nr_verify_leave(v, i->offset, to);
    return nr_verify_branch(v, i->offset, to);
}

static bool check_place(nr_verifier *v, const nr_insn *i)
{
    const nr_region *r = &v->regions[v->region_of[i->offset]];
    switch (i->op) {
    case NR_OP_RET:
        if (r->kind == NR_REGION_METHOD) return true;
        return bad(v, r->kind == NR_REGION_TRY ? NR_VERIFY_RET_IN_TRY : NR_VERIFY_RET_IN_HANDLER, i);
    case NR_OP_JMP: return r->kind == NR_REGION_METHOD || bad(v, NR_VERIFY_JMP_IN_REGION, i);
    case NR_OP_RETHROW: return r->catching || bad(v, NR_VERIFY_RETHROW_OUTSIDE, i);
    case NR_OP_ENDFINALLY:
        return r->kind == NR_REGION_FINALLY || r->kind == NR_REGION_FAULT || bad(v, NR_VERIFY_ENDFINALLY_OUTSIDE, i);
    case NR_OP_ENDFILTER: return r->kind == NR_REGION_FILTER || bad(v, NR_VERIFY_ENDFILTER_OUTSIDE, i);
    case NR_OP_LOCALLOC: return !r->handling || bad(v, NR_VERIFY_LOCALLOC_IN_HANDLER, i);
    default: return true;
    }
}

static bool check_flow(nr_verifier *v, const nr_insn *i)
{
    uint8_t flow = nr_opcodes[i->op].flow;
    if (!check_place(v, i)) return false;
    if (i->op == NR_OP_SWITCH) {
        for (uint32_t arm = 0; arm < (uint32_t)i->operand; arm++) {
            if (!check_target(v, i, nr_insn_target(i, arm))) return false;
        }
    } else if (flow == NR_FLOW_BRANCH || flow == NR_FLOW_COND_BRANCH) {
        if (!check_target(v, i, nr_insn_target(i, 0))) return false;
    }
    if (nr_verify_ends(i->op)) return true;
    uint32_t next = i->offset + i->size;
    if (next >= v->size) return bad(v, NR_VERIFY_FALL_OFF_END, i);
    return nr_verify_fall(v, i->offset, next);
}

static bool check_instructions(nr_verifier *v)
{
    nr_insn i;
    unsigned prefixes = 0;
    for (uint32_t at = 0; at < v->size; at += i.size) {
        nr_insn_decode(v->code, v->size, at, &i); /* has succeeded before */
        if (!check_token(v, &i) || !check_variable(v, &i) || !check_prefixes(v, &i, &prefixes)) return false;
        if (!check_flow(v, &i)) return false;
    }
    for (uint32_t at = 0; at < v->size; at++) {
        if (!(v->marks[at] & NR_MARK_TARGET)) continue;
        v->targets++;
        if (v->marks[at] & NR_MARK_PREFIXED) return nr_verify_stop(v, NR_VERIFY_PREFIX_TARGET, at, at);
    }
    return true;
}

nr_il_error nr_verify_body(const uint8_t *body, size_t size, const nr_verify_context *context, nr_verify_report *report)
{
    nr_verifier v = {.arena = NR_ARENA_INIT, .report = report};
    if (context) v.context = *context;
    *report = (nr_verify_report){.verdict = NR_VERDICT_OK, .offset = NR_VERIFY_NO_OFFSET, .other = NR_VERIFY_NO_OFFSET};

    if (check_header(&v, body, size) && decode_all(&v) && nr_verify_regions(&v) && check_instructions(&v))
        nr_verify_stack(&v);
    nr_arena_free(&v.arena);
    return v.out_of_memory ? NR_IL_NO_MEMORY : NR_IL_OK;
}

/* ---- names ----------------------------------------------------------------------------------------- */

const char *nr_verify_verdict_name(nr_verify_verdict verdict)
{
    static const char *const names[] = {"ok", "bad", "unknown"};
    return names[verdict];
}

const char *nr_verify_fault_name(nr_verify_fault fault)
{
    static const char *const names[] = {
#define X(name, text) #name,
        NR_VERIFY_FAULTS(X)
#undef X
    };
    return fault < NR_VERIFY_FAULT_COUNT ? names[fault] : "?";
}

const char *nr_verify_fault_text(nr_verify_fault fault)
{
    static const char *const texts[] = {
#define X(name, text) text,
        NR_VERIFY_FAULTS(X)
#undef X
    };
    return fault < NR_VERIFY_FAULT_COUNT ? texts[fault] : "?";
}

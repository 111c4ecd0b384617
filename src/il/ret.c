/* ret.c - RET rewriting (il-method-body.md section 4).
 *
 * The injected code has to run before the method returns, so no RET may stay inside the try block: the last one
 * becomes a NOP, and with several, each of the others becomes a branch to that NOP.
 *
 * The steps are the reference's in the reference's order, because the first one that fails decides between SKIP and
 * FAIL. What the reference computes from the bytes of the method is computed here, however odd; where its
 * next step would read or write outside of them, the method is refused at that point (quirks.md C3 to C6, C10). So
 * an operand that is cut off by the end of the code is refused where the reference would look at it (branches, switches),
 * and not where it does not (a constant at the end of a method with one RET at most).
 *
 * Instructions are an array in the order of offsets; a target is an index into it. The reference
 * replaces objects in a map and tells every instruction about it: quadratic, and the same result, as a RET and the
 * branch that replaces it have the same index. */
#include "il/body.h"

#include "il/eh.h"
#include "il/header.h"
#include "il/opcodes.h"
#include "il/refdecode.h"

#include <string.h>

enum {
    EXPAND_FROM = 127,    /* 4.4, 1: code size + RETs, not real distances (Q10) */
    SHORT_REACH = 127,    /* -128 is out of reach for the reference (Q11) */
    SWITCH_COUNT = 4,     /* bytes of the count of arms, and of each arm */
    NO_TARGET = -1
};

typedef struct insn {
    uint32_t old_offset, new_offset;
    uint32_t total_size; /* what displacements count from; not what is written for FF forms (Q12) */
    uint32_t target;     /* branch: index of its target; switch: index of its first arm in `arms` */
    uint8_t instruction, opcode_size, operand_size;
    bool branch;
} insn;

typedef struct insns {
    insn *list;
    size_t count;
    uint32_t *arms; /* targets of all switches, in order */
    size_t arm_count;
    bool bad_target; /* some target is not an instruction */
} insns;

typedef struct counts {
    size_t insns, arms; /* arms of switches that lie inside the code */
    uint32_t rets;
    bool overrun;       /* the code ends with a prefix */
} counts;

/* Bytes of a switch, as the reference adds them up: modulo 2^32. */
static uint32_t switch_size(uint32_t arms)
{
    return 1 + SWITCH_COUNT * (1 + arms);
}

/* 4.2. An unknown instruction ends the count without an error (Q9). */
static nr_il_error count(const uint8_t *code, uint32_t size, counts *out)
{
    nr_ref_insn i;
    memset(out, 0, sizeof *out);
    for (uint32_t pos = 0; pos < size;) {
        /* Positions can go backwards when a switch size wraps. The walk depends on the position only, so one more step than
         * there are positions means that it never ends (C3). */
        if (out->insns == size) return NR_IL_SWITCH_OVERRUN;
        nr_ref_result r = nr_il_decode_reference(code, size, pos, &i);
        out->overrun = r == NR_REF_OVERRUN;
        if (r != NR_REF_OK) break;
        out->insns++;
        if (i.instruction == NR_CODE_RET) out->rets++;
        if (i.instruction == NR_CODE_SWITCH) {
            if (size - pos < 1 + SWITCH_COUNT) return NR_IL_CODE_OVERRUN;
            uint32_t arms = nr_get_u32(code + pos + 1);
            if (arms <= (size - pos) / SWITCH_COUNT) out->arms += arms;
            pos += switch_size(arms);
        } else {
            pos += i.total_size;
        }
    }
    return NR_IL_OK;
}

static int64_t find(const insns *all, uint32_t offset)
{
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->list[middle].old_offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < all->count && all->list[low].old_offset == offset ? (int64_t)low : NO_TARGET;
}

static void resolve(insns *all, uint32_t *target, uint32_t offset)
{
    int64_t i = find(all, offset);
    if (i == NO_TARGET) {
        all->bad_target = true;
        i = 0;
    }
    *target = (uint32_t)i;
}

/* 4.4, 2 and 3: all instructions with their targets. */
static nr_il_error decode(nr_arena *arena, const uint8_t *code, uint32_t size, insns *out)
{
    nr_il_error err = NR_IL_OK;
    counts n;
    insns all = {0};

    err = count(code, size, &n);
    if (err) goto done;
    /* More arms than that are counted only on a walk that goes backwards, which is refused below before any is stored. */
    if (n.arms > size / SWITCH_COUNT) n.arms = size / SWITCH_COUNT;
    all.list = nr_arena_zalloc(arena, n.insns, sizeof *all.list);
    all.arms = nr_arena_zalloc(arena, n.arms, sizeof *all.arms);
    if (!all.list || !all.arms) {
        err = NR_IL_NO_MEMORY;
        goto done;
    }
    for (uint32_t pos = 0; pos < size;) {
        nr_ref_insn r;
        nr_ref_result result = nr_il_decode_reference(code, size, pos, &r);
        if (result != NR_REF_OK) {
            err = result == NR_REF_OVERRUN ? NR_IL_CODE_OVERRUN : NR_IL_UNKNOWN_OPCODE;
            goto done;
        }
        insn *i = &all.list[all.count++];
        i->old_offset = pos;
        i->total_size = r.total_size;
        i->instruction = r.instruction;
        i->opcode_size = r.opcode_size;
        i->operand_size = r.operand_size;
        i->branch = r.branch;
        if (r.instruction == NR_CODE_SWITCH) {
            /* Past this point the reference reads every arm, wherever that leads (C3). */
            uint32_t arms = nr_get_u32(code + pos + 1);
            if (arms > (size - pos - 1 - SWITCH_COUNT) / SWITCH_COUNT) {
                err = NR_IL_SWITCH_OVERRUN;
                goto done;
            }
            i->total_size = switch_size(arms);
        }
        pos += i->total_size;
    }
    for (size_t k = 0; k < all.count; k++) {
        insn *i = &all.list[k];
        uint32_t next = i->old_offset + i->total_size;
        const uint8_t *operand = code + i->old_offset + i->opcode_size;
        if (!i->branch) continue;
        if (i->instruction == NR_CODE_SWITCH) {
            uint32_t arms = nr_get_u32(operand);
            i->target = (uint32_t)all.arm_count;
            for (uint32_t a = 1; a <= arms; a++) {
                resolve(&all, &all.arms[all.arm_count++], next + nr_get_u32(operand + (size_t)a * SWITCH_COUNT));
            }
        } else {
            /* FF forms: their displacement is read from their second opcode byte on (Q12). */
            if (size - i->old_offset - i->opcode_size < i->operand_size) {
                err = NR_IL_CODE_OVERRUN;
                goto done;
            }
            uint32_t displacement = i->operand_size == 1 ? (uint32_t)(int8_t)operand[0] : nr_get_u32(operand);
            /* A negative target is a large one here: no instruction starts there either. */
            resolve(&all, &i->target, next + displacement);
        }
    }
    *out = all;
done:
    return err;
}

/* 4.4, 5 and 6. The caller has seen that the last instruction is a RET. */
static void replace_rets(insns *all, bool expand)
{
    size_t last = all->count - 1;
    for (size_t k = 0; k < all->count; k++) {
        insn *i = &all->list[k];
        if (k == last) {
            i->instruction = NR_CODE_NOP;
            i->total_size = 1;
        } else if (i->instruction == NR_CODE_RET) {
            i->instruction = expand ? NR_CODE_BR : NR_CODE_BR_S;
            i->opcode_size = 1;
            i->operand_size = expand ? 4 : 1;
            i->total_size = 1u + i->operand_size;
            i->branch = true;
            i->target = (uint32_t)last;
        } else if (expand && i->branch && i->operand_size == 1) {
            i->instruction = (uint8_t)nr_opcodes[nr_opcode_long_branch(nr_opcode_by_code(i->instruction))].code;
            i->opcode_size = 1;
            i->operand_size = 4;
            i->total_size = 5;
        }
    }
}

static bool is_switch(const insn *i)
{
    return i->instruction == NR_CODE_SWITCH;
}

/* What an instruction takes in the new body; only FF forms of branches differ from total_size. */
static uint32_t written_size(const insn *i)
{
    return i->branch && !is_switch(i) ? (uint32_t)i->opcode_size + i->operand_size : i->total_size;
}

static uint32_t displacement_of(const insns *all, const insn *i, uint32_t target)
{
    return all->list[target].new_offset - (i->new_offset + i->total_size);
}

/* 4.4, 7 and 8, without the bytes: new offsets, and whether all displacements fit. */
static nr_il_error lay_out(insns *all, uint32_t *new_size)
{
    uint64_t pos = 0;
    for (size_t k = 0; k < all->count; k++) {
        all->list[k].new_offset = (uint32_t)pos;
        pos += written_size(&all->list[k]);
    }
    if (pos > INT32_MAX) return NR_IL_TOO_LARGE;
    *new_size = (uint32_t)pos;
    if (all->bad_target) return NR_IL_BRANCH_TARGET;
    for (size_t k = 0; k < all->count; k++) {
        const insn *i = &all->list[k];
        if (!i->branch || is_switch(i) || i->operand_size != 1) continue;
        int32_t d = (int32_t)displacement_of(all, i, i->target);
        if (d < -SHORT_REACH || d > SHORT_REACH) return NR_IL_BRANCH_TARGET;
    }
    return NR_IL_OK;
}

static void write_code(const insns *all, const uint8_t *code, uint8_t *out)
{
    for (size_t k = 0; k < all->count; k++) {
        const insn *i = &all->list[k];
        uint8_t *p = out + i->new_offset;
        if (i->opcode_size == 2) *p++ = NR_CODE_TWO_BYTES >> 8;
        *p++ = i->instruction;
        if (is_switch(i)) {
            uint32_t arms = (i->total_size - 1 - SWITCH_COUNT) / SWITCH_COUNT;
            nr_put_u32(p, arms);
            for (uint32_t a = 0; a < arms; a++) {
                nr_put_u32(p + SWITCH_COUNT * ((size_t)a + 1), displacement_of(all, i, all->arms[i->target + a]));
            }
        } else if (i->branch) {
            uint32_t d = displacement_of(all, i, i->target);
            if (i->operand_size == 1) {
                *p = (uint8_t)d;
            } else {
                nr_put_u32(p, d);
            }
        } else {
            memcpy(p, code + i->old_offset + i->opcode_size, i->total_size - i->opcode_size);
        }
    }
}

/* An old offset becomes the new one; false when no instruction starts there, the end of the code included (Q23). */
static bool move(const insns *all, uint32_t *offset)
{
    int64_t i = find(all, *offset);
    if (i == NO_TARGET) return false;
    *offset = all->list[i].new_offset;
    return true;
}

static bool move_range(const insns *all, uint32_t *offset, uint32_t *length)
{
    uint32_t end = *offset + *length;
    if (!move(all, offset) || !move(all, &end)) return false;
    *length = end - *offset;
    return true;
}

/* 4.10, 4. Filter offsets move when the flags are exactly 1 (Q21). */
static nr_il_error move_clauses(const insns *all, nr_eh_clause *clauses, size_t clause_count)
{
    for (size_t k = 0; k < clause_count; k++) {
        nr_eh_clause *c = &clauses[k];
        if (!move_range(all, &c->try_offset, &c->try_length)) return NR_IL_CLAUSE_BOUNDARY;
        if (!move_range(all, &c->handler_offset, &c->handler_length)) return NR_IL_CLAUSE_BOUNDARY;
        if (c->flags == NR_EH_FILTER && !move(all, &c->token_or_filter)) return NR_IL_CLAUSE_BOUNDARY;
    }
    return NR_IL_OK;
}

/* 4.4, 10. Only the bytes that FF forms leave behind can fail here. */
static nr_il_error self_check(const uint8_t *code, uint32_t size)
{
    nr_arena scratch = NR_ARENA_INIT;
    insns again;
    nr_il_error err = decode(&scratch, code, size, &again);
    if (err == NR_IL_UNKNOWN_OPCODE) err = NR_IL_CHECK_PARSE;
    if (!err && again.bad_target) err = NR_IL_CHECK_TARGETS;
    nr_arena_free(&scratch);
    return err;
}

/* 4.4. */
static nr_il_error rewrite_multiple(nr_arena *arena, const uint8_t *bytes, size_t size, const nr_body_header *h,
                                    uint16_t rets, const uint8_t **out, size_t *out_size)
{
    nr_il_error err = NR_IL_OK;
    nr_arena scratch = NR_ARENA_INIT;
    const uint8_t *code = bytes + h->code_offset;
    insns all;
    nr_eh_clause *clauses = NULL;
    size_t clause_count = 0;
    uint32_t new_size;

    err = decode(&scratch, code, h->code_size, &all);
    if (err) goto done;
    if (find(&all, h->code_size - 1) == NO_TARGET) {
        err = NR_IL_LAST_RET_IN_OPERAND;
        goto done;
    }
    replace_rets(&all, h->code_size + rets >= EXPAND_FROM);
    err = lay_out(&all, &new_size);
    if (err) goto done;

    /* A header of less than three dwords has no sections for the reference's reader. */
    if (h->sections && h->dwords >= NR_IL_FAT_HEADER / 4) {
        err = nr_eh_read_chain(&scratch, bytes, size, nr_header_sections(h), &clauses, &clause_count);
        if (err) goto done;
        err = move_clauses(&all, clauses, clause_count);
        if (err) goto done;
    }
    if (!h->tiny && h->dwords != NR_IL_FAT_HEADER / 4) {
        err = NR_IL_HEADER_SIZE;
        goto done;
    }

    /* 4.10, 5: room for a fat section, FF where a small one leaves it. None of it reaches the final body, but
     * the intermediate one is comparable with the reference's this way. */
    size_t total = NR_IL_FAT_HEADER + (size_t)new_size, section = total;
    if (clause_count) {
        section += nr_body_padding(total);
        total = section + NR_EH_SECTION_HEADER + clause_count * NR_EH_FAT_CLAUSE;
    }
    uint8_t *body = nr_arena_alloc(arena, total);
    if (!body) {
        err = NR_IL_NO_MEMORY;
        goto done;
    }
    /* 4.9: a tiny header becomes a fat one without InitLocals (Q5). */
    memset(body, 0, NR_IL_FAT_HEADER);
    if (h->tiny) {
        nr_put_u16(body, NR_IL_FAT_FORMAT | (NR_IL_FAT_HEADER / 4) << 12);
        nr_put_u16(body + 2, NR_IL_TINY_MAX_STACK);
    } else {
        memcpy(body, bytes, NR_IL_FAT_HEADER);
    }
    nr_put_u32(body + 4, new_size);
    write_code(&all, code, body + NR_IL_FAT_HEADER);
    if (clause_count) {
        memset(body + NR_IL_FAT_HEADER + new_size, 0xFF, total - NR_IL_FAT_HEADER - new_size);
        nr_eh_write_best(body + section, clauses, clause_count);
    }
    err = self_check(body + NR_IL_FAT_HEADER, new_size);
    if (err) goto done;
    /* MoreSects would stay set with nothing behind the code (C5). */
    if (h->sections && !clause_count) {
        err = NR_IL_SECTION_NO_CLAUSES;
        goto done;
    }
    *out = body;
    *out_size = total;
done:
    nr_arena_free(&scratch);
    return err;
}

nr_il_error nr_body_rewrite_ret(nr_arena *arena, const uint8_t *bytes, size_t size, const uint8_t **out,
                                size_t *out_size, bool *multiple)
{
    nr_il_error err = NR_IL_OK;
    nr_body_header h;
    counts n;

    *multiple = false;
    err = nr_header_read(bytes, size, &h);
    if (err == NR_IL_NOT_TINY_OR_FAT) err = NR_IL_BAD_HEADER;
    if (err) goto done;
    const uint8_t *code = bytes + h.code_offset;
    err = count(code, h.code_size, &n);
    if (err) goto done;

    uint16_t rets = (uint16_t)n.rets; /* the reference's type: 65536 RETs are none (Q14) */
    if (rets == 0 && n.overrun) {
        /* Whether there is a RET depends on the byte behind the code. */
        err = NR_IL_CODE_OVERRUN;
        goto done;
    }
    /* The byte, not the instruction: `ldc.i4.s 42` at the end passes with one RET elsewhere (Q8). */
    if (rets > 0 && code[h.code_size - 1] != NR_CODE_RET) {
        err = NR_IL_LAST_NOT_RET;
        goto done;
    }
    if (rets > 1) {
        *multiple = true;
        err = rewrite_multiple(arena, bytes, size, &h, rets, out, out_size);
        goto done;
    }
    if (!h.tiny && h.dwords != NR_IL_FAT_HEADER / 4) {
        err = NR_IL_HEADER_SIZE;
        goto done;
    }
    if (rets == 1) {
        uint8_t *copy = nr_arena_copy(arena, bytes, size);
        if (!copy) {
            err = NR_IL_NO_MEMORY;
            goto done;
        }
        copy[h.code_offset + h.code_size - 1] = NR_CODE_NOP;
        bytes = copy;
    }
    *out = bytes;
    *out_size = size;
done:
    return err;
}

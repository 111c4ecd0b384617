/* Reachable code, followed once: depth and classes of the stack.
 *
 * A stack is a node: its topmost value and the node below. Stacks share what is below, so a state is one number, entering a
 * block keeps one number, and two states are compared down to the first node that they share.
 *
 * At a join the first state that arrives is kept and later ones are only compared with it: each is the state of some
 * real path, so what does not go together is a fault whatever the others are. Each block is followed once, or twice
 * when it was first reached with a stack that could not be followed (LOST: behind a call of unknown shape) and
 * then with a known one. After leave, and at the start of a try block, a lost stack is empty, hence known again. */
#include "il/verify_internal.h"

enum { EMPTY, LOST, CAUGHT, FIRST_FREE }; /* nodes; CAUGHT: the one object that a catch handler or filter starts with */

typedef struct node {
    uint32_t below;
    uint16_t depth;
    uint8_t class;
} node;

typedef struct walker {
    nr_verifier *v;
    node *nodes;
    uint32_t node_count, node_room;
    uint32_t *entries; /* per byte of code: 1 + state at a target; 0: not reached yet */
    uint32_t *queue;
    uint32_t queued;
    uint32_t state; /* now */
    uint32_t at;    /* the instruction that is looked at */
} walker;

static bool bad(walker *w, nr_verify_fault fault)
{
    return nr_verify_stop(w->v, fault, w->at, NR_VERIFY_NO_OFFSET);
}

static uint32_t depth(const walker *w)
{
    return w->nodes[w->state].depth;
}

static bool push(walker *w, unsigned class)
{
    if (w->state == LOST) return true;
    uint32_t d = depth(w);
    if (d >= w->v->body.max_stack) return bad(w, NR_VERIFY_STACK_OVERFLOW);
    if (w->node_count == w->node_room) return bad(w, NR_VERIFY_TOO_COMPLEX); /* cannot be: see nr_verify_stack */
    w->nodes[w->node_count] = (node){w->state, (uint16_t)(d + 1), (uint8_t) class};
    w->state = w->node_count++;
    return true;
}

/* The JIT believes that a managed pointer is the object it stands for, and the garbage collector finds out later. */
static bool bad_class(walker *w, nr_stack_class class, unsigned wanted)
{
    bool object = class == NR_STACK_POINTER && (wanted >> NR_STACK_OBJECT & 1);
    return bad(w, object ? NR_VERIFY_POINTER_AS_OBJECT : NR_VERIFY_STACK_CLASS);
}

/* Takes the topmost value; its class has to be in `set`. */
static bool take(walker *w, unsigned set, nr_stack_class *class)
{
    *class = NR_STACK_UNKNOWN;
    if (w->state == LOST) return true;
    if (depth(w) == 0) return bad(w, NR_VERIFY_STACK_UNDERFLOW);
    *class = (nr_stack_class)w->nodes[w->state].class;
    w->state = w->nodes[w->state].below;
    return *class == NR_STACK_UNKNOWN || (set >> *class & 1) || bad_class(w, *class, set);
}

static bool take_for(walker *w, unsigned expected)
{
    nr_stack_class class;
    if (!take(w, 0xFF, &class)) return false;
    return nr_verify_fits(class, (nr_stack_class)expected) || bad_class(w, class, 1u << expected);
}

/* ---- paths that meet ------------------------------------------------------------------------- */

static bool compare(walker *w, uint32_t a, uint32_t b, uint32_t join)
{
    const node *n = w->nodes;
    if (n[a].depth != n[b].depth) return nr_verify_stop(w->v, NR_VERIFY_JOIN_DEPTH, w->at, join);
    for (; a != b; a = n[a].below, b = n[b].below) {
        if (!nr_verify_fits((nr_stack_class)n[a].class, (nr_stack_class)n[b].class))
            return nr_verify_stop(w->v, NR_VERIFY_JOIN_CLASS, w->at, join);
        if (w->v->budget == 0) return bad(w, NR_VERIFY_TOO_COMPLEX);
        w->v->budget--;
    }
    return true;
}

/* The path that is followed reaches `target` with `state`. *follow: the code there has to be followed with it. */
static bool arrive(walker *w, uint32_t target, uint32_t state, bool *follow)
{
    uint32_t entry = w->entries[target];
    *follow = !entry || (entry == LOST + 1 && state != LOST);
    if (*follow)
        w->entries[target] = state + 1;
    else if (state != LOST)
        return compare(w, state, entry - 1, target);
    return true;
}

static bool reach(walker *w, uint32_t target, uint32_t state)
{
    bool follow;
    if (!arrive(w, target, state, &follow)) return false;
    if (follow && !(w->v->marks[target] & NR_MARK_QUEUED)) {
        w->v->marks[target] |= NR_MARK_QUEUED;
        w->queue[w->queued++] = target;
    }
    return true;
}

/* The try blocks that start here: nothing on the stack, and their handlers become reachable. */
static bool enter_try(walker *w)
{
    nr_verifier *v = w->v;
    uint32_t at = w->at;
    if (w->state == LOST) w->state = EMPTY;
    if (depth(w) != 0) return bad(w, NR_VERIFY_TRY_STACK);
    for (uint32_t r = v->region_of[at]; v->regions[r].kind == NR_REGION_TRY && v->regions[r].start == at;
         r = v->regions[r].parent) {
        for (uint32_t i = v->regions[r].clauses; i != NR_NO_CLAUSE; i = v->clauses[i].next) {
            const nr_eh_clause *c = &v->clauses[i].c;
            bool catches = c->flags == NR_EH_CATCH || c->flags == NR_EH_FILTER;
            if (catches && v->body.max_stack == 0)
                return nr_verify_stop(v, NR_VERIFY_STACK_OVERFLOW, c->handler_offset, NR_VERIFY_NO_OFFSET);
            if (!reach(w, c->handler_offset, catches ? CAUGHT : EMPTY)) return false;
            if (c->flags == NR_EH_FILTER && !reach(w, c->token_or_filter, CAUGHT)) return false;
        }
    }
    return true;
}

/* ---- single instructions ------------------------------------------------------------------------ */

/* The first reason is kept; what follows is looked at all the same. */
static void doubt(walker *w, nr_verify_fault reason, uint32_t offset)
{
    nr_verify_report *r = w->v->report;
    if (r->verdict != NR_VERDICT_OK) return;
    r->verdict = NR_VERDICT_UNKNOWN;
    r->fault = reason;
    r->offset = offset;
}

static bool do_call(walker *w, const nr_insn *i)
{
    const nr_verify_context *c = &w->v->context;
    nr_call_shape s = {0};
    nr_stack_class any;
    if (!c->call_shape || !c->call_shape(c->self, (uint32_t)i->operand, &s)) {
        doubt(w, NR_VERIFY_CALL_SHAPE, i->offset);
        w->state = LOST;
        return true;
    }
    if (i->op == NR_OP_CALLI && !take_for(w, NR_STACK_NATIVE_INT)) return false;
    for (uint32_t n = s.parameters; n-- > 0;) {
        if (w->state == LOST) break;
        if (!take_for(w, s.classes ? s.classes[n] : NR_STACK_UNKNOWN)) return false;
    }
    if (i->op == NR_OP_NEWOBJ) return push(w, NR_STACK_UNKNOWN);
    if (s.has_this && !take(w, 0xFF, &any)) return false;
    return !s.has_result || push(w, s.result);
}

static bool do_ret(walker *w)
{
    const nr_verify_context *c = &w->v->context;
    if (w->state == LOST) return true;
    uint32_t d = depth(w), least = c->result == NR_RESULT_VALUE, most = c->result != NR_RESULT_VOID;
    if (d < least || d > most) return bad(w, NR_VERIFY_RET_STACK);
    return d == 0 || take_for(w, c->result == NR_RESULT_VALUE ? c->result_class : NR_STACK_UNKNOWN);
}

static unsigned variable_class(const walker *w, bool argument, uint32_t n)
{
    const nr_verify_context *c = &w->v->context;
    const uint8_t *classes = argument ? c->argument_classes : c->local_classes;
    bool known = argument ? c->arguments_known : c->locals_known;
    return classes && known ? classes[n] : NR_STACK_UNKNOWN; /* n has been checked */
}

static bool do_binary(walker *w, const nr_insn *i, nr_binary kind)
{
    nr_stack_class a, b, result;
    if (!take(w, 0xFF, &b) || !take(w, 0xFF, &a)) return false;
    if (!nr_verify_combine(kind, a, b, &result)) return bad(w, NR_VERIFY_STACK_CLASS);
    if (kind == NR_BINARY_COMPARE) result = NR_STACK_INT32;
    return nr_opcodes[i->op].pushes == 0 || push(w, result);
}

/* Instructions on values of the type in their operand that must not be by-ref-like. */
static bool check_type(walker *w, const nr_insn *i)
{
    const nr_verify_context *c = &w->v->context;
    if (!c->type_kind || (i->offset >= c->own_start && i->offset < c->own_end)) return true;
    switch (i->op) {
    case NR_OP_BOX:
    case NR_OP_UNBOX:
    case NR_OP_UNBOX_ANY:
    case NR_OP_NEWARR:
    case NR_OP_LDELEM:
    case NR_OP_STELEM:
    case NR_OP_LDELEMA: break;
    default: return true;
    }
    switch (c->type_kind(c->self, (uint32_t)i->operand)) {
    case NR_KIND_BY_REF_LIKE: return bad(w, NR_VERIFY_BY_REF_LIKE);
    case NR_KIND_UNRESOLVED: doubt(w, NR_VERIFY_TYPE_UNRESOLVED, i->offset); return true;
    default: return true;
    }
}

/* By the tables. */
static bool do_fixed(walker *w, const nr_insn *i)
{
    nr_verify_effect e = nr_verify_effect_of(i->op);
    nr_stack_class class = NR_STACK_UNKNOWN;
    if (!check_type(w, i)) return false;
    for (int n = nr_opcodes[i->op].pops; n-- > 0;) {
        if (!take(w, e.takes[n], &class)) return false;
    }
    switch (i->op) {
    case NR_OP_NEG:
    case NR_OP_NOT: e.leaves = (uint8_t) class; break; /* what it was */
    case NR_OP_LDFLDA:                                 /* III.4.11: of an unmanaged pointer an unmanaged one */
        e.leaves = class == NR_STACK_OBJECT || class == NR_STACK_POINTER ? NR_STACK_POINTER : NR_STACK_UNKNOWN;
        break;
    case NR_OP_JMP:
    case NR_OP_ENDFILTER:
    case NR_OP_LOCALLOC:
        if (w->state != LOST && depth(w) != 0) return bad(w, NR_VERIFY_END_STACK);
        break;
    default: break;
    }
    return nr_opcodes[i->op].pushes == 0 || push(w, e.leaves);
}

static bool step(walker *w, const nr_insn *i)
{
    nr_binary kind = nr_verify_binary(i->op);
    nr_stack_class class;
    bool argument;
    uint32_t n;
    if (kind != NR_NOT_BINARY) return do_binary(w, i, kind);
    switch (i->op) {
    case NR_OP_CALL:
    case NR_OP_CALLVIRT:
    case NR_OP_CALLI:
    case NR_OP_NEWOBJ: return do_call(w, i);
    case NR_OP_RET: return do_ret(w);
    case NR_OP_DUP: {
        uint32_t before = w->state;
        if (!take(w, 0xFF, &class)) return false;
        w->state = before;
        return push(w, class);
    }
    case NR_OP_LDARGA_S:
    case NR_OP_LDARGA:
    case NR_OP_LDLOCA_S:
    case NR_OP_LDLOCA: return do_fixed(w, i);
    default: break;
    }
    if (!nr_verify_variable(i, &argument, &n)) return do_fixed(w, i);
    if (nr_opcodes[i->op].pops) return take_for(w, variable_class(w, argument, n));
    return push(w, variable_class(w, argument, n));
}

/* Follows the code from a target until it ends or joins code that has been followed. */
static bool follow(walker *w, uint32_t at)
{
    nr_verifier *v = w->v;
    nr_insn i;
    bool go_on = true;
    w->state = w->entries[at] - 1;
    while (go_on) {
        w->at = at;
        nr_insn_decode(v->code, v->size, at, &i); /* has succeeded before */
        if ((v->marks[at] & NR_MARK_TRY) && !enter_try(w)) return false;
        if (!step(w, &i)) return false;
        if (i.op == NR_OP_LEAVE || i.op == NR_OP_LEAVE_S) w->state = EMPTY;
        uint8_t flow = nr_opcodes[i.op].flow;
        if (flow == NR_FLOW_BRANCH || flow == NR_FLOW_COND_BRANCH) {
            uint32_t arms = i.op == NR_OP_SWITCH ? (uint32_t)i.operand : 1;
            for (uint32_t arm = 0; arm < arms; arm++) {
                if (!reach(w, (uint32_t)nr_insn_target(&i, arm), w->state)) return false;
            }
        }
        if (nr_verify_ends(i.op)) break;
        at += i.size;
        if ((v->marks[at] & NR_MARK_TARGET) && !arrive(w, at, w->state, &go_on)) return false;
    }
    return true;
}

bool nr_verify_stack(nr_verifier *v)
{
    walker w = {.v = v};
    /* An instruction leaves at most one value that is new, and is followed at most twice. */
    w.node_room = FIRST_FREE + 2 * v->instructions;
    w.node_count = FIRST_FREE;
    w.nodes = nr_verify_alloc(v, w.node_room, sizeof *w.nodes);
    if (!w.nodes) return false;
    w.entries = nr_verify_alloc(v, v->size, sizeof *w.entries);
    if (!w.entries) return false;
    w.queue = nr_verify_alloc(v, (size_t)v->targets + 1, sizeof *w.queue);
    if (!w.queue) return false;
    w.nodes[CAUGHT] = (node){EMPTY, 1, NR_STACK_OBJECT};

    w.entries[0] = EMPTY + 1;
    w.queue[w.queued++] = 0;
    v->marks[0] |= NR_MARK_QUEUED;
    while (w.queued > 0) {
        uint32_t at = w.queue[--w.queued];
        v->marks[at] &= (uint8_t)~NR_MARK_QUEUED;
        if (!follow(&w, at)) return false;
    }
    return true;
}

#include "engine/approval.h"

#include "base/log.h"
#include "engine/journal.h"
#include "engine/types.h"
#include "il/parts.h"
#include "il/verify_sig.h"

#include <stdio.h>

enum { MOST_PARAMETERS = 1024 }; /* of a callee; more are of unknown classes */

typedef struct nr_question {
    nr_method *m;
    nr_types types;
    uint8_t *callee;
} nr_question;

static bool shape_of(void *self, uint32_t token, nr_call_shape *out)
{
    nr_question *q = self;
    nr_scope *s = &q->m->scope;
    const uint8_t *sig = NULL;
    uint32_t size = 0;
    int32_t hr = token >> 24 == NR_TABLE_STAND_ALONE_SIG ? s->ops->sig_from_token(s, token, &sig, &size)
                                                         : s->ops->method_sig(s, token, &sig, &size);
    return hr >= 0 && sig && nr_verify_method_sig(sig, size, q->callee, MOST_PARAMETERS, out);
}

static nr_type_kind kind_of(void *self, uint32_t token)
{
    const nr_question *q = self;
    return nr_type_kind_of(&q->types, token);
}

/* The class of `this`: a value type's is a managed pointer, which no object[] may hold (quirks.md Q28). */
static uint8_t class_of_this(const nr_question *q)
{
    switch (nr_type_kind_of(&q->types, q->m->props.type_def)) {
    case NR_KIND_REFERENCE: return NR_STACK_OBJECT;
    case NR_KIND_VALUE:
    case NR_KIND_BY_REF_LIKE: return NR_STACK_POINTER;
    default: return NR_STACK_UNKNOWN;
    }
}

static bool know_arguments(nr_question *q, nr_verify_context *c)
{
    nr_method *m = q->m;
    size_t room = (size_t)m->props.sig_size + 1; /* a parameter takes a byte or more */
    uint8_t *classes = nr_arena_alloc(&m->arena, room);
    if (!classes) return false;
    if (nr_verify_own_sig(m->props.sig, m->props.sig_size, classes, room, c) && c->argument_classes == classes)
        classes[0] = class_of_this(q); /* it has a `this` */
    return true;
}

static bool know_locals(nr_question *q, const nr_approval_job *job, nr_verify_context *c)
{
    nr_method *m = q->m;
    nr_body_parts parts;
    const uint8_t *sig = NULL;
    uint32_t size = 0;
    bool known;
    if (nr_body_parse_code(job->body, job->size, &parts) != NR_IL_OK || !parts.local_var_sig ||
        m->scope.ops->sig_from_token(&m->scope, parts.local_var_sig, &sig, &size) < 0)
        return true;
    uint8_t *classes = nr_arena_alloc(&m->arena, size);
    if (!classes) return false;
    c->locals_known = nr_verify_locals_sig(sig, size, classes, size, &c->local_count, &known);
    c->local_classes = c->locals_known && known ? classes : NULL;
    return true;
}

static void verify(nr_method *m, const nr_approval_job *job, nr_verify_report *report)
{
    nr_question q = {.m = m};
    q.types = (nr_types){&m->e->modules, m->module, &m->scope, &m->arena, m->token, m->props.type_def, m->sig};
    q.callee = nr_arena_alloc(&m->arena, MOST_PARAMETERS);
    nr_verify_context c = {.call_shape = shape_of, .type_kind = kind_of, .self = &q};
    c.own_start = job->own_start;
    c.own_end = job->own_start + job->own_size;
    *report =
        (nr_verify_report){NR_VERDICT_UNKNOWN, NR_VERIFY_NO_MEMORY, NR_IL_OK, NR_VERIFY_NO_OFFSET, NR_VERIFY_NO_OFFSET};
    if (q.callee && know_arguments(&q, &c) && know_locals(&q, job, &c))
        nr_verify_body(job->body, job->size, &c, report);
}

/* "bad BY_REF_LIKE at IL_00a3: text" */
static nr_str words_of(const nr_verify_report *r, char *text, size_t room)
{
    const char *why = r->fault == NR_VERIFY_BODY ? nr_il_error_text(r->body) : nr_verify_fault_text(r->fault);
    char place[24] = "";
    if (r->offset != NR_VERIFY_NO_OFFSET) snprintf(place, sizeof place, " at IL_%04x", (unsigned)r->offset);
    snprintf(text, room, "%s %s%s: %s", nr_verify_verdict_name(r->verdict), nr_verify_fault_name(r->fault), place, why);
    return nr_str_of(text);
}

static void warn(const nr_method *m, const nr_approval_job *job, nr_str words)
{
    const nr_point *p = job->point;
    nr_arena arena = NR_ARENA_INIT;
    nr_str rule = NR_STR("no rule");
    if (p)
        rule = p->file.p ? nr_arena_printf(&arena, "rule %.*s:%u", NR_STR_ARG(p->file), p->line)
                         : NR_STR("rule without a file");
    NR_LOG(NR_WARN, "Left as it is: [%.*s]%.*s.%.*s(%.*s): the new body is %.*s (%.*s, template %.*s)",
           NR_STR_ARG(m->module->assembly), NR_STR_ARG(m->type), NR_STR_ARG(m->props.name), NR_STR_ARG(m->parameters),
           NR_STR_ARG(words), NR_STR_ARG(rule), NR_STR_ARG(job->template_name));
    nr_arena_free(&arena);
}

bool nr_approval_passes(nr_method *m, const nr_approval_job *job)
{
    nr_engine *e = m->e;
    nr_verify_report report;
    char text[300];
    bool safe = nr_engine_has(e, NR_SWITCH_VERIFY);
    if (!safe && !nr_log_on(NR_DEBUG)) return true;
    verify(m, job, &report);
    atomic_fetch_add_explicit(&e->verdicts[report.verdict], 1, memory_order_relaxed);
    if (report.verdict == NR_VERDICT_OK) return true;
    nr_str words = words_of(&report, text, sizeof text);
    if (!safe) {
        NR_LOG(NR_DEBUG, "Verifier: %.*s: 0x%x %.*s", NR_STR_ARG(words), (unsigned)m->token,
               NR_STR_ARG(m->description));
        return true;
    }
    warn(m, job, words);
    nr_approval_note(m, job, NR_JOURNAL_REFUSED_BY_GATE, (int32_t)report.fault);
    nr_approval_count_fault(e);
    return false;
}

void nr_approval_note(const nr_method *m, const nr_approval_job *job, int outcome, int32_t hr)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str method = nr_arena_printf(&arena, "[%.*s]%.*s.%.*s(%.*s)", NR_STR_ARG(m->module->assembly),
                                    NR_STR_ARG(m->type), NR_STR_ARG(m->props.name), NR_STR_ARG(m->parameters));
    nr_journal_note note = {.method = method.p ? method : m->props.name,
                            .rule_file = job->point ? job->point->file : NR_STR(""),
                            .template_name = job->template_name,
                            .token = m->token,
                            .line = job->point ? job->point->line : 0,
                            .function = m->function,
                            .before = m->body,
                            .after = job->body,
                            .size_before = m->body_size,
                            .size_after = job->size,
                            .outcome = (nr_journal_outcome)outcome,
                            .hr = hr};
    nr_journal_write(&note);
    nr_arena_free(&arena);
}

void nr_approval_count_fault(nr_engine *e)
{
    if (e->fault_limit == 0 || atomic_fetch_add(&e->faults, 1) + 1 != e->fault_limit) return;
    atomic_store(&e->closed, true);
    NR_LOG(NR_ERROR,
           "%u internal faults or refusals of the verifier: no further method is instrumented in this process "
           "(NEW_RELIC_PROFILER_FAULT_LIMIT).",
           e->fault_limit);
}

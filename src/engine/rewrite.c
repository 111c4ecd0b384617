/* The body of a method: shape, blob, link, and the log lines of what can go wrong. */
#include "base/log.h"
#include "engine/link.h"
#include "engine/method.h"
#include "rules/env.h"

#include <stdio.h>

static unsigned shape_of(const nr_method *m, bool *cached)
{
    unsigned shape = 0;
    /* Read again at each rewrite, as the reference does (injected-code.md 3.1.2). */
    *cached = !m->core && !nr_env_bool(NR_ENV_DISABLE_APPDOMAIN_CACHING, false);
    if (!(m->sig->convention & NR_SIG_HAS_THIS)) shape |= NR_SHAPE_STATIC;
    if (m->sig->ret.kind != NR_PARAM_VOID) shape |= NR_SHAPE_RETURNS;
    if (*cached) shape |= NR_SHAPE_CACHED;
    return shape;
}

static int32_t sig_from_token(void *self, uint32_t token, const uint8_t **sig, uint32_t *size)
{
    nr_scope *scope = self;
    return scope->ops->sig_from_token(scope, token, sig, size);
}

static void fill_holes(nr_method *m, nr_link_job *job, const nr_point *point, char decimal[24])
{
    static const nr_str none = {"", 0};
    /* The reference prints a C++ unsigned long, which has 32 bits on Windows. */
    int n = snprintf(decimal, 24, "%lu", (unsigned long)m->function);
    for (size_t i = 0; i < NR_COUNT(job->text); i++) job->text[i] = none;
    job->text[NR_TEXT_FACTORY] = point ? point->factory : none;
    job->text[NR_TEXT_METRIC] = point ? point->metric : none;
    job->text[NR_TEXT_ASSEMBLY] = m->module->assembly;
    job->text[NR_TEXT_TYPE] = m->type;
    job->text[NR_TEXT_METHOD] = m->props.name;
    job->text[NR_TEXT_PARAMETERS] = m->parameters;
    job->text[NR_TEXT_CORE_PATH] = m->e->core_path;
    job->text[NR_TEXT_FUNCTION_ULONG] = (nr_str){decimal, (size_t)n};
    job->number[NR_NUMBER_FLAGS] = point ? atomic_load(&point->flags) : 0;
    job->number[NR_NUMBER_FUNCTION_ID] = m->function;
    job->number[NR_NUMBER_ARGUMENT_COUNT] = (uint16_t)m->sig->param_count;
    job->type_def = m->props.type_def;
}

/* "An unexpected exception …" as the reference says for anything but a failed call, preceded by the cause; what the
 * reference does not say is which method it was. */
static int32_t unexpected(const nr_method *m, const char *cause)
{
    NR_LOG(NR_ERROR, "An unexpected exception was thrown while possibly instrumenting a function.");
    NR_LOG(NR_DEBUG, "Not instrumented: %.*s: %s", NR_STR_ARG(m->description), cause);
    return NR_HR_FAIL;
}

static int32_t refused_by_il(const nr_method *m, nr_il_error e)
{
    if (e == NR_IL_NOT_TINY_OR_FAT) {
        NR_LOG(NR_ERROR, "%.*s: %s", NR_STR_ARG(m->description), nr_il_error_text(e));
    } else if (nr_il_error_logged(e)) {
        NR_LOG(NR_ERROR, "%s", nr_il_error_text(e));
    }
    if (nr_il_error_outcome(e) == NR_IL_SKIP) {
        NR_LOG(NR_INFO, "Skipping invalid method: %.*s", NR_STR_ARG(m->description));
        return NR_HR_OK;
    }
    return unexpected(m, nr_il_error_name(e));
}

static int32_t refused_by_meta(const nr_method *m, const nr_tokens *t, nr_meta_error e)
{
    nr_str line = nr_tokens_line(t, e);
    if (line.n) NR_LOG(nr_meta_error_is_warning(e) ? NR_WARN : NR_ERROR, "%.*s", NR_STR_ARG(line));
    if (e == NR_META_CALL_FAILED || e == NR_META_NOT_MSCORLIB || e == NR_META_NO_MSCORLIB) {
        NR_LOG(NR_ERROR, "An exception was thrown while possibly instrumenting function: %.*s", NR_STR_ARG(m->description));
        if (e == NR_META_CALL_FAILED) NR_LOG(NR_ERROR, "Win32 error occurred.  HRESULT: 0x%x", (unsigned)t->hr);
        else NR_LOG(NR_ERROR, "%.*s", NR_STR_ARG(line));
        return NR_HR_FAIL;
    }
    return unexpected(m, nr_meta_error_name(e));
}

static int32_t write_body(nr_method *m, const nr_buf *body)
{
    const nr_runtime_ops *clr = m->e->runtime.ops;
    if (body->failed) return unexpected(m, "out of memory");
    NR_LOG(NR_TRACE, "%.*s: Writing method bytes to method for JIT compilation.", NR_STR_ARG(m->description));
    int32_t hr = clr->set_il_body(m->e->runtime.self, m->module_id, m->token, m->control, body->data, body->size);
    if (hr < 0) {
        NR_LOG(NR_ERROR,
               "%.*s: A potentially fatal error occurred when attempting to instrument, this function may no longer be "
               "valid.",
               NR_STR_ARG(m->description));
        NR_LOG(NR_ERROR, "An exception was thrown while possibly instrumenting function: %.*s", NR_STR_ARG(m->description));
        NR_LOG(NR_ERROR, "Win32 error occurred.  HRESULT: 0x%x", (unsigned)hr);
        return NR_HR_FAIL;
    }
    atomic_fetch_add_explicit(&m->e->instrumented, 1, memory_order_relaxed);
    return NR_HR_OK;
}

/* The reference's TRACE lines around the parts of a rewrite. */
static void trace(const nr_method *m, const char *text)
{
    NR_LOG(NR_TRACE, "%.*s: %s", NR_STR_ARG(m->description), text);
}

int32_t nr_method_rewrite(nr_method *m, nr_str template_name, const nr_point *point, const char *what)
{
    char decimal[24];
    bool cached;
    int32_t hr;
    nr_buf body = NR_BUF_INIT;
    const nr_blob *blob = nr_script_blob(m->g->script, template_name, shape_of(m, &cached));
    if (!blob) {
        NR_LOG(NR_ERROR, "%.*s: there is no usable template '%.*s', the method stays as it is", NR_STR_ARG(m->description),
               NR_STR_ARG(template_name));
        return NR_HR_OK;
    }
    hr = m->scope.ops->open_emit(&m->scope);
    if (hr < 0) {
        NR_LOG(NR_ERROR, "An exception was thrown while getting details about a function.");
        return NR_HR_FAIL;
    }
    nr_tokens tokens = {.meta = m->scope.meta,
                        .tokenizer = m->core ? NR_TOKENIZER_CORE : NR_TOKENIZER_FRAMEWORK,
                        .scratch = &m->arena,
                        .cache = m->module->tokens};
    nr_link_job job = {.blob = blob,
                       .tokens = &tokens,
                       .sig = m->sig,
                       .body = m->body,
                       .body_size = m->body_size,
                       .sig_from_token = sig_from_token,
                       .sig_self = &m->scope};
    fill_holes(m, &job, point, decimal);
    trace(m, "Breaking up the bytes into header, code and extra sections.");
    trace(m, "Acquiring local variable signature.");
    trace(m, what);
    trace(m, "Writing generated bytecode.");
    nr_link_result result = nr_link(&job, &body);
    if (result.multiple_rets) NR_LOG(NR_DEBUG, "Rewriting multi-return method");
    if (result.last_not_ret) NR_LOG(NR_ERROR, "Unexpected instruction in method %.*s", NR_STR_ARG(m->description));
    switch (result.stage) {
    case NR_LINK_IL: hr = refused_by_il(m, result.il); break;
    case NR_LINK_META: hr = refused_by_meta(m, &tokens, result.meta); break;
    default: hr = write_body(m, &body);
    }
    nr_buf_free(&body);
    return hr;
}

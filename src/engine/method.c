/* Facts of a function, in the reference's order of tests (selection-in-native.md sections 2 and 3). */
#include "engine/method.h"

#include "base/log.h"
#include "engine/facts.h"

/* Section 5: OtherTransaction, or WebTransaction for a blob of 11 bytes that ends with 1. */
static bool has_attribute(nr_method *m, uint32_t *flags)
{
    const uint8_t *value = NULL;
    uint32_t size = 0;
    if (m->scope.ops->custom_attribute(&m->scope, m->token, "NewRelic.Api.Agent.TransactionAttribute", &value, &size) ==
        NR_HR_OK) {
        *flags |= size == 11 && value[10] == 1 ? NR_FLAG_WEB_TRANSACTION : NR_FLAG_OTHER_TRANSACTION;
        return true;
    }
    return m->scope.ops->custom_attribute(&m->scope, m->token, "NewRelic.Api.Agent.TraceAttribute", &value, &size) ==
           NR_HR_OK;
}

/* Makes parameters and description. The reference makes them for every function that it constructs, so a signature
 * that cannot be printed ends the method here, whatever would follow. */
nr_meta_error nr_method_describe(nr_method *m)
{
    nr_buf text = NR_BUF_INIT;
    if (m->description.p) return NR_META_OK;
    nr_meta_error e = nr_sig_parse_method(&m->arena, m->props.sig, m->props.sig_size, &m->sig);
    if (e == NR_META_OK) e = nr_sig_print_params(&text, &m->arena, &m->scope.meta, m->sig);
    if (e == NR_META_OK) {
        m->parameters = nr_arena_str(&m->arena, nr_buf_str(&text));
        m->description =
            nr_arena_printf(&m->arena, "(Module: %.*s, AppDomain: %.*s)[%.*s]%.*s.%.*s(%.*s)",
                            NR_STR_ARG(m->module_path), NR_STR_ARG(m->app_domain), NR_STR_ARG(m->module->assembly),
                            NR_STR_ARG(m->type), NR_STR_ARG(m->props.name), NR_STR_ARG(m->parameters));
        if (text.failed || !m->description.p) e = NR_META_NO_MEMORY;
    }
    nr_buf_free(&text);
    return e;
}

static nr_facts details_failed(void)
{
    NR_LOG(NR_ERROR, "An exception was thrown while getting details about a function.");
    return NR_FACTS_FAILED;
}

/* Section 3: everything that is known of a function before any decision about it. */
static int32_t construct(nr_method *m)
{
    const nr_runtime_ops *clr = m->e->runtime.ops;
    void *rt = m->e->runtime.self;
    uintptr_t assembly = 0, domain = 0;
    nr_str name;
    const uint8_t *value;
    uint32_t size;
    int32_t hr = clr->module_path(rt, &m->arena, m->module_id, &m->module_path);
    if (hr >= 0) hr = clr->module_assembly(rt, m->module_id, &assembly);
    if (hr >= 0) hr = clr->assembly_info(rt, &m->arena, assembly, &name, &domain);
    if (hr >= 0) hr = clr->app_domain_name(rt, &m->arena, domain, &m->app_domain);
    if (hr < 0) return hr;
    m->core = nr_str_is(m->app_domain, "clrhost");
    hr = clr->il_body(rt, m->module_id, m->token, &m->body, &m->body_size);
    if (hr < 0) return hr;
    if (m->scope.ops->custom_attribute(&m->scope, m->token,
                                       "System.Runtime.CompilerServices.AsyncStateMachineAttribute", &value,
                                       &size) == NR_HR_OK) {
        if (nr_method_describe(m) != NR_META_OK) return NR_HR_FAIL;
        NR_LOG(NR_DEBUG, "Async method detected: %.*s", NR_STR_ARG(m->description));
        m->flags |= NR_FLAG_ASYNC;
    }
    return m->scope.ops->assembly_version(&m->scope, &m->version);
}

nr_facts nr_method_facts_of(nr_method *m)
{
    const nr_ruleset *set = &m->g->set;
    bool all = nr_log_effective_level() == NR_TRACE || m->module->is_api;
    if (m->e->runtime.ops->open_function(m->e->runtime.self, m->function, &m->scope) < 0) {
        NR_LOG(NR_ERROR, "Unable to get function information for function ID %llu", (unsigned long long)m->function);
        return details_failed();
    }
    m->scope_open = true;
    if (!m->module->searches_attributes) {
        NR_LOG(NR_TRACE, "Not searching %.*s for transaction or trace attributes", NR_STR_ARG(m->module->assembly));
    } else if (has_attribute(m, &m->flags)) {
        m->flags |= NR_FLAG_ATTRIBUTE;
        m->traced = all = true;
    }
    m->wide = nr_module_may_be_wide(&m->e->modules, m->module, m->g, m->function, m->token);
    all = all || m->wide;
    if (!all && !nr_ruleset_has_assembly(set, m->module->assembly)) return NR_FACTS_SKIPPED;
    if (m->scope.ops->method_props(&m->scope, &m->arena, m->token, &m->props) < 0) return details_failed();
    if (!all && !nr_ruleset_has_method(set, m->props.name)) return NR_FACTS_SKIPPED;
    if (nr_type_full_name(&m->scope, &m->arena, m->props.type_def, &m->type, &m->type_attributes) < 0)
        return details_failed();
    if (!all && !nr_ruleset_has_class(set, m->type)) return NR_FACTS_SKIPPED;
    int32_t hr = construct(m);
    /* With precompiled code there are callbacks for stubs, which have a method's token and no IL. */
    if (hr == NR_HR_NOT_IL && nr_engine_has(m->e, NR_SWITCH_KEEP_PRECOMPILED)) return NR_FACTS_SKIPPED;
    return hr < 0 ? details_failed() : NR_FACTS_READY;
}

void nr_method_end(nr_method *m)
{
    if (m->scope_open) m->scope.ops->close(&m->scope);
    nr_arena_free(&m->arena);
}

/* ---- instrumentors ------------------------------------------------------------------ */

/* The line that the signature's fault leaves, then the one that names the method. */
static int32_t cannot_describe(nr_method *m, nr_meta_error e)
{
    if (nr_meta_error_is_logged(e)) NR_LOG(NR_ERROR, "%s", nr_meta_error_text(e));
    if (nr_meta_error_is_parser(e)) {
        NR_LOG(NR_ERROR, "An SignatureParserException was thrown while possibly instrumenting function: %.*s",
               NR_STR_ARG(m->props.name));
    } else {
        NR_LOG(NR_ERROR, "An exception was thrown while possibly instrumenting function: [%.*s]%.*s.%.*s: %s",
               NR_STR_ARG(m->module->assembly), NR_STR_ARG(m->type), NR_STR_ARG(m->props.name), nr_meta_error_name(e));
    }
    return NR_HR_FAIL;
}

/* Four of the ten names have no body (injected-code.md 7.2). */
static const char *const helper_names[] = {"GetThreadLocalBoolean",
                                           "SetThreadLocalBoolean",
                                           "GetAppDomainBoolean",
                                           "SetAppDomainBoolean",
                                           "LoadAssemblyOrThrow",
                                           "GetTypeViaReflectionOrThrow",
                                           "GetMethodViaReflectionOrThrow",
                                           "GetMethodFromAppDomainStorage",
                                           "GetMethodFromAppDomainStorageOrReflectionOrThrow",
                                           "StoreMethodInAppDomainStorageOrThrow"};
enum { HELPERS_WITHOUT_BODY = 4 };

/* Writes a helper of mscorlib; never the end of the matter (quirks.md Q55). */
static int32_t instrument_helper(nr_method *m)
{
    size_t i = 0;
    if (!nr_str_ends(m->module_path, NR_STR("mscorlib.dll"))) return NR_HR_OK;
    if (!nr_str_is(m->type, "System.CannotUnloadAppDomainException")) return NR_HR_OK;
    while (i < NR_COUNT(helper_names) && !nr_str_is(m->props.name, helper_names[i])) i++;
    if (i == NR_COUNT(helper_names)) return NR_HR_OK;
    NR_LOG(NR_INFO, "Instrumenting helper method: %.*s", NR_STR_ARG(m->description));
    if (i < HELPERS_WITHOUT_BODY) {
        NR_LOG(NR_ERROR, "Attempted to instrument an unknown helper method in mscorlib.");
        return NR_HR_OK;
    }
    return nr_method_rewrite(m, m->props.name, NULL, "Generating helper bytecode instrumentation.");
}

/* True: handled, *hr is the result. */
static bool instrument_api(nr_method *m, int32_t *hr)
{
    if (!nr_str_is(m->type, "NewRelic.Api.Agent.NewRelic")) return false;
    if (nr_str_is(m->props.name, ".cctor") || nr_str_is(m->props.name, "GetAgent")) {
        NR_LOG(NR_DEBUG, "Skipping instrumenting API method: %.*s", NR_STR_ARG(m->description));
        return false;
    }
    NR_LOG(NR_INFO, "Instrumenting API method: %.*s", NR_STR_ARG(m->description));
    *hr = nr_method_rewrite(m, NR_STR("api"), NULL, "Generating API bytecode instrumentation.");
    return true;
}

/* The facts for the functions of a rule; to be ended with nr_hierarchy_end. */
static nr_fact_source facts_of(nr_method *m, nr_hierarchy *hierarchy)
{
    nr_hierarchy_begin(hierarchy, &m->e->modules);
    return (nr_fact_source){.hierarchy = hierarchy,
                            .module = m->module,
                            .scope = &m->scope,
                            .arena = &m->arena,
                            .token = m->token,
                            .props = &m->props,
                            .type = m->type,
                            .version = m->version,
                            .sig = m->sig,
                            .parameters = m->parameters};
}

bool nr_method_predicate_holds(nr_method *m, const nr_point *point)
{
    nr_hierarchy hierarchy;
    if (point->predicate == NR_NO_PREDICATE) return true;
    nr_fact_source source = facts_of(m, &hierarchy);
    const nr_method_facts facts = {nr_fact_get, &source};
    nr_where_answer answer = nr_script_where(m->g->script, point, &facts);
    nr_hierarchy_end(&hierarchy);
    return answer == NR_WHERE_YES;
}

/* Plain rules go before wide ones: what is named exactly is meant more than what fits a pattern. */
nr_point *nr_method_find_point(nr_method *m)
{
    nr_point *p = nr_ruleset_lookup(&m->g->set, &m->arena, m->module->assembly, m->type, m->props.name, m->parameters);
    while (p && !(nr_point_accepts_version(p, m->module->assembly, &m->version) && nr_method_predicate_holds(m, p)))
        p = p->next_of_key;
    if (p || !m->wide) return p;
    const nr_candidates *c = nr_module_candidates(&m->e->modules, m->module, m->g, m->function);
    bool by_number = c && !c->by_name && (m->token & 0xFFFFFF) <= c->known;
    const nr_wide *w = nr_wide_of_method(m, by_number ? &c->wide : NULL);
    return w ? w->point : NULL;
}

const char *nr_method_refusal(const nr_method *m)
{
    if ((m->type_attributes & NR_TYPE_LAYOUT_MASK) == NR_TYPE_SEQUENTIAL) return "sequential layout";
    if ((m->props.attributes & NR_METHOD_SPECIAL_NAME) && !nr_str_is(m->props.name, ".ctor")) return "SpecialName";
    if (m->props.attributes & (NR_METHOD_PINVOKE | NR_METHOD_UNMANAGED_EXPORT)) return "interop";
    return NULL;
}

static bool is_refused(const nr_method *m)
{
    const char *why = nr_method_refusal(m);
    if (why) NR_LOG(NR_ERROR, "Skipping %s method: %.*s", why, NR_STR_ARG(m->description));
    return why != NULL;
}

/* First JIT: the body is written when the ReJIT comes. */
static void request_rejit(nr_method *m)
{
    const nr_runtime_ops *clr = m->e->runtime.ops;
    void *rt = m->e->runtime.self;
    uintptr_t module = m->module_id, other = 0;
    uint32_t token = m->token;
    NR_LOG(NR_DEBUG, "Request reJIT: [%llu] %.*s", (unsigned long long)m->function, NR_STR_ARG(m->description));
    if (clr->function_from_token(rt, module, token, &other) == NR_HR_PARAMETERIZED)
        nr_resolver_remember(&m->e->resolver, module, token, m->function);
    if (clr->request_rejit(rt, 1, &module, &token) < 0)
        NR_LOG(NR_ERROR, "ReJIT failed for %.*s", NR_STR_ARG(m->description));
}

/* A rule of its own for this method, with what `p` says; NULL: the point of an attribute. */
static void make_own(nr_point *own, const nr_point *p)
{
    memset(own, 0, sizeof *own);
    own->factory = p ? p->factory : NR_STR("NewRelic.Agent.Core.Tracer.Factories.DefaultTracerFactory");
    own->metric = p ? p->metric : NR_STR("");
    own->predicate = own->namer = NR_NO_PREDICATE;
    if (!p) return;
    own->template_name = p->template_name;
    own->namer = p->namer;
    own->file = p->file;
    own->line = p->line;
    atomic_init(&own->flags, atomic_load(&p->flags));
}

static void name_metric(nr_method *m, nr_point *own)
{
    nr_hierarchy hierarchy;
    nr_fact_source source = facts_of(m, &hierarchy);
    const nr_method_facts facts = {nr_fact_get, &source};
    if (!nr_script_metric(m->g->script, &m->arena, own, &facts, &own->metric))
        atomic_fetch_and(&own->flags, ~(unsigned)NR_FLAG_CUSTOM_METRIC_NAME);
    nr_hierarchy_end(&hierarchy);
}

static int32_t instrument_default(nr_method *m)
{
    nr_point own;
    nr_point *p = nr_method_find_point(m);
    if (!p && !m->traced) {
        NR_LOG(NR_TRACE, "No instrumentation point for %.*s", NR_STR_ARG(m->description));
        return NR_HR_OK;
    }
    /* The flags of one method stay in the plain point that it shares with others: the reference does so, and the
     * bytes depend on it (quirks.md Q2). Rules that the reference does not have keep theirs clean. */
    if (!p || p->wide || p->namer != NR_NO_PREDICATE) {
        make_own(&own, p);
        p = &own;
    }
    if (!nr_engine_has(m->e, NR_SWITCH_FLAGS_PER_METHOD)) atomic_fetch_or(&p->flags, m->flags);
    if (is_refused(m)) return NR_HR_OK;
    if (!m->inject) {
        request_rejit(m);
        return NR_HR_OK;
    }
    NR_LOG(NR_INFO, "Instrumenting method: %.*s", NR_STR_ARG(m->description));
    if (p->namer != NR_NO_PREDICATE) name_metric(m, p);
    nr_str name = p->template_name;
    if (!name.p) name = nr_engine_has(m->e, NR_SWITCH_CALL) ? NR_STR("direct") : NR_STR("tracer");
    return nr_method_rewrite(m, name, p, "Generating locals for default instrumentation.");
}

int32_t nr_method_instrument(nr_method *m)
{
    int32_t hr;
    nr_meta_error e = nr_method_describe(m);
    if (e != NR_META_OK) return cannot_describe(m, e);
    NR_LOG(NR_TRACE, "Possibly instrumenting: %.*s", NR_STR_ARG(m->description));
    hr = instrument_helper(m);
    if (hr < 0 || instrument_api(m, &hr)) return hr;
    return instrument_default(m);
}

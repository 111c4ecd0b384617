/* method.h - one function on its way through the engine: its facts, and what becomes of it. */
#ifndef NR_ENGINE_METHOD_H
#define NR_ENGINE_METHOD_H

#include "engine/engine.h"
#include "meta/sig.h"

typedef struct nr_method {
    nr_engine *e;
    nr_generation *g;
    nr_module *module;
    nr_arena arena;
    nr_scope scope;
    bool scope_open;
    void *control; /* ICorProfilerFunctionControl of a ReJIT; NULL at the first JIT */
    bool inject;   /* ReJIT: write the body now; else only ask for a ReJIT */
    uintptr_t function, module_id;
    uint32_t token;
    nr_method_props props;
    nr_str type;
    uint32_t type_attributes; /* of the outermost type */
    nr_str module_path, app_domain;
    bool core; /* the application domain is CoreCLR's: decides lookup and tokenizer (quirks.md Q41) */
    const uint8_t *body;
    uint32_t body_size;
    uint32_t flags; /* tracer flags of the method itself */
    bool traced;    /* carries [Transaction] or [Trace] */
    bool wide;      /* a wide rule may be about it */
    nr_version version;
    const nr_method_sig *sig;
    nr_str parameters;  /* p == NULL: not made yet */
    nr_str description; /* the {fn} of logging.md; p == NULL: not made yet */
} nr_method;

typedef enum nr_facts { NR_FACTS_READY, NR_FACTS_SKIPPED, NR_FACTS_FAILED } nr_facts;

/* Gathers the facts (selection-in-native.md 2 and 3). SKIPPED: no rule can be about it. FAILED has been logged. */
nr_facts nr_method_facts_of(nr_method *m);
void nr_method_end(nr_method *m);

/* ---- the steps of a decision, for tools that explain it (after NR_FACTS_READY) ---- */

/* Makes parameters, signature and description. */
nr_meta_error nr_method_describe(nr_method *m);
/* The rule that counts for the method; NULL: none. After nr_method_describe. */
nr_point *nr_method_find_point(nr_method *m);
/* Does `where` of a rule, if it has one, accept the method? */
bool nr_method_predicate_holds(nr_method *m, const nr_point *point);
/* Why a method that a rule names is left alone all the same, in one or two words; NULL: it is not. */
const char *nr_method_refusal(const nr_method *m);

/* Runs the instrumentors (section 4); result of the callback. */
int32_t nr_method_instrument(nr_method *m);

/* Writes the body that `template_name` makes. `point` may be NULL (API, helpers). Failures have been logged. */
int32_t nr_method_rewrite(nr_method *m, nr_str template_name, const nr_point *point, const char *what);

#endif

/* facts.h - the facts of script/facts.h, out of metadata, when they are asked for. */
#ifndef NR_ENGINE_FACTS_H
#define NR_ENGINE_FACTS_H

#include "engine/hierarchy.h"
#include "meta/sig.h"
#include "script/facts.h"

/* One method; what is given here is not asked again. */
typedef struct nr_fact_source {
    nr_hierarchy *hierarchy;
    nr_module *module;
    nr_scope *scope;
    nr_arena *arena; /* of what is found out */
    uint32_t token;
    const nr_method_props *props;
    nr_str type;
    nr_version version;
    const nr_method_sig *sig;
    nr_str parameters;
    bool unseen;    /* a list was asked for that may be longer: something above the class is in no module that is loaded */
    bool no_memory; /* something could not be found out for want of it: what was concluded must not be kept */
} nr_fact_source;

/* Fills sig and parameters from the props. False: the signature cannot be printed. */
bool nr_fact_source_describe(nr_fact_source *f);
/* nr_method_facts.get; `self` is an nr_fact_source. */
bool nr_fact_get(void *self, nr_fact fact, nr_fact_value *value);

#endif

/* config.h - newrelic.config, global and local, and the application's .config
 * (reference/newrelic-config.md 2 to 7). Nothing else in these files is read. */
#ifndef NR_RULES_CONFIG_H
#define NR_RULES_CONFIG_H

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "rules/env.h"
#include "rules/home.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct nr_ignore_entry {
    nr_str assembly;
    nr_str class_name; /* empty: every class */
} nr_ignore_entry;

typedef struct nr_ignore_list {
    const nr_ignore_entry *entries;
    size_t count;
} nr_ignore_list;

typedef struct nr_config {
    bool agent_enabled;    /* section 3; .NET Framework only looks at it */
    bool enabled_in_local; /* a local file is there and does not say otherwise */
    nr_log_settings log;   /* file and environment together */
    nr_ignore_list ignore;
    nr_str_list included, excluded; /* applications; excluded: file names, included: ends of paths */
    nr_str_list pools_allowed, pools_denied;
    bool pools_by_default; /* what happens to a pool on neither list */
    bool app_config_set;   /* the application's .config has NewRelic.AgentEnabled … */
    bool app_config_enabled; /* … and it is true */
} nr_config;

/* One document each; a missing one has p == NULL. */
typedef struct nr_config_texts {
    nr_str global, local, application;
} nr_config_texts;

/* Reads the documents and the environment variables that replace parts of them. Everything in
 * *config lives in `arena`; the texts may go. Logs as logging.md 5.1. */
nr_start_error nr_config_parse(nr_arena *arena, const nr_config_texts *texts, nr_config *config);
/* The whole load from disk, at a start and for ReloadConfiguration. When it succeeds, the settings
 * of the log are in force; when not, nothing has changed. */
nr_start_error nr_config_load(nr_arena *arena, bool core, nr_config *config);

/* A word of the element log or of NEW_RELIC_LOG_LEVEL; INFO for one that is not known. */
nr_log_level nr_config_log_level(nr_str word);
/* 5.2: whether a point of that assembly and class is to be ignored. */
bool nr_ignore_matches(const nr_ignore_list *list, nr_str assembly, nr_str class_name);

#endif

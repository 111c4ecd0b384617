/* env.h - every environment variable that the profiler reads (environment-and-files.md 1, 2).
 *
 * One line each: identifier, name, older name that counts when the new one is not set, the
 * runtime for which it is read, type, value when not set, effect. docs/environment.md is
 * generated from this table. Every use reads the live environment. */
#ifndef NR_RULES_ENV_H
#define NR_RULES_ENV_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define NR_ENV(X) \
    X(HOME_FRAMEWORK, "NEW_RELIC_HOME", "NEWRELIC_HOME", FRAMEWORK, PATH, "the registry, on Windows", \
      "Home directory: newrelic.config, extensions and, when no other place is set, logs.") \
    X(HOME_CORE, "CORECLR_NEW_RELIC_HOME", "CORECLR_NEWRELIC_HOME", CORE, PATH, "the registry, on Windows", \
      "Home directory: newrelic.config, extensions and, when no other place is set, logs. NEW_RELIC_HOME does not " \
      "count on .NET Core.") \
    X(INSTALL_PATH, "NEW_RELIC_INSTALL_PATH", "NEWRELIC_INSTALL_PATH", BOTH, PATH, NULL, \
      "First place where NewRelic.Agent.Core.dll is searched; nothing else.") \
    X(PROFILER_DISABLED, "NEW_RELIC_PROFILER_DISABLED", NULL, BOTH, BOOL, "false", \
      "The profiler detaches at once: no configuration and no rule is read, nothing is instrumented.") \
    X(FORCE_PROFILING, "NEW_RELIC_FORCE_PROFILING", "NEWRELIC_FORCE_PROFILING", BOTH, PRESENCE, NULL, \
      "Set to any value, even 0 or false: no process is refused, whatever the configuration says.") \
    X(PROFILER_LOG_DIRECTORY, "NEW_RELIC_PROFILER_LOG_DIRECTORY", "NEWRELIC_PROFILER_LOG_DIRECTORY", BOTH, PATH, NULL, \
      "Directory of the profiler log.") \
    X(LOG_DIRECTORY, "NEW_RELIC_LOG_DIRECTORY", "NEWRELIC_LOG_DIRECTORY", BOTH, PATH, NULL, \
      "Directory of all logs; the profiler log's own variable goes first.") \
    X(LOG_LEVEL, "NEW_RELIC_LOG_LEVEL", "NEWRELIC_LOG_LEVEL", BOTH, LEVEL, "level of the element log", \
      "Replaces the level in newrelic.config; the element log is then not read at all.") \
    X(LOG_ENABLED, "NEW_RELIC_LOG_ENABLED", NULL, BOTH, BOOL, "enabled of the element log", "Logging on or off.") \
    X(LOG_CONSOLE, "NEW_RELIC_LOG_CONSOLE", NULL, BOTH, BOOL, "console of the element log", \
      "Log to standard output instead of a file, at INFO or above.") \
    X(AZURE_LOG_LEVEL_OVERRIDE, "NEW_RELIC_AZURE_FUNCTION_LOG_LEVEL_OVERRIDE", NULL, BOTH, BOOL, "false", \
      "Allows levels below INFO in Azure Functions.") \
    X(FUNCTIONS_WORKER_RUNTIME, "FUNCTIONS_WORKER_RUNTIME", NULL, BOTH, TEXT, NULL, \
      "Not empty: this is Azure Functions; dotnet: in-process model.") \
    X(AZURE_FUNCTION_MODE, "NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED", NULL, BOTH, SWITCH, "true", \
      "The process rules for Azure Functions: on when unset, empty, true or 1; off for any other text.") \
    X(INCLUDED_APPLICATIONS, "NEW_RELIC_INCLUDED_APPLICATION_NAMES", NULL, FRAMEWORK, LIST, "newrelic.config", \
      "Replaces the included applications of newrelic.config.") \
    X(EXCLUDED_APPLICATIONS, "NEW_RELIC_EXCLUDED_APPLICATION_NAMES", NULL, BOTH, LIST, "newrelic.config", \
      "Replaces the excluded applications of newrelic.config.") \
    X(APP_POOL_ID, "APP_POOL_ID", "ASPNETCORE_IIS_APP_POOL_ID", BOTH, TEXT, "argument -ap, on Windows", \
      "Application pool of this process; set by IIS.") \
    X(LAMBDA_HANDLER, "NEW_RELIC_LAMBDA_HANDLER", NULL, BOTH, METHOD, NULL, \
      "assembly::type::method to instrument in serverless mode.") \
    X(HANDLER, "_HANDLER", NULL, BOTH, METHOD, NULL, \
      "The same, when NEW_RELIC_LAMBDA_HANDLER gave nothing; set by AWS Lambda.") \
    X(DISABLE_APPDOMAIN_CACHING, "NEW_RELIC_DISABLE_APPDOMAIN_CACHING", NULL, FRAMEWORK, BOOL, "false", \
      "Injected code does not keep methods in the application domain. Read whenever a method is written.") \
    X(FAULT_LIMIT, "NEW_RELIC_PROFILER_FAULT_LIMIT", NULL, BOTH, NUMBER, "100", \
      "After so many internal faults or refusals of the verifier nothing more is instrumented; 0: no limit.") \
    X(FAST_START, "NEW_RELIC_FAST_START", NULL, BOTH, BOOL, "the rule files", "Switch `keep_precompiled` (compat.md).") \
    X(DIRECT_CALL, "NEW_RELIC_DIRECT_CALL", NULL, BOTH, BOOL, "the rule files", "Switch `call` (compat.md).") \
    X(VETO_INLINING, "NEW_RELIC_VETO_INLINING", NULL, BOTH, BOOL, "the rule files", \
      "Switch `veto_inlining` (compat.md).") \
    X(SAFE_REWRITE, "NEW_RELIC_SAFE_REWRITE", NULL, BOTH, BOOL, "the rule files", "Switch `verify` (compat.md).") \
    X(NESTED_TYPES_AT_LOAD, "NEW_RELIC_NESTED_TYPES_AT_LOAD", NULL, BOTH, BOOL, "the rule files", \
      "Switch `nested_types_at_load` (compat.md).") \
    X(BY_REF_LIKE_AS_NULL, "NEW_RELIC_BY_REF_LIKE_AS_NULL", NULL, BOTH, BOOL, "the rule files", \
      "Switch `by_ref_like_as_null` (compat.md).") \
    X(FLAGS_PER_METHOD, "NEW_RELIC_FLAGS_PER_METHOD", NULL, BOTH, BOOL, "the rule files", \
      "Switch `flags_per_method` (compat.md).") \
    X(REPORT_REJIT_ERRORS, "NEW_RELIC_REPORT_REJIT_ERRORS", NULL, BOTH, BOOL, "the rule files", \
      "Switch `report_rejit_errors` (compat.md).") \
    X(RULES_DISABLED, "NEW_RELIC_RULES_DISABLED", NULL, BOTH, LIST, NULL, \
      "Rules that are switched off: names of rule files (contoso.lua, Contoso.Instrumentation.xml) and values of the field id, " \
      "with * as wildcard. Read when rules load.") \
    X(TEMPLATES_DISABLED, "NEW_RELIC_TEMPLATES_DISABLED", NULL, BOTH, LIST, NULL, \
      "Templates that are switched off, by name, with * as wildcard: methods whose rule uses one stay as they are.") \
    X(RULES_WATCH, "NEW_RELIC_RULES_WATCH", NULL, BOTH, BOOL, "false", \
      "The profiler looks every two seconds whether a rule or template file has changed, and refreshes.") \
    X(PROFILER_DELAY, "NEW_RELIC_PROFILER_DELAY_IN_SEC", "NEWRELIC_PROFILER_DELAY_IN_SEC", BOTH, NUMBER, "0", \
      "Debug builds only: seconds to wait at start, for a debugger to attach.") \
    X(AZURE_SITES, "HOME_EXPANDED", NULL, BOTH, PATH, NULL, \
      "Contains :\\DWASFiles\\Sites: logs go below HOME; set by Azure Web Sites.") \
    X(AZURE_HOME, "HOME", NULL, BOTH, PATH, NULL, "Base of the log directory in Azure Web Sites; nothing else.") \
    X(VALIDATION_ENABLED, "NEWRELIC_VALIDATION_ENABLED", NULL, BOTH, BOOL, "false", \
      "Records what passes between the CLR and the profiler (validation.md).") \
    X(VALIDATION_OUTPUT, "NEWRELIC_VALIDATION_OUTPUT", NULL, BOTH, PATH, "./validation_output", \
      "Directory of recordings; created when missing.") \
    X(VALIDATION_TARGET, "NEWRELIC_VALIDATION_TARGET", NULL, BOTH, PATH, NULL, \
      "Absolute path of another profiler, which then does the work. Loads a library: see validation.md for the conditions.") \
    X(VALIDATION_SHADOW, "NEWRELIC_VALIDATION_SHADOW", NULL, BOTH, PATH, NULL, \
      "Absolute path of another profiler, which is in charge while this one rewrites the same methods beside it, and the " \
      "two are compared. Loads a library.") \
    X(VALIDATION_SHADOW_REVERSE, "NEWRELIC_VALIDATION_SHADOW_REVERSE", NULL, BOTH, BOOL, "false", \
      "In a shadow run this profiler is in charge, the other one is beside it.") \
    X(FALLBACK, "NEW_RELIC_PROFILER_FALLBACK", NULL, BOTH, PATH, NULL, \
      "Absolute path of another profiler, which takes over when this one cannot start because of an internal error " \
      "(rollout.md). Loads a library.") \
    X(FALLBACK_PERCENT, "NEW_RELIC_PROFILER_FALLBACK_PERCENT", NULL, BOTH, NUMBER, "0", \
      "Share of the processes, 0 to 100, which that profiler gets from the beginning.")

typedef enum nr_env_id {
#define X(id, name, legacy, runtime, type, fallback, help) NR_ENV_##id,
    NR_ENV(X)
#undef X
        NR_ENV_COUNT
} nr_env_id;

typedef enum nr_env_runtime { NR_ENV_FRAMEWORK, NR_ENV_CORE, NR_ENV_BOTH } nr_env_runtime;
typedef enum nr_env_type {
    NR_ENV_PATH,
    NR_ENV_TEXT,
    NR_ENV_BOOL,
    NR_ENV_LIST,
    NR_ENV_LEVEL,
    NR_ENV_NUMBER,
    NR_ENV_METHOD,   /* assembly::type::method */
    NR_ENV_PRESENCE, /* any value will do */
    NR_ENV_SWITCH    /* as BOOL, but every other text is false */
} nr_env_type;

typedef struct nr_env_variable {
    const char *name, *legacy; /* NULL: no older name */
    nr_env_runtime runtime;
    nr_env_type type;
    const char *fallback; /* what counts when it is not set; NULL: nothing */
    const char *help;
} nr_env_variable;

extern const nr_env_variable nr_env_variables[NR_ENV_COUNT];

typedef struct nr_str_list {
    nr_str *items;
    size_t count;
} nr_str_list;

/* The value, by the new or else by the older name (1.4: whichever is set first hides the other,
 * even if empty). False: not set. True with value->p == NULL: set, but there is no memory. */
bool nr_env_get(nr_arena *arena, nr_env_id id, nr_str *value);
bool nr_env_is_set(nr_env_id id);
/* 1.5: true/1, false/0 in any case; anything else, or not set: `fallback`. */
bool nr_env_bool(nr_env_id id, bool fallback);
/* A number without sign, at most 9 digits; anything else, or not set: `fallback`, with a WARN in the first case. */
unsigned nr_env_number(nr_env_id id, unsigned fallback);
/* 1.6: pieces between commas, as they are; only an empty last one is dropped. False: not set.
 * True with list->items == NULL: there is no memory. */
bool nr_env_list(nr_arena *arena, nr_env_id id, nr_str_list *list);

/* FUNCTIONS_WORKER_RUNTIME is not empty; it is "dotnet"; the mode is not switched off. */
bool nr_env_is_azure_function(void);
bool nr_env_is_azure_in_process(void);
bool nr_env_azure_mode_enabled(void);

#endif

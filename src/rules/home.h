/* home.h - the files a start or a refresh reads (environment-and-files.md 3 and 4).
 *
 * `core` everywhere: .NET Core, else .NET Framework. Failures are logged here, in the words of
 * logging.md 5; the result says which it was. */
#ifndef NR_RULES_HOME_H
#define NR_RULES_HOME_H

#include "base/arena.h"
#include "base/str.h"
#include "rules/env.h"

#include <stdbool.h>

#define NR_START_ERRORS(X) \
    X(OK, "") \
    X(NO_MEMORY, "out of memory") \
    X(NO_HOME, "there is no home directory in the environment or registry") \
    X(NO_CONFIG, "newrelic.config is missing") \
    X(UNREADABLE, "a file could not be opened") \
    X(CONFIG_SYNTAX, "newrelic.config is not well-formed") \
    X(CONFIG_ROOT, "newrelic.config has no element configuration") \
    X(APP_CONFIG_SYNTAX, "the configuration file of the application is not well-formed") \
    X(NO_CORE_DLL, "NewRelic.Agent.Core.dll is missing") \
    X(WRONG_PRODUCT, "NewRelic.Agent.Core.dll belongs to another product")

typedef enum nr_start_error {
#define X(name, text) NR_START_##name,
    NR_START_ERRORS(X)
#undef X
        NR_START_ERROR_COUNT
} nr_start_error;
const char *nr_start_error_text(nr_start_error e);

/* "netcore" or "netframework"; "New Relic .NET CoreCLR Agent" or "New Relic .NET Agent". */
const char *nr_runtime_directory(bool core);
const char *nr_runtime_product(bool core);

/* Section 3: environment, then registry, verbatim. ERROR line when there is none. */
nr_start_error nr_home_directory(nr_arena *arena, bool core, nr_str *home);
/* The environment's home alone, which is what the search for the core DLL and the log directory
 * look at (5.1, 7.1). As nr_env_get. */
bool nr_home_from_environment(nr_arena *arena, bool core, nr_str *home);
const char *nr_home_variable(bool core);

/* `a`, separator, `b`; p == NULL: no memory. */
nr_str nr_path_join(nr_arena *arena, nr_str a, const char *b);
/* Text of a file as in 4.3. ERROR line when it cannot be opened. */
nr_start_error nr_text_read(nr_arena *arena, nr_str path, nr_str *text);

/* Full paths, each list in the order of UTF-16 code units, over both extension directories. */
typedef struct nr_extension_files {
    nr_str_list xml, lua;
} nr_extension_files;
/* 4.4, 4.5 with the WARN and INFO lines about directories. Nothing found is no error. */
nr_start_error nr_extension_files_list(nr_arena *arena, bool core, nr_extension_files *files);

#endif

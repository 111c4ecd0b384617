/* log.h - the profiler log (reference/logging.md).
 *
 * One line: "[Info ] 2026-01-31 23:59:59 text\n", UTC, UTF-8, written with one system
 * call under one lock. A log that cannot be written never stops anything. */
#ifndef NR_BASE_LOG_H
#define NR_BASE_LOG_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum nr_log_level { NR_TRACE, NR_DEBUG, NR_INFO, NR_WARN, NR_ERROR } nr_log_level;

/* What a configuration load decides (logging.md 2 and 3). */
typedef struct nr_log_settings {
    nr_log_level level;
    bool enabled;
    bool console;
    bool azure_function; /* with level_override false: never below INFO */
    bool azure_level_override;
} nr_log_settings;

/* The lowest level that is written at this moment; above NR_ERROR when nothing is. */
extern atomic_int nr_log_threshold;

static inline bool nr_log_on(nr_log_level level)
{
    return (int)level >= atomic_load_explicit(&nr_log_threshold, memory_order_relaxed);
}

/* Arguments are not evaluated for a level that is off. */
#define NR_LOG(level, ...) (nr_log_on(level) ? nr_log_write((level), __VA_ARGS__) : (void)0)

void nr_log_write(nr_log_level level, const char *format, ...) NR_PRINTF(2, 3);

/* The end of a successful configuration load: applies settings, lets lines through from now on
 * (state "initialised") and writes the lines of logging.md section 4, rows 1 to 4. In file mode
 * those of the first load are lost, because the file is opened later. */
void nr_log_configure(const nr_log_settings *settings);
/* State "initialised" without a configuration: before the second attempt to load one. */
void nr_log_set_initialized(void);
/* Opens the log file and, when initialised, writes "Logger initialized.". False: it cannot be
 * opened, and logging is switched off. */
bool nr_log_open(nr_str path);
/* Switches logging off until the next nr_log_configure. */
void nr_log_disable(void);
/* The level after clamping, before logging is enabled or not: TRACE until configured.
 * The selection of methods depends on it (selection-in-native.md 2.4). */
nr_log_level nr_log_effective_level(void);
bool nr_log_is_console(void);
bool nr_log_is_enabled(void);
/* "Trace", "Debug", "Info ", "Warn ", "Error" */
const char *nr_log_level_name(nr_log_level level);
/* "YYYY-MM-DD hh:mm:ss" of seconds since 1970-01-01 UTC. */
void nr_log_format_time(int64_t seconds, nr_buf *out);
/* Tests only: back to the state before the first configuration. */
void nr_log_reset(void);

#endif

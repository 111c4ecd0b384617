#include "base/log.h"

#include "base/buf.h"
#include "base/utf.h"
#include "os/lock_order.h"

#include <stdarg.h>
#include <stdio.h>

enum { OFF = NR_ERROR + 1, TIME_SIZE = 32, LINE_SIZE = 512 };

atomic_int nr_log_threshold = OFF;
static atomic_int effective_level = NR_TRACE;

static nr_mutex lock = NR_MUTEX_INIT(NR_LOCK_LOG); /* of everything below, and of the order of lines */
static nr_log_settings settings = {NR_TRACE, true, false, false, false};
static bool initialized;
static intptr_t file = -1;

const char *nr_log_level_name(nr_log_level level)
{
    static const char *const names[] = {"Trace", "Debug", "Info ", "Warn ", "Error"};
    return (unsigned)level < NR_COUNT(names) ? names[level] : "-bad level-";
}

/* Recomputes what the hot path reads; the lock is held. */
static void update(void)
{
    bool clamped = settings.console || (settings.azure_function && !settings.azure_level_override);
    nr_log_level level = clamped && settings.level < NR_INFO ? NR_INFO : settings.level;
    bool on = initialized && settings.enabled && (settings.console || file != -1);
    atomic_store(&effective_level, (int)level);
    atomic_store(&nr_log_threshold, on ? (int)level : OFF);
}

/* "2026-01-31 23:59:59 " in UTC, without the C library: gmtime and strftime lock, and look at
 * TZ and locale. Days to date as in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms":
 * the year begins in March, so the leap day is its last one. */
static void format_time(int64_t seconds, char out[TIME_SIZE])
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468; /* from 0000-03-01 to 1970-01-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    month += month < 10 ? 3 : -9;
    year += era * 400 + (month <= 2);
    snprintf(out, TIME_SIZE, "%04d-%02d-%02d %02d:%02d:%02d ", (int)year, (int)month, day, (int)(rest / 3600),
             (int)(rest / 60 % 60), (int)(rest % 60));
}

void nr_log_format_time(int64_t seconds, nr_buf *out)
{
    char text[TIME_SIZE];
    format_time(seconds, text);
    nr_buf_put(out, text, strlen(text) - 1);
}

static void write_line(const char *p, size_t n)
{
    nr_mutex_lock(&lock);
    /* The settings may have changed since the caller looked. */
    if (settings.console || file != -1) nr_os_write(settings.console ? nr_os_stdout() : file, p, n);
    nr_mutex_unlock(&lock);
}

/* A line that does not fit the stack, or holds bytes that are not UTF-8 (they become U+FFFD). */
static bool write_long(const char *head, const char *format, va_list args)
{
    nr_buf text = NR_BUF_INIT, line = NR_BUF_INIT;
    nr_buf_vprintf(&text, format, args);
    nr_str s = nr_buf_str(&text);
    nr_buf_put(&line, head, strlen(head));
    for (size_t i = 0; i < s.n;) nr_utf8_put(&line, nr_utf8_next(s, &i));
    nr_buf_put_str(&line, NR_STR(NR_OS_LINE_END));
    bool ok = !text.failed && !line.failed;
    if (ok) write_line((const char *)line.data, line.size);
    nr_buf_free(&line);
    nr_buf_free(&text);
    return ok;
}

void nr_log_write(nr_log_level level, const char *format, ...)
{
    static const char end[] = NR_OS_LINE_END;
    char line[LINE_SIZE], time[TIME_SIZE];
    va_list args, again;
    if (!nr_log_on(level)) return;
    format_time(nr_os_unix_time(), time);
    int head = snprintf(line, sizeof line, "[%s] %s", nr_log_level_name(level), time);
    size_t room = sizeof line - (size_t)head - (sizeof end - 1);
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(line + head, room, format, args);
    if (n >= 0) {
        size_t fits = (size_t)n < room ? (size_t)n : room - 1;
        nr_str text = {line + head, fits};
        size_t valid = nr_utf8_valid_prefix(text);
        char kept = line[head];
        line[head] = 0;
        bool simple = fits == (size_t)n && valid == fits;
        if (simple || !write_long(line, format, again)) { /* without memory: what fits */
            line[head] = kept;
            memcpy(line + head + valid, end, sizeof end - 1);
            write_line(line, (size_t)head + valid + sizeof end - 1);
        }
    }
    va_end(again);
    va_end(args);
}

void nr_log_configure(const nr_log_settings *s)
{
    nr_mutex_lock(&lock);
    settings = *s;
    initialized = true;
    update();
    nr_mutex_unlock(&lock);
    const char *level = nr_log_level_name(nr_log_effective_level());
    NR_LOG(NR_INFO, "<-- New logging level set: %s", level);
    if (s->console)
        NR_LOG(NR_WARN,
               "Logging level has been clamped to %s. Console logging at DEBUG or TRACE level incurs a very large "
               "performance hit.",
               level);
    if (s->azure_function && !s->azure_level_override)
        NR_LOG(NR_WARN,
               "Logging level has been clamped to %s. TRACE level logging is not supported in Azure Function mode.",
               level);
    if (s->console) NR_LOG(NR_INFO, "Console logging enabled");
}

void nr_log_set_initialized(void)
{
    nr_mutex_lock(&lock);
    initialized = true;
    update();
    nr_mutex_unlock(&lock);
}

bool nr_log_open(nr_str path)
{
    intptr_t opened = nr_os_open_log(path);
    nr_mutex_lock(&lock);
    intptr_t old = file;
    file = opened;
    if (opened == -1) settings.enabled = false;
    update();
    nr_mutex_unlock(&lock);
    nr_os_close(old);
    if (opened != -1) NR_LOG(NR_INFO, "Logger initialized.");
    return opened != -1;
}

void nr_log_disable(void)
{
    nr_mutex_lock(&lock);
    settings.enabled = false;
    update();
    nr_mutex_unlock(&lock);
}

nr_log_level nr_log_effective_level(void)
{
    return (nr_log_level)atomic_load_explicit(&effective_level, memory_order_relaxed);
}

bool nr_log_is_console(void)
{
    nr_mutex_lock(&lock);
    bool r = settings.console;
    nr_mutex_unlock(&lock);
    return r;
}

bool nr_log_is_enabled(void)
{
    nr_mutex_lock(&lock);
    bool r = settings.enabled;
    nr_mutex_unlock(&lock);
    return r;
}

void nr_log_reset(void)
{
    nr_mutex_lock(&lock);
    nr_os_close(file);
    file = -1;
    initialized = false;
    settings = (nr_log_settings){NR_TRACE, true, false, false, false};
    update();
    nr_mutex_unlock(&lock);
}

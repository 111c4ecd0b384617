#include "rules/config.h"

#include "base/xml.h"
#include "os/os.h"

/* A list under construction. */
static void push(nr_arena *arena, nr_buf *list, nr_str s)
{
    nr_str copy = nr_arena_str(arena, s);
    if (!copy.p) list->failed = true;
    nr_buf_put(list, &copy, sizeof copy);
}

/* Moves a list to the arena; false: no memory. */
static bool finish(nr_arena *arena, nr_buf *from, nr_str_list *to)
{
    to->count = from->size / sizeof(nr_str);
    to->items = from->failed ? NULL : nr_arena_copy(arena, from->data, from->size);
    nr_buf_free(from);
    return to->items != NULL;
}

static bool attribute_is(const nr_xml_node *node, const char *name, bool absent, const char *word)
{
    nr_str value;
    if (!nr_xml_attribute_value(node, name, &value)) return absent;
    return nr_str_eq_ci(value, nr_str_of(word));
}

/* ---- log ------------------------------------------------------------------------------- */

nr_log_level nr_config_log_level(nr_str word)
{
    static const struct {
        const char *word;
        nr_log_level level;
    } words[] = {{"off", NR_ERROR},  {"error", NR_ERROR},   {"warn", NR_WARN},    {"info", NR_INFO}, {"debug", NR_DEBUG},
                 {"fine", NR_DEBUG}, {"verbose", NR_TRACE}, {"finest", NR_TRACE}, {"all", NR_TRACE}};
    for (size_t i = 0; i < NR_COUNT(words); i++) {
        if (nr_str_eq_ci(word, nr_str_of(words[i].word))) return words[i].level;
    }
    return NR_INFO;
}

static bool read_log(const nr_xml_node *root, nr_log_settings *log)
{
    nr_arena scratch = NR_ARENA_INIT;
    nr_str level;
    bool ok = true;
    *log = (nr_log_settings){NR_INFO, true, false, false, false};
    if (nr_env_get(&scratch, NR_ENV_LOG_LEVEL, &level)) { /* 4.1: the element is not looked at */
        ok = level.p != NULL;
        log->level = nr_config_log_level(level);
    } else {
        const nr_xml_node *node = nr_xml_child(root, "log");
        log->console = attribute_is(node, "console", false, "true");
        log->enabled = attribute_is(node, "enabled", true, "true");
        if (nr_xml_attribute_value(node, "level", &level)) log->level = nr_config_log_level(level);
    }
    log->console = nr_env_bool(NR_ENV_LOG_CONSOLE, log->console);
    log->enabled = nr_env_bool(NR_ENV_LOG_ENABLED, log->enabled);
    log->azure_function = nr_env_is_azure_function();
    log->azure_level_override = nr_env_bool(NR_ENV_AZURE_LOG_LEVEL_OVERRIDE, false);
    nr_arena_free(&scratch);
    return ok;
}

/* ---- instrumentation ---------------------------------------------------------------------- */

static bool read_ignore_list(nr_arena *arena, const nr_xml_node *instrumentation, nr_ignore_list *list)
{
    nr_buf found = NR_BUF_INIT; /* of nr_ignore_entry */
    const nr_xml_node *rules = nr_xml_child(instrumentation, "rules");
    for (const nr_xml_node *n = nr_xml_child(rules, "ignore"); n; n = nr_xml_next(n, "ignore")) {
        nr_str assembly, class_name = NR_STR("");
        if (!nr_xml_attribute_value(n, "assemblyName", &assembly)) continue;
        nr_xml_attribute_value(n, "className", &class_name);
        nr_ignore_entry e = {nr_arena_str(arena, assembly), nr_arena_str(arena, class_name)};
        if (!e.assembly.p || !e.class_name.p) found.failed = true;
        nr_buf_put(&found, &e, sizeof e);
    }
    list->count = found.size / sizeof(nr_ignore_entry);
    list->entries = found.failed ? NULL : nr_arena_copy(arena, found.data, found.size);
    nr_buf_free(&found);
    return list->entries != NULL;
}

bool nr_ignore_matches(const nr_ignore_list *list, nr_str assembly, nr_str class_name)
{
    for (size_t i = 0; i < list->count; i++) {
        const nr_ignore_entry *e = &list->entries[i];
        if (!nr_str_eq_ci(e->assembly, assembly)) continue;
        if (e->class_name.n == 0 || nr_str_eq_ci(e->class_name, class_name)) return true;
    }
    return false;
}

static bool read_applications(nr_arena *arena, const nr_xml_node *instrumentation, nr_env_id id, bool excluded,
                              nr_str_list *list)
{
    nr_buf found = NR_BUF_INIT;
    if (nr_env_list(arena, id, list)) return list->items != NULL; /* 5.1 */
    const nr_xml_node *all = nr_xml_child(instrumentation, "applications");
    for (const nr_xml_node *n = nr_xml_child(all, "application"); n; n = nr_xml_next(n, "application")) {
        nr_str name;
        if (!nr_xml_attribute_value(n, "name", &name)) continue;
        if (attribute_is(n, "include", false, "false") == excluded) push(arena, &found, name);
    }
    return finish(arena, &found, list);
}

static bool read_pools(nr_arena *arena, const nr_xml_node *root, nr_config *c)
{
    nr_buf allowed = NR_BUF_INIT, denied = NR_BUF_INIT;
    const nr_xml_node *pools = nr_xml_child(root, "applicationPools");
    c->pools_by_default = attribute_is(nr_xml_child(pools, "defaultBehavior"), "instrument", true, "true");
    for (const nr_xml_node *n = nr_xml_child(pools, "applicationPool"); n; n = nr_xml_next(n, "applicationPool")) {
        nr_str name, instrument;
        if (!nr_xml_attribute_value(n, "name", &name)) {
            NR_LOG(NR_WARN, "ApplicationPool element in configuration file is missing the 'name' attribute.");
        } else if (!nr_xml_attribute_value(n, "instrument", &instrument)) {
            NR_LOG(NR_WARN, "ApplicationPool element in configuration file is missing the 'instrument' attribute.");
        } else {
            push(arena, nr_str_eq_ci(instrument, NR_STR("true")) ? &allowed : &denied, name);
        }
    }
    bool ok = finish(arena, &allowed, &c->pools_allowed);
    return finish(arena, &denied, &c->pools_denied) && ok;
}

/* ---- documents --------------------------------------------------------------------------- */

static bool no_memory(const nr_xml_error *e)
{
    return nr_str_is(nr_str_of(e->text), "out of memory");
}

static void log_syntax_error(const char *which, nr_str text, const nr_xml_error *e)
{
    nr_str rest = {text.p + e->offset, text.n - e->offset}; /* %s ends at a NUL, as the document does */
    NR_LOG(NR_ERROR, "Exception thrown while attempting to parse %s file: %s", which, e->text);
    NR_LOG(NR_ERROR, "Exception thrown at %.*s", NR_STR_ARG(rest));
}

static void agent_enabled_in_both(const nr_xml_node *global, const nr_xml_node *local, nr_config *c)
{
    bool in_global = attribute_is(global, "agentEnabled", true, "true");
    bool in_local = attribute_is(local, "agentEnabled", true, "true");
    NR_LOG(NR_INFO, "Global config agentEnabled=%s", in_global ? "true" : "false");
    NR_LOG(NR_INFO, "Local config agentEnabled=%s", in_local ? "true" : "false");
    c->agent_enabled = in_global && in_local;
    c->enabled_in_local = in_local;
}

/* The root from which everything but agentEnabled is read: local if usable, else global (2). */
static nr_start_error choose_root(nr_arena *scratch, const nr_config_texts *texts, nr_config *c, const nr_xml_node **root)
{
    nr_xml_error error;
    const nr_xml_node *document = nr_xml_parse(scratch, texts->global, &error);
    if (!document) {
        if (no_memory(&error)) return NR_START_NO_MEMORY;
        log_syntax_error("main newrelic.config", texts->global, &error);
        return NR_START_CONFIG_SYNTAX;
    }
    const nr_xml_node *global = nr_xml_child(document, "configuration");
    if (!global) {
        NR_LOG(NR_ERROR, "Unable to locate configuration node in the global newrelic.config file.");
        return NR_START_CONFIG_ROOT;
    }
    *root = global;
    c->agent_enabled = attribute_is(global, "agentEnabled", true, "true");
    if (!texts->local.p) return NR_START_OK;
    document = nr_xml_parse(scratch, texts->local, &error);
    if (!document) {
        if (no_memory(&error)) return NR_START_NO_MEMORY;
        NR_LOG(NR_WARN, "Unable to parse local newrelic.config. Defaulting to global version.");
        return NR_START_OK;
    }
    const nr_xml_node *local = nr_xml_child(document, "configuration");
    if (!local) {
        NR_LOG(NR_WARN, "Unable to find the configuration node in local newrelic.config file. Defaulting to global version.");
        return NR_START_OK;
    }
    agent_enabled_in_both(global, local, c);
    *root = local;
    return NR_START_OK;
}

/* Section 7. A document with another root, on which the reference crashes, sets nothing. */
static nr_start_error read_application(nr_arena *scratch, nr_str text, nr_config *c)
{
    nr_xml_error error;
    if (text.n == 0) return NR_START_OK;
    const nr_xml_node *document = nr_xml_parse(scratch, text, &error);
    if (!document) {
        if (no_memory(&error)) return NR_START_NO_MEMORY;
        log_syntax_error("app-specific config", text, &error);
        return NR_START_APP_CONFIG_SYNTAX;
    }
    const nr_xml_node *settings = nr_xml_child(nr_xml_child(document, "configuration"), "appSettings");
    for (const nr_xml_node *n = nr_xml_child(settings, "add"); n; n = nr_xml_next(n, "add")) {
        if (!attribute_is(n, "key", false, "NewRelic.AgentEnabled")) continue;
        c->app_config_set = true;
        if (attribute_is(n, "value", false, "true")) c->app_config_enabled = true;
    }
    return NR_START_OK;
}

nr_start_error nr_config_parse(nr_arena *arena, const nr_config_texts *texts, nr_config *config)
{
    nr_arena scratch = NR_ARENA_INIT; /* the documents */
    const nr_xml_node *root = NULL;
    memset(config, 0, sizeof *config);
    nr_start_error e = choose_root(&scratch, texts, config, &root);
    if (e) goto done;
    e = NR_START_NO_MEMORY;
    const nr_xml_node *instrumentation = nr_xml_child(root, "instrumentation");
    if (!read_log(root, &config->log)) goto done;
    if (!read_ignore_list(arena, instrumentation, &config->ignore)) goto done;
    if (!read_applications(arena, instrumentation, NR_ENV_INCLUDED_APPLICATIONS, false, &config->included)) goto done;
    if (!read_applications(arena, instrumentation, NR_ENV_EXCLUDED_APPLICATIONS, true, &config->excluded)) goto done;
    if (!read_pools(arena, root, config)) goto done;
    e = read_application(&scratch, texts->application, config);
done:
    nr_arena_free(&scratch);
    return e;
}

/* ---- files ------------------------------------------------------------------------------- */

/* newrelic.config in a directory; OK with text->p == NULL: there is none. */
static nr_start_error read_in(nr_arena *arena, nr_str directory, nr_str *text)
{
    *text = (nr_str){NULL, 0};
    nr_str path = nr_path_join(arena, directory, "newrelic.config");
    if (!path.p) return NR_START_NO_MEMORY;
    if (!nr_os_file_exists(path)) return NR_START_OK;
    NR_LOG(NR_INFO, "Found newrelic.config at: %.*s", NR_STR_ARG(path));
    return nr_text_read(arena, path, text);
}

static nr_start_error read_texts(nr_arena *arena, bool core, nr_config_texts *texts)
{
    nr_str home;
    memset(texts, 0, sizeof *texts);
    nr_start_error e = nr_home_directory(arena, core, &home);
    if (!e) e = read_in(arena, home, &texts->global);
    if (e) return e;
    if (!texts->global.p) {
        NR_LOG(NR_ERROR, "The global newrelic.config file was not found at: %.*s", NR_STR_ARG(home));
        return NR_START_NO_CONFIG;
    }
    e = read_in(arena, nr_os_process_directory(arena), &texts->local);
    if (e == NR_START_NO_MEMORY) return e;
    if (e) {
        NR_LOG(NR_WARN,
               "There was an error reading the local newrelic.config file. Using the settings in the global "
               "newrelic.config file instead.");
    }
    nr_str path = nr_arena_printf(arena, "%.*s.config", NR_STR_ARG(nr_os_process_path(arena)));
    if (!path.p) return NR_START_NO_MEMORY;
    return nr_os_file_exists(path) ? nr_text_read(arena, path, &texts->application) : NR_START_OK;
}

nr_start_error nr_config_load(nr_arena *arena, bool core, nr_config *config)
{
    nr_arena scratch = NR_ARENA_INIT; /* the texts */
    nr_config_texts texts;
    nr_start_error e = read_texts(&scratch, core, &texts);
    if (!e) e = nr_config_parse(arena, &texts, config);
    if (!e) nr_log_configure(&config->log);
    nr_arena_free(&scratch);
    return e;
}

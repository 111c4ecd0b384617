#include "fixture.h"

#include "rules/coredll.h"
#include "rules/home.h"
#include "rules/logfile.h"

/* Section 3: home in the environment, per runtime. */
TEST(home)
{
    static const struct {
        const char *name;
        bool framework, core;
    } rows[] = {
        {"NEW_RELIC_HOME", true, false},
        {"NEWRELIC_HOME", true, false},
        {"CORECLR_NEW_RELIC_HOME", false, true}, /* on Core NEW_RELIC_HOME does not count */
        {"CORECLR_NEWRELIC_HOME", false, true},
    };
    nr_arena a = NR_ARENA_INIT;
    nr_str home;
    log_start(NR_INFO);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clear_env();
        set_env(rows[i].name, "/h/ "); /* verbatim (3.4) */
        CHECK_EQ(nr_home_directory(&a, false, &home), rows[i].framework ? NR_START_OK : NR_START_NO_HOME);
        if (rows[i].framework) CHECK_STR(home, "/h/ ");
        CHECK_EQ(nr_home_directory(&a, true, &home), rows[i].core ? NR_START_OK : NR_START_NO_HOME);
        if (rows[i].core) CHECK_STR(home, "/h/ ");
    }
    clear_env();
    log_start(NR_INFO);
    CHECK_EQ(nr_home_directory(&a, true, &home), NR_START_NO_HOME);
    CHECK_STR(logged(&a), "E Unable to find New Relic Home directory in registry or environment.\n");
    CHECK_STR(nr_str_of(nr_start_error_text(NR_START_NO_MEMORY)), "out of memory");
    nr_log_reset();
    nr_arena_free(&a);
}

TEST(text_files)
{
    nr_arena a = NR_ARENA_INIT;
    nr_str text;
    log_start(NR_INFO);
    nr_str path = put_file(&a, "x.xml", "\xEF\xBB\xBF<a>\xC3\xA9</a>\xFF junk");
    CHECK_EQ(nr_text_read(&a, path, &text), NR_START_OK);
    CHECK_STR(text, "<a>\xC3\xA9</a>");
    CHECK_EQ(nr_text_read(&a, put_file(&a, "empty", ""), &text), NR_START_OK);
    CHECK_STR(text, "");
    CHECK_EQ(nr_text_read(&a, test_path(&a, "none"), &text), NR_START_UNREADABLE);
    CHECK_STR(logged(&a), "E Unable to open file. File path: @" SEP "none\n");
    nr_log_reset();
    nr_arena_free(&a);
}

static nr_str names(nr_arena *a, const nr_str_list *list)
{
    nr_buf b = NR_BUF_INIT;
    size_t n = strlen(nr_test_directory());
    for (size_t i = 0; i < list->count; i++)
        nr_buf_printf(&b, "%.*s\n", (int)(list->items[i].n - n), list->items[i].p + n);
    nr_buf_u8(&b, '.');
    nr_str r = nr_arena_str(a, nr_buf_str(&b));
    nr_buf_free(&b);
    return r;
}

/* 4.4 and 4.5 */
TEST(extension_files)
{
    nr_arena a = NR_ARENA_INIT;
    nr_extension_files files;
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    static const char *const names_[] = {"b.xml",
                                         "a.xml",
                                         "A.xml",
                                         "fooxml",
                                         "b.XML",
                                         ".hidden.xml",
                                         "x.lua",
                                         "B.lua",
                                         "x.luac",
                                         "x.txt",
                                         "a\xEF\xBD\x81.xml",
                                         "a\xF0\x9F\x98\x80.xml",
                                         "netcore" SEP "c.xml",
                                         "netcore" SEP "a.xml",
                                         "netcore" SEP "c.lua",
                                         "netframework" SEP "f.xml"};
    for (size_t i = 0; i < NR_COUNT(names_); i++) {
        char path[100];
        snprintf(path, sizeof path, "extensions" SEP "%s", names_[i]);
        put_file(&a, path, "");
    }
    CHECK(nr_os_make_directory(test_path(&a, "extensions" SEP "d.xml")));
    log_start(NR_INFO);
    CHECK_EQ(nr_extension_files_list(&a, true, &files), NR_START_OK);
    CHECK_STR(logged(&a), "I Loading instrumentation from @" SEP "extensions\n"
                          "I Loading instrumentation from @" SEP "extensions" SEP "netcore\n");
    if (!NR_OS_WINDOWS) {
        /* Every name that ends with "xml", the directory too; by UTF-16 units: U+1F600 before U+FF41. */
        CHECK_STR(names(&a, &files.xml), "/extensions/.hidden.xml\n/extensions/A.xml\n/extensions/a.xml\n"
                                         "/extensions/a\xF0\x9F\x98\x80.xml\n/extensions/a\xEF\xBD\x81.xml\n"
                                         "/extensions/b.xml\n/extensions/d.xml\n/extensions/fooxml\n"
                                         "/extensions/netcore/a.xml\n/extensions/netcore/c.xml\n.");
        CHECK_STR(names(&a, &files.lua), "/extensions/B.lua\n/extensions/netcore/c.lua\n/extensions/x.lua\n.");
    }
    /* The directory that is a file (4.4): empty text. */
    nr_str text;
    nr_str directory = test_path(&a, "extensions" SEP "d.xml");
    CHECK_EQ(nr_text_read(&a, directory, &text), NR_OS_WINDOWS ? NR_START_UNREADABLE : NR_START_OK);
    if (!NR_OS_WINDOWS) CHECK_STR(text, "");
    clear_env();
    nr_log_reset();
    nr_arena_free(&a);
}

TEST(no_extensions)
{
    nr_arena a = NR_ARENA_INIT;
    nr_extension_files files;
    clear_env();
    set_env("NEW_RELIC_HOME", nr_test_directory());
    log_start(NR_INFO);
    CHECK_EQ(nr_extension_files_list(&a, false, &files), NR_START_OK);
    CHECK_EQ(files.xml.count + files.lua.count, 0);
    CHECK_EQ(nr_extension_files_list(&a, true, &files), NR_START_NO_HOME);
    const char *rest = "E Unable to find New Relic Home directory in registry or environment.\n";
    nr_str want = nr_arena_printf(&a,
                                  "W Unable to find the New Relic Agent extensions directory (@" SEP
                                  "extensions).  No methods will be instrumented except those decorated with "
                                  "[Transaction] or [Trace] attributes in conjunction with the New Relic agent API.\n"
                                  "%s%s",
                                  NR_OS_WINDOWS ? "W No instrumentation files found.\n" : "", rest);
    CHECK_STR(logged(&a), want.p);
    clear_env();
    nr_log_reset();
    nr_arena_free(&a);
}

/* Section 5 */
TEST(core_dll)
{
    nr_arena a = NR_ARENA_INIT;
    nr_str path;
    clear_env();
    set_env("NEW_RELIC_INSTALL_PATH", test_path(&a, "install").p);
    set_env("CORECLR_NEW_RELIC_HOME", test_path(&a, "home").p);
    static const char *const places[] = {
        "home" SEP "netcore" SEP "NewRelic.Agent.Core.dll", "home" SEP "NewRelic.Agent.Core.dll",
        "install" SEP "netcore" SEP "NewRelic.Agent.Core.dll", "install" SEP "NewRelic.Agent.Core.dll"};
    log_start(NR_DEBUG);
    CHECK_EQ(nr_core_dll_find(&a, true, &path), NR_START_NO_CORE_DLL);
    CHECK(path.p == NULL);
    CHECK_STR(logged(&a),
              "D Searching for New Relic Agent DLL at: @" SEP "install" SEP "NewRelic.Agent.Core.dll\n"
              "D Searching for New Relic Agent DLL at: @" SEP "install" SEP "netcore" SEP "NewRelic.Agent.Core.dll\n"
              "D Searching for New Relic Agent DLL at: @" SEP "home" SEP "NewRelic.Agent.Core.dll\n"
              "D Searching for New Relic Agent DLL at: @" SEP "home" SEP "netcore" SEP "NewRelic.Agent.Core.dll\n"
              "E Unable to find CORECLR_NEW_RELIC_HOME or NEW_RELIC_INSTALL_PATH environment variables.  Aborting "
              "instrumentation.\n"
              "E The New Relic Agent DLL is missing.\n"); /* 5.2: though they are set */
    /* From the last place to the first: each goes before those made earlier. */
    for (size_t i = 0; !NR_OS_WINDOWS && i < NR_COUNT(places); i++) {
        put_file(&a, places[i], "");
        CHECK_EQ(nr_core_dll_find(&a, true, &path), NR_START_OK);
        CHECK_STR(path, test_path(&a, places[i]).p);
    }
    set_env("NEW_RELIC_INSTALL_PATH", test_path(&a, "install" SEP).p);
    if (!NR_OS_WINDOWS) {
        CHECK_EQ(nr_core_dll_find(&a, true, &path), NR_START_OK);
        CHECK_STR(path, test_path(&a, "install//NewRelic.Agent.Core.dll").p); /* 5.3: not normalised */
    }
    clear_env();
    log_start(NR_INFO);
    CHECK_EQ(nr_core_dll_find(&a, false, &path), NR_START_NO_CORE_DLL);
    CHECK_STR(logged(&a), "E Unable to find NEW_RELIC_HOME or NEW_RELIC_INSTALL_PATH environment variables.  Aborting "
                          "instrumentation.\nE The New Relic Agent DLL is missing.\n");
    nr_log_reset();
    nr_arena_free(&a);
}

/* Section 7; {pid} is "#" */
TEST(log_file)
{
    static const struct {
        const char *name[3], *value[3];
        const char *unix_path;
    } rows[] = {
        {{"NEW_RELIC_PROFILER_LOG_DIRECTORY", "NEW_RELIC_LOG_DIRECTORY", "CORECLR_NEW_RELIC_HOME"},
         {"/p", "/l", "/h"},
         "/p/NewRelic.Profiler.#.log"},
        {{"NEWRELIC_PROFILER_LOG_DIRECTORY", "NEW_RELIC_LOG_DIRECTORY", NULL},
         {"/p/", "/l", NULL},
         "/p//NewRelic.Profiler.#.log"},
        {{"NEW_RELIC_LOG_DIRECTORY", "HOME_EXPANDED", "CORECLR_NEW_RELIC_HOME"},
         {"/l", "C:\\DWASFiles\\Sites\\x", "/h"},
         "/l/NewRelic.Profiler.#.log"},
        {{"HOME", "HOME_EXPANDED", "CORECLR_NEW_RELIC_HOME"},
         {"/home", "D:\\DWASFiles\\Sites\\x", "/h"},
         "/home/LogFiles/NewRelic/NewRelic.Profiler.#.log"},
        {{"HOME_EXPANDED", "CORECLR_NEW_RELIC_HOME", NULL},
         {"x:\\DWASFiles\\Sites", "/h", NULL},
         "/NewRelic.Profiler.#.log"},
        {{"HOME_EXPANDED", "CORECLR_NEW_RELIC_HOME", NULL},
         {"x:\\dwasfiles\\sites", "/h", NULL},
         "/h/logs/NewRelic.Profiler.#.log"},
        {{"CORECLR_NEW_RELIC_HOME", "NEW_RELIC_HOME", NULL},
         {"", "/f", NULL},
         "/logs/NewRelic.Profiler.#.log"}, /* 7.5 */
        {{"NEW_RELIC_HOME", NULL, NULL}, {"/f", NULL, NULL}, "/New Relic/.NET Agent/Logs/NewRelic.Profiler.#.log"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        clear_env();
        for (size_t j = 0; j < 3 && rows[i].name[j]; j++) set_env(rows[i].name[j], rows[i].value[j]);
        char want[200];
        const char *hash = strchr(rows[i].unix_path, '#');
        snprintf(want, sizeof want, "%.*s%lu%s", (int)(hash - rows[i].unix_path), rows[i].unix_path, nr_os_process_id(),
                 hash + 1);
        if (!NR_OS_WINDOWS) CHECK_STR(nr_logfile_path(&a, true, false), want);
        CHECK(nr_logfile_path(&a, true, false).p != NULL);
        nr_arena_free(&a);
    }
    clear_env();
}

TEST(log_start_of_a_process)
{
    nr_arena a = NR_ARENA_INIT;
    nr_log_settings s = {NR_INFO, true, false, false, false};
    clear_env();
    set_env("NEW_RELIC_LOG_DIRECTORY", test_path(&a, "a" SEP "b").p); /* made with its parents (7.3) */
    nr_log_reset();
    nr_log_configure(&s);
    nr_logfile_start(true);
    CHECK(nr_os_file_exists(nr_logfile_path(&a, true, false)));
    CHECK(nr_log_on(NR_INFO));
    put_file(&a, "file", "");
    set_env("NEW_RELIC_LOG_DIRECTORY", test_path(&a, "file" SEP "c").p); /* cannot be made */
    nr_log_reset();
    nr_log_configure(&s);
    nr_logfile_start(true);
    CHECK(!nr_log_is_enabled());
    set_env("NEW_RELIC_LOG_DIRECTORY", test_path(&a, "off").p);
    nr_log_reset();
    s.enabled = false;
    nr_log_configure(&s);
    nr_logfile_start(true);
    CHECK(!nr_os_directory_exists(test_path(&a, "off")));
    nr_log_reset();
    s = (nr_log_settings){NR_ERROR, true, true, false, false}; /* the clamp's WARN stays below */
    nr_log_configure(&s);
    nr_logfile_start(true);
    CHECK(!nr_os_directory_exists(test_path(&a, "off")));
    nr_log_reset();
    clear_env();
    nr_arena_free(&a);
}

TEST(no_memory)
{
    nr_arena keep = NR_ARENA_INIT;
    clear_env();
    set_env("CORECLR_NEW_RELIC_HOME", nr_test_directory());
    put_file(&keep, "extensions" SEP "a.xml", "");
    put_file(&keep, "extensions" SEP "a.lua", "");
    put_file(&keep, "NewRelic.Agent.Core.dll", "");
    nr_log_reset();
    bool listed = false, found = false, placed = false, read = false;
    nr_arena_exact(true);
    for (unsigned long n = 1; n < 100 && !(listed && found && placed && read); n++) {
        nr_arena a = NR_ARENA_INIT;
        nr_extension_files files;
        nr_str path = {NULL, 0}, text;
        nr_alloc_fail_at(n, 1);
        nr_start_error e = nr_extension_files_list(&a, true, &files);
        nr_alloc_fail_at(0, 0);
        listed = e == NR_START_OK;
        CHECK(listed || e == NR_START_NO_MEMORY);
        if (listed) CHECK(files.xml.count == 1 && files.lua.count == 1);
        nr_arena_free(&a);
        nr_alloc_fail_at(n, 1);
        e = nr_core_dll_find(&a, true, &path);
        nr_alloc_fail_at(0, 0);
        found = e == NR_START_OK || NR_OS_WINDOWS;
        CHECK(found || e == NR_START_NO_MEMORY);
        nr_arena_free(&a);
        nr_alloc_fail_at(n, 1);
        placed = nr_logfile_path(&a, true, false).p != NULL;
        nr_alloc_fail_at(0, 0);
        nr_arena_free(&a);
        path = test_path(&keep, "NewRelic.Agent.Core.dll");
        nr_alloc_fail_at(n, 1);
        e = nr_text_read(&a, path, &text);
        nr_alloc_fail_at(0, 0);
        read = e == NR_START_OK;
        CHECK(read || e == NR_START_NO_MEMORY);
        nr_arena_free(&a);
    }
    CHECK(listed && found && placed && read);
    nr_arena_exact(false);
    clear_env();
    nr_arena_free(&keep);
}

TESTS(home, T(home), T(text_files), T(extension_files), T(no_extensions), T(core_dll), T(log_file),
      T(log_start_of_a_process), T(no_memory))

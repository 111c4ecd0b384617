#include "fixture.h"

#include "os/isolate.h"
#include "rules/process.h"

/* Empty lists, everything as without a file. */
static nr_config plain(void)
{
    nr_config c;
    memset(&c, 0, sizeof c);
    c.agent_enabled = true;
    c.pools_by_default = true;
    return c;
}

static nr_process_facts facts(const char *path, const char *parent, const char *pool, const char *line)
{
    nr_process_facts f = {nr_str_of(path), nr_str_of(parent), nr_str_of(line), nr_str_of(pool), false};
    return f;
}

/* Decides, and compares answer and lines. */
static void check(const nr_process_facts *f, const nr_config *c, bool core, bool answer, const char *log)
{
    nr_arena a = NR_ARENA_INIT;
    log_start(NR_INFO);
    if (!CHECK_EQ(nr_should_instrument(f, c, core), answer))
        printf("    %.*s: %.*s\n", NR_STR_ARG(f->path), NR_STR_ARG(f->command_line));
    CHECK_STR(logged(&a), log);
    nr_log_reset();
    nr_arena_free(&a);
}

/* The pinned examples of 8.2. */
TEST(core_command_lines)
{
    static const char *const no[] = {
        "dotnet run",
        "DotNet Run",
        "dotnet.exe run",
        "\"dotnet.exe\" run",
        "\"c:\\program files\\dotnet.exe\" run",
        "\"c:\\program files\\dotnet.exe\"   run",
        "dotnet publish",
        "dotnet restore",
        "dotnet run -p c:\\test\\test.csproj",
        "dotnet run -p \"c:\\program files\\test.csproj\"",
        "dotnet run -p ~/test.csproj",
        "dotnet new console",
        "dotnet new mvc",
        "dotnet\" run",
        "\"dotnet\" run",
        "app1.exe | dotnet run",
        "dotnet.exe exec \"c:\\program files\\MSBuild.dll\" -maxcpucount",
        "dotnet.exe exec c:\\test\\msbuild.dll",
        "dotnet Kudu.Services.Web.dll",
        "/opt/Kudu/Kudu.Services.Web",
        "/appservice/dotnet/dotnet /appservice/kuduagent/kuduagent.dll",
        "./DiagServer",
        /* accepted mistakes */
        "IpublishedThis.exe \"dotnet run \"",
        "'IpublishedThis.exe' \"dotnet run \"",
        "IpublishedThis.exe dotnet run",
        /* each ending of step 2, and what may stand before it */
        "dotnet' run",
        "dotnet.exe' run",
        "'dotnet' run",
        "/usr/bin/dotnet NEW",
        "c:\\dotnet.exe\" publish ",
        " dotnet  run",
    };
    static const char *const yes[] = {
        "dotnetXexe restore",
        "\"c:\\program files\\dotnet.exe\"run",
        "dotnet exec test.dll",
        "dotnet exec publish.dll",
        "dotnet publish.dll",
        "dotnet run.dll",
        "dotnet restore.dll",
        "dotnet new.dll",
        "dotnet exec new.dll",
        "dotnet.exerun publish.dll",
        "IpublishedThis.exe",
        "dotnet myapp.dll run thisapp",
        "dotnet/run/IpublishedThis.exe",
        "run dotnet",
        "IpublishedThis.exe \"dotnet run\"",
        "IpublishedThis.exe 'dotnet run'",
        "dotnet exec IpublishedThis.dll dotnet run",
        "dotnet exec IpublishedThis.dll \"dotnet run \"",
        "dotnet build",
        "dotnet test",
        "dotnet tool x",
        "",
        " ",
        "dotnet",
        "mydotnet run",
        "xdotnet.exe run",
        "dotnet\"' run",
        "dotnet runs",
        "dotnet dotnet run", /* the first decides, and "dotnet" is no command */
        "(dotnet run",
        "dotnet\x0E"
        "exe run", /* a real lower case: '.' is not this */
    };
    nr_config c = plain();
    c.agent_enabled = false; /* not consulted on Core */
    clear_env();
    for (size_t i = 0; i < NR_COUNT(no); i++) {
        nr_process_facts f = facts("PROCESSPATH", "", "pool", no[i]);
        check(&f, &c, true, false,
              "I This process will not be instrumented. Command line identified as invalid invocation for "
              "instrumentation\n");
    }
    for (size_t i = 0; i < NR_COUNT(yes); i++) {
        nr_process_facts f = facts("PROCESSPATH", "", "pool", yes[i]);
        check(&f, &c, true, true, "I Process PROCESSPATH is not IIS.\n");
    }
}

#define POOL "I This application pool (%s) "
#define UNLISTED "is not explicitly configured to be instrumented or not but application pools are set to be "

/* 8.2.4 and 8.4, on Core and on Framework */
TEST(application_pools)
{
    static nr_str allowed[] = {{"good", 4}, {"~good", 5}, {"both", 4}}, denied[] = {{"bad", 3}, {"both", 4}};
    static const struct {
        const char *pool;
        bool by_default, answer;
        const char *line;
    } rows[] = {
        {"bad", true, false, "is explicitly configured to NOT be instrumented."},
        {"both", true, false, "is explicitly configured to NOT be instrumented."},
        {"good", false, true, "is explicitly configured to be instrumented."},
        {"~good", false, true, "is explicitly configured to be instrumented."},
        {"GOOD", false, false, UNLISTED "disabled by default."}, /* exact case */
        {"~x", true, false,
         "has been identified as an Azure WebSites built-in background application and will be ignored."},
        {"x", true, true, UNLISTED "enabled by default."},
        {"x", false, false, UNLISTED "disabled by default."},
        {"", true, true, UNLISTED "enabled by default."},
        {"", false, false, UNLISTED "disabled by default."},
    };
    nr_config c = plain();
    c.pools_allowed = (nr_str_list){allowed, NR_COUNT(allowed)};
    c.pools_denied = (nr_str_list){denied, NR_COUNT(denied)};
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        char log[400];
        c.pools_by_default = rows[i].by_default;
        nr_process_facts f = facts("C:\\W3WP.EXE", "", rows[i].pool, "");
        snprintf(log, sizeof log, "I Process C:\\W3WP.EXE is IIS.\n" POOL "%s\n", rows[i].pool, rows[i].line);
        check(&f, &c, true, rows[i].answer, log);
        check(&f, &c, false, rows[i].answer, log);
        /* out-of-process hosting: the parent is IIS; on Framework the parent is not looked at */
        f = facts("C:\\APP.EXE", "C:\\w3wp.exe", rows[i].pool, "");
        snprintf(log, sizeof log, "I Process C:\\APP.EXE with parent process C:\\w3wp.exe is IIS.\n" POOL "%s\n",
                 rows[i].pool, rows[i].line);
        check(&f, &c, true, rows[i].answer, log);
        check(
            &f, &c, false, false,
            "I Process C:\\APP.EXE is not IIS.\nI This process (C:\\APP.EXE) is not configured to be instrumented.\n");
    }
    nr_process_facts f = facts("/USR/DOTNET", ".", "", "");
    check(&f, &c, true, true, "I Process /USR/DOTNET with parent process . is not IIS.\n");
}

/* 8, row 1: the whole file name, any case; before everything else. */
TEST(excluded_names)
{
    static nr_str names[] = {{"foo.exe", 7}, {"", 0}};
    static const struct {
        const char *path;
        bool excluded;
    } rows[] = {
        {"C:\\FOO.EXE", true},  {"/X/FOO.EXE", true},     {"FOO.EXE", true},        {"A\\B/FOO.EXE", true},
        {"A/B\\FOO.EXE", true}, {"C:\\MYFOO.EXE", false}, {"C:\\FOO.EXE.X", false}, {"C:\\", true},
    };
    nr_config c = plain();
    c.excluded = (nr_str_list){names, 2};
    c.app_config_set = c.app_config_enabled = true;
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        char log[200];
        nr_process_facts f = facts(rows[i].path, "", "", "");
        snprintf(log, sizeof log,
                 rows[i].excluded ? "I Process %s excluded by configuration.\n"
                                  : "I Enabling instrumentation for this process due to existence of "
                                    "NewRelic.AgentEnabled=true in %s.config.\n",
                 rows[i].path);
        check(&f, &c, false, !rows[i].excluded, log);
    }
    set_env("FUNCTIONS_WORKER_RUNTIME", "dotnet");
    nr_process_facts f = facts("FOO.EXE", "", "", "");
    check(&f, &c, true, false, "I Process FOO.EXE excluded by configuration.\n");
    clear_env();
}

/* 8.3 */
#define NOT_IIS(path) "I Process " path " is not IIS.\n"
#define NAMED(path) \
    "I Enabling instrumentation for this process (" path \
    ") due to existence of application node in newrelic.config or " \
    "NEW_RELIC_INCLUDED_APPLICATION_NAMES environment variable.\n"
#define PREDEFINED(path) \
    NOT_IIS(path) \
    "I Enabling instrumentation for this process (" path ") due to it being in a predefined set of processes " \
    "to be instrumented.\n"

TEST(framework)
{
    static nr_str included[] = {{"foo.exe", 7}};
    enum { DISABLED = 1, SET = 2, ON = 4, INCLUDED = 8, LOCAL = 16 };
    static const struct {
        const char *path;
        unsigned flags;
        bool answer;
        const char *log;
    } rows[] = {
        {"C:\\FOO.EXE", DISABLED | SET | ON | INCLUDED, false,
         "I New Relic has been disabled via newrelic.config file.\n"},
        {"C:\\SMSVCHOST.EXE", SET | ON, false,
         "I The SMSvcHost.exe process has been identified as an ignored process.\n"},
        {"C:\\X.EXE", SET | ON, true,
         "I Enabling instrumentation for this process due to existence of NewRelic.AgentEnabled=true in "
         "C:\\X.EXE.config.\n"},
        {"C:\\FOO.EXE", SET | INCLUDED, false,
         "I Disabling instrumentation for this process due to the existence of NewRelic.AgentEnabled in "
         "C:\\FOO.EXE.config "
         "which is set to a value other than 'true'.\n"},
        {"C:\\FOO.EXE", INCLUDED, true, NAMED("C:\\FOO.EXE")},
        {"C:\\MYFOO.EXE", INCLUDED, true, NAMED("C:\\MYFOO.EXE")}, /* no path components */
        {"WEBDEV.WEBSERVER40.EXE", 0, true, PREDEFINED("WEBDEV.WEBSERVER40.EXE")},
        {"WEBDEV.WEBSERVER20.EXE", 0, true, PREDEFINED("WEBDEV.WEBSERVER20.EXE")},
        {"INETINFO.EXE", 0, true, PREDEFINED("INETINFO.EXE")},
        {"WAWORKERHOST.EXE", 0, true, PREDEFINED("WAWORKERHOST.EXE")},
        {"WAWEBHOST.EXE", 0, true, PREDEFINED("WAWEBHOST.EXE")},
        {"WCFSVCHOST.EXE", 0, true, PREDEFINED("WCFSVCHOST.EXE")},
        {"ASPNET_WP.EXE", 0, true, PREDEFINED("ASPNET_WP.EXE")},
        {"IISEXPRESS.EXE", 0, true, PREDEFINED("IISEXPRESS.EXE")},
        {"C:\\XDOTNET.EXE", LOCAL, true, PREDEFINED("C:\\XDOTNET.EXE")},
        {"C:\\X.EXE", LOCAL, true,
         NOT_IIS("C:\\X.EXE") "I Enabling instrumentation for this process due to existence of "
                              "agentEnabled=true in local newrelic.config.\n"},
        {"C:\\X.EXE", 0, false,
         NOT_IIS("C:\\X.EXE") "I This process (C:\\X.EXE) is not configured to be instrumented.\n"},
    };
    clear_env();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_config c = plain();
        unsigned k = rows[i].flags;
        c.agent_enabled = !(k & DISABLED);
        c.app_config_set = k & SET;
        c.app_config_enabled = k & ON;
        c.enabled_in_local = k & LOCAL;
        if (k & INCLUDED) c.included = (nr_str_list){included, 1};
        nr_process_facts f = facts(rows[i].path, "C:\\W3WP.EXE", "", "dotnet run MSBuild.dll"); /* not looked at */
        check(&f, &c, false, rows[i].answer, rows[i].log);
    }
    nr_config c = plain(); /* row 5: an empty name matches everything */
    nr_str empty[] = {{"", 0}};
    c.included = (nr_str_list){empty, 1};
    nr_process_facts f = facts("X", "", "", "");
    check(&f, &c, false, true, NAMED("X"));
}

/* 8.1 */
#define AZURE(path) "I Azure function detected. Determining whether to instrument " path "\n"

TEST(azure_functions)
{
    static const struct {
        const char *runtime, *path, *pool, *line;
        bool answer;
        const char *log;
    } rows[] = {
        {"DOTNET", "P", "~x", "", false,
         AZURE("P") "I This application pool (~x) has been identified as an in-process Azure Functions built-in "
                    "background "
                    "application and will be ignored.\n"},
        {"dotnet", "P", "x", "x dotnet run", true,
         AZURE("P") "I Function is running in-process. This process will be instrumented.\n"},
        {"iso", "P", "Pool", "a POOL b --worker-id", false,
         AZURE("P") "I Appears to be Azure WebJobs Script WebHost based on commandLine. Not instrumenting this "
                    "process.\n"},
        {"iso", "P", "", "x /AZURE-functions-host/Microsoft.Azure.WebJobs.Script.WebHost.dll", false,
         AZURE("P") "I Appears to be Azure Functions WebHost (Linux) based on commandLine. Not instrumenting this "
                    "process.\n"},
        {"iso", "/AZURE-FUNCTIONS-HOST/MICROSOFT.AZURE.WEBJOBS.SCRIPT.WEBHOST", "", "", false,
         AZURE("/AZURE-FUNCTIONS-HOST/MICROSOFT.AZURE.WEBJOBS.SCRIPT.WEBHOST") "I Appears to be Azure Functions "
                                                                               "WebHost (Linux) based on commandLine. "
                                                                               "Not instrumenting this process.\n"},
        {"iso", "C:\\FUNCTIONSNETHOST.EXE", "~p", "", true,
         AZURE("C:\\FUNCTIONSNETHOST.EXE") "I FunctionNetHost.exe is a valid Azure function command. This process will "
                                           "be instrumented.\n"},
        {"iso", "C:\\FUNC.EXE", "", "--functions-worker-id", false,
         AZURE("C:\\FUNC.EXE") "I Func.exe is a tool for testing Azure functions locally. Not instrumenting this "
                               "process.\n"},
        {"iso", "P", "", "x --Functions-Worker-Id 1 --worker-id", true,
         AZURE("P") "I Command line contains --functions-worker-id. This process will be instrumented.\n"},
        {"iso", "P", "", "--worker-id 1 dotnet run", true,
         AZURE("P") "I Command line contains --worker-id. This process will be instrumented.\n"},
        {"iso", "P", "", "dotnet run", false,
         AZURE("P") "I Couldn't determine whether this Azure Function process should be instrumented based on "
                    "commandLine. "
                    "Falling back to checking application pool\n"
                    "I This process will not be instrumented. Command line identified as invalid invocation for "
                    "instrumentation\n"},
    };
    nr_config c = plain();
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        clear_env();
        set_env("FUNCTIONS_WORKER_RUNTIME", rows[i].runtime);
        nr_process_facts f = facts(rows[i].path, "", rows[i].pool, rows[i].line);
        check(&f, &c, true, rows[i].answer, rows[i].log);
        /* switched off: the rules are those of any process */
        set_env("NEW_RELIC_AZURE_FUNCTION_MODE_ENABLED", "no");
        log_start(NR_INFO);
        nr_arena a = NR_ARENA_INIT;
        nr_should_instrument(&f, &c, true);
        CHECK(!nr_str_has(logged(&a), NR_STR("Azure")));
        CHECK(logged(&a).n > 0);
        nr_log_reset();
        nr_arena_free(&a);
    }
    /* agentEnabled and SMSvcHost are not consulted when the answer is yes, on Framework either. */
    clear_env();
    set_env("FUNCTIONS_WORKER_RUNTIME", "dotnet");
    c.agent_enabled = false;
    nr_process_facts f = facts("SMSVCHOST.EXE", "", "", "");
    check(&f, &c, false, true,
          AZURE("SMSVCHOST.EXE") "I Function is running in-process. This process will be instrumented.\n");
    clear_env();
}

TEST(trace_lines)
{
    nr_arena a = NR_ARENA_INIT;
    nr_config c = plain();
    nr_process_facts f = facts("P", "Q", "A", "");
    clear_env();
    log_start(NR_TRACE);
    nr_should_instrument(&f, &c, true);
    CHECK_STR(logged(&a), "T Process Path: P\nT Parent Process Path: Q\nT App Pool Id: A\nT Is Core CLR: true\n"
                          "I Process P with parent process Q is not IIS.\n");
    nr_log_reset();
    nr_arena_free(&a);
}

/* environment-and-files.md 8 and 9 */
#define POOL_LINE \
    "I The Profiler will use the environment variable APP_POOL_ID as the application name when white/black listing " \
    "applications pools for profiling.\n"

TEST(facts_of_this_process)
{
    static const struct {
        const char *pool, *aspnet, *id, *log;
    } rows[] = {
        {NULL, NULL, "", ""},
        {"a", "b", "a", POOL_LINE},
        {NULL, "b", "b", POOL_LINE},
        {"", "b", NR_OS_WINDOWS ? "b" : "", POOL_LINE}, /* elsewhere an empty value is one */
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        nr_process_facts f;
        clear_env();
        set_env("APP_POOL_ID", rows[i].pool);
        set_env("ASPNETCORE_IIS_APP_POOL_ID", rows[i].aspnet);
        set_env("NEW_RELIC_FORCE_PROFILING", i == 1 ? "0" : NULL); /* any value */
        log_start(NR_INFO);
        nr_process_facts_read(&a, &f);
        CHECK_STR(f.app_pool_id, rows[i].id);
        CHECK_STR(logged(&a), rows[i].log);
        CHECK_EQ(f.force, i == 1);
        CHECK(nr_str_has(f.path, NR_STR("UNIT_RULES")) ||
              nr_str_has(f.path, NR_STR("-MUSL/LIBC.SO"))); /* see test_os.c */
        CHECK(nr_str_has(f.command_line, NR_STR("unit_rules")));
        if (!NR_OS_WINDOWS) CHECK_STR(f.parent_path, ".");
        nr_log_reset();
        nr_arena_free(&a);
    }
    clear_env();
    for (unsigned long n = 1; n < 40; n++) { /* never fails */
        nr_arena a = NR_ARENA_INIT;
        nr_process_facts f;
        nr_arena_exact(n >= 20);
        nr_alloc_fail_at(n, n % 2);
        nr_process_facts_read(&a, &f);
        nr_alloc_fail_at(0, 0);
        CHECK(f.path.p && f.parent_path.p && f.command_line.p && f.app_pool_id.p);
        nr_arena_free(&a);
    }
    nr_arena_exact(false);
}

/* environment-and-files.md 9.2. Windows: this program is started anew with other words behind the test's name, and finds itself in the test
 * with the wanted id in a variable. Elsewhere the words are not looked at. */
TEST(application_pool_of_the_command_line)
{
    static const struct {
        const char *words[4], *id;
    } rows[] = {
        {{"-ap", "pool"}, "pool"},
        {{"-x", "-ap", "a pool"}, "a pool"},
        {{"-ap", "\"quoted\""}, "quoted"},
        {{"-ap", "\"\""}, "\"\""}, /* fewer than three characters: as it is */
        {{"-AP", "pool"}, ""},
        {{"-ap"}, ""}, /* the reference reads what is not there */
        {{"-x", "-y", "-ap"}, ""},
    };
    nr_arena a = NR_ARENA_INIT;
    nr_str wanted;
    clear_env();
    if (nr_os_env(&a, "NRPROF_UNIT_POOL", &wanted) && wanted.p) {
        log_start(NR_INFO);
        CHECK_STR(nr_app_pool_id(&a), nr_str_is(wanted, "none") ? "" : wanted.p);
        CHECK_STR(logged(&a), nr_str_is(wanted, "none")
                                  ? ""
                                  : "I The Profiler will use the application pool ID from the command line as the "
                                    "application name when white/black listing applications pools for profiling.\n");
        nr_log_reset();
        nr_arena_free(&a);
        return;
    }
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_str words[5] = {NR_STR("process.application_pool_of_the_command_line")};
        nr_os_child child = {.arguments = words, .argument_count = 1, .timeout_ms = 60000};
        child.out = nr_arena_printf(&a, "%s" SEP "out", nr_test_directory());
        int code = 0;
        if (nr_os_can_fork()) {
            CHECK_STR(nr_app_pool_id(&a), "");
            continue;
        }
        for (; child.argument_count < 5 && rows[i].words[child.argument_count - 1]; child.argument_count++)
            words[child.argument_count] = nr_str_of(rows[i].words[child.argument_count - 1]);
        set_env("NRPROF_UNIT_POOL", *rows[i].id ? rows[i].id : "none");
        fflush(NULL);
        CHECK_EQ(nr_os_isolate(&child, &code), NR_OS_EXITED);
        CHECK_EQ(code, 0);
        set_env("NRPROF_UNIT_POOL", NULL);
    }
    nr_arena_free(&a);
}

TESTS(process, T(core_command_lines), T(application_pools), T(excluded_names), T(framework), T(azure_functions),
      T(trace_lines), T(facts_of_this_process), T(application_pool_of_the_command_line))

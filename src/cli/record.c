/* nrprof record: every body that the profiler writes, as JSON lines. */
#include "cli/cli.h"
#include "cli/session.h"

#include "os/os.h"
#include "os/tool.h"

#include <string.h>

enum {
    OPTION_OUTPUT,
    OPTION_HOME,
    OPTION_ORDER,
    OPTION_PROFILER,
    OPTION_FRAMEWORK,
    OPTION_LOG,
    OPTION_ORIGINAL,
    OPTION_EMISSIONS
};
static const nr_option options[] = {
    {"output", 'o', "FILE", "where the recording goes ('-': standard output)"},
    {"home", 0, "DIR", "agent home (default: the environment's)"},
    {"order", 0, "FILE", "methods to compile, in this order (default: all, ascending)"},
    {"profiler", 0, "PATH", "profiler library (default: the one beside nrprof)"},
    {"framework", 0, NULL, "as .NET Framework does, not .NET Core"},
    {"log", 0, "DIR", "keep the profiler's log there"},
    {"original", 0, NULL, "write the original bodies, too"},
    {"emissions", 0, NULL, "write every metadata definition, not only the first of each kind"},
};

enum { S_FALSE_NOTHING = 1 }; /* nr_sim_jit: it was compiled before */

typedef struct record_run {
    nr_session session;
    FILE *out;
    bool original, emissions, failed;
    uint32_t compiled, written;
} record_run;

static void write_text(void *self, const char *text, size_t size)
{
    record_run *r = self;
    if (fwrite(text, 1, size, r->out) != size) r->failed = true;
}

static bool start_recording(nr_session *s, void *self)
{
    record_run *r = self;
    return nr_sim_record(s->sim, write_text, r, r->original, r->emissions);
}

static void compile(record_run *r, uintptr_t module, uint32_t token)
{
    nr_sim *sim = r->session.sim;
    if (!nr_session_has_il(&r->session, module, token)) return;
    if (nr_sim_jit(sim, module, token) == S_FALSE_NOTHING) return;
    r->compiled++;
    if (nr_sim_is_rewritten(sim, module, token)) r->written++;
}

/* Each assembly is loaded when it is its turn, as a program would. */
static bool compile_all(record_run *r, const nr_args *args)
{
    bool ok = true;
    for (size_t i = 0; i < args->operand_count; i++) {
        uintptr_t module = nr_session_load(&r->session, args->operands[i]);
        if (!module) ok = false;
        uint32_t count = module ? nr_session_method_count(&r->session, module) : 0;
        for (uint32_t rid = 1; rid <= count; rid++) {
            compile(r, module, 0x06000000 | rid);
            nr_progress_set(&r->session.progress, i * 1000 + (size_t)rid * 1000 / count, args->operand_count * 1000);
        }
    }
    return ok;
}

static bool compile_in_order(record_run *r, const nr_args *args, const char *order)
{
    nr_buf methods = NR_BUF_INIT;
    uintptr_t *modules = nr_arena_zalloc(&r->session.cli->arena, args->operand_count, sizeof *modules);
    bool ok = modules != NULL;
    for (size_t i = 0; ok && i < args->operand_count; i++)
        ok = (modules[i] = nr_session_load(&r->session, args->operands[i])) != 0;
    ok = ok && nr_session_read_order(&r->session, order, modules, args->operand_count, &methods);
    size_t count = methods.size / sizeof(nr_session_method);
    for (size_t i = 0; ok && i < count; i++) {
        nr_session_method m;
        memcpy(&m, methods.data + i * sizeof m, sizeof m);
        compile(r, m.module, m.token);
        nr_progress_set(&r->session.progress, i, count);
    }
    nr_buf_free(&methods);
    return ok;
}

static void summary(record_run *r, const char *output)
{
    nr_cli *cli = r->session.cli;
    bool to_stdout = r->out == cli->out;
    if (cli->json && !to_stdout)
        fprintf(cli->out, "{\"compiled\":%u,\"written\":%u}\n", (unsigned)r->compiled, (unsigned)r->written);
    else
        fprintf(to_stdout ? cli->err : cli->out, "%u methods compiled, %u bodies written, recording in %s\n",
                (unsigned)r->compiled, (unsigned)r->written, output);
}

static int run(nr_cli *cli, const nr_args *args)
{
    record_run r;
    const char *output = args->values[OPTION_OUTPUT];
    nr_session_options o = {args->values[OPTION_HOME],     NULL,
                            args->values[OPTION_PROFILER], args->values[OPTION_FRAMEWORK] != NULL,
                            args->values[OPTION_LOG],      false};
    memset(&r, 0, sizeof r);
    if (!args->operand_count) return nr_cli_usage(cli, &nr_command_record, "no assembly is given");
    if (!output) return nr_cli_usage(cli, &nr_command_record, "where the recording goes is not given: -o FILE");
    for (size_t i = 0; i < args->operand_count; i++) {
        if (!nr_os_file_exists(nr_str_of(args->operands[i])))
            return nr_cli_error(cli, "%s: no such file", args->operands[i]), NR_EXIT_USAGE;
    }
    bool to_stdout = !strcmp(output, "-");
    r.out = to_stdout ? cli->out : nr_os_stream(output, "wb");
    if (!r.out) return nr_cli_error(cli, "%s: the file cannot be written", output), NR_EXIT_USAGE;
    if (to_stdout) nr_os_binary(cli->out);
    r.original = args->values[OPTION_ORIGINAL] != NULL;
    r.emissions = args->values[OPTION_EMISSIONS] != NULL;
    int code = nr_session_begin(&r.session, cli, &o, start_recording, &r);
    bool ok = code == NR_EXIT_OK;
    if (ok) {
        const char *order = args->values[OPTION_ORDER];
        ok = order ? compile_in_order(&r, args, order) : compile_all(&r, args);
        nr_sim_shutdown(r.session.sim);
        if (!nr_sim_record_end(r.session.sim)) ok = nr_cli_no_memory(cli) == NR_EXIT_OK;
    }
    nr_session_end(&r.session);
    if (fflush(r.out) || r.failed) {
        nr_cli_error(cli, "%s: the file cannot be written", output);
        ok = false;
    }
    if (!to_stdout) fclose(r.out);
    if (code == NR_EXIT_OK) summary(&r, output);
    return ok ? NR_EXIT_OK : NR_EXIT_USAGE;
}

const nr_command nr_command_record = {
    "record",
    "[OPTION...] -o FILE ASSEMBLY...",
    "record every method body that the profiler writes",
    "Loads the profiler library into a simulated CLR, loads each assembly and compiles its methods in ascending order. "
    "The\n"
    "recording is JSON lines: what the profiler was asked, which metadata it defined, which bodies it wrote.\n"
    "An order file has lines 'assembly<tab>method token in hexadecimal'; another recording will do as well: token "
    "numbers\n"
    "depend on the order, and a runtime does not compile every method.\n",
    options,
    NR_COUNT(options),
    run,
};

/* The commands of nrprof, and what is said when there is none. */
#include "cli/cli.h"

#include "base/version.h"
#include "os/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
static const nr_command *const commands[] = {
    &nr_command_check,
    &nr_command_list,
    &nr_command_explain,
    &nr_command_run,
    &nr_command_repl,
    &nr_command_import_xml,
    &nr_command_export_xml,
    &nr_command_test,
    &nr_command_dump,
    &nr_command_record,
    &nr_command_diff,
    &nr_command_postmortem,
    &nr_command_doctor,
    &nr_command_completion,
    &nr_command_man,
    &nr_command_install,
    &nr_command_rollback,
    &nr_command_env,
};

/* What --help writes above a command. */
static const struct {
    const nr_command *first;
    const char *heading;
} groups[] = {
    {&nr_command_check, "rules"},
    {&nr_command_test, "what the profiler makes of an assembly"},
    {&nr_command_diff, "applications that run"},
    {&nr_command_completion, "this program"},
};
// clang-format on

const nr_command *nr_cli_command(size_t n)
{
    return n < NR_COUNT(commands) ? commands[n] : NULL;
}

static void verror(nr_cli *cli, const char *format, va_list args)
{
    fflush(cli->out); /* the two may be one file: what was said first stands first */
    fputs("nrprof: ", cli->err);
    vfprintf(cli->err, format, args);
    fputc('\n', cli->err);
}

void nr_cli_error(nr_cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    verror(cli, format, args);
    va_end(args);
}

int nr_cli_usage(nr_cli *cli, const nr_command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    verror(cli, format, args);
    va_end(args);
    fprintf(cli->err, "try 'nrprof %s%s--help'\n", command ? command->name : "", command ? " " : "");
    return NR_EXIT_USAGE;
}

int nr_cli_no_memory(nr_cli *cli)
{
    nr_cli_error(cli, "out of memory");
    return NR_EXIT_USAGE;
}

static void help(FILE *to)
{
    fputs("usage: nrprof COMMAND [OPTION...] [ARGUMENT...]\n\n"
          "Looks at what the profiler does, without a .NET runtime.\n",
          to);
    for (size_t i = 0; i < NR_COUNT(commands); i++) {
        for (size_t g = 0; g < NR_COUNT(groups); g++)
            if (groups[g].first == commands[i]) fprintf(to, "\n%s:\n", groups[g].heading);
        fprintf(to, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("\noptions:\n"
          "  -h, --help               show this help; 'nrprof COMMAND --help' shows the command's\n"
          "  -V, --version            show the version\n"
          "      --json               print the result as JSON\n"
          "\nexit code: 0 all is well, 1 something was found (a failed test, a method left out), 2 wrong usage or "
          "input\n",
          to);
}

static int version(nr_cli *cli)
{
    if (cli->json)
        fprintf(cli->out, "{\"name\":\"nrprof\",\"version\":\"%s\"}\n", NRPROF_VERSION);
    else
        fprintf(cli->out, "nrprof %s\n", NRPROF_VERSION);
    return NR_EXIT_OK;
}

static int unknown_command(nr_cli *cli, const char *word)
{
    const char *names[NR_COUNT(commands)];
    for (size_t i = 0; i < NR_COUNT(commands); i++) names[i] = commands[i]->name;
    const char *near = nr_args_nearest(word, names, NR_COUNT(commands));
    if (near) return nr_cli_usage(cli, NULL, "unknown command '%s', did you mean '%s'?", word, near);
    return nr_cli_usage(cli, NULL, "unknown command '%s'", word);
}

static int run(nr_cli *cli, int argc, char **argv)
{
    static const char *const options[] = {"help", "version", "json"};
    bool want_version = false, want_help = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--json"))
            cli->json = true;
        else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            want_help = true;
        else if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V"))
            want_version = true;
        else {
            const char *near =
                strncmp(argv[i], "--", 2) ? NULL : nr_args_nearest(argv[i] + 2, options, NR_COUNT(options));
            if (near) return nr_cli_usage(cli, NULL, "unknown option '%s', did you mean '--%s'?", argv[i], near);
            return nr_cli_usage(cli, NULL, "unknown option '%s'", argv[i]);
        }
    }
    if (want_help) return help(cli->out), NR_EXIT_OK;
    if (want_version) return version(cli);
    if (i == argc) return help(cli->err), NR_EXIT_USAGE;
    const nr_command *command = NULL;
    for (size_t c = 0; c < NR_COUNT(commands); c++) {
        if (!strcmp(commands[c]->name, argv[i])) command = commands[c];
    }
    if (!command) return unknown_command(cli, argv[i]);
    nr_args args;
    if (!nr_args_parse(cli, command, argc - i - 1, argv + i + 1, &args)) return NR_EXIT_USAGE;
    if (args.help) return nr_args_help(cli, command), NR_EXIT_OK;
    return command->run(cli, &args);
}

int nr_cli_main(int argc, char **argv, FILE *out, FILE *err)
{
    nr_cli cli = {NR_ARENA_INIT, out, err, false, false};
    const char *no_color = getenv("NO_COLOR");
    cli.color = !(no_color && *no_color) && nr_os_is_terminal(out);
    nr_os_ignore_broken_pipe();
    int code = run(&cli, argc, argv);
    errno = 0;
    if (fflush(out) != 0 || ferror(out)) {
        if (errno != EPIPE) nr_cli_error(&cli, "the output could not be written");
        if (code == NR_EXIT_OK) code = NR_EXIT_USAGE;
    }
    nr_arena_free(&cli.arena);
    return code;
}

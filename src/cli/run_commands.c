/* The commands that start an application, or talk to a person. What they do is in lua/nrprof/tool_*.lua. */
#include "cli/cli.h"
#include "cli/lua_tool.h"

static const nr_option run_options[] = {
    {"trace", 't', "PATTERN",
     "methods whose calls are shown: '[Assembly]Namespace.Type::Method', with *; several with blanks"},
    {"rules", 'r', "DIR", "rule files (*.xml, *.lua), and templates below DIR/templates"},
    {"output", 'o', "FILE", "where the calls are written (default: the error stream)"},
    {"why", 'w', NULL, "say why rules match nothing: before the start, and near misses at the end"},
    {"log", 0, "DIR", "keep the profiler's log there"},
    {"profiler", 0, "PATH", "profiler library (default: the one beside nrprof)"},
};

static int run_run(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_run, args, "tool_run", "run");
}

const nr_command nr_command_run = {
    "run",
    "[OPTION...] -- PROGRAM [ARGUMENT...]",
    "start a .NET application and show calls of its methods as they happen",
    "Needs no agent: the application runs under the profiler with a temporary home, whose template calls the "
    "framework. Its\n"
    "standard input and output stay its own; calls are shown on the error stream, between what it writes there "
    "itself:\n"
    "  > a call begins   < it returned   ! it threw   * the task that it returned has ended\n"
    "The exit code is the application's.\n",
    run_options,
    NR_COUNT(run_options),
    run_run,
};

/* ---- repl ---------------------------------------------------------------------------------------------------- */

static const nr_option repl_options[] = {
    {"framework", 0, NULL, "as .NET Framework does, not .NET Core"},
};

static int run_repl(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_repl, args, "tool_repl", "repl");
}

const nr_command nr_command_repl = {
    "repl",
    "[OPTION...] [ASSEMBLY]",
    "try rules and templates against an assembly, line by line",
    "Each rule is checked when it is typed, and the methods of the assembly that it matches are shown. ':help' lists "
    "the "
    "commands.\n",
    repl_options,
    NR_COUNT(repl_options),
    run_repl,
};

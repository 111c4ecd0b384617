#include "cli/cli.h"

#include "os/tool.h"

int main(int argc, char **argv)
{
    nr_arena arena = NR_ARENA_INIT;
    argv = nr_os_arguments(&arena, &argc, argv);
    if (!argv) return fputs("nrprof: out of memory\n", stderr), NR_EXIT_USAGE;
    int code = nr_cli_main(argc, argv, stdout, stderr);
    nr_arena_free(&arena);
    return code;
}

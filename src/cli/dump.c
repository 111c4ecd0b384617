#include "cli/cli.h"
static int run(nr_cli *cli, const nr_args *args) { (void)args; nr_cli_error(cli, "not yet"); return NR_EXIT_USAGE; }
const nr_command nr_command_dump = {"dump", "", "show the IL of methods before and after instrumentation", NULL, NULL, 0, run};

/* The commands for people who edit rules. What they do is in lua/nrprof/tool_*.lua. */
#include "cli/cli.h"
#include "cli/lua_tool.h"

/* ---- import-xml, export-xml ---------------------------------------------------------------------------------- */

static const nr_option convert_options[] = {
    {"output", 'o', "FILE|DIR", "where it goes: a directory gets a file for each (default: standard output)"},
};

static int run_import(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_import_xml, args, "tool_xml", "import_xml");
}

const nr_command nr_command_import_xml = {
    "import-xml",
    "[OPTION...] FILE...",
    "extension XML to rules in Lua",
    "The rules mean the same: this is checked before anything is written. Comments and rules that are not enabled are "
    "kept.\n",
    convert_options,
    NR_COUNT(convert_options),
    run_import,
};

static int run_export(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_export_xml, args, "tool_xml", "export_xml");
}

const nr_command nr_command_export_xml = {
    "export-xml",
    "[OPTION...] FILE...",
    "rules in Lua to extension XML",
    "What XML has no words for (`where`, `template`, wildcards) is named with file and line, and nothing is written.\n",
    convert_options,
    NR_COUNT(convert_options),
    run_export,
};

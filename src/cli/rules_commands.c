/* The commands for people who edit rules. What they do is in lua/nrprof/tool_*.lua. */
#include "cli/cli.h"
#include "cli/lua_tool.h"

/* ---- check --------------------------------------------------------------------------------------------------- */

static const nr_option check_options[] = {
    {"assemblies", 'a', "DIR", "assemblies (*.dll, *.exe): rules that match nothing in them are reported"},
    {"framework", 0, NULL, "as .NET Framework does, not .NET Core"},
    {"watch", 'w', NULL, "check again whenever a file changes"},
};

static int run_check(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_check, args, "tool_check", "check");
}

const nr_command nr_command_check = {
    "check",
    "[OPTION...] FILE|DIR...",
    "check rule files and templates before they are used",
    "A directory stands for the *.lua and *.xml files in and below it. Files below a directory 'templates' are "
    "templates.\n"
    "Each line is 'FILE:LINE: error: ...' (the file, or a part of it, would not be used) or 'FILE:LINE: warning: "
    "...'.\n",
    check_options,
    NR_COUNT(check_options),
    run_check,
};

/* ---- list ---------------------------------------------------------------------------------------------------- */

static const nr_option list_options[] = {
    {"rules", 'r', "DIR", "rule files (*.xml, *.lua) in place of those of the home"},
    {"home", 0, "DIR", "agent home (default: the environment's)"},
    {"assemblies", 'a', "DIR", "assemblies (*.dll, *.exe) in which the methods of each rule are counted"},
    {"methods", 'm', NULL, "name the methods, too"},
    {"framework", 0, NULL, "as .NET Framework does, not .NET Core"},
};

static int run_list(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_list, args, "tool_list", "list");
}

const nr_command nr_command_list = {
    "list",
    "[OPTION...]",
    "show every rule, where it stands, and how many methods it matches",
    "Rules are in the order in which they count. With --assemblies the profiler's own decision is asked for each "
    "method.\n",
    list_options,
    NR_COUNT(list_options),
    run_list,
};

/* ---- explain ------------------------------------------------------------------------------------------------- */

static const nr_option explain_options[] = {
    {"assembly", 'a', "FILE", "the assembly that has the method"},
    {"rules", 'r', "DIR", "rule files (*.xml, *.lua) in place of those of the home"},
    {"home", 0, "DIR", "agent home (default: the environment's)"},
    {"framework", 0, NULL, "as .NET Framework does, not .NET Core"},
    {"no-il", 0, NULL, "leave the injected code out"},
};

static int run_explain(nr_cli *cli, const nr_args *args)
{
    return nr_lua_run_command(cli, &nr_command_explain, args, "tool_explain", "explain");
}

const nr_command nr_command_explain = {
    "explain",
    "[OPTION...] --assembly FILE METHOD",
    "why a method is instrumented, or is not",
    "METHOD is 'Namespace.Type.Method' for every overload or 'Namespace.Type.Method(System.String)' for one; a nested "
    "type is\n"
    "'Outer+Inner'. Says which rule counts, why each other rule that comes near does not, and which IL is injected.\n",
    explain_options,
    NR_COUNT(explain_options),
    run_explain,
};

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

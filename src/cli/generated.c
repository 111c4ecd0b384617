/* nrprof completion and nrprof man: what shells and manuals want to know about the commands, out of their own tables. */
#include "cli/cli.h"

#include "base/version.h"

#include <ctype.h>
#include <string.h>

enum { BASH, ZSH, POWERSHELL };
static const char *const shells[] = {"bash", "zsh", "powershell"};

/* ---- bash ---------------------------------------------------------------------------------------------------- */

static void bash(FILE *out)
{
    fputs("# bash completion of nrprof; to be sourced: source <(nrprof completion bash)\n"
          "_nrprof() {\n    local word=${COMP_WORDS[COMP_CWORD]} words=''\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='",
          out);
    for (size_t i = 0; nr_cli_command(i); i++) fprintf(out, "%s ", nr_cli_command(i)->name);
    fputs("--help --version'\n    else\n        case ${COMP_WORDS[1]} in\n", out);
    for (size_t i = 0; nr_cli_command(i); i++) {
        const nr_command *c = nr_cli_command(i);
        fprintf(out, "        %s) words='", c->name);
        for (size_t k = 0; k < c->option_count; k++) fprintf(out, "--%s ", c->options[k].name);
        fputs("--json --help' ;;\n", out);
    }
    fputs("        esac\n        case $word in -*) ;; *) words= ;; esac\n    fi\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
          "complete -o default -F _nrprof nrprof\n",
          out);
}

/* ---- zsh ----------------------------------------------------------------------------------------------------- */

/* In single quotes, inside of [ ] or behind a ':'. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void zsh(FILE *out)
{
    fputs("#compdef nrprof\n# zsh completion; as _nrprof in a directory of $fpath\n_nrprof() {\n    local -a commands\n"
          "    commands=(\n",
          out);
    for (size_t i = 0; nr_cli_command(i); i++) {
        fprintf(out, "        '%s:", nr_cli_command(i)->name);
        zsh_text(out, nr_cli_command(i)->summary);
        fputs("'\n", out);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n",
          out);
    for (size_t i = 0; nr_cli_command(i); i++) {
        const nr_command *c = nr_cli_command(i);
        fprintf(out, "    %s)\n        _arguments", c->name);
        for (size_t k = 0; k < c->option_count; k++) {
            fprintf(out, " \\\n            '--%s[", c->options[k].name);
            zsh_text(out, c->options[k].help);
            fputc(']', out);
            if (c->options[k].value) fprintf(out, ":%s:_files", c->options[k].value);
            fputc('\'', out);
        }
        fputs(
            " \\\n            '--json[print the result as JSON]' '--help[show the help]' '*:file:_files'\n        ;;\n",
            out);
    }
    fputs("    esac\n}\n_nrprof \"$@\"\n", out);
}

/* ---- PowerShell ---------------------------------------------------------------------------------------------- */

static void powershell(FILE *out)
{
    fputs("# PowerShell completion of nrprof: nrprof completion powershell | Out-String | Invoke-Expression\n"
          "Register-ArgumentCompleter -Native -CommandName nrprof -ScriptBlock {\n    param($word, $tree, $position)\n"
          "    $options = @{\n",
          out);
    for (size_t i = 0; nr_cli_command(i); i++) {
        const nr_command *c = nr_cli_command(i);
        fprintf(out, "        '%s' = @(", c->name);
        for (size_t k = 0; k < c->option_count; k++) fprintf(out, "'--%s', ", c->options[k].name);
        fputs("'--json', '--help')\n", out);
    }
    fputs("    }\n    $before = @($tree.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | "
          "ForEach-Object { \"$_\" })\n"
          "    $words = if ($before.Count -lt 2) { $options.Keys } elseif ($word -like '-*') { $options[$before[1]] }\n"
          "    $words | Where-Object { $_ -like \"$word*\" } | Sort-Object | ForEach-Object {\n"
          "        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)\n    }\n}\n",
          out);
}

static int run_completion(nr_cli *cli, const nr_args *args)
{
    if (args->operand_count != 1)
        return nr_cli_usage(cli, &nr_command_completion, "one shell is wanted: bash, zsh or powershell");
    size_t shell = 0;
    while (shell < NR_COUNT(shells) && strcmp(shells[shell], args->operands[0]) != 0) shell++;
    switch (shell) {
    case BASH: bash(cli->out); break;
    case ZSH: zsh(cli->out); break;
    case POWERSHELL: powershell(cli->out); break;
    default:
        return nr_cli_usage(cli, &nr_command_completion, "unknown shell '%s': bash, zsh or powershell",
                            args->operands[0]);
    }
    return NR_EXIT_OK;
}

const nr_command nr_command_completion = {
    "completion",
    "bash|zsh|powershell",
    "print a completion script for a shell",
    "bash:        source <(nrprof completion bash)\n"
    "zsh:         nrprof completion zsh > DIR/_nrprof, where DIR is in $fpath\n"
    "PowerShell:  nrprof completion powershell | Out-String | Invoke-Expression\n",
    NULL,
    0,
    run_completion,
};

/* ---- the manual ---------------------------------------------------------------------------------------------- */

/* Text for roff: a '-' is a minus sign to be copied, and no line begins with a control character. */
static void roff(FILE *out, const char *text)
{
    for (bool start = true; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) fputs("\\&", out);
        start = *text == '\n';
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
    }
}

static void manual_option(FILE *out, const nr_option *o)
{
    fputs(".TP\n", out);
    if (o->letter) fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", out);
    roff(out, o->name);
    fputs("\\fR", out);
    if (o->value) fprintf(out, " \\fI%s\\fR", o->value);
    fputc('\n', out);
    roff(out, o->help);
    fputc('\n', out);
}

static int run_man(nr_cli *cli, const nr_args *args)
{
    FILE *out = cli->out;
    if (args->operand_count) return nr_cli_usage(cli, &nr_command_man, "'%s' is not expected", args->operands[0]);
    fprintf(out,
            ".TH NRPROF 1 \"\" \"nrprof %s\" \"User Commands\"\n.SH NAME\nnrprof \\- look at what the New Relic .NET "
            "profiler does\n",
            NRPROF_VERSION);
    fputs(".SH SYNOPSIS\n.B nrprof\n[\\fB\\-\\-help\\fR] [\\fB\\-\\-version\\fR] [\\fB\\-\\-json\\fR]\n.I "
          "COMMAND\n[\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
          ".SH DESCRIPTION\nChecks and explains rule files, shows injected code, records and compares, runs "
          "applications with their calls shown,\n"
          "and runs tests. Only\n.B nrprof run\nneeds a .NET runtime.\n.SH COMMANDS\n",
          out);
    for (size_t i = 0; nr_cli_command(i); i++) {
        const nr_command *c = nr_cli_command(i);
        fprintf(out, ".SS nrprof ");
        roff(out, c->name);
        fputc(' ', out);
        roff(out, c->usage);
        fputc('\n', out);
        fputc((int)toupper((unsigned char)c->summary[0]), out);
        roff(out, c->summary + 1);
        fputs(".\n", out);
        if (c->about) {
            fputs(".PP\n.nf\n", out);
            roff(out, c->about);
            fputs(".fi\n", out);
        }
        for (size_t k = 0; k < c->option_count; k++) manual_option(out, &c->options[k]);
    }
    fputs(".SH EXIT STATUS\n0: all is well; 1: something was found (a failed test, a finding, a method left out); 2: "
          "wrong usage or input.\n"
          ".B nrprof run\ngives the exit status of the application.\n"
          ".SH ENVIRONMENT\n.B CORECLR_NEW_RELIC_HOME\nis the agent's home where none is given;\n.B NO_COLOR\nswitches "
          "colours off.\n",
          out);
    return NR_EXIT_OK;
}

const nr_command nr_command_man = {
    "man", "", "print the manual page", "To read it: nrprof man | man -l -\n", NULL, 0, run_man,
};

/* Options and operands.
 *
 * Not getopt_long: it exists neither with MSVC nor in the C standard, and it cannot say "did you mean". */
#include "cli/cli.h"

#include <string.h>

enum { LONGEST_WORD = 40, FAR = 3 };

/* Edit distance of two words, FAR when one is too long to bother. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST_WORD + 1], n = strlen(a), m = strlen(b);
    if (n > LONGEST_WORD || m > LONGEST_WORD) return FAR;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

const char *nr_args_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t least = FAR;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(candidates[i]), d = distance(word, candidates[i]);
        /* "--dif" is --diff, but "x" is not every word of two letters; the start of a word is near it. */
        if (*word && d >= FAR && !strncmp(word, candidates[i], strlen(word))) d = FAR - 1;
        if (d < least && d < n) {
            best = candidates[i];
            least = d;
        }
    }
    return best;
}

static const nr_option global_options[] = {
    {"help", 'h', NULL, "show this help"},
    {"json", 0, NULL, "print the result as JSON"},
};

static bool is_option(const nr_option *o, const char *name, size_t n)
{
    return strlen(o->name) == n && !memcmp(o->name, name, n);
}

static bool unknown(nr_cli *cli, const nr_command *command, const char *text, const char *name)
{
    const char *candidates[NR_MOST_OPTIONS + NR_COUNT(global_options)];
    size_t count = 0;
    for (size_t i = 0; i < command->option_count; i++) candidates[count++] = command->options[i].name;
    for (size_t i = 0; i < NR_COUNT(global_options); i++) candidates[count++] = global_options[i].name;
    const char *near = name ? nr_args_nearest(name, candidates, count) : NULL;
    if (near)
        nr_cli_usage(cli, command, "unknown option '%s', did you mean '--%s'?", text, near);
    else
        nr_cli_usage(cli, command, "unknown option '%s'", text);
    return false;
}

/* One option; *next is the argument behind it, set to NULL when it was used as the value. */
static bool take(nr_cli *cli, const nr_command *command, nr_args *out, size_t index, const char *text,
                 const char *attached, const char **next)
{
    const nr_option *o = &command->options[index];
    if (!o->value) {
        if (attached) return nr_cli_usage(cli, command, "option '--%s' takes no value", o->name), false;
        out->values[index] = o->name;
        return true;
    }
    if (!attached) {
        if (!*next) return nr_cli_usage(cli, command, "option '%s' needs a value: %s", text, o->value), false;
        attached = *next;
        *next = NULL;
    }
    if (out->values[index]) return nr_cli_usage(cli, command, "option '--%s' is given twice", o->name), false;
    out->values[index] = attached;
    return true;
}

static bool take_global(nr_cli *cli, nr_args *out, const nr_option *o)
{
    if (o == &global_options[0])
        out->help = true;
    else
        cli->json = true;
    return true;
}

static bool take_long(nr_cli *cli, const nr_command *command, nr_args *out, const char *text, const char **next)
{
    const char *name = text + 2, *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    for (size_t i = 0; i < command->option_count; i++) {
        if (is_option(&command->options[i], name, n))
            return take(cli, command, out, i, text, equals ? equals + 1 : NULL, next);
    }
    for (size_t i = 0; i < NR_COUNT(global_options); i++) {
        if (is_option(&global_options[i], name, n)) return take_global(cli, out, &global_options[i]);
    }
    nr_str copy = nr_arena_str(&cli->arena, (nr_str){name, n});
    return unknown(cli, command, text, copy.p);
}

static bool take_letters(nr_cli *cli, const nr_command *command, nr_args *out, const char *text, const char **next)
{
    for (const char *p = text + 1; *p; p++) {
        size_t i = 0;
        while (i < command->option_count && command->options[i].letter != *p) i++;
        if (i == command->option_count) {
            if (*p != 'h') return unknown(cli, command, text, NULL);
            out->help = true;
            continue;
        }
        bool has_value = command->options[i].value != NULL;
        const char *attached = has_value && p[1] ? p + 1 : NULL;
        if (!take(cli, command, out, i, text, attached, next)) return false;
        if (has_value) break;
    }
    return true;
}

bool nr_args_parse(nr_cli *cli, const nr_command *command, int argc, char **argv, nr_args *out)
{
    bool options = true;
    memset(out, 0, sizeof *out);
    out->operands = nr_arena_zalloc(&cli->arena, (size_t)argc + 1, sizeof *out->operands);
    if (!out->operands) return nr_cli_no_memory(cli), false;
    for (int i = 0; i < argc; i++) {
        const char *text = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        const char *offered = next;
        if (!options || text[0] != '-' || !text[1]) {
            out->operands[out->operand_count++] = text;
        } else if (!strcmp(text, "--")) {
            options = false;
        } else {
            bool ok = text[1] == '-' ? take_long(cli, command, out, text, &next)
                                     : take_letters(cli, command, out, text, &next);
            if (!ok) return false;
            if (offered && !next) i++;
        }
    }
    return true;
}

static void option_line(FILE *out, const nr_option *o)
{
    char left[64];
    const char *space = o->value ? " " : "";
    if (o->letter)
        snprintf(left, sizeof left, "-%c, --%s%s%s", o->letter, o->name, space, o->value ? o->value : "");
    else
        snprintf(left, sizeof left, "    --%s%s%s", o->name, space, o->value ? o->value : "");
    fprintf(out, "  %-24s %s\n", left, o->help);
}

void nr_args_help(nr_cli *cli, const nr_command *command)
{
    fprintf(cli->out, "usage: nrprof %s %s\n\n%s\n\noptions:\n", command->name, command->usage, command->summary);
    for (size_t i = 0; i < command->option_count; i++) option_line(cli->out, &command->options[i]);
    for (size_t i = 0; i < NR_COUNT(global_options); i++) option_line(cli->out, &global_options[i]);
    if (command->about) fprintf(cli->out, "\n%s", command->about);
}

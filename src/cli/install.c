/* nrprof install, nrprof rollback: our library in the place of the C++ profiler's, and back.
 *
 * The replaced file stays beside it. Running processes keep the file they have loaded: a new one takes over the name, the old one is
 * never written to. Nothing is touched unless every file is what it is expected to be. */
#include "cli/cli.h"
#include "cli/files.h"

#include "base/buf.h"
#include "base/json.h"
#include "os/os.h"
#include "os/tool.h"

#include <string.h>

#define KEPT_SUFFIX ".before-nrprof"

enum { INSTALL_HOME, INSTALL_PROFILER };
static const nr_option install_options[] = {
    {"home", 0, "DIR", "directory of the agent whose profiler is replaced"},
    {"profiler", 0, "PATH", "the library to install (default: the one beside nrprof)"},
};
static const nr_option rollback_options[] = {
    {"home", 0, "DIR", "directory of the agent whose profiler is brought back"},
};

typedef enum kind {
    KIND_MISSING,
    KIND_UNREADABLE,
    KIND_OTHER,     /* no profiler of the agent, or one for another processor */
    KIND_REFERENCE, /* the C++ profiler */
    KIND_OURS
} kind;

static bool holds(nr_str bytes, const char *text)
{
    return nr_str_has(bytes, nr_str_of(text));
}

/* Machine of an ELF file (II of the gABI: e_machine at 18) or a PE file (the COFF header behind the signature); 0: neither. */
static unsigned machine_of(nr_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    if (bytes.n >= 64 && !memcmp(p,
                                 "\x7f"
                                 "ELF",
                                 4))
        return 0x10000u | nr_get_u16(p + 18);
    if (bytes.n >= 64 && p[0] == 'M' && p[1] == 'Z') {
        uint32_t at = nr_get_u32(p + 60);
        if (at < bytes.n && bytes.n - at >= 6 && !memcmp(p + at, "PE\0", 4)) return 0x20000u | nr_get_u16(p + at + 4);
    }
    return 0;
}

/* Both profilers export these names to the agent; ours says who it is in its log (clr/initialize.c). */
static kind kind_of(nr_str bytes)
{
    static const char *const names[] = {"DllGetClassObject", "RequestFunctionNames", "InstrumentationRefresh"};
    for (size_t i = 0; i < NR_COUNT(names); i++)
        if (!machine_of(bytes) || !holds(bytes, names[i])) return KIND_OTHER;
    return holds(bytes, "nrprof %s, commit %s") ? KIND_OURS : KIND_REFERENCE;
}

static kind read_kind(nr_str path, nr_buf *bytes)
{
    if (!nr_os_file_exists(path)) return KIND_MISSING;
    if (!nr_os_read_file(path, bytes)) return KIND_UNREADABLE;
    return kind_of(nr_buf_str(bytes));
}

static const char *in_words(kind k)
{
    switch (k) {
    case KIND_MISSING: return "is not there";
    case KIND_UNREADABLE: return "cannot be read";
    case KIND_REFERENCE: return "is the C++ profiler";
    case KIND_OURS: return "is nrprof already";
    default: return "is no profiler of the New Relic agent";
    }
}

typedef struct places {
    nr_str library, kept, fresh;
} places;

static bool find_places(nr_cli *cli, const nr_command *command, const nr_args *args, places *p)
{
    const char *home = args->values[INSTALL_HOME];
    if (args->operand_count) return nr_cli_usage(cli, command, "unexpected argument '%s'", args->operands[0]), false;
    if (!home) return nr_cli_usage(cli, command, "--home is missing: the directory of the agent"), false;
    if (!nr_os_directory_exists(nr_str_of(home))) return nr_cli_error(cli, "%s: no such directory", home), false;
    p->library = nr_arena_printf(&cli->arena, "%s" NR_OS_SEPARATOR "%s", home, NR_OS_LIBRARY);
    p->kept = nr_arena_printf(&cli->arena, "%s" KEPT_SUFFIX, p->library.p ? p->library.p : "");
    p->fresh = nr_arena_printf(&cli->arena, "%s.new", p->library.p ? p->library.p : "");
    if (!p->library.p || !p->kept.p || !p->fresh.p) return nr_cli_no_memory(cli), false;
    return true;
}

static int done(nr_cli *cli, const char *what, const places *p, const char *text)
{
    if (!cli->json) {
        fprintf(cli->out, text, p->library.p, p->kept.p);
        return NR_EXIT_OK;
    }
    nr_buf json = NR_BUF_INIT;
    nr_buf_printf(&json, "{\"%s\":", what);
    nr_json_text(&json, p->library);
    nr_buf_put_str(&json, NR_STR(",\"kept\":"));
    nr_json_text(&json, p->kept);
    nr_buf_put_str(&json, NR_STR("}\n"));
    bool ok = !json.failed;
    if (ok) fwrite(json.data, 1, json.size, cli->out);
    nr_buf_free(&json);
    return ok ? NR_EXIT_OK : nr_cli_no_memory(cli);
}

/* Writes beside the place first: what is there stays whole until the new file is. */
static bool put_in_place(nr_cli *cli, const places *p, nr_str bytes, nr_str place)
{
    bool ok = nr_files_write(p->fresh, bytes) && nr_os_replace(p->fresh, place);
    if (ok) return true;
    nr_os_remove(p->fresh);
    nr_cli_error(cli, "%s cannot be written; %s", place.p,
                 NR_OS_WINDOWS ? "is it in use? Stop the applications first" : "may this user write there?");
    return false;
}

static int install(nr_cli *cli, const nr_args *args)
{
    nr_buf present = NR_BUF_INIT, ours = NR_BUF_INIT;
    int code = NR_EXIT_USAGE;
    places p;
    if (!find_places(cli, &nr_command_install, args, &p)) return NR_EXIT_USAGE;
    nr_str source = args->values[INSTALL_PROFILER] ? nr_str_of(args->values[INSTALL_PROFILER])
                                                   : nr_files_default_library(&cli->arena);
    kind k = source.p ? read_kind(source, &ours) : KIND_MISSING;
    if (k != KIND_OURS) {
        nr_cli_error(cli, "%s %s", source.p ? source.p : "the library",
                     k == KIND_MISSING ? "is not there" : "is not nrprof's library");
        goto done;
    }
    k = read_kind(p.library, &present);
    if (k != KIND_REFERENCE) {
        nr_cli_error(cli, "%s %s: nothing is changed", p.library.p, in_words(k));
        goto done;
    }
    if (machine_of(nr_buf_str(&present)) != machine_of(nr_buf_str(&ours))) {
        nr_cli_error(cli, "%s is for another processor or system than %s: nothing is changed", p.library.p, source.p);
        goto done;
    }
    if (nr_os_file_exists(p.kept)) {
        nr_cli_error(cli, "%s is in the way, from an earlier installation: nothing is changed", p.kept.p);
        goto done;
    }
    if (!put_in_place(cli, &p, nr_buf_str(&present), p.kept)) goto done;
    if (!put_in_place(cli, &p, nr_buf_str(&ours), p.library)) {
        nr_os_remove(p.kept);
        goto done;
    }
    code = done(cli, "installed", &p, "%s is nrprof now; the C++ profiler is kept in %s\n");
done:
    nr_buf_free(&present);
    nr_buf_free(&ours);
    return code;
}

static int rollback(nr_cli *cli, const nr_args *args)
{
    nr_buf present = NR_BUF_INIT, kept = NR_BUF_INIT;
    int code = NR_EXIT_USAGE;
    places p;
    if (!find_places(cli, &nr_command_rollback, args, &p)) return NR_EXIT_USAGE;
    kind k = read_kind(p.library, &present);
    if (k != KIND_OURS) {
        nr_cli_error(cli, "%s %s, not nrprof: nothing is changed", p.library.p, in_words(k));
        goto done;
    }
    k = read_kind(p.kept, &kept);
    if (k != KIND_REFERENCE) {
        nr_cli_error(cli, "%s %s: there is nothing to bring back", p.kept.p, in_words(k));
        goto done;
    }
    if (!nr_os_replace(p.kept, p.library)) {
        nr_cli_error(cli, "%s cannot be replaced; is it in use, may this user write there?", p.library.p);
        goto done;
    }
    code = done(cli, "restored", &p, "%s is the C++ profiler again\n");
done:
    nr_buf_free(&present);
    nr_buf_free(&kept);
    return code;
}

const nr_command nr_command_install = {
    .name = "install",
    .usage = "--home DIR",
    .summary = "put the library in the place of the C++ profiler's, which is kept",
    .about = "DIR is where the agent has " NR_OS_LIBRARY
             ". The replaced file is kept beside it as\n" NR_OS_LIBRARY KEPT_SUFFIX
             ". A file that is not the C++ profiler for this\nprocessor is never replaced. Running applications go on "
             "with what they have loaded.\n",
    .options = install_options,
    .option_count = NR_COUNT(install_options),
    .run = install,
};

const nr_command nr_command_rollback = {
    .name = "rollback",
    .usage = "--home DIR",
    .summary = "bring the C++ profiler back that 'install' has kept",
    .options = rollback_options,
    .option_count = NR_COUNT(rollback_options),
    .run = rollback,
};

/* The profiler library: can this process load it, and did it? */
#include "cli/doctor.h"

#include "os/os.h"

#include <string.h>

static void check_permissions(nr_doctor *d)
{
    unsigned mode;
    nr_str shown = nr_doctor_shown(d, d->library);
    if (!nr_os_may(&d->process, d->library, NR_OS_READ))
        nr_doctor_say(d, "library-permissions", NR_CHECK_ERROR,
                      nr_doctor_text(d, "chmod a+r %.*s, and a+x for each directory above it.", NR_STR_ARG(shown)),
                      "the user of the process may not read %.*s", NR_STR_ARG(shown));
    else if (nr_os_is_world_writable(d->library, &mode))
        nr_doctor_say(d, "library-permissions", NR_CHECK_WARN, nr_doctor_text(d, "chmod o-w %.*s", NR_STR_ARG(shown)),
                      "every user of the machine may change %.*s, and so run code in the application",
                      NR_STR_ARG(shown));
    else
        nr_doctor_say(d, "library-permissions", NR_CHECK_OK, NULL, "the library can be read");
}

static void check_machine(nr_doctor *d, const nr_binary *b)
{
    nr_binary_kind wanted = NR_OS_WINDOWS ? NR_BINARY_PE : NR_BINARY_ELF;
    if (b->kind != wanted)
        nr_doctor_say(d, "library-machine", NR_CHECK_ERROR,
                      "Install the library for this system; a download that was cut off looks like this, too.",
                      "%.*s is %s", NR_STR_ARG(nr_doctor_shown(d, d->library)),
                      b->kind == NR_BINARY_PE    ? "a library for Windows"
                      : b->kind == NR_BINARY_ELF ? "a library for Linux"
                                                 : "no library");
    else if (b->machine != d->machine)
        nr_doctor_say(d, "library-machine", NR_CHECK_ERROR,
                      nr_doctor_text(d, "Install the library for %s.", nr_machine_name(d->machine)),
                      "the library is for %s, %s for %s", nr_machine_name(b->machine),
                      d->pid ? "the process" : "this program", nr_machine_name(d->machine));
    else
        nr_doctor_say(d, "library-machine", NR_CHECK_OK, NULL, "the library is for %s, as %s",
                      nr_machine_name(b->machine), d->pid ? "the process" : "this program");
}

/* The path of the first mapped file whose name has `part` in it; p == NULL: none. */
static nr_str mapped(const nr_doctor *d, const char *part)
{
    nr_str all = d->process.maps, word = nr_str_of(part);
    for (size_t i = 0; i < all.n;) {
        const char *end = memchr(all.p + i, '\n', all.n - i);
        nr_str line = {all.p + i, end ? (size_t)(end - all.p) - i : all.n - i}, name = line;
        for (size_t c = 0; c < line.n; c++)
            if (line.p[c] == '/') name = (nr_str){line.p + c + 1, line.n - c - 1};
        if (nr_str_has(name, word)) return line;
        i += line.n + 1;
    }
    return (nr_str){NULL, 0};
}

static void check_libc(nr_doctor *d, const nr_binary *b)
{
    nr_str glibc = mapped(d, "libc.so.6");
    nr_buf bytes = NR_BUF_INIT;
    unsigned have = 0;
    if (b->kind != NR_BINARY_ELF) return;
    if (!glibc.p) glibc = mapped(d, "libc-2.");
    if (mapped(d, "ld-musl-").p || mapped(d, "libc.musl-").p) {
        if (b->cpp_runtime)
            nr_doctor_say(d, "libc", NR_CHECK_ERROR, "Use this project's library, which runs on musl (Alpine) as well.",
                          "the process runs on musl; the library needs a C++ runtime of glibc");
        else
            nr_doctor_say(d, "libc", NR_CHECK_OK, NULL, "the process runs on musl, and the library can");
        return;
    }
    if (b->musl) {
        nr_doctor_say(d, "libc", NR_CHECK_ERROR, "Install the library for glibc.",
                      "the library was made for musl (Alpine) only, the process runs on glibc");
        return;
    }
    if (glibc.p && nr_os_read_file(nr_doctor_path(d, glibc), &bytes)) have = nr_glibc_version(nr_buf_str(&bytes));
    nr_buf_free(&bytes);
    if (!have)
        nr_doctor_say(d, "libc", NR_CHECK_SKIP, NULL, "which C library %s uses cannot be told",
                      d->pid ? "the process" : "this program");
    else if (b->glibc > have)
        nr_doctor_say(d, "libc", NR_CHECK_ERROR,
                      "Use this project's library, which needs glibc 2.17 only, or a newer system.",
                      "the library needs glibc 2.%u, here is 2.%u", b->glibc, have);
    else
        nr_doctor_say(d, "libc", NR_CHECK_OK, NULL, "the library needs glibc 2.%u, here is 2.%u", b->glibc, have);
}

static const char library_name[] = "libNewRelicProfiler.so";

/* Is it in the process? That is the end of all doubt about variables. */
static void check_loaded(nr_doctor *d)
{
    if (!d->pid) return;
    if (!d->process.maps.n) {
        nr_doctor_say(d, "loaded", NR_CHECK_SKIP, NULL,
                      "this user may not see what is loaded in the process: run as root or as its user");
        return;
    }
    bool clr = mapped(d, "libcoreclr.so").p != NULL;
    d->loaded = mapped(d, library_name).p != NULL;
    if (d->loaded)
        nr_doctor_say(d, "loaded", NR_CHECK_OK, NULL, "the profiler is loaded in the process");
    else if (!clr)
        nr_doctor_say(d, "loaded", NR_CHECK_ERROR,
                      "Is it the right process? A script or launcher is a process of its own. Applications compiled "
                      "ahead of time (Native AOT) have no profiler; those published as one file have the runtime "
                      "inside, and this check cannot see it.",
                      "there is no .NET runtime in process %lu (%.*s)", d->pid, NR_STR_ARG(d->process.program));
    else
        nr_doctor_say(d, "loaded", NR_CHECK_ERROR,
                      "The variables count when a process starts: restart it. When it was, the errors in this list say "
                      "why, or the profiler's log does.",
                      "the profiler is not loaded in the process");
}

void nr_doctor_library(nr_doctor *d)
{
    nr_buf bytes = NR_BUF_INIT;
    if (d->library.p) {
        check_permissions(d);
        if (nr_os_read_file(d->library, &bytes)) {
            nr_binary b = nr_binary_read(nr_buf_str(&bytes));
            check_machine(d, &b);
            check_libc(d, &b);
        } else {
            nr_doctor_say(d, "library-machine", NR_CHECK_SKIP, NULL, "this user may not read the library");
        }
    }
    check_loaded(d);
    nr_buf_free(&bytes);
}

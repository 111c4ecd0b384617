#include "sim/md.h"
#include "test.h"
#include "base/alloc.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- every assembly of the installed frameworks ------------------------------------------------ */

typedef struct walk {
    nr_arena arena;
    nr_str directory;
    unsigned images, ready_to_run, bad;
    unsigned long methods, bodies;
} walk;

static void one(void *self, nr_str name)
{
    walk *w = self;
    if (!nr_str_ends(name, NR_STR(".dll"))) return;
    nr_str path = nr_arena_printf(&w->arena, "%.*s/%.*s", NR_STR_ARG(w->directory), NR_STR_ARG(name));
    nr_md md;
    nr_image_error error;
    if (!nr_md_open(&md, path, &error)) {
        printf("    %.*s: %s at 0x%zx\n", NR_STR_ARG(path), error.text, error.offset);
        w->bad++;
        return;
    }
    w->images++;
    w->ready_to_run += md.image.ready_to_run;
    uint32_t n = nr_md_rows(&md, NR_TAB_METHOD_DEF), types = nr_md_rows(&md, NR_TAB_TYPE_DEF);
    w->methods += n;
    for (uint32_t rid = 1; rid <= n; rid++) {
        const uint8_t *body;
        size_t size;
        bool damaged;
        w->bodies += nr_md_body(&md, rid, &body, &size, &damaged);
        if (damaged) {
            printf("    %.*s: damaged body of method %u\n", NR_STR_ARG(path), rid);
            w->bad++;
        }
    }
    /* Type lists and declaring types say the same. */
    unsigned long listed = 0;
    for (uint32_t t = 1; t <= types; t++)
        for (uint32_t i = 0, m; (m = nr_md_method_at(&md, t, i)) != 0; i++) {
            listed++;
            if (nr_md_method_type(&md, m) != t) w->bad++;
        }
    if (listed != n) w->bad++;
    nr_md_close(&md);
}

TEST(installed_frameworks)
{
    const char *root = getenv("DOTNET_ROOT");
    nr_str base = nr_str_of(root && *root ? root : "/usr/share/dotnet");
    static const char *const frameworks[] = {"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"};
    const char *version = getenv("NR_TEST_DOTNET_VERSION");
    walk w = {NR_ARENA_INIT, {NULL, 0}, 0, 0, 0, 0, 0};
    for (int i = 0; i < 2; i++) {
        w.directory = nr_arena_printf(&w.arena, "%.*s/shared/%s/%s", NR_STR_ARG(base), frameworks[i],
                                      version ? version : "10.0.12");
        nr_os_list_directory(w.directory, one, &w);
    }
    nr_arena_free(&w.arena);
    if (!w.images) SKIP("no shared framework 10.0.12 is installed");
    printf("    %u images (%u ready-to-run), %lu methods, %lu bodies\n", w.images, w.ready_to_run, w.methods, w.bodies);
    CHECK_EQ(w.bad, 0);
    if (!version) CHECK_EQ(w.bodies, 183931);
}

TESTS(image, T(installed_frameworks))

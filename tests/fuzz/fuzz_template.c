/* Any text as a template file of a home directory: loading it, and a run for every shape. */
#include "fuzz.h"

#include "os/os.h"
#include "script/host.h"

#include <unistd.h>

static char home[64], path[128];

static void remove_home(void)
{
    unlink(path);
    for (char *slash; (slash = strrchr(path, '/')) != NULL && strlen(path) >= strlen(home);) {
        *slash = 0;
        rmdir(path);
    }
}

/* In memory where the system has a place for that: one file is written for each input. */
static void make_home(void)
{
    snprintf(home, sizeof home, "%s/nrprof-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(home));
    snprintf(path, sizeof path, "%s/instrumentation/templates", home);
    REQUIRE(nr_os_make_directory(nr_str_of(path)));
    strcat(path, "/fuzz.lua");
    atexit(remove_home);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nr_ruleset set;
    if (!home[0]) make_home();
    FILE *f = fopen(path, "wb");
    REQUIRE(f && fwrite(data, 1, size, f) == size && !fclose(f));
    REQUIRE(nr_ruleset_init(&set));
    nr_script *script = nr_script_new(&set);
    REQUIRE(script);
    REQUIRE(nr_script_load_builtin(script, nr_str_of(home))); /* whatever the file says, the built-in ones work */
    for (const nr_template *t = script->templates; t; t = t->next) {
        for (unsigned shape = 0; shape < NR_SHAPE_COUNT; shape++) {
            const nr_blob *blob = nr_script_blob(script, t->name, shape);
            if (blob) REQUIRE(blob == nr_script_blob(script, t->name, shape));
        }
    }
    REQUIRE(nr_script_blob(script, NR_STR("tracer"), 0) || size);
    nr_script_seal(script);
    nr_script_free(script);
    nr_ruleset_free(&set);
    return 0;
}

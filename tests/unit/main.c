/* Runs the unit tests of one room: unit_ROOM [--list] [MODULE[.TEST] ...]
 * NRPROF_UNITS_LEFT_OUT: "MODULE[.TEST] …", which are skipped. */
#include "test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <direct.h>
#include <io.h>
#include <windows.h>
#else
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#define M(name) extern const nr_test nr_tests_##name[];
#include "modules.inc"
#undef M
static const nr_test_module modules[] = {
#define M(name) {#name, nr_tests_##name},
#include "modules.inc"
#undef M
    {NULL, NULL}};

static atomic_int failed_checks; /* checks are made on any thread */
static const char *skipped;
static atomic_ulong checks;

int nr_test_check(int ok, const char *what, const char *file, int line)
{
    checks++;
    if (!ok) {
        failed_checks++;
        printf("    %s:%d: failed: %s\n", file, line, what);
    }
    return ok;
}

int nr_test_equal(long long got, long long want, const char *what, const char *file, int line)
{
    checks++;
    if (got != want) {
        failed_checks++;
        printf("    %s:%d: %s is %lld (0x%llx), not %lld (0x%llx)\n", file, line, what, got, (unsigned long long)got,
               want, (unsigned long long)want);
    }
    return got == want;
}

int nr_test_str(nr_str got, const char *want, const char *what, const char *file, int line)
{
    checks++;
    int ok = got.p && nr_str_is(got, want);
    if (!ok) {
        failed_checks++;
        printf("    %s:%d: %s is \"%.*s\", not \"%s\"\n", file, line, what, NR_STR_ARG(got), want);
    }
    return ok;
}

size_t nr_test_hex(const char *hex, uint8_t *out, size_t capacity)
{
    size_t n = 0;
    for (const char *p = hex; *p;) {
        if (*p == ' ' || *p == '\n' || *p == '\t') {
            p++;
            continue;
        }
        char two[3] = {p[0], p[1], 0}, *end;
        unsigned long v = strtoul(two, &end, 16);
        if (*end || !p[1] || n == capacity) {
            printf("    bad hex text in a test: %s\n", p);
            exit(3);
        }
        out[n++] = (uint8_t)v;
        p += 2;
    }
    return n;
}

int nr_test_bytes(const void *got, size_t size, const char *hex, const char *what, const char *file, int line)
{
    size_t room = strlen(hex) / 2 + 1;
    uint8_t *want = malloc(room);
    size_t n = nr_test_hex(hex, want, room);
    int ok = n == size && (size == 0 || memcmp(got, want, size) == 0);
    checks++;
    if (!ok) {
        failed_checks++;
        printf("    %s:%d: %s is %zu bytes, wanted %zu\n      got ", file, line, what, size, n);
        for (size_t i = 0; i < size; i++) printf(" %02x", ((const uint8_t *)got)[i]);
        printf("\n      want");
        for (size_t i = 0; i < n; i++) printf(" %02x", want[i]);
        printf("\n");
    }
    free(want);
    return ok;
}

void nr_test_skip(const char *reason)
{
    skipped = reason;
}

/* ---- directories ------------------------------------------------------------------------ */

static char run_directory[600], test_directory[640];
static unsigned tests_run; /* names the directory of a test */

#ifdef _WIN32
static int make_directory(const char *path)
{
    return _mkdir(path);
}

static int make_run_directory(void)
{
    char temp[MAX_PATH + 1];
    if (!GetTempPathA(sizeof temp, temp)) return -1;
    snprintf(run_directory, sizeof run_directory, "%snrprof-unit-%lu-%lu", temp, (unsigned long)GetCurrentProcessId(),
             (unsigned long)GetTickCount());
    return make_directory(run_directory);
}

static void remove_tree(const char *path)
{
    char inner[1200];
    struct _finddata_t found;
    snprintf(inner, sizeof inner, "%s\\*", path);
    intptr_t h = _findfirst(inner, &found);
    if (h != -1) {
        do {
            if (!strcmp(found.name, ".") || !strcmp(found.name, "..")) continue;
            snprintf(inner, sizeof inner, "%s\\%s", path, found.name);
            if (remove(inner) != 0) remove_tree(inner);
        } while (_findnext(h, &found) == 0);
        _findclose(h);
    }
    _rmdir(path);
}
#else
static int make_directory(const char *path)
{
    return mkdir(path, 0700);
}

static int make_run_directory(void)
{
    const char *temp = getenv("TMPDIR");
    snprintf(run_directory, sizeof run_directory, "%s/nrprof-unit-XXXXXX", temp && *temp ? temp : "/tmp");
    return mkdtemp(run_directory) ? 0 : -1;
}

static void remove_tree(const char *path)
{
    char inner[1200];
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (unlink(inner) != 0) remove_tree(inner); /* a link is removed, not followed */
    }
    if (d) closedir(d);
    rmdir(path);
}
#endif

static void remove_run_directory(void)
{
    remove_tree(run_directory);
}

const char *nr_test_directory(void)
{
    char path[sizeof test_directory];
    if (!run_directory[0]) {
        if (make_run_directory() != 0) {
            printf("    no directory for tests: %s\n", run_directory);
            exit(3);
        }
        atexit(remove_run_directory);
    }
    snprintf(path, sizeof path, "%s/%u", run_directory, tests_run);
    if (strcmp(path, test_directory) != 0) {
        strcpy(test_directory, path);
        if (make_directory(path) != 0) {
            printf("    no directory for a test: %s\n", path);
            exit(3);
        }
    }
    return test_directory;
}

unsigned long nr_test_stride(unsigned long usual)
{
    const char *v = getenv("NRPROF_FAULTS");
    unsigned long step = !v ? usual : strcmp(v, "all") == 0 ? 1 : strtoul(v, NULL, 10);
    return step ? step : usual;
}

static int wanted(int argc, char **argv, const char *module, const char *test)
{
    char full[256];
    snprintf(full, sizeof full, "%s.%s", module, test);
    int any = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') continue;
        any = 1;
        if (!strcmp(argv[i], module) || !strcmp(argv[i], full)) return 1;
    }
    return !any;
}

/* Is MODULE or MODULE.TEST one of the words of NRPROF_UNITS_LEFT_OUT? */
static int left_out(const char *module, const char *test)
{
    const char *list = getenv("NRPROF_UNITS_LEFT_OUT");
    size_t of_module = strlen(module), of_test = strlen(test);
    while (list && *list) {
        size_t n = strcspn(list, " ");
        if (n >= of_module && !memcmp(list, module, of_module)) {
            if (n == of_module) return 1;
            if (n == of_module + 1 + of_test && list[of_module] == '.' && !memcmp(list + of_module + 1, test, of_test))
                return 1;
        }
        list += n + strspn(list + n, " ");
    }
    return 0;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0, skips = 0, list = argc > 1 && !strcmp(argv[1], "--list");
    for (const nr_test_module *m = modules; m->name; m++) {
        for (const nr_test *t = m->tests; t->name; t++) {
            if (!wanted(argc, argv, m->name, t->name)) continue;
            if (list) {
                printf("%s.%s\n", m->name, t->name);
                continue;
            }
            if (left_out(m->name, t->name)) {
                skips++;
                printf("skip %s.%s: left out of this run\n", m->name, t->name);
                continue;
            }
            unsigned long before = checks;
            failed_checks = 0;
            skipped = NULL;
            tests_run++;
            t->run();
            if (skipped && !failed_checks) {
                skips++;
                printf("skip %s.%s: %s\n", m->name, t->name, skipped);
                continue;
            }
            if (checks == before) {
                failed_checks++;
                printf("    %s.%s checked nothing\n", m->name, t->name);
            }
            if (failed_checks) printf("FAIL %s.%s\n", m->name, t->name);
            failed_checks ? failed++ : passed++;
        }
    }
    if (!list) printf("%d passed, %d failed, %d skipped\n", passed, failed, skips);
    return failed ? 1 : 0;
}

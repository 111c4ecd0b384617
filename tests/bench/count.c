/* count.c - a plugin of qemu-user that counts the instructions a whole program executes, by the file they were loaded from.
 *
 * A start of the real CLR takes some 100 ms, and on a machine that others use, too, two starts of the same thing differ by more
 * than a profiler costs. Its instructions can be counted instead: they hardly differ from run to run. callgrind cannot run the CLR.
 *
 *     qemu-x86_64 -plugin count.so,out=FILE PROGRAM...
 *
 * FILE then has a line "INSTRUCTIONS NAME" for each mapped file (its last component) whose code was executed. Names in angle
 * brackets are no files: <anonymous> is memory without a name, <unknown> is code that no mapping could be found for,
 * <more files> and <more threads> hold what did not fit into the tables below. The sum of all lines is exact in any case.
 *
 * What is counted is a block of instructions when it is entered: one that ends early, by a fault, counts as a whole. The kernel's
 * part is not seen.
 *
 * The declarations are those of QEMU's plugin interface, version 1 (documented in QEMU's manual, "TCG Plugins"): Debian has no
 * package with its header. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void translated(plugin_id, struct qemu_plugin_tb *);
typedef void executed(unsigned thread, void *data);
typedef void syscall_begins(plugin_id, unsigned thread, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t,
                            uint64_t, uint64_t, uint64_t, uint64_t);
typedef void syscall_ended(plugin_id, unsigned thread, int64_t number, int64_t result);
typedef void program_ended(plugin_id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, translated *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, executed *, int registers_used, void *data);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, syscall_begins *);
void qemu_plugin_register_vcpu_syscall_ret_cb(plugin_id, syscall_ended *);
void qemu_plugin_register_atexit_cb(plugin_id, program_ended *, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id, const void *info, int argc, char **argv);

enum { THREADS = 256, FILES = 512, RANGES = 8192 };
enum { ANONYMOUS, UNKNOWN, MORE_FILES, MORE_THREADS, FIRST_FILE };

static char names[FILES][128] = {"<anonymous>", "<unknown>", "<more files>", "<more threads>"};
static size_t names_used = FIRST_FILE;

/* A thread has a row of its own, so that no addition is lost: QEMU's built-in counting is not atomic. QEMU gives the number of a
 * thread to another one only when it has ended. */
static uint64_t counts[THREADS][FILES];
static atomic_uint_fast64_t count_of_more_threads;

/* Mappings of the process, in the order of their addresses. */
static struct range {
    uintptr_t begin, end;
    size_t name;
} ranges[RANGES];
static size_t ranges_used;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* names and ranges: threads translate at the same time */
static atomic_bool stale = true;                         /* executable memory has come since the ranges were read */
static bool makes_executable[THREADS];                   /* the thread's system call does that */
static char out_path[4096];

static size_t name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name) return ANONYMOUS;
    for (size_t i = FIRST_FILE; i < names_used; i++) {
        if (!strncmp(names[i], name, sizeof names[i] - 1)) return i;
    }
    if (names_used == FILES) return MORE_FILES;
    snprintf(names[names_used], sizeof names[names_used], "%s", name);
    return names_used++;
}

static void read_ranges(void)
{
    char line[4096 + 128];
    FILE *f = fopen("/proc/self/maps", "r");
    ranges_used = 0;
    while (f && ranges_used < RANGES && fgets(line, sizeof line, f)) {
        struct range r;
        int path = 0;
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &r.begin, &r.end, &path) < 2 || !path)
            continue;
        r.name = name_of(line + path);
        ranges[ranges_used++] = r;
    }
    if (f) fclose(f);
}

static bool find(uintptr_t address, size_t *name)
{
    size_t low = 0, high = ranges_used;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (address >= ranges[middle].end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == ranges_used || address < ranges[low].begin) return false;
    *name = ranges[low].name;
    return true;
}

static size_t name_at(uintptr_t address)
{
    size_t name = UNKNOWN;
    pthread_mutex_lock(&lock);
    bool again = atomic_exchange(&stale, false);
    if (again) read_ranges();
    if (!find(address, &name) && !again) {
        read_ranges();
        find(address, &name);
    }
    pthread_mutex_unlock(&lock);
    return name;
}

/* Name and number of instructions in one word: QEMU passes it on with each execution. */
static void *pack(size_t name, size_t instructions)
{
    return (void *)(uintptr_t)(instructions * FILES + name);
}

static void on_executed(unsigned thread, void *data)
{
    uintptr_t word = (uintptr_t)data;
    if (thread < THREADS) {
        counts[thread][word % FILES] += word / FILES;
    } else {
        count_of_more_threads += word / FILES;
    }
}

static void on_translated(plugin_id id, struct qemu_plugin_tb *block)
{
    void *address = qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(block, 0));
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_executed, 0,
                                         pack(name_at((uintptr_t)address), qemu_plugin_tb_n_insns(block)));
}

/* mmap and mprotect with PROT_EXEC: only then can code be somewhere else than before. */
static void on_syscall(plugin_id id, unsigned thread, int64_t number, uint64_t a1, uint64_t a2, uint64_t protection,
                       uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)a1, (void)a2, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (thread < THREADS) makes_executable[thread] = (number == 9 || number == 10) && protection & 4;
}

static void on_syscall_end(plugin_id id, unsigned thread, int64_t number, int64_t result)
{
    (void)id, (void)number, (void)result;
    if (thread >= THREADS || makes_executable[thread]) stale = true;
}

static void on_end(plugin_id id, void *data)
{
    (void)id, (void)data;
    FILE *f = fopen(out_path, "w");
    if (!f) {
        perror(out_path);
        return;
    }
    for (size_t name = 0; name < names_used; name++) {
        uint64_t sum = name == MORE_THREADS ? count_of_more_threads : 0;
        for (size_t thread = 0; thread < THREADS; thread++) sum += counts[thread][name];
        if (sum) fprintf(f, "%" PRIu64 " %s\n", sum, names[name]);
    }
    fclose(f);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) snprintf(out_path, sizeof out_path, "%s", argv[i] + 4);
    }
    if (!*out_path) {
        fprintf(stderr, "count: which file? -plugin count.so,out=FILE\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, on_syscall_end);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}

/* A process as /proc shows it. */
#include "os/tool.h"

#include "os/os.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static nr_str proc_path(nr_arena *arena, unsigned long pid, const char *name)
{
    return pid ? nr_arena_printf(arena, "/proc/%lu/%s", pid, name) : nr_arena_printf(arena, "/proc/self/%s", name);
}

static nr_str read_proc(nr_arena *arena, unsigned long pid, const char *name)
{
    nr_buf bytes = NR_BUF_INIT;
    nr_str path = proc_path(arena, pid, name), text = {NULL, 0};
    if (path.p && nr_os_read_file(path, &bytes)) text = nr_arena_str(arena, nr_buf_str(&bytes));
    nr_buf_free(&bytes);
    return text;
}

static nr_str read_link(nr_arena *arena, unsigned long pid, const char *name)
{
    char target[PATH_SIZE];
    nr_str path = proc_path(arena, pid, name), none = {NULL, 0};
    ssize_t n = path.p ? readlink(path.p, target, sizeof target) : -1;
    return n > 0 ? nr_arena_str(arena, (nr_str){target, (size_t)n}) : none;
}

/* The last word of a line of /proc/PID/maps is the path; a file is mapped in several pieces, one after the other. */
static nr_str mapped_paths(nr_arena *arena, nr_str maps)
{
    nr_buf out = NR_BUF_INIT;
    nr_str last = {NULL, 0};
    for (size_t i = 0; i < maps.n;) {
        const char *p = maps.p + i, *end = memchr(p, '\n', maps.n - i);
        nr_str line = {p, end ? (size_t)(end - p) : maps.n - i};
        const char *slash = memchr(line.p, '/', line.n);
        i += line.n + 1;
        if (!slash) continue;
        nr_str path = {slash, (size_t)(line.p + line.n - slash)};
        if (nr_str_eq(path, last)) continue;
        last = path;
        nr_buf_put_str(&out, path);
        nr_buf_u8(&out, '\n');
    }
    nr_str s = out.failed ? (nr_str){NULL, 0} : nr_arena_str(arena, nr_buf_str(&out));
    nr_buf_free(&out);
    return s;
}

/* The numbers behind "Name:" in /proc/PID/status. */
static unsigned numbers_of(nr_str status, const char *name, unsigned long *out, unsigned most)
{
    const char *p = strstr(status.p ? status.p : "", name);
    unsigned count = 0;
    if (!p) return 0;
    for (p += strlen(name); *p && *p != '\n' && count < most;) {
        char *end;
        unsigned long v = strtoul(p, &end, 10);
        if (end == p) break;
        out[count++] = v;
        for (p = end; *p == ' ' || *p == '\t'; p++) {
        }
    }
    return count;
}

static void read_ids(nr_os_process *out, nr_str status)
{
    unsigned long ids[4] = {0}, inner[8];
    if (numbers_of(status, "\nUid:", ids, 4) > 1) out->user = ids[1]; /* real, effective, … */
    out->group_count = numbers_of(status, "\nGroups:", out->groups, NR_OS_MOST_GROUPS - 1);
    if (numbers_of(status, "\nGid:", ids, 4) > 1) out->groups[out->group_count++] = ids[1];
    unsigned n = numbers_of(status, "\nNSpid:", inner, 8);
    if (n) out->inner_pid = inner[n - 1];
}

const char *nr_os_process_look(nr_arena *arena, unsigned long pid, nr_os_process *out)
{
    memset(out, 0, sizeof *out);
    out->user = (unsigned long)geteuid();
    out->inner_pid = pid ? pid : nr_os_process_id();
    nr_str status = read_proc(arena, pid, "status");
    if (!status.n) return pid ? "there is no such process" : "/proc is not there";
    read_ids(out, status);
    out->program = read_link(arena, pid, "exe");
    if (!out->program.p) return "this user may not look at it: run as root or as its user";
    if (pid) {
        out->environment = read_proc(arena, pid, "environ");
        if (!out->environment.p) return "its environment cannot be read: run as root or as its user";
        nr_str root = read_link(arena, pid, "root"), theirs = read_link(arena, pid, "ns/mnt"),
               ours = read_link(arena, 0, "ns/mnt");
        if (!nr_str_is(root, "/") || !nr_str_eq(theirs, ours)) out->root = proc_path(arena, pid, "root");
    }
    out->maps = mapped_paths(arena, read_proc(arena, pid, "maps"));
    return NULL;
}

static bool in_groups(const nr_os_process *who, unsigned long group)
{
    for (unsigned i = 0; i < who->group_count; i++)
        if (who->groups[i] == group) return true;
    return false;
}

/* One of the bits r, w, x (4, 2, 1) for the class that the user falls into. */
static bool permits(const nr_os_process *who, const struct stat *st, unsigned bit)
{
    if (who->user == 0) return bit != 1 || S_ISDIR(st->st_mode) || (st->st_mode & 0111);
    if (st->st_uid == who->user) return st->st_mode >> 6 & bit;
    if (in_groups(who, st->st_gid)) return st->st_mode >> 3 & bit;
    return st->st_mode & bit;
}

bool nr_os_may(const nr_os_process *who, nr_str path, nr_os_access access)
{
    char z[PATH_SIZE];
    struct stat st;
    struct statvfs file_system;
    if (!path.n || path.n >= sizeof z) return false;
    memcpy(z, path.p, path.n);
    z[path.n] = 0;
    for (size_t i = who->root.n + 1; i < path.n; i++) {
        if (z[i] != '/') continue;
        z[i] = 0;
        bool ok = stat(z, &st) == 0 && permits(who, &st, 1);
        z[i] = '/';
        if (!ok) return false;
    }
    if (stat(z, &st) != 0 || !permits(who, &st, access == NR_OS_WRITE ? 2 : 4)) return false;
    if (access == NR_OS_READ) return true;
    return statvfs(z, &file_system) != 0 || !(file_system.f_flag & ST_RDONLY);
}

bool nr_os_same_file(nr_str a, nr_str b)
{
    nr_arena arena = NR_ARENA_INIT;
    struct stat x, y;
    nr_str p = nr_arena_str(&arena, a), q = nr_arena_str(&arena, b);
    bool same = p.p && q.p && stat(p.p, &x) == 0 && stat(q.p, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    nr_arena_free(&arena);
    return same;
}

bool nr_os_clear_env(void)
{
    return clearenv() == 0;
}

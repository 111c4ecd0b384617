/* Files. The library must load on glibc 2.17 and on musl: stat() and fstat() of the build
 * machine's glibc carry GLIBC_2.33, so a file's type comes straight from the kernel. */
#include "os/fault.h"
#include "os/os.h"

#include "os/unix/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ_STEP = 1 << 16 };

bool nr_os_unix_path(nr_str path, char z[NR_PATH_SIZE])
{
    if (path.n == 0 || path.n >= NR_PATH_SIZE || memchr(path.p, 0, path.n)) return false;
    memcpy(z, path.p, path.n);
    z[path.n] = 0;
    return true;
}

bool nr_os_unix_status(nr_str path, struct stat *st)
{
    char z[NR_PATH_SIZE];
    if (nr_os_file_fails() || !nr_os_unix_path(path, z)) return false;
#ifdef SYS_newfstatat /* 64-bit Linux, where the kernel's record is the C library's */
    return syscall(SYS_newfstatat, AT_FDCWD, z, st, 0) == 0;
#else
    return stat(z, st) == 0;
#endif
}

static bool status_of_open(int fd, struct stat *st)
{
    if (nr_os_file_fails()) return false;
#ifdef SYS_newfstatat
    return syscall(SYS_fstat, fd, st) == 0;
#else
    return fstat(fd, st) == 0;
#endif
}

bool nr_os_file_exists(nr_str path)
{
    struct stat st;
    return nr_os_unix_status(path, &st) && S_ISREG(st.st_mode);
}

bool nr_os_is_world_writable(nr_str path, unsigned *mode)
{
    struct stat st;
    if (!nr_os_unix_status(path, &st) || !(st.st_mode & S_IWOTH)) return false;
    *mode = (unsigned)st.st_mode & 07777;
    return true;
}

bool nr_os_file_stamp(nr_str path, uint64_t *size, int64_t *changed)
{
    struct stat st;
    if (!nr_os_unix_status(path, &st) || !S_ISREG(st.st_mode)) return false;
    *size = (uint64_t)st.st_size;
#ifdef __APPLE__
    *changed = (int64_t)st.st_mtimespec.tv_sec * 1000000000 + st.st_mtimespec.tv_nsec;
#else
    *changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
#endif
    return true;
}

bool nr_os_directory_exists(nr_str path)
{
    char z[NR_PATH_SIZE];
    DIR *d = !nr_os_file_fails() && nr_os_unix_path(path, z) ? opendir(z) : NULL;
    if (!d) return false;
    closedir(d);
    return true;
}

static int open_to_read(nr_str path)
{
    char z[NR_PATH_SIZE];
    /* Not to wait for the writer of a FIFO; no difference for a file. */
    return !nr_os_file_fails() && nr_os_unix_path(path, z) ? open(z, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
}

/* Reads to the end, and closes. */
static bool read_all(int fd, nr_buf *out)
{
    bool ok = false;
    for (;;) {
        uint8_t *at = nr_buf_extend(out, READ_STEP);
        if (!at) break;
        ssize_t n = nr_os_file_fails() ? -1 : read(fd, at, READ_STEP);
        int error = n < 0 ? errno : 0;
        out->size -= (size_t)(READ_STEP - (n > 0 ? n : 0));
        if (n > 0 || (n < 0 && error == EINTR)) continue;
        ok = n == 0 || error == EISDIR;
        break;
    }
    close(fd);
    return ok;
}

bool nr_os_read_file(nr_str path, nr_buf *out)
{
    int fd = open_to_read(path);
    return fd >= 0 && read_all(fd, out);
}

bool nr_os_read_trusted_file(nr_str path, nr_buf *out, nr_os_owner *owner)
{
    struct stat st;
    memset(owner, 0, sizeof *owner);
    int fd = open_to_read(path);
    if (fd < 0) return false;
    if (!status_of_open(fd, &st)) {
        close(fd);
        return false;
    }
    owner->mode = (unsigned)st.st_mode & 07777;
    owner->owner = st.st_uid;
    owner->user = geteuid();
    if (!S_ISREG(st.st_mode))
        owner->trust = NR_OS_NOT_A_FILE;
    else if (st.st_mode & S_IWOTH)
        owner->trust = NR_OS_WORLD_WRITABLE;
    else if (owner->owner != 0 && owner->owner != owner->user)
        owner->trust = NR_OS_FOREIGN;
    if (owner->trust == NR_OS_TRUSTED) return read_all(fd, out);
    close(fd);
    return false;
}

static bool list(nr_str path, nr_str tail, void (*each)(void *self, nr_str name), void *self)
{
    char z[NR_PATH_SIZE];
    DIR *d = !nr_os_file_fails() && nr_os_unix_path(path, z) ? opendir(z) : NULL;
    if (!d) return false;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        nr_str name = nr_str_of(e->d_name);
        if (nr_str_is(name, ".") || nr_str_is(name, "..") || !nr_str_ends(name, tail)) continue;
        each(self, name);
    }
    closedir(d);
    return true;
}

bool nr_os_list_directory(nr_str path, void (*each)(void *self, nr_str name), void *self)
{
    return list(path, NR_STR(""), each, self);
}

bool nr_os_list_by_extension(nr_str path, const char *extension, void (*each)(void *self, nr_str name), void *self)
{
    return list(path, nr_str_of(extension), each, self);
}

bool nr_os_make_directory(nr_str path)
{
    char z[NR_PATH_SIZE];
    if (nr_os_file_fails() || !nr_os_unix_path(path, z)) return false;
    for (size_t i = 1; i <= path.n; i++) {
        if (i < path.n && z[i] != '/') continue;
        char kept = z[i];
        z[i] = 0;
        mkdir(z, 0775); /* what exists already, or cannot be made, shows in the end */
        z[i] = kept;
    }
    return nr_os_directory_exists(path);
}

intptr_t nr_os_open_log(nr_str path)
{
    char z[NR_PATH_SIZE];
    if (nr_os_file_fails() || !nr_os_unix_path(path, z)) return -1;
    return open(z, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

bool nr_os_write(intptr_t file, const void *p, size_t n)
{
    const char *at = p;
    if (file < 0 || nr_os_file_fails()) return false;
    while (n > 0) {
        ssize_t done = write((int)file, at, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

intptr_t nr_os_stdout(void)
{
    return STDOUT_FILENO;
}

void nr_os_close(intptr_t file)
{
    if (file >= 0) close((int)file);
}

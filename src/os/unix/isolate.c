#include "os/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool nr_os_can_fork(void)
{
    return true;
}

/* A crash is a result here, and a core file would take longer than the test. Code that runs wild is to meet a limit of
 * its own before it meets the machine's; address sanitizers reserve more than that. */
static void limit_damage(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(RLIMIT_DATA) && UINTPTR_MAX > 0xFFFFFFFFu
    struct rlimit memory = {(rlim_t)2 << 30, (rlim_t)2 << 30};
    setrlimit(RLIMIT_DATA, &memory);
#endif
}

static bool redirect(nr_str path, int descriptor)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str z = path.p ? nr_arena_str(&arena, path) : path;
    int file = z.p ? open(z.p, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    bool ok = !path.p || (file >= 0 && dup2(file, descriptor) >= 0);
    if (file >= 0) close(file);
    nr_arena_free(&arena);
    return ok;
}

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The child holds the other end of the pipe until it ends, however it ends. */
static bool ended_in_time(int pipe_end, unsigned timeout_ms)
{
    long long end = now_ms() + timeout_ms;
    for (;;) {
        struct pollfd p = {pipe_end, POLLIN, 0};
        long long left = end - now_ms();
        int n = poll(&p, 1, left < 0 ? 0 : (int)left);
        if (n > 0) return true;
        if (n == 0) return false;
        if (errno != EINTR) return true; /* waitpid waits then */
    }
}

nr_os_end nr_os_isolate(const nr_os_child *child, int *code)
{
    int ends[2], status = 0;
    *code = 0;
    if (pipe(ends) != 0) return *code = errno, NR_OS_NOT_STARTED;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        limit_damage();
        int result = redirect(child->out, 1) && redirect(child->err, 2) ? child->body(child->self) : 127;
        fflush(NULL);
        _exit(
            result); /* no destructors: what was loaded may have threads, and half of this process' state is missing */
    }
    if (pid < 0) {
        *code = errno;
        close(ends[1]);
        close(ends[0]);
        return NR_OS_NOT_STARTED;
    }
    close(ends[1]);
    bool in_time = ended_in_time(ends[0], child->timeout_ms);
    if (!in_time) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    close(ends[0]);
    if (!in_time) return NR_OS_TIMED_OUT;
    if (WIFSIGNALED(status)) {
        *code = WTERMSIG(status);
        return NR_OS_SIGNALLED;
    }
    *code = WEXITSTATUS(status);
    return NR_OS_EXITED;
}

const char *nr_os_signal_name(int code)
{
    switch (code) {
    case SIGSEGV: return "SIGSEGV";
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGKILL: return "SIGKILL";
    case SIGTERM: return "SIGTERM";
    default: return NULL;
    }
}

nr_str nr_os_current_directory(nr_arena *arena)
{
    char path[4096];
    nr_str none = {NULL, 0};
    return getcwd(path, sizeof path) ? nr_arena_str(arena, nr_str_of(path)) : none;
}

bool nr_os_enter_directory(nr_str path)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str z = nr_arena_str(&arena, path);
    bool ok = z.p && chdir(z.p) == 0;
    nr_arena_free(&arena);
    return ok;
}

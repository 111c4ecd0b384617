#include "os/spawn.h"

#include "base/arena.h"
#include "base/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const int keyboard[] = {SIGINT, SIGQUIT}, requests[] = {SIGTERM, SIGHUP};
static volatile sig_atomic_t running; /* its process id */
static bool ended;
static int status;

static void hand_on(int signal_number)
{
    if (running > 0) kill((pid_t)running, signal_number);
}

static void set_signals(void (*for_keyboard)(int), void (*for_requests)(int))
{
    for (size_t i = 0; i < NR_COUNT(keyboard); i++) signal(keyboard[i], for_keyboard);
    for (size_t i = 0; i < NR_COUNT(requests); i++) signal(requests[i], for_requests);
}

/* execvp's failure comes back through a pipe that a successful exec closes. */
static bool has_started(int report)
{
    int error;
    ssize_t n;
    do n = read(report, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    close(report);
    return n <= 0;
}

bool nr_os_program_start(nr_os_program *p, const nr_str *words, size_t count, bool pipe_errors)
{
    nr_arena arena = NR_ARENA_INIT;
    int errors[2] = {-1, -1}, report[2] = {-1, -1};
    char **argv = nr_arena_zalloc(&arena, count + 1, sizeof *argv);
    bool ok = argv != NULL && count > 0;
    for (size_t i = 0; ok && i < count; i++) ok = (argv[i] = nr_arena_copy(&arena, words[i].p, words[i].n + 1)) != NULL;
    ok = ok && pipe(report) == 0 && (!pipe_errors || pipe(errors) == 0);
    pid_t pid = ok ? fork() : -1;
    if (pid == 0) {
        set_signals(SIG_DFL, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        fcntl(report[1], F_SETFD, FD_CLOEXEC);
        close(report[0]);
        if (pipe_errors) {
            dup2(errors[1], 2);
            close(errors[0]);
            close(errors[1]);
        }
        execvp(argv[0], argv);
        int error = errno;
        ssize_t n = write(report[1], &error, sizeof error);
        _exit(n < 0 ? 126 : 127);
    }
    running = (sig_atomic_t)pid;
    ended = false;
    if (pid > 0) set_signals(SIG_IGN, hand_on);
    if (report[1] >= 0) close(report[1]);
    if (errors[1] >= 0) close(errors[1]);
    ok = pid > 0 && has_started(report[0]);
    p->process = pid;
    p->errors = errors[0];
    if (pid > 0 && !ok) nr_os_program_wait(p);
    nr_arena_free(&arena);
    return ok;
}

size_t nr_os_program_read(nr_os_program *p, char *bytes, size_t room)
{
    if (p->errors < 0) return 0;
    for (;;) {
        struct pollfd ready = {(int)p->errors, POLLIN, 0};
        int n = poll(&ready, 1, ended ? 0 : 100);
        if (n > 0) {
            ssize_t got = read((int)p->errors, bytes, room);
            if (got >= 0 || errno != EINTR) return got > 0 ? (size_t)got : 0;
        } else if (n == 0 && ended) {
            return 0; /* whoever holds the pipe now is a child of it */
        } else if (n == 0) {
            ended = waitpid((pid_t)p->process, &status, WNOHANG) == (pid_t)p->process;
        } else if (errno != EINTR) {
            return 0;
        }
    }
}

int nr_os_program_wait(nr_os_program *p)
{
    while (!ended && waitpid((pid_t)p->process, &status, 0) < 0 && errno == EINTR) continue;
    running = 0;
    set_signals(SIG_DFL, SIG_DFL);
    if (p->errors >= 0) close((int)p->errors);
    p->errors = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

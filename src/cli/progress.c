#include "cli/progress.h"

#include "os/os.h"
#include "os/tool.h"

enum { WIDTH = 40, FIRST_AFTER_MS = 1000, EVERY_MS = 100 };

void nr_progress_begin(nr_progress *p, nr_cli *cli, const char *what)
{
    p->to = nr_os_is_terminal(cli->err) ? cli->err : NULL;
    p->what = what;
    p->start_ns = nr_os_monotonic_ns();
    p->drawn_ns = 0;
}

void nr_progress_set(nr_progress *p, size_t done, size_t total)
{
    if (!p->to || !total) return;
    uint64_t now = nr_os_monotonic_ns();
    if ((now - p->start_ns) / 1000000 < FIRST_AFTER_MS || (now - p->drawn_ns) / 1000000 < EVERY_MS) return;
    p->drawn_ns = now;
    int filled = (int)((uint64_t)done * WIDTH / total);
    fprintf(p->to, "\r%s [", p->what);
    for (int i = 0; i < WIDTH; i++) fputc(i < filled ? '#' : '.', p->to);
    fprintf(p->to, "] %d%%", (int)((uint64_t)done * 100 / total));
    fflush(p->to);
}

void nr_progress_clear(nr_progress *p)
{
    if (!p->to || !p->drawn_ns) return;
    fputs("\r\033[K", p->to);
    fflush(p->to);
    p->drawn_ns = 0;
}

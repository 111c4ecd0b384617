#include "validate/lines.h"

#include "base/log.h"
#include "os/guard.h"

#include <stdio.h>

enum { LAST_NUMBER = 99 };

bool nr_lines_create(nr_lines *l, nr_str directory, const char *ending, const char **why)
{
    nr_arena arena = NR_ARENA_INIT;
    bool exists = true;
    nr_str absolute = nr_os_absolute_path(&arena, directory);
    *why = "the directory cannot be made";
    if (absolute.p && (nr_os_directory_exists(absolute) || nr_os_make_directory(absolute))) {
        *why = "no file can be made there";
        for (int number = 1; l->file < 0 && exists && number <= LAST_NUMBER; number++) {
            char suffix[16] = "";
            if (number > 1) snprintf(suffix, sizeof suffix, "-%d", number);
            nr_str path = nr_arena_printf(&arena, "%.*s" NR_OS_SEPARATOR "NewRelic.Validation.%lu%s%s",
                                          NR_STR_ARG(absolute), nr_os_process_id(), suffix, ending);
            if (!path.p) break;
            l->file = nr_os_create_private(path, &exists);
            snprintf(l->path, sizeof l->path, "%.*s", NR_STR_ARG(path));
        }
        if (l->file < 0 && exists) *why = "there are too many files of this process already";
    }
    nr_arena_free(&arena);
    atomic_store(&l->open, l->file >= 0);
    return l->file >= 0;
}

void nr_lines_write(nr_lines *l, const nr_buf *line)
{
    bool lost = false;
    if (!atomic_load_explicit(&l->open, memory_order_relaxed)) return;
    nr_mutex_lock(&l->lock);
    if (l->file >= 0) {
        if (!line->failed && nr_os_write(l->file, line->data, line->size)) {
            l->size += line->size;
        } else {
            nr_os_cut(l->file, l->size);
            nr_os_close(l->file);
            l->file = -1;
            atomic_store(&l->open, false);
            lost = true;
        }
    }
    nr_mutex_unlock(&l->lock);
    if (lost)
        NR_LOG(NR_WARN, "The validation recording ends here, because %s: %s",
               line->failed ? "there is no memory" : "it cannot be written", l->path);
}

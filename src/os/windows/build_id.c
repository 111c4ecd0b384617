/* A PE image has no build id of its own. */
#include "os/os.h"

bool nr_os_build_id(char *text, size_t room)
{
    (void)text;
    (void)room;
    return false;
}

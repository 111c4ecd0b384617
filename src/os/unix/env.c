#include "os/os.h"

#include <stdlib.h>

bool nr_os_env(nr_arena *arena, const char *name, nr_str *value)
{
    const char *v = getenv(name);
    *value = (nr_str){NULL, 0};
    if (!v) return false;
    *value = nr_arena_str(arena, nr_str_of(v));
    return true;
}

bool nr_os_registry_string(nr_arena *arena, const char *key, const char *name, nr_str *value)
{
    (void)arena, (void)key, (void)name;
    *value = (nr_str){NULL, 0};
    return false;
}

nr_str nr_os_common_app_data(nr_arena *arena)
{
    (void)arena;
    return NR_STR("");
}

nr_os_product nr_os_product_of(nr_arena *arena, nr_str path, nr_os_product_info *info)
{
    (void)arena, (void)path;
    memset(info, 0, sizeof *info);
    return NR_OS_PRODUCT_UNCHECKED;
}

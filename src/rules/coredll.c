#include "rules/coredll.h"

#include "base/log.h"
#include "os/os.h"

#define CORE_DLL "NewRelic.Agent.Core.dll"

/* *found: it is there. */
static nr_start_error try_path(nr_str path, bool *found)
{
    if (!path.p) return NR_START_NO_MEMORY;
    NR_LOG(NR_DEBUG, "Searching for New Relic Agent DLL at: %.*s", NR_STR_ARG(path));
    *found = nr_os_file_exists(path);
    return NR_START_OK;
}

static nr_start_error try_base(nr_arena *arena, nr_str base, bool core, nr_str *path, bool *found)
{
    if (!base.p) return NR_START_NO_MEMORY;
    *path = nr_path_join(arena, base, CORE_DLL);
    nr_start_error e = try_path(*path, found);
    if (e || *found) return e;
    *path = nr_path_join(arena, base, nr_runtime_directory(core));
    if (!path->p) return NR_START_NO_MEMORY;
    *path = nr_path_join(arena, *path, CORE_DLL);
    return try_path(*path, found);
}

/* Only Windows has version resources; its tests go through all of it (GCOVR_EXCL_BR_START). */
static bool is_product(nr_arena *arena, nr_str path, const char *expected)
{
    nr_os_product_info info;
    switch (nr_os_product_of(arena, path, &info)) {
    case NR_OS_PRODUCT_UNCHECKED: return true;
    case NR_OS_PRODUCT_NO_RESOURCE: return false;
    case NR_OS_PRODUCT_NO_NAME:
        NR_LOG(NR_ERROR, "Expected Agent product to be %s, but none was found.", expected);
        return false;
    case NR_OS_PRODUCT_FOUND: break;
    }
    if (!nr_str_is(info.name, expected)) {
        NR_LOG(NR_ERROR, "Expected Agent product to be %s, but it was %.*s", expected, NR_STR_ARG(info.name));
        return false;
    }
    if (info.has_version) {
        NR_LOG(NR_INFO, "%s v%u.%u.%u.%u", expected, (unsigned)info.version[0], (unsigned)info.version[1],
               (unsigned)info.version[2], (unsigned)info.version[3]);
    } else {
        NR_LOG(NR_INFO, "%s vUNKNOWN", expected);
    }
    return true;
}
/* GCOVR_EXCL_BR_STOP */

nr_start_error nr_core_dll_find(nr_arena *arena, bool core, nr_str *path)
{
    nr_str base;
    bool found = false;
    nr_start_error e = NR_START_OK;
    if (nr_env_get(arena, NR_ENV_INSTALL_PATH, &base)) e = try_base(arena, base, core, path, &found);
    if (!e && !found && nr_home_from_environment(arena, core, &base)) e = try_base(arena, base, core, path, &found);
    if (e) goto done;
    if (!found) {
        /* The same words when the variables are set and the file is missing (5.2). */
        NR_LOG(NR_ERROR, "Unable to find %s or %s environment variables.  Aborting instrumentation.",
               nr_home_variable(core), nr_env_variables[NR_ENV_INSTALL_PATH].name);
        NR_LOG(NR_ERROR, "The New Relic Agent DLL is missing.");
        e = NR_START_NO_CORE_DLL;
    } else if (!is_product(arena, *path, nr_runtime_product(core))) {
        NR_LOG(NR_ERROR, "Incorrect agent product");
        e = NR_START_WRONG_PRODUCT;
    }
done:
    if (e) *path = (nr_str){NULL, 0};
    return e;
}

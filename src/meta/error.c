#include "meta/error.h"

static const char *const names[] = {
#define X(name, text) #name,
    NR_META_ERRORS(X)
#undef X
};

static const char *const texts[] = {
#define X(name, text) text,
    NR_META_ERRORS(X)
#undef X
};

static bool known(nr_meta_error e)
{
    return (unsigned)e < NR_META_ERROR_COUNT;
}

const char *nr_meta_error_name(nr_meta_error e)
{
    return known(e) ? names[e] : "?";
}

const char *nr_meta_error_text(nr_meta_error e)
{
    return known(e) ? texts[e] : "unknown error";
}

bool nr_meta_error_is_logged(nr_meta_error e)
{
    switch (e) {
    case NR_META_OK:
    case NR_META_NO_MEMORY:
    case NR_META_SIGNATURE:
    case NR_META_TYPE_NAME: return false;
    default: return known(e);
    }
}

bool nr_meta_error_is_warning(nr_meta_error e)
{
    return e == NR_META_FUNCTION_POINTER_TOKEN || e == NR_META_POINTER_TOKEN || e == NR_META_VOID_POINTER_TOKEN;
}

bool nr_meta_error_is_parser(nr_meta_error e)
{
    return e >= NR_META_SIGNATURE && e <= NR_META_TOO_LARGE;
}

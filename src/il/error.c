#include "il/error.h"

enum { QUIET, LOGGED };

static const struct {
    const char *name, *text;
    nr_il_outcome outcome;
    int log;
} errors[] = {
#define X(name, outcome, log, text) {#name, text, NR_IL_##outcome, log},
    NR_IL_ERRORS(X)
#undef X
};

static bool known(nr_il_error e)
{
    return (unsigned)e < NR_IL_ERROR_COUNT;
}

nr_il_outcome nr_il_error_outcome(nr_il_error e)
{
    return known(e) ? errors[e].outcome : NR_IL_FAIL;
}

const char *nr_il_error_name(nr_il_error e)
{
    return known(e) ? errors[e].name : "UNKNOWN";
}

const char *nr_il_error_text(nr_il_error e)
{
    return known(e) ? errors[e].text : "unknown error";
}

bool nr_il_error_logged(nr_il_error e)
{
    return !known(e) || errors[e].log == LOGGED;
}

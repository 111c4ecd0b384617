#include "rules/switches.h"

#include "base/log.h"
#include "rules/glob.h"

static nr_str trimmed(nr_str s)
{
    while (s.n && s.p[0] == ' ') s.p++, s.n--;
    while (s.n && s.p[s.n - 1] == ' ') s.n--;
    return s;
}

bool nr_switched_off(nr_env_id list, nr_str name)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_str_list pieces;
    bool off = false;
    if (nr_env_list(&arena, list, &pieces) && pieces.items) {
        for (size_t i = 0; i < pieces.count && !off; i++) {
            nr_str piece = trimmed(pieces.items[i]);
            off = piece.n && nr_glob_matches_ci(piece, name);
        }
    }
    nr_arena_free(&arena);
    return off;
}

bool nr_file_switched_off(nr_str path)
{
    size_t start = path.n;
    while (start > 0 && path.p[start - 1] != '/' && path.p[start - 1] != '\\') start--;
    if (!nr_switched_off(NR_ENV_RULES_DISABLED, (nr_str){path.p + start, path.n - start})) return false;
    NR_LOG(NR_INFO, "%.*s is switched off by %s", NR_STR_ARG(path), nr_env_variables[NR_ENV_RULES_DISABLED].name);
    return true;
}

/* docs/environment.md says what NR_ENV says. NRPROF_UPDATE_DOCS=1 writes the file instead of comparing. */
#include "base/buf.h"
#include "rules/env.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static const char path[] = "docs/environment.md";

static const char *type_text(nr_env_type type)
{
    static const char *const texts[] = {"path",         "text",   "true or false",          "list, commas",
                                        "level",        "number", "assembly::type::method", "set or not",
                                        "true or false"};
    return texts[type];
}

static void table(nr_buf *out)
{
    static const char *const runtimes[] = {".NET Framework", ".NET", "both"};
    nr_buf_printf(
        out,
        "# Environment variables\n\n"
        "Made from the table in `src/rules/env.h`; `NRPROF_UPDATE_DOCS=1` and the unit tests of the room `rules` "
        "write this file.\n\n"
        "`true` and `1`, `false` and `0` are the words for true or false, in any case; other text counts as not set. "
        "An older name counts when the new one is not set. On Windows a variable that is set but empty is not set.\n\n"
        "| name | older name | runtime | value | when not set | effect |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < NR_ENV_COUNT; i++) {
        const nr_env_variable *v = &nr_env_variables[i];
        nr_buf_printf(out, "| `%s` | %s%s%s | %s | %s | %s | %s |\n", v->name, v->legacy ? "`" : "",
                      v->legacy ? v->legacy : "", v->legacy ? "`" : "", runtimes[v->runtime], type_text(v->type),
                      v->fallback ? v->fallback : "", v->help);
    }
    nr_buf_printf(
        out,
        "\nThe CLR itself reads `CORECLR_ENABLE_PROFILING`, `CORECLR_PROFILER` and `CORECLR_PROFILER_PATH` (.NET), "
        "`COR_ENABLE_PROFILING`, `COR_PROFILER` and `COR_PROFILER_PATH` (.NET Framework).\n");
}

TEST(document_is_up_to_date)
{
    nr_buf want = NR_BUF_INIT, got = NR_BUF_INIT;
    table(&want);
    CHECK(!want.failed);
    if (getenv("NRPROF_UPDATE_DOCS")) {
        FILE *f = fopen(path, "wb");
        if (CHECK(f != NULL)) {
            fwrite(want.data, 1, want.size, f);
            fclose(f);
        }
    }
    FILE *f = fopen(path, "rb");
    if (!f) {
        nr_buf_free(&want);
        SKIP("docs/environment.md is not below the working directory");
    }
    for (int c; (c = fgetc(f)) != EOF;) {
        if (c != '\r') nr_buf_u8(&got, (uint8_t)c);
    }
    fclose(f);
    CHECK(nr_str_eq(nr_buf_str(&got), nr_buf_str(&want)));
    nr_buf_free(&want);
    nr_buf_free(&got);
}

TESTS(env_docs, T(document_is_up_to_date))

/* docs/compat.md ends with the table of NR_COMPAT. NRPROF_UPDATE_DOCS=1 writes it instead of comparing. */
#include "base/buf.h"
#include "rules/compat.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static const char path[] = "docs/compat.md";
static const char mark[] =
    "<!-- from src/rules/compat.h: NRPROF_UPDATE_DOCS=1 and the unit tests of the room rules write this "
    "table -->\n";

static void table(nr_buf *out)
{
    nr_buf_printf(out, "| in rule files | variable | effect |\n|---|---|---|\n");
    for (size_t i = 0; i < NR_SWITCH_COUNT; i++) {
        const nr_switch_info *s = &nr_switches[i];
        nr_buf_printf(out, "| `%s = %s%s%s` | `%s` | %s |\n", s->name, s->on ? "\"" : "", s->on ? s->on : "true",
                      s->on ? "\"" : "", nr_env_variables[s->variable].name, s->help);
    }
}

static bool read_document(nr_buf *text)
{
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    for (int c; (c = fgetc(f)) != EOF;) {
        if (c != '\r') nr_buf_u8(text, (uint8_t)c);
    }
    fclose(f);
    nr_buf_u8(text, 0);
    return true;
}

TEST(table_is_up_to_date)
{
    nr_buf want = NR_BUF_INIT, got = NR_BUF_INIT;
    table(&want);
    if (!read_document(&got)) {
        nr_buf_free(&want);
        SKIP("docs/compat.md is not below the working directory");
    }
    char *at = strstr((char *)got.data, mark);
    if (CHECK(at != NULL)) {
        at += strlen(mark);
        if (getenv("NRPROF_UPDATE_DOCS")) {
            FILE *f = fopen(path, "wb");
            if (CHECK(f != NULL)) {
                fwrite(got.data, 1, (size_t)(at - (char *)got.data), f);
                fwrite(want.data, 1, want.size, f);
                fclose(f);
            }
        } else {
            CHECK(nr_str_eq(nr_str_of(at), nr_buf_str(&want)));
        }
    }
    nr_buf_free(&want);
    nr_buf_free(&got);
}

TESTS(compat_docs, T(table_is_up_to_date))

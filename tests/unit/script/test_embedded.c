/* Module: the table of embedded files that the build generates (script/embedded.h). */
#include "script/embedded.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

static size_t count(void)
{
    size_t n = 0;
    while (nr_embedded_files[n].name) n++;
    return n;
}

static const nr_embedded *find(const char *name)
{
    for (const nr_embedded *e = nr_embedded_files; e->name; e++) {
        if (!strcmp(e->name, name)) return e;
    }
    return NULL;
}

TEST(names_are_sorted_relative_lua_paths)
{
    CHECK(count() > 0);
    for (size_t i = 0; i < count(); i++) {
        const char *name = nr_embedded_files[i].name;
        size_t n = strlen(name);
        CHECK(!strncmp(name, "lua/", 4) || !strncmp(name, "instrumentation/", 16));
        CHECK(n > 4 && !strcmp(name + n - 4, ".lua"));
        CHECK(!strchr(name, '\\'));
        if (i > 0) CHECK(strcmp(nr_embedded_files[i - 1].name, name) < 0);
    }
}

TEST(a_zero_byte_follows_each_file)
{
    for (size_t i = 0; i < count(); i++) CHECK_EQ(nr_embedded_files[i].data[nr_embedded_files[i].size], 0);
    CHECK(count() > 0);
}

TEST(contents_are_those_of_the_files)
{
    static unsigned char bytes[1 << 16];
    FILE *probe = fopen("instrumentation/rules/process.lua", "rb");
    if (!probe) SKIP("not run from the project's top directory");
    fclose(probe);
    CHECK(find("instrumentation/rules/process.lua") != NULL);
    CHECK(find("instrumentation/rules/process") == NULL);
    for (size_t i = 0; i < count(); i++) {
        const nr_embedded *e = &nr_embedded_files[i];
        FILE *f = fopen(e->name, "rb");
        if (!CHECK(f != NULL)) continue;
        size_t at = 0, n;
        int same = 1;
        while ((n = fread(bytes, 1, sizeof bytes, f)) > 0) {
            same = same && at + n <= e->size && !memcmp(bytes, e->data + at, n);
            at += n;
        }
        fclose(f);
        CHECK(same);
        CHECK_EQ(at, e->size);
    }
}

TESTS(embedded, T(names_are_sorted_relative_lua_paths), T(a_zero_byte_follows_each_file),
      T(contents_are_those_of_the_files))

/* Module: which rule and template files may tell this process what to do. */
#include "scripts.h"

#include "os/fault.h"

#ifndef _WIN32
#include <sys/stat.h>
#include <unistd.h>
#endif

static const char rule[] = "tracer {} match { assembly = 'A', class = 'C', 'M' }";

/* Reads `name` below the test's directory as a rule file. */
static bool reads(scripts *k, const char *name)
{
    nr_str text;
    bool ok = nr_script_read_file(k->s, &k->arena, test_path(&k->arena, name), &text);
    if (ok) CHECK_STR(text, rule);
    return ok;
}

static bool warned(scripts *k, const char *line)
{
    nr_str log = scripts_log(k);
    bool has = nr_str_has(log, nr_str_of(line));
    if (!has) printf("    %.*s\n", NR_STR_ARG(log));
    return has;
}

TEST(own_file)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    put_file(&k.arena, "rules" SEP "a.lua", rule);
    CHECK(reads(&k, "rules" SEP "a.lua"));
    CHECK_STR(scripts_log(&k), "");
    CHECK(!reads(&k, "rules" SEP "b.lua"));
    CHECK(warned(&k, "W @" SEP "rules" SEP "b.lua: the file cannot be read and is skipped\n"));
    scripts_end(&k);
}

#ifndef _WIN32
TEST(modes)
{
    static const struct {
        unsigned mode;
        bool used;
    } rows[] = {{0644, true}, {0600, true}, {0664, true}, {0646, false}, {0666, false}, {0602, false}, {0777, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scripts k;
        char line[100];
        scripts_begin(&k, NR_WARN, NULL);
        nr_str path = put_file(&k.arena, "rules/a.lua", rule);
        CHECK_EQ(chmod(path.p, rows[i].mode), 0);
        CHECK_EQ(reads(&k, "rules/a.lua"), rows[i].used);
        snprintf(line, sizeof line,
                 "W @/rules/a.lua: any user may write to this file (mode %04o) - the file is skipped\n", rows[i].mode);
        CHECK_STR(scripts_log(&k), rows[i].used ? "" : line);
        scripts_end(&k);
    }
}

TEST(owners)
{
    scripts k;
    char line[200];
    if (geteuid() != 0) SKIP("only root can give a file to another user");
    scripts_begin(&k, NR_WARN, NULL);
    nr_str path = put_file(&k.arena, "rules/a.lua", rule);
    CHECK_EQ(chown(path.p, 12345, 0), 0);
    CHECK(!reads(&k, "rules/a.lua"));
    snprintf(line, sizeof line,
             "W @/rules/a.lua: this file belongs to user 12345, not to root or this process's user 0 - the file is "
             "skipped\n");
    CHECK_STR(scripts_log(&k), line);
    /* Root's file and one's own, for another user, who can get there. */
    CHECK(chmod(test_path(&k.arena, "").p, 0755) == 0 && chmod(test_path(&k.arena, "..").p, 0755) == 0);
    CHECK_EQ(chmod(path.p, 0644), 0);
    CHECK_EQ(seteuid(12345), 0);
    CHECK(reads(&k, "rules/a.lua"));
    CHECK_EQ(seteuid(0), 0);
    CHECK_EQ(chown(path.p, 0, 0), 0);
    CHECK_EQ(seteuid(12345), 0);
    CHECK(reads(&k, "rules/a.lua"));
    CHECK_EQ(seteuid(0), 0);
    scripts_end(&k);
}

/* As a ConfigMap is mounted: a link to a link to a file. What counts is the file. */
TEST(links)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    nr_str real = put_file(&k.arena, "rules/..data_1/a.lua", rule);
    CHECK_EQ(symlink("..data_1", test_path(&k.arena, "rules/..data").p), 0);
    CHECK_EQ(symlink("..data/a.lua", test_path(&k.arena, "rules/a.lua").p), 0);
    CHECK(reads(&k, "rules/a.lua"));
    CHECK_EQ(chmod(real.p, 0666), 0);
    CHECK(!reads(&k, "rules/a.lua"));
    CHECK(warned(&k, "/rules/a.lua: any user may write to this file (mode 0666)"));
    CHECK_EQ(symlink("nowhere", test_path(&k.arena, "rules/b.lua").p), 0);
    CHECK(!reads(&k, "rules/b.lua"));
    CHECK_EQ(symlink("c.lua", test_path(&k.arena, "rules/c.lua").p), 0); /* a circle */
    CHECK(!reads(&k, "rules/c.lua"));
    scripts_end(&k);
}

TEST(no_files)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    put_file(&k.arena, "rules/x.lua/inside", "");
    CHECK(!reads(&k, "rules/x.lua"));
    CHECK(warned(&k, "/rules/x.lua: this is no regular file - the file is skipped\n"));
    CHECK_EQ(mkfifo(test_path(&k.arena, "rules/p.lua").p, 0644), 0);
    CHECK(!reads(&k, "rules/p.lua")); /* and nobody waits for a writer */
    CHECK(warned(&k, "/rules/p.lua: this is no regular file - the file is skipped\n"));
    scripts_end(&k);
}

TEST(loose_directory)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    put_file(&k.arena, "rules/a.lua", rule);
    put_file(&k.arena, "rules/b.lua", rule);
    CHECK_EQ(chmod(test_path(&k.arena, "rules").p, 0777), 0);
    CHECK(reads(&k, "rules/a.lua") && reads(&k, "rules/b.lua"));
    CHECK_STR(scripts_log(&k), "W @/rules: any user may write to this directory (mode 0777); only files of root and of "
                               "this process's user are "
                               "used\n"); /* once */
    scripts_end(&k);
}

/* Looking at the file may fail as well: then nothing is used. */
TEST(faults)
{
    scripts k;
    scripts_begin(&k, NR_WARN, NULL);
    put_file(&k.arena, "rules/a.lua", rule);
    for (unsigned long n = 2; n <= 5; n++) { /* 1 is the look at the directory */
        nr_os_fail_file_at(n, false);
        bool ok = reads(&k, "rules/a.lua");
        nr_os_fail_file_at(0, false);
        CHECK_EQ(ok, n > 5);
    }
    CHECK(reads(&k, "rules/a.lua"));
    scripts_end(&k);
}
TESTS(trust, T(own_file), T(modes), T(owners), T(links), T(no_files), T(loose_directory), T(faults))
#else
TESTS(trust, T(own_file))
#endif

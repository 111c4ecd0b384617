#include "test.h"

#include "os/arguments.h"

#include <stdio.h>

#ifdef _WIN32
#include <windows.h>

/* The same by the system's function; but for an empty line, of which that makes the program's path. */
static void ask_system(const uint16_t *line, char *out, size_t room)
{
    typedef LPWSTR *(WINAPI * to_argv)(LPCWSTR, int *);
    to_argv ask = (to_argv)(void (*)(void))GetProcAddress(LoadLibraryW(L"shell32.dll"), "CommandLineToArgvW");
    int count = 0;
    LPWSTR *list = ask ? ask((LPCWSTR)line, &count) : NULL;
    for (int i = 0, at = 0; i < count; i++) at += snprintf(out + at, room - (size_t)at, "[%ls]", list[i]);
    LocalFree(list);
}
#else
static void ask_system(const uint16_t *line, char *out, size_t room)
{
    (void)line, (void)out, (void)room;
}
#endif

/* What CommandLineToArgvW makes of a line, each argument in brackets. Lines are ASCII. */
static void splits(const char *line, const char *want)
{
    nr_arena a = NR_ARENA_INIT;
    uint16_t wide[200];
    nr_str *list;
    size_t count, n = 0;
    char got[400] = "", other[400] = "";
    do wide[n] = (uint16_t)(unsigned char)line[n];
    while (line[n++]);
    if (CHECK(nr_os_split_arguments(&a, wide, &list, &count))) {
        for (size_t i = 0, at = 0; i < count; i++) {
            at += (size_t)snprintf(got + at, sizeof got - at, "[%.*s]", NR_STR_ARG(list[i]));
            CHECK_EQ(list[i].p[list[i].n], 0);
        }
        CHECK_STR(nr_str_of(got), want);
    }
    if (*line) ask_system(wide, other, sizeof other);
    if (*other) CHECK_STR(nr_str_of(other), want);
    nr_arena_free(&a);
}

TEST(blanks)
{
    splits("", "[]");
    splits("p", "[p]");
    splits("p  a\tb ", "[p][a][b]");
    splits("\"a b\" c", "[a b][c]");
    splits("\"a b\"c", "[a b][c]");
    splits("C:\\p\\ x", "[C:\\p\\][x]");
    splits("p \"\" a", "[p][][a]");
}

TEST(backslashes)
{
    splits("p a\\b\\\\c", "[p][a\\b\\\\c]");
    splits("p \"a b\\\\\" c", "[p][a b\\][c]");
    splits("p a\\\"b", "[p][a\"b]");
    splits("p a\\\\\\\"b", "[p][a\\\"b]");
    splits("p \"a\\\" b\" c", "[p][a\" b][c]");
    splits("p a\\ b", "[p][a\\][b]");
    splits("p a\\", "[p][a\\]");
}

TEST(marks)
{
    splits("p a\"b c\"d", "[p][ab cd]");
    splits("p \"a", "[p][a]");
    splits("p \"\"\"a b\"", "[p][\"a][b]");
    splits("p \"a\"\" b", "[p][a\"][b]");
    splits("p \"\"\"\"a b\" c", "[p][\"a b][c]");
}

TEST(utf16)
{
    static const uint16_t line[] = {'p', ' ', 0x30DB, 0xD83D, 0xDE00, ' ', 0xE9, 0};
    nr_arena a = NR_ARENA_INIT;
    nr_str *list;
    size_t count;
    if (CHECK(nr_os_split_arguments(&a, line, &list, &count)) && CHECK_EQ(count, 3)) {
        CHECK_STR(list[1], "\xE3\x83\x9B\xF0\x9F\x98\x80");
        CHECK_STR(list[2], "\xC3\xA9");
    }
    nr_arena_free(&a);
}

TESTS(arguments, T(blanks), T(backslashes), T(marks), T(utf16))

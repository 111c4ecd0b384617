/* Module: where a body holds tokens and 8-byte constants. */
#include "il/scan.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static void add_list(char *text, size_t room, const char *what, const nr_scan_offsets *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t n = strlen(text);
        snprintf(text + n, room - n, "%s%u ", i ? "" : what, list->items[i]);
    }
}

/* "size 3 tokens 1 longs 2", and "bad" where the structure is. */
static nr_str found(nr_arena *a, const char *hex)
{
    uint8_t body[300];
    char text[400] = "";
    nr_scan s;
    size_t size = nr_test_hex(hex, body, sizeof body);
    uint8_t *exact = nr_arena_copy(a, body, size); /* a sanitizer sees what is read behind it */
    CHECK(nr_scan_body(&s, exact, size));
    snprintf(text, sizeof text, "size %zu ", s.size);
    add_list(text, sizeof text, "tokens ", &s.tokens);
    add_list(text, sizeof text, "longs ", &s.longs);
    if (s.bad) strcat(text, "bad ");
    nr_scan_free(&s);
    return nr_arena_str(a, (nr_str){text, strlen(text) - 1});
}

#define FAT(flags, code_size, locals) flags " 30 0800 " code_size " " locals " "

TEST(bodies)
{
    static const struct {
        const char *what, *body, *found;
    } rows[] = {
        {"tiny", "06 2a", "size 2"},
        {"a call", "1a 28 01000006 2a", "size 7 tokens 2"},
        {"an 8-byte constant", "2e 21 0102030405060708 26 2a", "size 12 longs 2"},
        {"a two-byte opcode with a token", "22 fe 15 02000001 2a 00", "size 9 tokens 3"},
        {"a two-byte opcode that is cut off", "06 fe", "size 2 bad"},
        {"an opcode that does not exist", "06 24", "size 2 bad"},
        {"a two-byte opcode that does not exist", "0a fe ff", "size 3 bad"},
        {"an operand that is cut off", "0e 28 0100", "size 4 bad"},
        {"a switch", "3a 45 02000000 00000000 00000000 2a", "size 15"},
        {"a switch with more arms than bytes", "2a 45 02000000 00000000 2a", "size 11 bad"},
        {"a switch whose count is cut off", "0e 45 0200", "size 4 bad"},
        {"nothing", "", "size 0 bad"},
        {"a tiny body that is longer than its bytes", "0a 2a", "size 0 bad"},
        {"half a fat header", "13 30 0800 01000000 000000", "size 0 bad"},
        {"a fat body with locals", FAT("13", "01000000", "01000011") "2a", "size 13 tokens 8"},
        {"a fat body without", FAT("13", "01000000", "00000000") "2a", "size 13"},
        {"a fat body that is longer than its bytes", FAT("13", "02000000", "00000000") "2a", "size 0 bad"},
        {"a header that is longer than the body", "13 f0 0800 01000000 00000000 2a", "size 0 bad"},
        {"a typed clause", FAT("1b", "04000000", "00000000") "00000000 01 10 0000 0000 0000 01 0100 01 02000001",
         "size 32 tokens 28"},
        {"a fat typed clause",
         FAT("1b", "04000000", "00000000") "00000000 41 1c 0000 00000000 00000000 01000000 01000000 01000000 02000001",
         "size 44 tokens 40"},
        {"finally, fault and filter clauses have none",
         FAT("1b", "04000000", "00000000") "00000000 01 28 0000 0200 0000 01 0100 01 00000000"
                                           " 0400 0000 01 0100 01 00000000 0100 0000 01 0100 01 02000000",
         "size 56"},
        {"two sections",
         FAT("1b", "04000000", "00000000") "00000000 81 04 0000 01 10 0000 0000 0000 01 0100 01 02000001",
         "size 36 tokens 32"},
        {"a section of another kind",
         FAT("1b", "04000000", "00000000") "00000000 02 10 0000 0000 0000 01 0100 01 02000001", "size 32"},
        {"a section that is aligned", FAT("1b", "01000000", "00000000") "2a 000000 01 04 0000", "size 20"},
        {"no section where one has to be", FAT("1b", "04000000", "00000000") "00000000", "size 16 bad"},
        {"half a section's head", FAT("1b", "04000000", "00000000") "00000000 01 10", "size 16 bad"},
        {"no room to align", FAT("1b", "01000000", "00000000") "2a", "size 13 bad"},
        {"a section of fewer bytes than its head", FAT("1b", "04000000", "00000000") "00000000 81 03 0000",
         "size 20 bad"},
        {"a section that is longer than the body", FAT("1b", "04000000", "00000000") "00000000 81 10 0000 0000",
         "size 22 bad"},
    };
    for (size_t i = 0; i < NR_COUNT(rows); i++) {
        nr_arena a = NR_ARENA_INIT;
        if (!CHECK_STR(found(&a, rows[i].body), rows[i].found)) printf("    %s\n", rows[i].what);
        nr_arena_free(&a);
    }
}

/* Many tokens: the list grows; without memory for it the answer says so, and nothing is left. */
TEST(no_memory)
{
    uint8_t body[12 + 5 * 200] = {0x13, 0x30, 8, 0};
    size_t size = sizeof body;
    nr_scan s;
    bool whole = false;
    body[4] = (uint8_t)(5 * 200), body[5] = (uint8_t)(5 * 200 >> 8);
    for (size_t i = 0; i < 200; i++) body[12 + 5 * i] = 0x28;
    nr_alloc_count(1);
    for (unsigned long n = 1; n < 10 && !whole; n++) {
        nr_alloc_fail_at(n, 0);
        whole = nr_scan_body(&s, body, size);
        CHECK_EQ(whole, !nr_alloc_has_failed());
        nr_alloc_fail_at(0, 0);
        CHECK(!s.bad && s.size == size);
        CHECK(whole ? s.tokens.count == 200 && s.tokens.items[199] == 12 + 5 * 199 + 1 : s.tokens.count < 200);
        nr_scan_free(&s);
        CHECK_EQ(nr_alloc_live(), 0);
    }
    CHECK(whole);
    nr_alloc_count(0);
}

TESTS(scan, T(bodies), T(no_memory))

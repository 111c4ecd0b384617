#include "clr/names.h"

#include "base/alloc.h"
#include "test.h"

#include <string.h>

static bool same(const uint16_t *text, const uint16_t *wanted)
{
    size_t i = 0;
    while (wanted[i] && text[i] == wanted[i]) i++;
    return text[i] == wanted[i];
}

TEST(names)
{
    static const uint16_t type[] = u"A.B", method[] = u"Größe", other[] = u"A.BC";
    nr_names names;
    memset(&names, 0, sizeof names);
    CHECK(nr_names_get(&names, 1) == NULL);
    CHECK(nr_names_put(&names, 1, type, 3, method, 5));
    CHECK(nr_names_put(&names, 2, other, 3, method, 0)); /* as long as asked for */
    CHECK(nr_names_put(&names, 0x100, other, 4, method, 1));
    CHECK(nr_names_put(&names, 1, other, 4, other, 4)); /* the first names stay */
    const nrprof_function_name *one = nr_names_get(&names, 1), *two = nr_names_get(&names, 2),
                               *three = nr_names_get(&names, 0x100);
    CHECK(one && two && three);
    CHECK(same(one->type_name, type) && same(one->method_name, method));
    CHECK(two->type_name == one->type_name); /* one text for equal types */
    CHECK_EQ(two->method_name[0], 0);
    CHECK(same(three->type_name, other) && three->method_name[0] == 'G' && three->method_name[1] == 0);
    CHECK(nr_names_get(&names, 0) == NULL && nr_names_get(&names, 0x200) == NULL);
    /* a name is never given back for another */
    for (uintptr_t f = 1000; f < 3000; f++) CHECK(nr_names_put(&names, f, type, f % 4, method, f % 6));
    CHECK(nr_names_get(&names, 1) == one);
    for (uintptr_t f = 1000; f < 3000; f++) CHECK_EQ(nr_names_answer(&names, f).function, f);
    nr_names_clear(&names);
    CHECK(nr_names_get(&names, 1) == NULL);
    CHECK(same(nr_names_answer(&names, 1).type_name, u"UnknownClass"));
    CHECK(same(nr_names_answer(&names, 1).method_name, u"UnknownMethod(error)"));
    CHECK_EQ(nr_names_answer(&names, 7).function, 7);
}

TEST(no_memory)
{
    static const uint16_t type[] = u"Type", method[] = u"Method";
    bool ok = false;
    for (unsigned long nth = 1; !ok && nth < 50; nth++) {
        nr_names names;
        memset(&names, 0, sizeof names);
        nr_alloc_fail_at(nth, 0);
        ok = nr_names_put(&names, 1, type, 4, method, 6);
        nr_alloc_fail_at(0, 0);
        CHECK_EQ(nr_names_get(&names, 1) != NULL, ok); /* nothing half done */
        CHECK(nr_names_put(&names, 1, type, 4, method, 6));
        CHECK(same(nr_names_answer(&names, 1).type_name, type) && same(nr_names_answer(&names, 1).method_name, method));
        nr_names_clear(&names);
    }
    CHECK(ok);
}

TESTS(names, T(names), T(no_memory))

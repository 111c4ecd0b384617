#include "meta/text.h"

#include "base/alloc.h"
#include "meta/text_tree.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

/* Writes a parsed text out again, without optional white space: what the parser understood. */
static void show_types(nr_buf *b, const nr_text_types *types);

static void show_type(nr_buf *b, const nr_text_type *t)
{
    switch (t->element) {
    case NR_ELEMENT_VAR: nr_buf_printf(b, "!%u", (unsigned)t->number); break;
    case NR_ELEMENT_MVAR: nr_buf_printf(b, "!!%u", (unsigned)t->number); break;
    case NR_ELEMENT_CLASS:
    case NR_ELEMENT_VALUETYPE:
        nr_buf_printf(b, "%s ", t->element == NR_ELEMENT_CLASS ? "class" : "valuetype");
        if (t->assembly.n) nr_buf_printf(b, "[%.*s]", NR_STR_ARG(t->assembly));
        nr_buf_put_str(b, t->name);
        if (t->arguments.count) {
            nr_buf_u8(b, '<');
            show_types(b, &t->arguments);
            nr_buf_u8(b, '>');
        }
        break;
    default: nr_buf_printf(b, "%02x", (unsigned)t->element);
    }
    for (uint32_t i = 0; i < t->arrays; i++) nr_buf_put_str(b, NR_STR("[]"));
}

static void show_types(nr_buf *b, const nr_text_types *types)
{
    uint32_t n = 0;
    for (const nr_text_type *t = types->first; t; t = t->next) {
        if (n++) nr_buf_u8(b, ',');
        show_type(b, t);
    }
    CHECK_EQ(n, types->count);
}

static void show(nr_buf *b, const nr_text *t)
{
    if (t->instance) nr_buf_put_str(b, NR_STR("instance "));
    show_type(b, t->type);
    if (t->kind != NR_TEXT_METHOD) return;
    nr_buf_u8(b, ' ');
    show_type(b, t->target);
    nr_buf_printf(b, "::%.*s", NR_STR_ARG(t->method));
    if (t->arguments.count) {
        nr_buf_u8(b, '<');
        show_types(b, &t->arguments);
        nr_buf_u8(b, '>');
    }
    nr_buf_u8(b, '(');
    show_types(b, &t->params);
    nr_buf_u8(b, ')');
}

static const struct {
    const char *text, *shown;
} good[] = {
    /* metadata-tokens.md 4.5 */
    {"class [mscorlib]System.Exception", "class [mscorlib]System.Exception"},
    {"valuetype [mscorlib]System.RuntimeTypeHandle", "valuetype [mscorlib]System.RuntimeTypeHandle"},
    {"class [mscorlib]System.Type[]", "class [mscorlib]System.Type[]"},
    {"class [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>",
     "class [mscorlib]System.Action`2<1c,class [mscorlib]System.Exception>"},
    {"instance void [mscorlib]System.Action`2<object,class [mscorlib]System.Exception>::Invoke(!0,!1)",
     "instance 01 class [mscorlib]System.Action`2<1c,class [mscorlib]System.Exception>::Invoke(!0,!1)"},
    {"instance object [mscorlib]System.Reflection.MethodBase::Invoke(object, object[])",
     "instance 1c class [mscorlib]System.Reflection.MethodBase::Invoke(1c,1c[])"},
    {"void [mscorlib]A.B::M<string,!!0>(!!1)", "01 class [mscorlib]A.B::M<0e,!!0>(!!1)"},
    {"instance void [mscorlib]System.Exception::.ctor(string)",
     "instance 01 class [mscorlib]System.Exception::.ctor(0e)"},
    {"class [mscorlib]A.B/C", "class [mscorlib]A.B/C"},
    {"class System.Exception", "class System.Exception"},
    {"object[][]", "1c[][]"},
    /* 4.1, 4.2 */
    {"object", "1c"},
    {"bool", "02"},
    {"uint32", "09"},
    {"char", "03"},
    {"int8", "04"},
    {"uint8", "05"},
    {"int16", "06"},
    {"uint16", "07"},
    {"int32", "08"},
    {"int64", "0a"},
    {"uint64", "0b"},
    {"float32", "0c"},
    {"float64", "0d"},
    {"nint", "18"},
    {"nuint", "19"},
    {"int32[]", "08[]"},
    {"int64 [mscorlib]A::M(uint8[],int32)", "0a class [mscorlib]A::M(05[],08)"},
    {"class [a]int64.char", "class [a]int64.char"},
    {"void", "01"},
    {"!12", "!12"},
    {"!! 3", "!!3"},
    {"  class\t[ mscorlib ]\r\nSystem . Type [ ] ", "class [mscorlib]System.Type[]"},
    {"class [my .asm]A .B/ C .D", "class [my.asm]A.B/C.D"},
    {"class A.B_9/C/D`1<valuetype E>[]", "class A.B_9/C/D`1<valuetype E>[]"},
    {"class A`01<!0>", "class A`1<!0>"},
    {"class A.", "class A."}, /* dots belong to names */
    {"class A..B", "class A..B"},
    {"[mscorlib]System.Type", "class [mscorlib]System.Type"},
    {"[mscorlib]System.Action`1<bool>", "class [mscorlib]System.Action`1<02>"},
    {"void A::.cctor()", "01 class A::.cctor()"},
    {"void A::. ctor()", "01 class A::.ctor()"},
    {"void A::B.C()", "01 class A::B.C()"},
    {"void class A::B()", "01 class A::B()"},
    {"void valuetype A::B()", "01 valuetype A::B()"},
    {"object[] [mscorlib]A::B()", "1c[] class [mscorlib]A::B()"},
    {"class A [B]C::D(class E[],valuetype [F]G)", "class A class [B]C::D(class E[],valuetype [F]G)"},
    {"object objects::strings(class classes)", "1c class objects::strings(class classes)"},
    {"!4294967297", "!1"}, /* a number wraps */
    /* ParserTest.cpp of the reference: TestGenericMethod to TestParser27, those that say something new */
    {"instance void MyClass::MyMethod<bool>()", "instance 01 class MyClass::MyMethod<02>()"},
    {"instance void class MyClass`1<bool>::MyMethod()", "instance 01 class MyClass`1<02>::MyMethod()"},
    {"instance !0 class MyClass`1<bool>::MyMethod()", "instance !0 class MyClass`1<02>::MyMethod()"},
    {"!!0 MyClass::MyMethod<bool>()", "!!0 class MyClass::MyMethod<02>()"},
    {"instance void class MyClass`1<bool>::MyMethod<!0>()", "instance 01 class MyClass`1<02>::MyMethod<!0>()"},
    {"string", "0e"},
    {"object[]", "1c[]"},
    {"class [MyAssembly]MyNamespace.MyNamespace2.MyClass", "class [MyAssembly]MyNamespace.MyNamespace2.MyClass"},
    {"class MyClass", "class MyClass"},
    {"void [MyAssembly]MyClass::MyMethod()", "01 class [MyAssembly]MyClass::MyMethod()"},
    {"void [MyAssembly]N.C::M(bool, object[], string)", "01 class [MyAssembly]N.C::M(02,1c[],0e)"},
    {"void [A]N.C::M(class [B]N3.N4.C2[], string)", "01 class [A]N.C::M(class [B]N3.N4.C2[],0e)"},
    {"instance class MyClass MyClass2::MyMethod()", "instance class MyClass class MyClass2::MyMethod()"},
    {"instance class [A]N.C`2<class [A]N.D`1<object[]>, class [A]N.D`1<object[]>> [A]N.E::M<class F`1<object[]>, class "
     "G`1<string[]>>(class H)",
     "instance class [A]N.C`2<class [A]N.D`1<1c[]>,class [A]N.D`1<1c[]>> class [A]N.E::M<class F`1<1c[]>,class "
     "G`1<0e[]>>(class H)"},
    {"class A`1<class B`1<class C`1<class D`1<bool>[]>>[]>", "class A`1<class B`1<class C`1<class D`1<02>[]>>[]>"},
    {"!0 class MyClass`1<string>::MyMethod<object>(!!0)", "!0 class MyClass`1<0e>::MyMethod<1c>(!!0)"},
    {"void class MyClass`1<void>::MyMethod<void>(void)", "01 class MyClass`1<01>::MyMethod<01>(01)"},
};

TEST(accepted)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_buf b = NR_BUF_INIT;
        const char *why = "?";
        /* The text is gone when the result is looked at. */
        size_t n = strlen(good[i].text);
        char *copy = malloc(n);
        memcpy(copy, good[i].text, n);
        nr_str s = {copy, n};
        const nr_text *t = nr_text_parse(&arena, s, &why);
        free(copy);
        CHECK(t != NULL);
        if (t) {
            CHECK(why == NULL);
            show(&b, t);
            CHECK_STR(nr_buf_str(&b), good[i].shown);
            CHECK_STR(nr_text_source(t), good[i].text);
            CHECK_EQ(nr_text_is_method(t), strstr(good[i].text, "::") != NULL);
        } else
            printf("    %s: %s\n", good[i].text, why);
        nr_buf_free(&b);
        nr_arena_free(&arena);
    }
}

static const struct {
    const char *text, *why;
} bad[] = {
    /* metadata-tokens.md 4.5, errors */
    {"native int", "a type expected at character 1"},
    {"object[,]", "\"]\" expected, not \",\", at character 8"},
    {"class [mscorlib]System.Action`3<object,object>",
     "the number behind \"`\" is not the number of type arguments at character 47"},
    {"class [mscorlib]System.Action`2", "\"<\" expected, not the end, at character 32"},
    {"instance object", "a type expected at character 16"},
    {"", "a type expected at character 1"},
    {"class", "a name expected, not the end, at character 6"},
    {"A-B", "a type expected at character 1"},
    {"class A-B", "a type expected at character 8"},
    {"class A+B", "a type expected at character 8"},
    {"object : x", "a type expected at character 7"},
    {"object [mscorlib]X", "\"::\" expected, not the end, at character 19"},
    {"object !0::Y()", "the target of a method must be a class; it ends at character 10"},
    {"class [[mscorlib]]System.Type [[mscorlib]]System.Type::X()", "a name expected, not \"[\", at character 8"},
    {"void System.ThrowException([[mscorlib]]System.Exception)", NULL},
    /* 4.1 */
    {"object:", NULL},
    {"void A:B()", NULL},
    {"void A: :B()", NULL},
    {"object &", NULL},
    {"object*", NULL},
    {"class 'A'", NULL},
    {"class A=B", NULL},
    {"class \xc3\xa9", NULL},
    {"class A\xc3\xa9", NULL},
    {"! !0", NULL},
    {"!", NULL},
    {"!x", NULL},
    {"long", NULL},
    {"real", NULL},
    {"Object", NULL},
    /* 4.2 */
    {"instance", NULL},
    {"instance A::B()", NULL},
    {"instance [mscorlib]X", NULL},
    {"class class A", NULL},
    {"class object", NULL},
    {"class [object]A", NULL},
    {"class []A", NULL},
    {"class [a]", NULL},
    {"class [a", NULL},
    {"class A/", NULL},
    {"class A/.B", NULL},
    {"class .A", NULL},
    {"class A. B", NULL}, /* the dot belongs to the name, so nothing joins the two */
    {"class A`<object>", NULL},
    {"class A`x<object>", NULL},
    {"class A`0<>", NULL},
    {"class A`1<>", NULL},
    {"class A`1<object", NULL},
    {"class A`1<object>>", NULL},
    {"class A`1<B>", NULL},
    {"class A`2<object,>", NULL},
    {"class A`1<object>/B", NULL},
    {"object[", NULL},
    {"object[object]", NULL},
    {"object[1]", NULL},
    {"object]", NULL},
    {"object object", NULL},
    {"object x", NULL},
    {"[mscorlib]X[]", NULL},
    {"[mscorlib]X::Y()", NULL},
    {"void [a]B[]::M()", NULL},
    {"void string::M()", NULL},
    {"instance void A::M", NULL},
    {"void A::M(", NULL},
    {"void A::M(object", NULL},
    {"void A::M(object,)", NULL},
    {"void A::M(object) x", NULL},
    {"void A::M()()", NULL},
    {"void A::M<>()", NULL},
    {"void A::M<object()", NULL},
    {"void A::()", NULL},
    {"void A::..ctor()", NULL},
    {"void A::1()", NULL},
    {"void A::instance()", NULL},
    {"void A::string()", NULL},
    {"void ::M()", NULL},
    {"void A.M()", NULL},
};

TEST(refused)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        nr_arena arena = NR_ARENA_INIT;
        const char *why = NULL;
        const nr_text *t = nr_text_parse(&arena, nr_str_of(bad[i].text), &why);
        if (!CHECK(t == NULL)) printf("    taken: %s\n", bad[i].text);
        CHECK(why != NULL && *why);
        if (bad[i].why && why) CHECK_STR(nr_str_of(why), bad[i].why);
        nr_arena_free(&arena);
    }
    nr_arena arena = NR_ARENA_INIT;
    const char *why = NULL;
    nr_str with_nul = {"class A\0B", 9};
    CHECK(nr_text_parse(&arena, with_nul, &why) == NULL);
    nr_arena_free(&arena);
}

/* injected-code.md 1.6: what newarr and box take */
TEST(raw)
{
    static const struct {
        const char *text, *assembly, *name;
    } rows[] = {
        {"[mscorlib]System.UInt32", "mscorlib", "System.UInt32"},
        {"[mscorlib]System.Object[]", "mscorlib", "System.Object[]"}, /* no grammar: part of the name */
        {"class [a b]x-y ", "a b", "x-y "},
        {"[a[b]c]d", "a[b", "c]d"},
        {"[]X", "", "X"},
        {"[a]", "a", ""},
        {"System.UInt32", NULL, NULL},
        {"[mscorlib", NULL, NULL},
        {"mscorlib]X", NULL, NULL},
        {"a]b[c", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nr_arena arena = NR_ARENA_INIT;
        const char *why = "?";
        const nr_text *t = nr_text_parse_raw(&arena, nr_str_of(rows[i].text), &why);
        CHECK_EQ(t != NULL, rows[i].name != NULL);
        CHECK_EQ(why == NULL, t != NULL);
        if (t) {
            CHECK_STR(t->type->assembly, rows[i].assembly);
            CHECK_STR(t->type->name, rows[i].name);
            CHECK_STR(nr_text_source(t), rows[i].text);
            CHECK(!nr_text_is_method(t));
        }
        nr_arena_free(&arena);
    }
}

static void put_nested(nr_buf *b, int depth)
{
    for (int i = 0; i < depth; i++) nr_buf_put_str(b, NR_STR("class A`1<"));
    nr_buf_put_str(b, NR_STR("object"));
    for (int i = 0; i < depth; i++) nr_buf_u8(b, '>');
}

TEST(depth)
{
    static const int depths[] = {NR_SIG_MAX_DEPTH, NR_SIG_MAX_DEPTH + 1, 20000};
    for (size_t i = 0; i < 3; i++) {
        nr_arena arena = NR_ARENA_INIT;
        nr_buf b = NR_BUF_INIT;
        const char *why = NULL;
        put_nested(&b, depths[i]);
        CHECK_EQ(nr_text_parse(&arena, nr_buf_str(&b), &why) != NULL, depths[i] <= NR_SIG_MAX_DEPTH);
        nr_buf_free(&b);
        nr_arena_free(&arena);
    }
}

/* Lists do not count as nesting, and neither do arrays. */
TEST(width)
{
    nr_arena arena = NR_ARENA_INIT;
    nr_buf b = NR_BUF_INIT;
    const char *why = NULL;
    nr_buf_put_str(&b, NR_STR("void A::M(class A`1<object>"));
    for (int i = 0; i < 1000; i++) nr_buf_put_str(&b, NR_STR(",class A`1<object>"));
    for (int i = 0; i < 1000; i++) nr_buf_put_str(&b, NR_STR("[]"));
    nr_buf_u8(&b, ')');
    const nr_text *t = nr_text_parse(&arena, nr_buf_str(&b), &why);
    CHECK(t != NULL);
    if (t) {
        CHECK_EQ(t->params.count, 1001);
        CHECK_EQ(t->params.last->arrays, 1000);
    }
    nr_buf_free(&b);
    nr_arena_free(&arena);
}

/* Pieces of texts in random order: no fault, and an answer or a reason. */
TEST(random_texts)
{
    static const char *const pieces[] = {"object", "void", "class ", "valuetype ", "[mscorlib]", "System.X", "A",
                                         "::",     ":",    "(",      ")",          "<",          ">",        ",",
                                         "[]",     "[",    "]",      "!",          "0",          "`1",       "`2",
                                         "/",      ".",    " ",      "instance ",  "-",          "uint32"};
    uint32_t r = 2463534242u;
    int taken = 0;
    for (int i = 0; i < 100000; i++) {
        nr_arena arena = NR_ARENA_INIT;
        char text[256];
        size_t n = 0;
        r = r * 1664525 + 1013904223;
        for (uint32_t k = (r >> 16) % 9; k; k--) {
            r = r * 1664525 + 1013904223;
            const char *piece = pieces[(r >> 16) % (sizeof pieces / sizeof pieces[0])];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        char *exact = malloc(n ? n : 1);
        memcpy(exact, text, n);
        nr_str s = {exact, n};
        const char *why = NULL;
        const nr_text *t = nr_text_parse(&arena, s, &why);
        if ((t == NULL) != (why != NULL)) CHECK_EQ(t == NULL, why != NULL);
        taken += t != NULL;
        nr_arena_free(&arena);
        free(exact);
    }
    CHECK(taken > 1000);
}

TEST(no_memory)
{
    static const char text[] =
        "instance class [A]N.C`2<class [A]N.D`1<object[]>, class [A]N.D`1<object[]>> [A]N.E::M<class "
        "F`1<object[]>, class G`1<string[]>>(class H, class [A]"
        "N.A_name_that_is_longer_than_the_first_size_of_a_buffer_which_is_64_bytes_or_so)";
    unsigned long n = 1;
    for (;; n++) {
        nr_arena arena = NR_ARENA_INIT;
        const char *why = NULL;
        nr_alloc_fail_at(n, 0);
        const nr_text *t = nr_text_parse(&arena, nr_str_of(text), &why);
        nr_alloc_fail_at(0, 0);
        if (!t) CHECK_STR(nr_str_of(why), "out of memory");
        nr_arena_free(&arena);
        if (t) break;
    }
    CHECK(n > 3);
    nr_arena arena = NR_ARENA_INIT;
    const char *why = NULL;
    nr_alloc_fail_at(1, 1);
    CHECK(nr_text_parse_raw(&arena, NR_STR("[a]b"), &why) == NULL);
    nr_alloc_fail_at(0, 0);
    CHECK_STR(nr_str_of(why), "out of memory");
    nr_arena_free(&arena);
}

TESTS(text, T(accepted), T(refused), T(raw), T(depth), T(width), T(random_texts), T(no_memory))

/* tiny_image.h - builds a small assembly in memory: one of everything that the simulated CLR looks at. */
#ifndef NR_TESTS_TINY_IMAGE_H
#define NR_TESTS_TINY_IMAGE_H

#include "base/buf.h"

#include <string.h>

enum { TINY_PLUS = 1 /* PE32+ */, TINY_WIDE = 2 /* 4-byte heap indexes */, TINY_MINUS = 4 /* "#-" */,
       TINY_TRACED = 8 /* what is called System.Object below is NewRelic.Api.Agent.TraceAttribute */ };

/* What is in it:
 *   AssemblyRef 1 mscorlib 4.0.0.0, TypeRef 1 System.Object, MemberRef 1 System.Object::.ctor
 *   TypeDef 2 Contoso.Shop: 1 .ctor (tiny), 2 Sell (fat, locals, finally), 3 Wait (abstract), 4 Pick<U> (generic)
 *   TypeDef 3 Contoso.Shop+Cart: 5 Add, with an attribute of type System.Object, value 01 00 00 00
 *   TypeDef 4 Contoso.Box`1: 6 Get
 *   StandAloneSig 1 locals(i4); user string "hi" at 1 */
enum { TINY_METHODS = 6, TINY_BODIES = 5 };

typedef struct tiny {
    nr_buf strings, blobs, tables;
    unsigned wide, traced;
} tiny;

static uint32_t tiny_string(tiny *t, const char *s)
{
    uint32_t at = (uint32_t)t->strings.size;
    if (!*s) return 0;
    nr_buf_put(&t->strings, s, strlen(s) + 1);
    return at;
}

static uint32_t tiny_blob(tiny *t, const char *bytes, size_t n)
{
    uint32_t at = (uint32_t)t->blobs.size;
    nr_buf_u8(&t->blobs, (uint8_t)n);
    nr_buf_put(&t->blobs, bytes, n);
    return at;
}

static void tiny_heap(tiny *t, uint32_t v)
{
    if (t->wide) nr_buf_u32(&t->tables, v);
    else nr_buf_u16(&t->tables, (uint16_t)v);
}
static void tiny_u2(tiny *t, unsigned v)
{
    nr_buf_u16(&t->tables, (uint16_t)v);
}

static void tiny_method(tiny *t, uint32_t rva, unsigned flags, const char *name, uint32_t sig)
{
    nr_buf_u32(&t->tables, rva);
    tiny_u2(t, 0);
    tiny_u2(t, flags);
    tiny_heap(t, tiny_string(t, name));
    tiny_heap(t, sig);
    tiny_u2(t, 1);
}

static void tiny_type(tiny *t, unsigned flags, const char *ns, const char *name, unsigned methods)
{
    nr_buf_u32(&t->tables, flags);
    tiny_heap(t, tiny_string(t, name));
    tiny_heap(t, tiny_string(t, ns));
    tiny_u2(t, methods > 1 || *ns ? 1 << 2 | 1 : 0);
    tiny_u2(t, 1);
    tiny_u2(t, methods);
}

static void tiny_tables(tiny *t, const uint32_t *rva)
{
    static const uint8_t counts[][2] = {{0, 1},    {1, 1},    {2, 4},    {6, 6},    {0x0A, 1}, {0x0C, 1},
                                        {0x11, 1}, {0x20, 1}, {0x23, 1}, {0x29, 1}, {0x2A, 2}};
    uint64_t valid = 0;
    for (size_t i = 0; i < sizeof counts / 2; i++) valid |= (uint64_t)1 << counts[i][0];
    nr_buf_u32(&t->tables, 0);
    nr_buf_u8(&t->tables, 2);
    nr_buf_u8(&t->tables, 0);
    nr_buf_u8(&t->tables, t->wide ? 7 : 0);
    nr_buf_u8(&t->tables, 1);
    nr_buf_u64(&t->tables, valid);
    nr_buf_u64(&t->tables, (uint64_t)1 << 0x0C | (uint64_t)1 << 0x29 | (uint64_t)1 << 0x2A);
    for (size_t i = 0; i < sizeof counts / 2; i++) nr_buf_u32(&t->tables, counts[i][1]);

    uint32_t instance = tiny_blob(t, "\x20\x00\x01", 3), generic = tiny_blob(t, "\x30\x01\x00\x1E\x00", 5);
    tiny_u2(t, 0); /* Module */
    tiny_heap(t, tiny_string(t, "tiny.dll"));
    tiny_heap(t, 1);
    tiny_heap(t, 0);
    tiny_heap(t, 0);
    tiny_u2(t, 1 << 2 | 2); /* TypeRef: scope AssemblyRef 1 */
    tiny_heap(t, tiny_string(t, t->traced ? "TraceAttribute" : "Object"));
    tiny_heap(t, tiny_string(t, t->traced ? "NewRelic.Api.Agent" : "System"));
    tiny_type(t, 0, "", "<Module>", 1);
    tiny_type(t, 0x100081, "Contoso", "Shop", 1);
    tiny_type(t, 0x100002, "", "Cart", 5);
    tiny_type(t, 0x100001, "Contoso", "Box`1", 6);
    tiny_method(t, rva[0], 0x1886, ".ctor", instance);
    tiny_method(t, rva[1], 0x0086, "Sell", instance);
    tiny_method(t, 0, 0x05C6, "Wait", instance);
    tiny_method(t, rva[0], 0x0086, "Pick", generic);
    tiny_method(t, rva[0], 0x0086, "Add", instance);
    tiny_method(t, rva[0], 0x0086, "Get", instance);
    tiny_u2(t, 1 << 3 | 1); /* MemberRef: parent TypeRef 1 */
    tiny_heap(t, tiny_string(t, ".ctor"));
    tiny_heap(t, instance);
    tiny_u2(t, 5 << 5 | 0); /* CustomAttribute: on MethodDef 5, constructor MemberRef 1 */
    tiny_u2(t, 1 << 3 | 3);
    tiny_heap(t, tiny_blob(t, "\x01\x00\x00\x00", 4));
    tiny_heap(t, tiny_blob(t, "\x07\x01\x08", 3)); /* StandAloneSig */
    nr_buf_u32(&t->tables, 0x8004);                /* Assembly */
    for (unsigned i = 1; i <= 4; i++) tiny_u2(t, i);
    nr_buf_u32(&t->tables, 0);
    tiny_heap(t, 0);
    tiny_heap(t, tiny_string(t, "Contoso"));
    tiny_heap(t, 0);
    tiny_u2(t, 4); /* AssemblyRef */
    for (unsigned i = 0; i < 3; i++) tiny_u2(t, 0);
    nr_buf_u32(&t->tables, 0);
    tiny_heap(t, tiny_blob(t, "\xB7\x7A\x5C\x56\x19\x34\xE0\x89", 8));
    tiny_heap(t, tiny_string(t, "mscorlib"));
    tiny_heap(t, 0);
    tiny_heap(t, 0);
    tiny_u2(t, 3); /* NestedClass */
    tiny_u2(t, 2);
    tiny_u2(t, 0); /* GenericParam: of TypeDef 4, of MethodDef 4 */
    tiny_u2(t, 0);
    tiny_u2(t, 4 << 1 | 0);
    tiny_heap(t, tiny_string(t, "T"));
    tiny_u2(t, 0);
    tiny_u2(t, 0);
    tiny_u2(t, 4 << 1 | 1);
    tiny_heap(t, tiny_string(t, "U"));
    while (t->tables.size & 3) nr_buf_u8(&t->tables, 0);
}

static void tiny_pad(nr_buf *b, size_t to)
{
    if (to > b->size) nr_buf_fill(b, 0, to - b->size);
}

static void tiny_metadata(nr_buf *out, unsigned options, const uint32_t *rva)
{
    tiny t = {NR_BUF_INIT, NR_BUF_INIT, NR_BUF_INIT, options & TINY_WIDE, options & TINY_TRACED};
    static const uint8_t us[8] = {0, 5, 'h', 0, 'i', 0, 0, 0};
    nr_buf_u8(&t.strings, 0);
    nr_buf_u8(&t.blobs, 0);
    tiny_tables(&t, rva);
    tiny_pad(&t.strings, (t.strings.size + 3) & ~(size_t)3);
    tiny_pad(&t.blobs, (t.blobs.size + 3) & ~(size_t)3);
    nr_buf_u32(out, 0x424A5342);
    nr_buf_u16(out, 1);
    nr_buf_u16(out, 1);
    nr_buf_u32(out, 0);
    nr_buf_u32(out, 12);
    nr_buf_put(out, "v4.0.30319\0", 12);
    nr_buf_u16(out, 0);
    nr_buf_u16(out, 5);
    uint32_t at = 32 + (8 + 4) + (8 + 12) + (8 + 4) + (8 + 8) + (8 + 8);
    struct {
        const char *name;
        size_t padded, size;
    } streams[] = {{options & TINY_MINUS ? "#-\0" : "#~\0", 4, t.tables.size},
                   {"#Strings\0\0\0", 12, t.strings.size},
                   {"#US", 4, sizeof us},
                   {"#GUID\0\0", 8, 16},
                   {"#Blob\0\0", 8, t.blobs.size}};
    for (size_t i = 0; i < 5; i++) {
        nr_buf_u32(out, at);
        nr_buf_u32(out, (uint32_t)streams[i].size);
        nr_buf_put(out, streams[i].name, streams[i].padded);
        at += (uint32_t)streams[i].size;
    }
    nr_buf_put(out, t.tables.data, t.tables.size);
    nr_buf_put(out, t.strings.data, t.strings.size);
    nr_buf_put(out, us, sizeof us);
    nr_buf_fill(out, 0x11, 16);
    nr_buf_put(out, t.blobs.data, t.blobs.size);
    nr_buf_free(&t.tables);
    nr_buf_free(&t.strings);
    nr_buf_free(&t.blobs);
}

static void tiny_image(nr_buf *out, unsigned options)
{
    /* nop; ret - and: ldc.i4.1; stloc.0; leave.s +1; endfinally; ret, with one finally clause. */
    static const uint8_t tiny_body[] = {0x0A, 0x00, 0x2A};
    static const uint8_t fat_body[] = {0x1B, 0x30, 1, 0, 6, 0, 0, 0, 1, 0, 0, 0x11, 0x17, 0x0A, 0xDE, 0x01, 0xDC, 0x2A, 0, 0,
                                       0x01, 16, 0, 0, 2, 0, 0, 0, 4, 4, 0, 1, 0, 0, 0, 0};
    bool plus = options & TINY_PLUS;
    uint32_t rva[2] = {0x2050, 0x2054};
    nr_buf md = NR_BUF_INIT;
    tiny_metadata(&md, options, rva);
    nr_buf_put(out, "MZ", 2);
    tiny_pad(out, 0x3C);
    nr_buf_u32(out, 0x40);
    nr_buf_put(out, "PE\0", 4);
    nr_buf_u16(out, plus ? 0x8664 : 0x14C);
    nr_buf_u16(out, 1);
    nr_buf_fill(out, 0, 12);
    nr_buf_u16(out, plus ? 240 : 224);
    nr_buf_u16(out, 0x2022);
    size_t optional = out->size, directories = optional + (plus ? 112 : 96);
    nr_buf_u16(out, plus ? 0x20B : 0x10B);
    tiny_pad(out, directories - 4);
    nr_buf_u32(out, 16);
    tiny_pad(out, directories + 14 * 8);
    nr_buf_u32(out, 0x2000); /* CLI header */
    nr_buf_u32(out, 72);
    tiny_pad(out, optional + (plus ? 240 : 224));
    uint32_t content = 0x80 + (uint32_t)md.size;
    nr_buf_put(out, ".text\0\0", 8);
    nr_buf_u32(out, content);
    nr_buf_u32(out, 0x2000);
    nr_buf_u32(out, content);
    nr_buf_u32(out, 0x200);
    tiny_pad(out, 0x200);
    nr_buf_u32(out, 72);
    nr_buf_u32(out, 0x00050002);
    nr_buf_u32(out, 0x2080); /* metadata */
    nr_buf_u32(out, (uint32_t)md.size);
    nr_buf_u32(out, 1);
    tiny_pad(out, 0x250);
    nr_buf_put(out, tiny_body, sizeof tiny_body);
    tiny_pad(out, 0x254);
    nr_buf_put(out, fat_body, sizeof fat_body);
    tiny_pad(out, 0x280);
    nr_buf_put(out, md.data, md.size);
    nr_buf_free(&md);
}

#endif

/* Metadata read from a module's image: where it lies, and what becomes of interfaces when the runtime refuses. */
#include "clr/loaded_image.h"

#include "../sim/tiny_image.h"
#include "clr/runtime.h"
#include "test.h"

enum { MODULE = 0x5500, COLLECTIBLE = 0x8, FLAT = 0x20 };

static struct {
    nr_ICorProfilerInfo4 info; /* first */
    nr_IMetaDataDispenserEx dispenser;
    nr_IMetaDataImport2 import;
    const uint8_t *base;
    uint32_t flags, open_flags, size;
    const void *opened;
    int32_t info_hr, get_hr, open_hr, query_hr;
    int references; /* on all three metadata objects */
} fake;

static uint32_t NR_COM fake_Release(void *self)
{
    (void)self;
    return (uint32_t)--fake.references;
}

static int32_t NR_COM fake_GetModuleInfo2(void *self, uintptr_t module, const uint8_t **base, uint32_t room,
                                          uint32_t *length, uint16_t *name, uintptr_t *assembly, uint32_t *flags)
{
    (void)self, (void)room, (void)length, (void)name, (void)assembly;
    if (module != MODULE) return NR_E_INVALIDARG;
    *base = fake.base;
    *flags = fake.flags;
    return fake.info_hr;
}

/* For IMetaDataAssemblyImport. */
static int32_t NR_COM fake_QueryInterface(void *self, const nr_guid *iid, void **object)
{
    if (fake.query_hr < 0 || !nr_guid_eq(iid, &nr_iid_IMetaDataAssemblyImport)) return NR_E_NOINTERFACE;
    fake.references++;
    *object = self;
    return NR_S_OK;
}

static int32_t NR_COM fake_OpenScopeOnMemory(void *self, const void *data, uint32_t size, uint32_t flags,
                                             const nr_guid *iid, void **object)
{
    (void)self;
    if (fake.open_hr < 0 || !nr_guid_eq(iid, &nr_iid_IMetaDataImport2)) return NR_E_FAIL;
    fake.opened = data;
    fake.size = size;
    fake.open_flags = flags;
    fake.references++;
    *object = &fake.import;
    return NR_S_OK;
}

static int32_t NR_COM fake_get(const nr_guid *clsid, const nr_guid *iid, void **object)
{
    if (fake.get_hr < 0 || clsid->data1 != 0xE5CB7A31 || !nr_guid_eq(iid, &nr_iid_IMetaDataDispenserEx))
        return NR_E_FAIL;
    fake.references++;
    *object = &fake.dispenser;
    return NR_S_OK;
}

static void begin(const nr_buf *image)
{
    static nr_ICorProfilerInfo4_vtbl info;
    static nr_IMetaDataDispenserEx_vtbl dispenser;
    static nr_IMetaDataImport2_vtbl import;
    memset(&fake, 0, sizeof fake);
    info.GetModuleInfo2 = fake_GetModuleInfo2;
    dispenser.OpenScopeOnMemory = fake_OpenScopeOnMemory;
    dispenser.Release = fake_Release;
    import.QueryInterface = fake_QueryInterface;
    import.Release = fake_Release;
    fake.info.vtbl = &info;
    fake.dispenser.vtbl = &dispenser;
    fake.import.vtbl = &import;
    fake.base = image->data;
    fake.flags = FLAT;
}

/* As a loader lays it out: headers, then the one section at its address. */
static void map(nr_buf *out, const nr_buf *file)
{
    const uint8_t *pe = file->data + nr_get_u32(file->data + 60);
    const uint8_t *section = pe + 24 + nr_get_u16(pe + 20);
    uint32_t rva = nr_get_u32(section + 12), size = nr_get_u32(section + 16), from = nr_get_u32(section + 20);
    nr_buf_put(out, file->data, from);
    nr_buf_fill(out, 0xCC, rva - from);
    nr_buf_put(out, file->data + from, size);
    nr_put_u32(out->data + (pe - file->data) + 24 + 56, (uint32_t)out->size); /* SizeOfImage */
}

static bool is_root(const void *metadata, uint32_t size)
{
    return !memcmp(metadata, "BSJB", 4) && size > 100 && !memcmp((const char *)metadata + 16, "v4.0.30319", 10);
}

TEST(metadata_lies_in_the_image)
{
    for (unsigned plus = 0; plus < 2; plus++) {
        nr_buf file = NR_BUF_INIT, mapped = NR_BUF_INIT;
        nr_loaded_image image = {.collectible = true};
        tiny_image(&file, plus ? TINY_PLUS : 0);
        map(&mapped, &file);
        begin(&file);
        CHECK(nr_loaded_image_of(&fake.info, MODULE, &image) && is_root(image.metadata, image.size));
        CHECK(!image.collectible);
        begin(&mapped);
        fake.flags = COLLECTIBLE;
        image.metadata = NULL;
        CHECK(nr_loaded_image_of(&fake.info, MODULE, &image) && is_root(image.metadata, image.size));
        CHECK(image.collectible);
        nr_put_u32(mapped.data + (image.pe - mapped.data) + 24 + 56, (uint32_t)(image.metadata - image.base) + 40);
        CHECK(!nr_loaded_image_of(&fake.info, MODULE, &image)); /* not within the image */
        nr_buf_free(&mapped);
        nr_buf_free(&file);
    }
}

/* What is not read beside the CLR is asked for there. */
TEST(modules_without_an_image_of_their_own)
{
    nr_buf file = NR_BUF_INIT;
    nr_loaded_image image;
    const uint32_t damaged[] = {0, 0x40, 0x40 + 24 + 96 + 14 * 8};
    tiny_image(&file, 0);
    begin(&file);
    CHECK(!nr_loaded_image_of(&fake.info, MODULE + 1, &image));
    fake.base = NULL;
    CHECK(!nr_loaded_image_of(&fake.info, MODULE, &image));
    for (size_t i = 0; i < NR_COUNT(damaged); i++) { /* no MZ, no PE, no CLI header */
        uint8_t before[4];
        begin(&file);
        memcpy(before, file.data + damaged[i], 4);
        memset(file.data + damaged[i], 0, 4);
        CHECK(!nr_loaded_image_of(&fake.info, MODULE, &image));
        memcpy(file.data + damaged[i], before, 4);
    }
    CHECK(nr_loaded_image_of(&fake.info, MODULE, &image));
    nr_buf_free(&file);
}

TEST(a_scope_over_the_image)
{
    nr_buf file = NR_BUF_INIT;
    nr_scope scope;
    nr_clr clr = {&fake.info, fake_get};
    tiny_image(&file, 0);
    begin(&file);
    CHECK_EQ(nr_runtime_ops_clr.open_image(&clr, MODULE, &scope), NR_S_OK);
    CHECK(is_root(fake.opened, fake.size));
    CHECK_EQ(fake.open_flags, 0); /* to read, and where it lies */
    CHECK_EQ(fake.references, 2); /* the dispenser is gone */
    CHECK(scope.import == &fake.import && scope.module == MODULE);
    scope.ops->close(&scope);
    CHECK_EQ(fake.references, 0);
    /* Each step fails once, and leaves nothing behind. */
    int32_t *steps[] = {&fake.info_hr, &fake.get_hr, &fake.open_hr, &fake.query_hr};
    for (size_t i = 0; i < NR_COUNT(steps); i++) {
        begin(&file);
        *steps[i] = NR_E_FAIL;
        CHECK(nr_runtime_ops_clr.open_image(&clr, MODULE, &scope) < 0);
        CHECK_EQ(fake.references, 0);
    }
    begin(&file);
    fake.flags = FLAT | COLLECTIBLE; /* may be unloaded meanwhile */
    CHECK(nr_runtime_ops_clr.open_image(&clr, MODULE, &scope) < 0);
    CHECK(!fake.opened);
    /* A runtime without a dispenser, and an object of somebody else's. */
    begin(&file);
    clr.dispenser = nr_dispenser_export(&fake.info);
    CHECK(!clr.dispenser);
    CHECK(nr_runtime_ops_clr.open_image(&clr, MODULE, &scope) < 0);
    nr_buf_free(&file);
}

TESTS(loaded_image, T(metadata_lies_in_the_image), T(modules_without_an_image_of_their_own), T(a_scope_over_the_image))

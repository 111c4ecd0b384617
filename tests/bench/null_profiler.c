/* null_profiler.c - a profiler that sets an event mask and does nothing else: what a mask costs by itself.
 *
 * NULL_PROFILER_LOW and NULL_PROFILER_HIGH hold the mask in hexadecimal; the reference's when they are not set. */
#include "clr/abi.h"

#include <stdint.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

static const nr_guid iid_info5 = {0x07602928, 0xCE38, 0x4B83, {0x81, 0xE7, 0x74, 0xAD, 0xAF, 0x78, 0x12, 0x14}};

static uint32_t mask_of(const char *name, uint32_t otherwise)
{
    const char *text = getenv(name);
    return text ? (uint32_t)strtoul(text, NULL, 16) : otherwise;
}

/* The object answers to every interface that it is asked for: the CLR asks for the newest it knows first, and calls no
 * slot behind those of ICorProfilerCallback11, which is why the table has room for more. */
enum { SLOTS = 128 };

static int32_t nothing(void)
{
    return NR_S_OK;
}

static int32_t query(void *self, const nr_guid *iid, void **object)
{
    (void)iid;
    *object = self;
    return NR_S_OK;
}

static uint32_t one(void *self)
{
    (void)self;
    return 1;
}

static int32_t initialize(void *self, void *unknown)
{
    nr_IUnknown *info = unknown;
    void *info5 = NULL;
    (void)self;
    if (NR_CALL(info, QueryInterface, &iid_info5, &info5) < 0) return NR_E_FAIL;
    return NR_CALL((nr_ICorProfilerInfo5 *)info5, SetEventMask2, mask_of("NULL_PROFILER_LOW", 0xB0040224),
                   mask_of("NULL_PROFILER_HIGH", 8));
}

typedef int32_t (*slot)(void);
static slot slots[SLOTS];
static const slot *object = slots;

static int32_t create(void *self, void *outer, const nr_guid *iid, void **out)
{
    (void)self, (void)outer, (void)iid;
    for (int i = 0; i < SLOTS; i++) slots[i] = nothing;
    slots[0] = (slot)query;
    slots[1] = slots[2] = (slot)one;
    slots[3] = (slot)initialize;
    *out = &object;
    return NR_S_OK;
}

static slot factory_slots[] = {(slot)query, (slot)one, (slot)one, (slot)create, nothing};
static const slot *factory = factory_slots;

EXPORT int32_t DllGetClassObject(const nr_guid *clsid, const nr_guid *iid, void **out)
{
    (void)clsid, (void)iid;
    *out = &factory;
    return NR_S_OK;
}

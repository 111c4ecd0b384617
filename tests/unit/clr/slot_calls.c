#include "slot_calls.h"

#include "clr/abi.h"

/* On 64-bit targets every argument is one word. */
#define WITH_0(o, m) NR_CALL0(o, m)
#define WITH_1(o, m) NR_CALL(o, m, 0)
#define WITH_2(o, m) NR_CALL(o, m, 0, 0)
#define WITH_3(o, m) NR_CALL(o, m, 0, 0, 0)
#define WITH_4(o, m) NR_CALL(o, m, 0, 0, 0, 0)
#define WITH_5(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0)
#define WITH_6(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0)
#define WITH_7(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0)
#define WITH_8(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0)
#define WITH_9(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define WITH_10(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define WITH_11(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define WITH_12(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define WITH_13(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define WITH_16(o, m) NR_CALL(o, m, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

#define CALL(result, name, words, args) \
    WITH_##words(o, name); \
    called(#name);

#define X(name) \
    unsigned call_slots_##name(void *object, slot_called called) \
    { \
        nr_##name *o = object; \
        NR_SLOTS_##name(CALL) \
        return NR_SLOTS_OF_##name; \
    }
SLOT_CALLERS(X)
#undef X

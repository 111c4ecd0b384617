#include "il/verify_sig.h"

#include "il/locals.h"

/* II.23.1.16, II.23.2 */
enum {
    VOID = 0x01,
    BOOLEAN = 0x02,
    U4 = 0x09,
    I8 = 0x0A,
    U8 = 0x0B,
    R4 = 0x0C,
    R8 = 0x0D,
    STRING = 0x0E,
    PTR = 0x0F,
    BYREF = 0x10,
    VALUETYPE = 0x11,
    CLASS = 0x12,
    VAR = 0x13,
    ARRAY = 0x14,
    GENERICINST = 0x15,
    TYPEDBYREF = 0x16,
    I = 0x18,
    U = 0x19,
    FNPTR = 0x1B,
    OBJECT = 0x1C,
    SZARRAY = 0x1D,
    MVAR = 0x1E,
    CMOD_REQD = 0x1F,
    CMOD_OPT = 0x20,
    SENTINEL = 0x41,
    PINNED = 0x45,
    LOCAL_SIG = 0x07,
    GENERIC = 0x10,
    HAS_THIS = 0x20,
    EXPLICIT_THIS = 0x40,
    MAX_ARRAYS = 32 /* arrays inside arrays; more is not followed */
};

typedef struct cursor {
    const uint8_t *p, *end;
} cursor;

static bool number(cursor *c, uint32_t *value)
{
    size_t used = nr_compressed_get(c->p, (size_t)(c->end - c->p), value);
    c->p += used;
    return used > 0;
}

static bool byte(cursor *c, uint8_t *value)
{
    if (c->p == c->end) return false;
    *value = *c->p++;
    return true;
}

static bool array_shape(cursor *c)
{
    uint32_t n, skipped;
    if (!number(c, &n)) return false; /* rank */
    for (int list = 0; list < 2; list++) {
        if (!number(c, &n)) return false;
        for (; n > 0; n--) {
            if (!number(c, &skipped)) return false;
        }
    }
    return true;
}

/* What comes after an element: *more types follow it, and, for an array, its shape after that. */
static bool element_tail(cursor *c, uint8_t element, uint64_t *more)
{
    uint8_t b;
    uint32_t n = 0;
    switch (element) {
    case PTR:
    case BYREF:
    case SZARRAY:
    case ARRAY:
    case PINNED:
    case SENTINEL: *more = 1; return true;
    case CMOD_REQD:
    case CMOD_OPT: *more = 1; return number(c, &n);
    case CLASS:
    case VALUETYPE:
    case VAR:
    case MVAR: return number(c, &n);
    case GENERICINST:
        if (!byte(c, &b) || !number(c, &n) || !number(c, &n)) return false;
        *more = n;
        return true;
    case FNPTR:
        if (!byte(c, &b) || ((b & GENERIC) && !number(c, &n)) || !number(c, &n)) return false;
        *more = (uint64_t)n + 1;
        return true;
    default:
        return (element >= VOID && element <= STRING) || element == TYPEDBYREF || element == I || element == U ||
               element == OBJECT;
    }
}

/* Every turn takes a byte or ends an array, so counts that promise too much end at the end of the blob. */
static bool skip_type(cursor *c)
{
    uint64_t left[MAX_ARRAYS + 1] = {1}; /* types still to come, per array that is open */
    for (int level = 0; level >= 0;) {
        if (left[level] == 0) {
            if (--level >= 0 && !array_shape(c)) return false;
            continue;
        }
        left[level]--;
        uint8_t element;
        uint64_t more = 0;
        if (!byte(c, &element) || !element_tail(c, element, &more)) return false;
        if (element != ARRAY) {
            left[level] += more;
        } else {
            if (level == MAX_ARRAYS) return false;
            left[++level] = 1;
        }
    }
    return true;
}

static nr_stack_class element_class(const cursor *c)
{
    uint8_t element = *c->p;
    if (element >= BOOLEAN && element <= U4) return NR_STACK_INT32;
    switch (element) {
    case I8:
    case U8: return NR_STACK_INT64;
    case R4:
    case R8: return NR_STACK_FLOAT;
    case I:
    case U:
    case PTR:
    case FNPTR: return NR_STACK_NATIVE_INT;
    case BYREF: return NR_STACK_POINTER;
    case TYPEDBYREF: return NR_STACK_VALUE;
    case STRING:
    case CLASS:
    case OBJECT:
    case ARRAY:
    case SZARRAY: return NR_STACK_OBJECT;
    case GENERICINST: /* of a value type it may be an enum inside a generic type */
        return c->end - c->p > 1 && c->p[1] == CLASS ? NR_STACK_OBJECT : NR_STACK_UNKNOWN;
    default: return NR_STACK_UNKNOWN;
    }
}

/* Modifiers in front of a type; those of "void modreq(IsExternalInit)" as well. */
static bool skip_modifiers(cursor *c)
{
    uint32_t token;
    while (c->p < c->end && (*c->p == CMOD_REQD || *c->p == CMOD_OPT || *c->p == PINNED || *c->p == SENTINEL)) {
        bool modifier = *c->p == CMOD_REQD || *c->p == CMOD_OPT;
        c->p++;
        if (modifier && !number(c, &token)) return false;
    }
    return c->p < c->end;
}

static bool read_class(cursor *c, uint8_t *class)
{
    if (!skip_modifiers(c)) return false;
    *class = (uint8_t)element_class(c);
    return skip_type(c);
}

static bool read_classes(cursor *c, uint32_t count, uint8_t *classes, size_t capacity)
{
    if (count > capacity) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!read_class(c, &classes[i])) return false;
    }
    return true;
}

bool nr_verify_method_sig(const uint8_t *sig, size_t size, uint8_t *classes, size_t capacity, nr_call_shape *shape)
{
    cursor c = {sig, sig + size};
    nr_call_shape s = {0};
    uint8_t convention;
    uint32_t generics;
    if (!byte(&c, &convention)) return false;
    if ((convention & GENERIC) && !number(&c, &generics)) return false;
    if (!number(&c, &s.parameters) || !skip_modifiers(&c)) return false;
    s.has_this = (convention & HAS_THIS) && !(convention & EXPLICIT_THIS);
    s.has_result = *c.p != VOID;
    if (s.has_result) s.result = (uint8_t)element_class(&c);
    if (skip_type(&c) && read_classes(&c, s.parameters, classes, capacity)) s.classes = classes;
    *shape = s;
    return true;
}

bool nr_verify_own_sig(const uint8_t *sig, size_t size, uint8_t *classes, size_t capacity, nr_verify_context *context)
{
    nr_call_shape own;
    if (!nr_verify_method_sig(sig, size, classes + 1, capacity - 1, &own)) return false;
    classes[0] = NR_STACK_UNKNOWN;
    context->arguments_known = true;
    context->argument_count = own.parameters + (own.has_this ? 1 : 0);
    context->argument_classes = own.classes ? classes + (own.has_this ? 0 : 1) : NULL;
    context->result = own.has_result ? NR_RESULT_VALUE : NR_RESULT_VOID;
    context->result_class = own.result;
    return true;
}

bool nr_verify_locals_sig(const uint8_t *sig, size_t size, uint8_t *classes, size_t capacity, uint32_t *count,
                          bool *classes_known)
{
    cursor c = {sig, sig + size};
    uint8_t kind;
    uint32_t n;
    if (!byte(&c, &kind) || kind != LOCAL_SIG || !number(&c, &n)) return false;
    *count = n;
    *classes_known = read_classes(&c, n, classes, capacity);
    return true;
}

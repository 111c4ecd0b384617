/* verify_sig.h - stack classes from signature blobs (ECMA-335 II.23.2), for those who fill a nr_verify_context.
 *
 * No names, no allocation; src/meta has the full parser. What cannot be read is false or UNKNOWN. */
#ifndef NR_IL_VERIFY_SIG_H
#define NR_IL_VERIFY_SIG_H

#include "il/verify.h"

/* MethodDefSig, MethodRefSig, StandAloneMethodSig (II.23.2.1 to 3). `classes` has room for `capacity` of them; when the
 * method has more parameters or one is damaged, shape->classes is NULL. */
bool nr_verify_method_sig(const uint8_t *sig, size_t size, uint8_t *classes, size_t capacity, nr_call_shape *shape);

/* The signature of the method itself: fills in its arguments and its result. `classes` has room for `capacity` (1 or more)
 * arguments, `this` included, whose class stays unknown: an object, or a pointer to a value type. False: no such
 * signature, and the context is as it was. */
bool nr_verify_own_sig(const uint8_t *sig, size_t size, uint8_t *classes, size_t capacity, nr_verify_context *context);

/* LocalVarSig (II.23.2.6). *classes_known tells whether `classes` has been filled; false: no such signature. */
bool nr_verify_locals_sig(const uint8_t *sig, size_t size, uint8_t *classes, size_t capacity, uint32_t *count,
                          bool *classes_known);

#endif

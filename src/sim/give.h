/* give.h - what scripted tests need of a CLR beyond nrsim.h. */
#ifndef NR_SIM_GIVE_H
#define NR_SIM_GIVE_H

#include "nrsim.h"

/* GetILFunctionBody gives these bytes for the method from now on, whatever they are: bodies that no image can hold
 * because their size cannot be told, bodies of size 0. They are not copied and outlive the CLR. Not for a method that was
 * rewritten already. False: no such method, or no memory. */
bool nr_sim_give_il(nr_sim *sim, uintptr_t module, uint32_t method, const void *il, size_t size);
/* The signature of a StandAloneSig, TypeSpec, MemberRef, MethodDef or Field token, or of the method of a MethodSpec, in the
 * module's memory. False: no such row. */
bool nr_sim_signature(const nr_sim *sim, uintptr_t module, uint32_t token, const uint8_t **p, size_t *size);

#endif

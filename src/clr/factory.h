/* factory.h - what a COM server exports. */
#ifndef NR_CLR_FACTORY_H
#define NR_CLR_FACTORY_H

#include "clr/abi.h"

/* A class factory for any `clsid`; *object is NULL and the result E_NOINTERFACE for any other interface. */
int32_t NR_COM DllGetClassObject(const nr_guid *clsid, const nr_guid *iid, void **object);
/* Always S_OK. */
int32_t NR_COM DllCanUnloadNow(void);

#endif

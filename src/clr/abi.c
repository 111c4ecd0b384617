#include "clr/abi.h"

#define X(name, d1, d2, d3, ...) const nr_guid nr_iid_##name = {d1, d2, d3, {__VA_ARGS__}};
NR_INTERFACES(X)
#undef X

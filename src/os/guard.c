#include "os/guard.h"

#include "base/compiler.h"

const char *nr_os_distrust_text(nr_os_distrust d)
{
    static const char *const texts[] = {
#define X(name, text) text,
        NR_OS_DISTRUST(X)
#undef X
    };
    return (unsigned)d < NR_COUNT(texts) ? texts[d] : "";
}

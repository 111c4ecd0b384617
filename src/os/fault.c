#include "os/fault.h"

atomic_ulong nr_os_file_fault;
static atomic_bool stays;

void nr_os_fail_file_at(unsigned long nth, bool forever)
{
    atomic_store(&stays, forever);
    atomic_store(&nr_os_file_fault, nth);
}

bool nr_os_file_fault_now(void)
{
    unsigned long n = atomic_load(&nr_os_file_fault);
    while (n > 1) {
        if (atomic_compare_exchange_weak(&nr_os_file_fault, &n, n - 1)) return false;
    }
    return n == 1 && (atomic_load(&stays) || atomic_compare_exchange_strong(&nr_os_file_fault, &n, 0));
}

/* support.h - what the fixtures of the unit tests need where there is no test harness: a failed check ends the program. */
#ifndef NR_TESTS_FUZZ_SUPPORT_H
#define NR_TESTS_FUZZ_SUPPORT_H

#include "fuzz.h"

#include "test.h"

#include "../unit/engine/fake_build.h"

#endif

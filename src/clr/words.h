/* words.h - parameter and argument lists of n machine words behind the object, for functions that pass any slot of an interface on.
 *
 * On 32-bit Windows the callee takes exactly the words of the slot's table off the stack; elsewhere each argument has a register
 * or stack word of its own, whose unused half nobody looks at. */
#ifndef NR_CLR_WORDS_H
#define NR_CLR_WORDS_H

#include <stdint.h>

typedef uintptr_t nr_word;

#define NR_WORDS_0
#define NR_WORDS_1 , nr_word a
#define NR_WORDS_2 NR_WORDS_1, nr_word b
#define NR_WORDS_3 NR_WORDS_2, nr_word c
#define NR_WORDS_4 NR_WORDS_3, nr_word d
#define NR_WORDS_5 NR_WORDS_4, nr_word e
#define NR_WORDS_6 NR_WORDS_5, nr_word f
#define NR_WORDS_7 NR_WORDS_6, nr_word g
#define NR_WORDS_8 NR_WORDS_7, nr_word h
#define NR_WORDS_9 NR_WORDS_8, nr_word i
#define NR_WORDS_10 NR_WORDS_9, nr_word j
#define NR_WORDS_11 NR_WORDS_10, nr_word k
#define NR_WORDS_12 NR_WORDS_11, nr_word l
#define NR_WORDS_13 NR_WORDS_12, nr_word m
#define NR_WORDS_14 NR_WORDS_13, nr_word n
#define NR_WORDS_15 NR_WORDS_14, nr_word o
#define NR_WORDS_16 NR_WORDS_15, nr_word p

#define NR_PASSED_0
#define NR_PASSED_1 , a
#define NR_PASSED_2 NR_PASSED_1, b
#define NR_PASSED_3 NR_PASSED_2, c
#define NR_PASSED_4 NR_PASSED_3, d
#define NR_PASSED_5 NR_PASSED_4, e
#define NR_PASSED_6 NR_PASSED_5, f
#define NR_PASSED_7 NR_PASSED_6, g
#define NR_PASSED_8 NR_PASSED_7, h
#define NR_PASSED_9 NR_PASSED_8, i
#define NR_PASSED_10 NR_PASSED_9, j
#define NR_PASSED_11 NR_PASSED_10, k
#define NR_PASSED_12 NR_PASSED_11, l
#define NR_PASSED_13 NR_PASSED_12, m
#define NR_PASSED_14 NR_PASSED_13, n
#define NR_PASSED_15 NR_PASSED_14, o
#define NR_PASSED_16 NR_PASSED_15, p

#endif

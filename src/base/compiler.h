/* compiler.h - the few compiler differences that C11 leaves open. */
#ifndef NR_BASE_COMPILER_H
#define NR_BASE_COMPILER_H

#if defined(__GNUC__)
#define NR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NR_LIKELY(x) __builtin_expect(!!(x), 1)
#define NR_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define NR_PRINTF(fmt, args)
#define NR_LIKELY(x) (x)
#define NR_UNLIKELY(x) (x)
#endif

#define NR_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

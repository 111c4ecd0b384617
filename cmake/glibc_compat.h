/* Included before every C source when the target is glibc. A build on a current glibc would bind these functions to
 * versions that older systems (and their containers) lack; the library must load from glibc 2.17 on, and on musl, which
 * ignores versions. All others that we use have kept their first version. Asm only, no #include: a header here would
 * fix the feature macros before the source can choose them. */
#if defined(__x86_64__)
#define NR_GLIBC_BASE "GLIBC_2.2.5"
#define NR_GLIBC_NAMES "GLIBC_2.12" /* pthread_setname_np came later */
#define NR_GLIBC_CLOCK "GLIBC_2.3.3"
#elif defined(__aarch64__)
#define NR_GLIBC_BASE "GLIBC_2.17"
#define NR_GLIBC_NAMES "GLIBC_2.17"
#define NR_GLIBC_CLOCK "GLIBC_2.17"
#else
#error "name the first glibc version of this architecture"
#endif
#define NR_OLD(function, version) __asm__(".symver " #function "," #function "@" version);

/* libm: 2.29 (no errno handling through _LIB_VERSION), fmod 2.38 */
NR_OLD(exp, NR_GLIBC_BASE)
NR_OLD(fmod, NR_GLIBC_BASE)
NR_OLD(log, NR_GLIBC_BASE)
NR_OLD(log2, NR_GLIBC_BASE)
NR_OLD(pow, NR_GLIBC_BASE)
/* 2.34 moved libpthread and libdl into libc */
NR_OLD(dladdr, NR_GLIBC_BASE)
NR_OLD(dlclose, NR_GLIBC_BASE)
NR_OLD(dlerror, NR_GLIBC_BASE)
NR_OLD(dlopen, NR_GLIBC_BASE)
NR_OLD(dlsym, NR_GLIBC_BASE)
NR_OLD(pthread_attr_getstacksize, NR_GLIBC_BASE)
NR_OLD(pthread_attr_setstacksize, NR_GLIBC_BASE)
NR_OLD(pthread_condattr_setclock, NR_GLIBC_CLOCK)
NR_OLD(pthread_create, NR_GLIBC_BASE)
NR_OLD(pthread_detach, NR_GLIBC_BASE)
NR_OLD(pthread_join, NR_GLIBC_BASE)
NR_OLD(pthread_kill, NR_GLIBC_BASE)
NR_OLD(pthread_mutex_trylock, NR_GLIBC_BASE)
NR_OLD(pthread_mutexattr_destroy, NR_GLIBC_BASE)
NR_OLD(pthread_mutexattr_init, NR_GLIBC_BASE)
NR_OLD(pthread_mutexattr_settype, NR_GLIBC_BASE)
NR_OLD(pthread_once, NR_GLIBC_BASE)
NR_OLD(pthread_rwlock_destroy, NR_GLIBC_BASE)
NR_OLD(pthread_rwlock_init, NR_GLIBC_BASE)
NR_OLD(pthread_rwlock_rdlock, NR_GLIBC_BASE)
NR_OLD(pthread_rwlock_unlock, NR_GLIBC_BASE)
NR_OLD(pthread_rwlock_wrlock, NR_GLIBC_BASE)
NR_OLD(pthread_setname_np, NR_GLIBC_NAMES)
NR_OLD(pthread_sigmask, NR_GLIBC_BASE)
NR_OLD(sem_destroy, NR_GLIBC_BASE)
NR_OLD(sem_init, NR_GLIBC_BASE)
NR_OLD(sem_post, NR_GLIBC_BASE)
NR_OLD(sem_timedwait, NR_GLIBC_BASE)
NR_OLD(sem_trywait, NR_GLIBC_BASE)
NR_OLD(sem_wait, NR_GLIBC_BASE)

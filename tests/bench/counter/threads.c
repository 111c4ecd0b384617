/* threads.c - threads THREADS ROUNDS: so many threads, all of them at once, with 2 ROUNDS instructions each in a loop. */
#include <pthread.h>
#include <stdlib.h>

static long rounds;
static pthread_barrier_t all;

static void *loop(void *unused)
{
    long left = rounds;
    pthread_barrier_wait(&all);
    __asm__ volatile("1: dec %0\n jnz 1b\n" : "+r"(left));
    pthread_barrier_wait(&all);
    return unused;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    int n = atoi(argv[1]);
    pthread_t *threads = calloc((size_t)n, sizeof *threads);
    pthread_attr_t small;
    rounds = atol(argv[2]);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_barrier_init(&all, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
        if (pthread_create(&threads[i], &small, loop, NULL)) return 1;
    }
    for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
    free(threads);
    return 0;
}

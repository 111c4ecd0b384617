/* loop.c - a program whose instructions are known: 20,000,000 for each word of its command line, and five.
 *
 * Built with -nostdlib -static: nothing but these is executed. */
__asm__(".globl _start\n"
        "_start: mov (%rsp), %rcx\n" /* argc */
        "        imul $10000000, %rcx, %rcx\n"
        "1:      dec %rcx\n"
        "        jnz 1b\n"
        "        mov $60, %eax\n" /* exit(0) */
        "        xor %edi, %edi\n"
        "        syscall\n");

# The first instruction of every program, at address 0. The kernel has put argc in a0, argv in a1
# and sp below the argument block; what main returns becomes the exit status.
    .section .init, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    call    main
    call    exit
    .size _start, . - _start

// Loop for ever without a system call. Only a timer interrupt takes the processor away.
int main(void) {
  for (;;) asm volatile("");
}

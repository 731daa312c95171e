/* Reads a sample a line from standard input, and writes what the network makes of it. */
#include <stdio.h>

#define DENOISE_DECLARATIONS /* denoise.c is compiled beside this file */
#include "denoise.c"

int main(void) {
    denoise_state state;
    float in, out;
    denoise_init(&state);
    while (scanf("%f", &in) == 1) {
        denoise_step(&state, &in, &out);
        printf("%.9g\n", (double)out);
    }
    return 0;
}

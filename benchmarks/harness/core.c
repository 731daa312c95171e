/* What one core can do at most, as loops that a benchmark calls: multiply-adds, and loads from a
 * cache. -O3 -march=native. */

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
#define CHAINS 12 /* more than latency x units of any processor of today */

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef float anywhere __attribute__((vector_size(4 * LANES), aligned(4)));

int lanes(void) { return LANES * CHAINS; }

/* `steps` times lanes() multiply-adds in independent chains. */
float fma_chains(int steps) {
    vector a[CHAINS], m, b, sum = {0};
    for (int i = 0; i < LANES; ++i) m[i] = 0.999f, b[i] = 0.5f;
    for (int j = 0; j < CHAINS; ++j) a[j] = m + (float)j;
    for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 12
        for (int j = 0; j < CHAINS; ++j) a[j] = a[j] * m + b;
    }
    for (int j = 0; j < CHAINS; ++j) sum += a[j];
    return sum[0];
}

/* The sum of `count` floats, a multiple of 8 * LANES, `times` times. */
float read_all(const float *x, int count, int times) {
    vector a[8] = {{0}};
    float sum = 0.0f;
    for (int t = 0; t < times; ++t) {
        for (int i = 0; i < count; i += 8 * LANES) {
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j) a[j] += *(const anywhere *)(x + i + j * LANES);
        }
        __asm__ volatile("" : : : "memory");
    }
    for (int j = 0; j < 8; ++j) sum += a[j][0];
    return sum;
}

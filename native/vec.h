// A vector of floats as wide as the instruction set has, written with GCC's and Clang's extensions.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels.h"

namespace {

// A tile has kRows rows. With wide vectors it has several columns of 16 numbers, a vector each; with
// narrower ones it has one column, of several vectors, so that a line of the cache is read as a whole.
#if defined(__AVX512F__)
constexpr int kLanes = 16, kRows = 6;  // 32 registers: 6 rows by 4 vectors
#elif defined(__AVX__)
constexpr int kLanes = 8, kRows = 6;  // 16 registers: 6 rows by 2 vectors
#elif defined(__aarch64__)
constexpr int kLanes = 4, kRows = 6;  // 32 registers: 6 rows by 4 vectors
#else
constexpr int kLanes = 4, kRows = 3;  // 16 registers: 3 rows by 4 vectors
#endif
constexpr int kParts = cello::kPanel / kLanes;  // vectors in 16 numbers

typedef float V __attribute__((vector_size(kLanes * 4)));
typedef int32_t Vi __attribute__((vector_size(kLanes * 4)));
typedef float Unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

#define CELLO_INLINE inline __attribute__((always_inline))
#define CELLO_LAMBDA __attribute__((always_inline))

CELLO_INLINE V splat(float x) { return x - V{}; }
CELLO_INLINE V load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
CELLO_INLINE void store(float* p, V v) { *reinterpret_cast<Unaligned*>(p) = v; }

// The first n lanes; the others are zero, or are left alone.
CELLO_INLINE V load(const float* p, int64_t n) {
  if (__builtin_expect(n >= kLanes, 1)) return load(p);
  V v{};
  if (n > 0) std::memcpy(&v, p, n * sizeof(float));
  return v;
}
CELLO_INLINE void store(float* p, V v, int64_t n) {
  if (__builtin_expect(n >= kLanes, 1)) return store(p, v);
  if (n > 0) std::memcpy(p, &v, n * sizeof(float));
}

// The smaller and the larger of a limit and x; NaN where x is.
#if defined(__AVX512F__)
CELLO_INLINE V at_most(V x, float limit) { return (V)_mm512_maskz_min_ps(0xffff, (__m512)splat(limit), (__m512)x); }
CELLO_INLINE V at_least(V x, float limit) { return (V)_mm512_maskz_max_ps(0xffff, (__m512)splat(limit), (__m512)x); }
#else
CELLO_INLINE V at_most(V x, float limit) { return x > limit ? splat(limit) : x; }
CELLO_INLINE V at_least(V x, float limit) { return x < limit ? splat(limit) : x; }
#endif

// x * 2^n for whole n from -126 to 127.
CELLO_INLINE V scale(V x, V n) {
#if defined(__AVX512F__)
  return (V)_mm512_maskz_scalef_ps(0xffff, (__m512)x, (__m512)n);
#else
  const V magic = splat(12582912.0f);
  return x * (V)(((Vi)(n + magic) - (Vi)magic + 127) << 23);
#endif
}

// 1 / x, to 1 ULP: where dividing is slow, by a step of Newton's from an estimate.
CELLO_INLINE V reciprocal(V x) {
#if defined(__AVX512F__)
  const V estimate = (V)_mm512_maskz_rcp14_ps(0xffff, (__m512)x);
  return estimate + estimate * (1.0f - x * estimate);
#else
  return 1.0f / x;
#endif
}

// Store past the caches, to an address that is a multiple of a vector's size, where the processor can.
// What was stored so is seen by other threads after `end_streams`.
#if defined(__AVX512F__)
CELLO_INLINE void stream(float* p, V v) { _mm512_stream_ps(p, (__m512)v); }
#elif defined(__AVX__)
CELLO_INLINE void stream(float* p, V v) { _mm256_stream_ps(p, (__m256)v); }
#elif defined(__x86_64__)
CELLO_INLINE void stream(float* p, V v) { _mm_stream_ps(p, (__m128)v); }
#else
CELLO_INLINE void stream(float* p, V v) { store(p, v); }
#endif
CELLO_INLINE void end_streams() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace

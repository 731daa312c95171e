// A vector of floats as wide as the instruction set has, written with GCC's and Clang's extensions.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels.h"

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kRows = 6;  // 32 registers: a tile of 6 rows by 4 vectors
constexpr bool kManyRegisters = true;
#elif defined(__AVX__)
constexpr int kLanes = 8, kRows = 3;  // 16 registers: 3 rows by 4 vectors
constexpr bool kManyRegisters = false;
#elif defined(__aarch64__)
constexpr int kLanes = 4, kRows = 6;
constexpr bool kManyRegisters = true;
#else
constexpr int kLanes = 4, kRows = 3;
constexpr bool kManyRegisters = false;
#endif

typedef float V __attribute__((vector_size(kLanes * 4)));
typedef int32_t Vi __attribute__((vector_size(kLanes * 4)));
typedef float Unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

#define CELLO_INLINE inline __attribute__((always_inline))

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

}  // namespace

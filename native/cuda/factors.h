// The numbers that the matrix units multiply, and how 32 threads hold a block of them.
//
// A block is the product of 16 rows of weights (16 x 16) and 8 rows of states (16 x 8). Thread 4 g + t of
// a warp holds the weights of rows g and g + 8, and row g of the states. Which 4 of the 16 columns it
// holds is free, as long as it is the same of both: it takes neighbours, 16 bytes of the states.
//
// States are *published* as words of 32 bits that say themselves whether they are there: the last bit of
// the fraction is not the number's but a mark, which changes from one use of a word to the next.
#pragma once

#include "device.h"

namespace cello::cuda {

constexpr int kDepth = 16;
constexpr uint32_t kMark = 1;

// Weights of a thread in a block, for one or two calls of the matrix unit.
template <int kCalls>
struct Fragment {
  uint32_t bits[kCalls][4];
};

// float32 in the 19 bits of TF32.
struct Tf32 {
  static constexpr int kHeld = 128;  // registers of a thread for weights
  using Weights = Fragment<2>;

  static __device__ __forceinline__ uint32_t published(float x) { return rounded_to_tf32(x); }

  // From `bits(row, column)` of the block.
  template <class Bits>
  static __device__ __forceinline__ Weights gathered(int g, int t, Bits bits) {
    Weights f;
    for (int call = 0; call < 2; ++call)
      for (int i = 0; i < 4; ++i) f.bits[call][i] = bits(g + i % 2 * 8, 4 * t + 2 * call + i / 2);
    return f;
  }
  template <class Weight>
  static __device__ __forceinline__ Weights fragment(int g, int t, Weight weight) {
    return gathered(g, t, [&](int row, int column) { return rounded_to_tf32(weight(row, column)); });
  }

  // The unit reads no bit as low as the mark.
  static __device__ __forceinline__ void multiply(float (&sums)[4], const Weights& weights, const uint4& states) {
    multiply_tf32(sums, weights.bits[0], states.x, states.y);
    multiply_tf32(sums, weights.bits[1], states.z, states.w);
  }
};

// float32 as the sum of two TF32: three products of four, of which the fourth is below a float's end.
struct Float32 {
  static constexpr int kHeld = 128;
  using Weights = Fragment<2>;

  // Rounded to 23 bits of a fraction in place of 24.
  static __device__ __forceinline__ uint32_t published(float x) { return (__float_as_uint(x) + kMark) & ~kMark; }

  template <class Weight>
  static __device__ __forceinline__ Weights fragment(int g, int t, Weight weight) {
    return Tf32::gathered(g, t, [&](int row, int column) { return __float_as_uint(weight(row, column)); });
  }

  static __device__ __forceinline__ void split(uint32_t bits, uint32_t& high, uint32_t& low) {
    const float x = __uint_as_float(bits);
    high = rounded_to_tf32(x);
    low = rounded_to_tf32(x - __uint_as_float(high));
  }
  static __device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&weights)[4], uint32_t s0, uint32_t s1) {
    uint32_t high[4], low[4], s0_high, s0_low, s1_high, s1_low;
    // not once for all steps: there are no registers for twice the weights
    for (int i = 0; i < 4; ++i) split(opaque(weights[i]), high[i], low[i]);
    split(s0 & ~kMark, s0_high, s0_low), split(s1 & ~kMark, s1_high, s1_low);
    multiply_tf32(sums, low, s0_high, s1_high);
    multiply_tf32(sums, high, s0_low, s1_low);
    multiply_tf32(sums, high, s0_high, s1_high);
  }
  static __device__ __forceinline__ void multiply(float (&sums)[4], const Weights& weights, const uint4& states) {
    multiply(sums, weights.bits[0], states.x, states.y);
    multiply(sums, weights.bits[1], states.z, states.w);
  }
};

// bfloat16, published in the upper half of a word.
struct Bfloat16 {
  static constexpr int kHeld = 96;
  using Weights = Fragment<1>;

  static __device__ __forceinline__ uint32_t published(float x) { return rounded_to_bfloat16(0.0f, x); }

  template <class Weight>
  static __device__ __forceinline__ Weights fragment(int g, int t, Weight weight) {
    Weights f;
    for (int i = 0; i < 4; ++i) {
      const int row = g + i % 2 * 8, column = 4 * t + i / 2 * 2;
      f.bits[0][i] = rounded_to_bfloat16(weight(row, column), weight(row, column + 1));
    }
    return f;
  }

  static __device__ __forceinline__ uint32_t pair(uint32_t first, uint32_t second) {
    return first >> 16 | (second & 0xffff0000);
  }
  static __device__ __forceinline__ void multiply(float (&sums)[4], const Weights& weights, const uint4& states) {
    multiply_bfloat16(sums, weights.bits[0], pair(states.x, states.y), pair(states.z, states.w));
  }
};

}  // namespace cello::cuda

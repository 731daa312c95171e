// The numbers that the matrix units multiply, and how 32 threads hold a block of them.
//
// A block is the product of 16 rows of weights (16 x kDepth) and 8 rows of states (kDepth x 8). Thread
// 4 g + t of a warp holds the weights of rows g and g + 8, and row g of the states. Which of kDepth
// columns it holds is free, as long as it is the same of both: kDepth / 4 neighbours, 16 bytes of the
// states.
#pragma once

#include "device.h"

namespace cello::cuda {

// Weights of a thread in a block: two calls of the matrix unit.
struct Fragment {
  uint32_t first[4], second[4];
};

// float32 in the 19 bits of TF32.
struct Tf32 {
  using Number = float;  // as states are stored
  static constexpr int kDepth = 16;

  static __device__ __forceinline__ float stored(float x) { return __uint_as_float(rounded_to_tf32(x)); }

  // From `weight(row, column)` of the block.
  template <class Weight>
  static __device__ __forceinline__ Fragment fragment(int g, int t, Weight weight) {
    return gathered(g, t, [&](int row, int column) { return rounded_to_tf32(weight(row, column)); });
  }
  template <class Bits>
  static __device__ __forceinline__ Fragment gathered(int g, int t, Bits bits) {
    Fragment f;
    for (int i = 0; i < 4; ++i) {
      const int row = g + i % 2 * 8, column = 4 * t + i / 2;
      f.first[i] = bits(row, column), f.second[i] = bits(row, column + 2);
    }
    return f;
  }

  static __device__ __forceinline__ void multiply(float (&sums)[4], const Fragment& weights, const uint4& states) {
    multiply_tf32(sums, weights.first, states.x, states.y);
    multiply_tf32(sums, weights.second, states.z, states.w);
  }
};

// float32 as the sum of two TF32: three products of four, of which the fourth is below a float's end.
struct Float32 {
  using Number = float;
  static constexpr int kDepth = 16;

  static __device__ __forceinline__ float stored(float x) { return x; }

  template <class Weight>
  static __device__ __forceinline__ Fragment fragment(int g, int t, Weight weight) {
    return Tf32::gathered(g, t, [&](int row, int column) { return __float_as_uint(weight(row, column)); });
  }

  static __device__ __forceinline__ void split(uint32_t bits, uint32_t& high, uint32_t& low) {
    const float x = __uint_as_float(bits);
    high = rounded_to_tf32(x);
    low = rounded_to_tf32(x - __uint_as_float(high));
  }
  static __device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&weights)[4], uint32_t s0, uint32_t s1) {
    uint32_t high[4], low[4], s0_high, s0_low, s1_high, s1_low;
    for (int i = 0; i < 4; ++i) split(weights[i], high[i], low[i]);
    split(s0, s0_high, s0_low), split(s1, s1_high, s1_low);
    multiply_tf32(sums, low, s0_high, s1_high);
    multiply_tf32(sums, high, s0_low, s1_low);
    multiply_tf32(sums, high, s0_high, s1_high);
  }
  static __device__ __forceinline__ void multiply(float (&sums)[4], const Fragment& weights, const uint4& states) {
    multiply(sums, weights.first, states.x, states.y);
    multiply(sums, weights.second, states.z, states.w);
  }
};

// bfloat16.
struct Bfloat16 {
  using Number = uint16_t;
  static constexpr int kDepth = 32;

  static __device__ __forceinline__ uint16_t stored(float x) {
    return static_cast<uint16_t>(rounded_to_bfloat16(x, 0.0f));
  }

  template <class Weight>
  static __device__ __forceinline__ Fragment fragment(int g, int t, Weight weight) {
    Fragment f;
    const auto pair = [&](int row, int column) {
      return rounded_to_bfloat16(weight(row, column), weight(row, column + 1));
    };
    for (int i = 0; i < 4; ++i) {
      const int row = g + i % 2 * 8, column = 8 * t + i / 2 * 2;
      f.first[i] = pair(row, column), f.second[i] = pair(row, column + 4);
    }
    return f;
  }

  static __device__ __forceinline__ void multiply(float (&sums)[4], const Fragment& weights, const uint4& states) {
    multiply_bfloat16(sums, weights.first, states.x, states.y);
    multiply_bfloat16(sums, weights.second, states.z, states.w);
  }
};

}  // namespace cello::cuda

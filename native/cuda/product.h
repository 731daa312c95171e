// The recurrent product of one step: 16 units of a block by the rows of a tile, by 8 warps.
//
// Warp w takes the blocks w, w + 8, w + 16, ... along the summed axis; the warps' sums meet in shared
// memory. The weights stand as close as there is room: the first blocks of each warp in registers, the
// next in shared memory, the rest in global memory, in the order in which they are read.
#pragma once

#include "factors.h"

namespace cello::cuda {

constexpr int kWarps = 8, kThreads = 32 * kWarps, kUnits = 16;
constexpr int kAhead = 4;  // blocks whose states are under way at a time

// Fragments of a warp in registers, for `tiles` rows of 16 weights: 128 registers of a thread.
__host__ __device__ constexpr int held_blocks(int tiles) { return 16 / tiles / kAhead * kAhead; }

// Sizes of one product, and where its operands are.
template <class F, int kTiles>
struct Weights {
  int blocks;          // along the summed axis
  int per_warp;        // of them, at most
  int in_shared;       // of the fragments of a warp that are not held
  uint4* shared;       // (in_shared, warps, tiles, 2, 32)
  uint4* global;       // (fragments of a warp, warps, tiles, 2, 32)

  __device__ __forceinline__ uint4* at(int slot) const {
    uint4* memory = slot < in_shared ? shared : global;
    return memory + (size_t{1} * slot * kWarps + threadIdx.x / 32) * (kTiles * 64) + threadIdx.x % 32;
  }
  __device__ __forceinline__ void put(int slot, int tile, const Fragment& f) const {
    uint4* to = at(slot) + tile * 64;
    to[0] = make_uint4(f.first[0], f.first[1], f.first[2], f.first[3]);
    to[32] = make_uint4(f.second[0], f.second[1], f.second[2], f.second[3]);
  }
  __device__ __forceinline__ Fragment get(int slot, int tile) const {
    const uint4* from = at(slot) + tile * 64;
    const uint4 first = from[0], second = from[32];
    return {{first.x, first.y, first.z, first.w}, {second.x, second.y, second.z, second.w}};
  }
};

// sums += weights * states. `states` is the tile's first row, of `stride` numbers a row.
//   held: the fragments in registers; `slot`: where those behind them begin.
template <class F, int kTiles, int kColumns, int kHeld>
__device__ __forceinline__ void multiply(float (&sums)[kTiles][kColumns][4], const Weights<F, kTiles>& weights,
                                         const Fragment (&held)[kHeld > 0 ? kHeld : 1][kTiles], int slot,
                                         const typename F::Number* states, size_t stride) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  states += lane / 4 * stride + lane % 4 * (F::kDepth / 4);
  uint4 ahead[kAhead][kColumns];
  const auto fetch = [&](int first) {
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int block = warp + kWarps * (first + i);
      if (block >= weights.blocks) break;
#pragma unroll
      for (int n = 0; n < kColumns; ++n)
        ahead[i][n] = __ldcg(reinterpret_cast<const uint4*>(states + 8 * n * stride + block * F::kDepth));
    }
  };
#pragma unroll
  for (int first = 0; first < kHeld; first += kAhead) {
    fetch(first);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (warp + kWarps * (first + i) >= weights.blocks) break;
#pragma unroll
      for (int m = 0; m < kTiles; ++m)
#pragma unroll
        for (int n = 0; n < kColumns; ++n) F::multiply(sums[m][n], held[first + i][m], ahead[i][n]);
    }
  }
  for (int first = kHeld; first < weights.per_warp; first += kAhead) {
    fetch(first);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (warp + kWarps * (first + i) >= weights.blocks) break;
#pragma unroll
      for (int m = 0; m < kTiles; ++m) {
        const Fragment f = weights.get(slot + first - kHeld + i, m);
#pragma unroll
        for (int n = 0; n < kColumns; ++n) F::multiply(sums[m][n], f, ahead[i][n]);
      }
    }
  }
}

// The sums of all warps, in shared memory: (warps, 16 tiles, 8 columns and 2 against conflicts of banks).
template <int kTiles, int kColumns>
struct Sums {
  static constexpr int kStride = 8 * kColumns + 2, kWarp = kUnits * kTiles * kStride;
  static constexpr size_t kBytes = sizeof(float) * kWarps * kWarp;
  float* shared;

  __device__ __forceinline__ void put(const float (&sums)[kTiles][kColumns][4]) const {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float* to = shared + warp * kWarp + lane / 4 * kStride + lane % 4 * 2;
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int n = 0; n < kColumns; ++n) {
        float* at = to + kUnits * m * kStride + 8 * n;
        *reinterpret_cast<float2*>(at) = make_float2(sums[m][n][0], sums[m][n][1]);
        *reinterpret_cast<float2*>(at + 8 * kStride) = make_float2(sums[m][n][2], sums[m][n][3]);
      }
  }
  __device__ __forceinline__ float get(int tile, int unit, int row) const {
    float sum = 0.0f;
#pragma unroll
    for (int warp = 0; warp < kWarps; ++warp)
      sum += shared[warp * kWarp + (kUnits * tile + unit) * kStride + row];
    return sum;
  }
};

}  // namespace cello::cuda

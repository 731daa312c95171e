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

// Blocks of a warp in registers, for `tiles` times 16 rows of weights.
template <class F>
__host__ __device__ constexpr int held_blocks(int tiles) {
  return F::kHeld * 4 / static_cast<int>(sizeof(typename F::Weights)) / tiles / kAhead * kAhead;
}

// Sizes of one product, and where its weights are.
template <class F, int kTiles>
struct Weights {
  static constexpr int kVectors = sizeof(typename F::Weights) / sizeof(uint4);  // of a fragment
  static constexpr int kSlot = kTiles * kVectors * 32;                          // of a warp in a slot

  int blocks;      // along the summed axis
  int per_warp;    // of them, at most
  int in_shared;   // slots, each a block for every warp, of those that are not held
  uint4* shared;   // (in_shared, warps, tiles, vectors, 32)
  uint4* global;   // (slots, warps, tiles, vectors, 32)

  __device__ __forceinline__ uint4* at(int slot, int tile) const {
    uint4* memory = slot < in_shared ? shared : global;
    return memory + (size_t{1} * slot * kWarps + threadIdx.x / 32) * kSlot + tile * kVectors * 32 + threadIdx.x % 32;
  }
  __device__ __forceinline__ void put(int slot, int tile, const typename F::Weights& f) const {
    uint4* to = at(slot, tile);
#pragma unroll
    for (int i = 0; i < kVectors; ++i) to[32 * i] = make_uint4(f.bits[i][0], f.bits[i][1], f.bits[i][2], f.bits[i][3]);
  }
  __device__ __forceinline__ typename F::Weights get(int slot, int tile) const {
    const uint4* from = at(slot, tile);
    typename F::Weights f;
#pragma unroll
    for (int i = 0; i < kVectors; ++i) {
      const uint4 v = from[32 * i];
      f.bits[i][0] = v.x, f.bits[i][1] = v.y, f.bits[i][2] = v.z, f.bits[i][3] = v.w;
    }
    return f;
  }
};

// sums += weights * states, as soon as the states are there.
//   slot: where the weights behind those that are `held` begin
//   states: published, the tile's first row; `stride` words a row
//   mark: of words that are there
template <class F, int kTiles, int kColumns, int kHeld>
__device__ __forceinline__ void multiply(float (&sums)[kTiles][kColumns][4], const Weights<F, kTiles>& weights,
                                         const typename F::Weights (&held)[kHeld > 0 ? kHeld : 1][kTiles], int slot,
                                         const uint32_t* states, size_t stride, uint32_t mark) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  states += lane / 4 * stride + lane % 4 * 4;
  uint4 ahead[kAhead][kColumns];
  const auto fetch = [&](int first) {
    uint32_t wrong = 0;
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int block = warp + kWarps * (first + i);
      if (block >= weights.blocks) break;
#pragma unroll
      for (int n = 0; n < kColumns; ++n)
        ahead[i][n] = load_relaxed(reinterpret_cast<const uint4*>(states + 8 * n * stride + block * kDepth));
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (warp + kWarps * (first + i) >= weights.blocks) break;
#pragma unroll
      for (int n = 0; n < kColumns; ++n) {
        const uint4& v = ahead[i][n];
        wrong |= (v.x ^ mark) | (v.y ^ mark) | (v.z ^ mark) | (v.w ^ mark);
      }
    }
    return (wrong & kMark) == 0;
  };
  const auto wait_for = [&](int first) {
    while (!fetch(first)) pause();
    __syncwarp();
  };
#pragma unroll
  for (int first = 0; first < kHeld; first += kAhead) {
    wait_for(first);
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
    wait_for(first);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (warp + kWarps * (first + i) >= weights.blocks) break;
#pragma unroll
      for (int m = 0; m < kTiles; ++m) {
        const typename F::Weights f = weights.get(slot + first - kHeld + i, m);
#pragma unroll
        for (int n = 0; n < kColumns; ++n) F::multiply(sums[m][n], f, ahead[i][n]);
      }
    }
  }
}

// The sums of all warps, in shared memory: (warps, 16 tiles, 8 columns and 2 against conflicts of banks).
// There is room for two products, which take turns: a warp may leave the sums of the next one while
// others still read those before.
template <int kTiles, int kColumns>
struct Sums {
  static constexpr int kStride = 8 * kColumns + 2, kWarp = kUnits * kTiles * kStride;
  static constexpr size_t kBytes = 2 * sizeof(float) * kWarps * kWarp;
  float* shared;
  int turn = 0;

  // Leave the warp's sums, and wait for those of the others.
  __device__ __forceinline__ void meet(const float (&sums)[kTiles][kColumns][4]) {
    turn ^= 1;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float* to = shared + (turn * kWarps + warp) * kWarp + lane / 4 * kStride + lane % 4 * 2;
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int n = 0; n < kColumns; ++n) {
        float* at = to + kUnits * m * kStride + 8 * n;
        *reinterpret_cast<float2*>(at) = make_float2(sums[m][n][0], sums[m][n][1]);
        *reinterpret_cast<float2*>(at + 8 * kStride) = make_float2(sums[m][n][2], sums[m][n][3]);
      }
    __syncthreads();
  }
  __device__ __forceinline__ float get(int tile, int unit, int row) const {
    float sum = 0.0f;
#pragma unroll
    for (int warp = 0; warp < kWarps; ++warp)
      sum += shared[(turn * kWarps + warp) * kWarp + (kUnits * tile + unit) * kStride + row];
    return sum;
  }
};

}  // namespace cello::cuda

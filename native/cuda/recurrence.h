// The gated recurrences on an NVIDIA GPU: one launch for a whole sequence.
//
// The rows of a batch are cut into tiles of 8 or 16, the units into blocks of 16. A *group* of thread
// blocks, its members, has the weights of all units, each member those of its own, and runs the tiles of
// its own; groups know nothing of each other. In every step a member multiplies the states of all units,
// which the members published in global memory, with its weights, computes its units and publishes them.
// Nobody waits for a member, but for the words that it needs: each of them says itself whether it is
// that of the step (factors.h).
//
// There is room for two steps, of which one is read and the other is written. A member that writes has
// seen all words of the step before, and so all members have read those of the step that it overwrites.

#pragma once

#include "cells.h"
#include "product.h"

namespace cello::cuda {

// How a launch is cut up; plan.h chooses.
struct Plan {
  int blocks;      // of units
  int members;     // thread blocks in a group; member m has the blocks m, m + members, ...
  int groups;      // group g has the tiles g, g + groups, ...
  int tiles;       // of rows
  int columns;     // tiles have 8 * columns rows
  bool held;       // whether a part of the weights stays in registers: members have one block each
  int depth;       // blocks along the summed axis
  int per_warp;    // of them
  int in_shared;   // of a warp's fragments that are not held
  int width;       // words of a gate in a row of `published`: the units of all blocks
  int row;         // words in a row of `published`
  size_t shared_bytes, published_bytes, weights_bytes;
};

// What both directions are given. Arrays are (batch, time, ...), in the order of running.
struct Recurrence {
  Plan plan;
  int batch, time, units;
  Activations activations;
  const float* recurrent_kernel;  // (units, gates units)
  const float* h0;                // (batch, units)
  const float* c0;
  const unsigned char* mask;      // (batch, time) or null
  const float* factor;            // (batch, units) or null: multiplies h where it meets the weights
  uint32_t* published;            // (2, rows of all tiles, plan.row); 0 at first
  uint4* weights;                 // room for the weights that find none on the chip
};

struct Forward : Recurrence {
  const float* x;               // (batch, time, gates units): the input's share, with biases
  const float* recurrent_bias;  // (units) or null: of the last gate, in the recurrent product
  float *hs, *cs;               // (batch, time, units) or null
  float* slots;                 // (batch, time, slots units) or null
  float *h, *c;                 // (batch, units)
};

struct Backward : Recurrence {
  const float *hs, *cs, *slots;        // of Forward
  const float *d_hs, *d_cs;            // (batch, time, units) or null
  const float *d_h_last, *d_c_last;    // (batch, units)
  float* d_slots;                      // (batch, time, slots units)
  float *d_h, *d_c;                    // (batch, units): of the first states
};

// Half of `published` that a step reads, and the mark of its words: not that of two steps before, and
// not 0 in the first two.
struct Published {
  uint32_t* words;
  uint32_t mark;

  __device__ __forceinline__ Published(const Recurrence& call, int step, int rows)
      : words(call.published + size_t{1} * (step % 2) * call.plan.tiles * rows * call.plan.row),
        mark(((step / 2) & 1) ^ 1) {}

  template <class F>
  __device__ __forceinline__ void put(size_t at, float x) const {
    store_relaxed(words + at, (F::published(x) & ~kMark) | mark);
  }
};

// Where a thread block and a thread stand.
struct Place {
  int group, member, unit, row;  // unit within its block, row within its tile

  __device__ __forceinline__ explicit Place(const Plan& plan)
      : group(blockIdx.x / plan.members),
        member(blockIdx.x % plan.members),
        unit(threadIdx.x % kUnits),
        row(threadIdx.x / kUnits) {}
};

// The weights of this thread block: `weight(block of units, tile, row, column)`, zero outside.
template <class F, int kTiles, int kHeld, class Weight>
__device__ __forceinline__ void load(const Plan& plan, const Place& place, const Weights<F, kTiles>& weights,
                                     typename F::Weights (&held)[kHeld > 0 ? kHeld : 1][kTiles], Weight weight) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const auto fragment = [&](int block, int i, int tile) {
    const int first = (warp + kWarps * i) * kDepth;
    return F::fragment(lane / 4, lane % 4, [&](int row, int column) {
      return weight(block, tile, row, first + column);
    });
  };
#pragma unroll
  for (int i = 0; i < kHeld; ++i)
#pragma unroll
    for (int m = 0; m < kTiles; ++m) held[i][m] = fragment(place.member, i, m);
  int slot = 0;
  for (int block = place.member; block < plan.blocks; block += plan.members)
    for (int i = kHeld; i < plan.per_warp; ++i, ++slot)
#pragma unroll
      for (int m = 0; m < kTiles; ++m) weights.put(slot, m, fragment(block, i, m));
}

template <class F, int kTiles, int kColumns>
__device__ __forceinline__ Weights<F, kTiles> weights_of(const Recurrence& call, const Place& place) {
  const Plan& plan = call.plan;
  uint4* shared = reinterpret_cast<uint4*>(shared_memory() + Sums<kTiles, kColumns>::kBytes);
  const int own = (plan.blocks - 1) / plan.members + 1;
  // slots are counted from the first of all: the room of those in shared memory is left unused
  const size_t room = size_t{1} * own * plan.per_warp * kWarps * Weights<F, kTiles>::kSlot;
  return {plan.depth, plan.per_warp, plan.in_shared, shared, call.weights + place.member * room};
}

template <class Cell, class F, int kColumns, bool kHold>
__global__ void __launch_bounds__(kThreads, 1) forward(Forward call) {
  constexpr int kGates = Cell::kGates, kSlots = Cell::kSlots, kRows = 8 * kColumns;
  constexpr int kHeld = kHold ? held_blocks<F>(kGates) : 0;
  const Plan& plan = call.plan;
  const Place place(plan);
  const int units = call.units;
  const auto weights = weights_of<F, kGates, kColumns>(call, place);
  Sums<kGates, kColumns> sums{reinterpret_cast<float*>(shared_memory())};
  typename F::Weights held[kHold ? kHeld : 1][kGates];
  load<F, kGates, kHeld>(plan, place, weights, held, [&](int block, int gate, int row, int column) {
    const int unit = block * kUnits + row;
    const float* at = call.recurrent_kernel + size_t{1} * column * kGates * units + gate * units + unit;
    return unit < units && column < units ? *at : 0.0f;
  });

  const auto enter = [&](int step, int row, int unit, float h) {
    if (place.row < kRows) Published(call, step, kRows).put<F>(size_t{1} * row * plan.row + unit, h);
  };

  for (int tile = place.group; tile < plan.tiles; tile += plan.groups)
    for (int block = place.member; block < plan.blocks; block += plan.members) {
      const int row = tile * kRows + place.row, unit = block * kUnits + place.unit, at = row * units + unit;
      const bool mine = place.row < kRows && row < call.batch && unit < units;
      float entering = 0.0f;
      if (mine) {
        entering = call.h[at] = call.h0[at];
        if (call.factor) entering *= call.factor[at];
        if (Cell::kHasC) call.c[at] = call.c0[at];
      }
      enter(0, row, unit, entering);
    }

  for (int step = 0; step < call.time; ++step)
    for (int tile = place.group; tile < plan.tiles; tile += plan.groups) {
      const Published before(call, step, kRows);
      const int row = tile * kRows + place.row;
      int slot = 0;
      for (int block = place.member; block < plan.blocks; block += plan.members, slot += plan.per_warp) {
        const int unit = block * kUnits + place.unit, at = row * units + unit;
        const bool mine = place.row < kRows && row < call.batch && unit < units;
        const size_t now = size_t{1} * row * call.time + step;
        float x[kGates] = {}, slots[kSlots] = {}, h = 0.0f, c = 0.0f, factor = 1.0f, recurrent_bias = 0.0f;
        bool counts = true;
        if (mine) {  // on their way while others are waited for
#pragma unroll
          for (int g = 0; g < kGates; ++g) {
            x[g] = call.x[(now * kGates + g) * units + unit];
            if (step + 1 < call.time) prefetch(&call.x[((now + 1) * kGates + g) * units + unit]);
          }
          h = call.h[at];
          if (Cell::kHasC) c = call.c[at];
          counts = !call.mask || call.mask[now];
          if (call.factor) factor = call.factor[at];
          if (call.recurrent_bias) recurrent_bias = call.recurrent_bias[unit];
        }
        float product[kGates][kColumns][4] = {};
        multiply<F, kGates, kColumns, kHeld>(product, weights, held, slot,
                                             before.words + size_t{1} * tile * kRows * plan.row, plan.row, before.mark);
        sums.meet(product);
        if (mine && counts) {
          float u[kGates];
#pragma unroll
          for (int g = 0; g < kGates; ++g) u[g] = sums.get(g, place.unit, place.row);
          u[kGates - 1] += recurrent_bias;
          call.activations.with([&](const auto& f) { Cell::forward(f, x, u, h, c, slots); });
        }
        enter(step + 1, row, unit, h * factor);
        if (!mine) continue;
        call.h[at] = h;
        if (Cell::kHasC) call.c[at] = c;
        if (call.hs) call.hs[now * units + unit] = h;
        if (Cell::kHasC && call.cs) call.cs[now * units + unit] = c;
        if (!call.slots) continue;
#pragma unroll
        for (int s = 0; s < kSlots; ++s) call.slots[(now * kSlots + s) * units + unit] = slots[s];
      }
    }
}

// The gradients of the pre-activations, from the last step to the first; those that meet the recurrent
// kernel are published. A turn has the product of the step behind it, and then a step of its own.
template <class Cell, class F, int kColumns, bool kHold>
__global__ void __launch_bounds__(kThreads, 1) backward(Backward call) {
  constexpr int kGates = Cell::kGates, kSlots = Cell::kSlots, kRows = 8 * kColumns;
  constexpr int kHeld = kHold ? held_blocks<F>(1) : 0;
  const Plan& plan = call.plan;
  const Place place(plan);
  const int units = call.units;
  const auto weights = weights_of<F, 1, kColumns>(call, place);
  Sums<1, kColumns> sums{reinterpret_cast<float*>(shared_memory())};
  typename F::Weights held[kHold ? kHeld : 1][1];
  load<F, 1, kHeld>(plan, place, weights, held, [&](int block, int, int row, int column) {
    const int unit = block * kUnits + row, gate = column / plan.width, other = column % plan.width;
    const float* at = call.recurrent_kernel + (size_t{1} * unit * kGates + gate) * units + other;
    return unit < units && gate < kGates && other < units ? *at : 0.0f;
  });

  for (int turn = 0; turn <= call.time; ++turn)
    for (int tile = place.group; tile < plan.tiles; tile += plan.groups) {
      const Published behind(call, turn > 0 ? turn - 1 : 0, kRows), after(call, turn, kRows);
      const int row = tile * kRows + place.row, step = call.time - 1 - turn;
      int slot = 0;
      for (int block = place.member; block < plan.blocks; block += plan.members, slot += plan.per_warp) {
        const int unit = block * kUnits + place.unit, at = row * units + unit;
        const bool mine = place.row < kRows && row < call.batch && unit < units;
        const size_t now = size_t{1} * row * call.time + step;
        float slots[kSlots] = {}, dh = 0.0f, dc = 0.0f, c = 0.0f, d_output = 0.0f, factor = 1.0f;
        Before before{};
        bool counts = true;
        if (mine) {  // on their way while others are waited for
          dh = turn == 0 ? call.d_h_last[at] : call.d_h[at];
          if (Cell::kHasC) dc = turn == 0 ? call.d_c_last[at] : call.d_c[at];
          if (call.factor) factor = call.factor[at];
        }
        if (mine && step >= 0) {
          counts = !call.mask || call.mask[now];
#pragma unroll
          for (int s = 0; s < kSlots; ++s) {
            slots[s] = call.slots[(now * kSlots + s) * units + unit];
            if (step > 0) prefetch(&call.slots[((now - 1) * kSlots + s) * units + unit]);
          }
          before.h = step > 0 ? call.hs[(now - 1) * units + unit] : call.h0[at];
          if (step > 1) prefetch(&call.hs[(now - 2) * units + unit]);
          if (Cell::kHasC) {
            before.c = step > 0 ? call.cs[(now - 1) * units + unit] : call.c0[at];
            if (step > 1) prefetch(&call.cs[(now - 2) * units + unit]);
            c = call.cs[now * units + unit];
            if (call.d_cs) dc += call.d_cs[now * units + unit];
          }
          if (call.d_hs) {
            d_output = call.d_hs[now * units + unit];
            if (step > 0) prefetch(&call.d_hs[(now - 1) * units + unit]);
          }
        }
        if (turn > 0) {
          float product[1][kColumns][4] = {};
          multiply<F, 1, kColumns, kHeld>(product, weights, held, slot,
                                          behind.words + size_t{1} * tile * kRows * plan.row, plan.row, behind.mark);
          sums.meet(product);
          if (mine) dh += factor * sums.get(0, place.unit, place.row);
        }
        dh += d_output;
        if (step >= 0) {
          if (mine && counts) {
            call.activations.with([&](const auto& f) { Cell::backward(f, before, c, slots, dh, dc); });
          } else {
#pragma unroll
            for (int s = 0; s < kSlots; ++s) slots[s] = 0.0f;
          }
          if (place.row < kRows)
#pragma unroll
            for (int g = 0; g < kGates; ++g)
              after.put<F>(size_t{1} * row * plan.row + g * plan.width + unit, slots[Cell::recurrent_slot(g)]);
        }
        if (!mine) continue;
        call.d_h[at] = dh;
        if (Cell::kHasC) call.d_c[at] = dc;
        if (step < 0) continue;
#pragma unroll
        for (int s = 0; s < kSlots; ++s) call.d_slots[(now * kSlots + s) * units + unit] = slots[s];
      }
    }
}

}  // namespace cello::cuda

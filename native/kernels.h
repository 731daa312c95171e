// What the kernels of one instruction set offer to the rest: plain structs and a table of functions.
//
// It is the library's C interface: `cello_kernels` in dispatch.h gives the table of an instruction set.
// This header is seen by code compiled for different instruction sets, so it defines no function.
// Arrays are C-contiguous float32; sizes are in elements. docs/kernels.md explains the words.
#pragma once

#include <cstddef>
#include <cstdint>

#include "program.h"

namespace cello {

enum Cell : int64_t { kLstm, kGru, kGruResetBefore, kSimpleRnn, kLayerNormLstm, kLayerNormGru };

// The numbers of a cell: blocks of columns in its kernels, states, and for each unit what it saves of a
// step and rows of `vectors`. All code takes them from here; cello.ops declares the same.
struct Sizes {
  const char* name;
  int64_t gates, states, slots, vectors;
};
constexpr Sizes kCells[] = {
    {"lstm", 4, 2, 4, 0},
    {"gru", 3, 1, 4, 0},
    {"gru_reset_before", 3, 1, 3, 0},
    {"simple_rnn", 1, 1, 1, 0},
    {"layer_norm_lstm", 4, 2, 8, 14},
    {"layer_norm_gru", 3, 1, 6, 10},
    {nullptr, 0, 0, 0, 0},
};

enum Activation : int64_t { kTanh, kSigmoid, kHardSigmoid, kRelu, kLinear };

// Units stand in panels of 16; the last one is padded with zeros.
constexpr int64_t kPanel = 16;

// How pieces of work reach the cores: run `work(data, i)` for every i < pieces, in any order.
struct Parallel {
  int64_t threads;
  void* self;
  void (*run)(void* self, int64_t pieces, void (*work)(void* data, int64_t piece), void* data);
  // Run `work(data, i)` for every i < members at the same time, so that they may wait for each other;
  // false, and nothing is run, where so many threads are not free now.
  bool (*run_together)(void* self, int64_t members, void (*work)(void* data, int64_t member),
                       void* data);
  // Memory for the time of a call, aligned to 64 bytes, and not cleared.
  void* (*take)(size_t bytes);
  void (*give)(void* memory);
};

// One recurrence over a batch of sequences: what forward and backward have in common.
struct Recurrence {
  int64_t cell;
  int64_t activation, recurrent_activation;
  int64_t batch, time, features, units;
  bool go_backwards;              // step s reads x and mask at time - 1 - s
  const float* x;                 // (batch, time, features)
  const float* kernel;            // (features, gates * units)
  const float* recurrent_kernel;  // (units, gates * units)
  const float* bias;              // (gates * units,); GRU: (2, gates * units); or null
  const float* h0;                // (batch, units)
  const float* c0;                // (batch, units); a cell with c
  const float* vectors;           // (native/normalised.h's, units); layer normalisation, or null
  float epsilon;                  // added to mean squares; layer normalisation
  const uint8_t* mask;            // (batch, time), nonzero where a step counts; or null
  const float* recurrent_mask;    // (batch, units), a factor on h where it meets its kernel; or null
  // By running step, not by time:
  float* hs;                      // (batch, time, units): every h; or null
  float* cs;                      // (batch, time, units): every c; or null
  float* saved;                   // (time, panels, batch, slots * 16), for backward; or null
};

struct Forward : Recurrence {
  float* h_last;  // (batch, units)
  float* c_last;  // (batch, units); a cell with c
};

struct Backward : Recurrence {       // `saved` becomes the gradients of the pre-activations
  const float* d_hs;                 // (batch, time, units) or null
  const float* d_cs;                 // (batch, time, units) or null
  const float *d_h_last, *d_c_last;  // (batch, units)
  float *d_kernel, *d_recurrent_kernel, *d_bias;  // d_bias null where there is no bias
  float* d_vectors;  // layer normalisation
  float *d_h0, *d_c0;
};

// The gradient of the inputs from what Backward left in `saved`.
struct InputGradient : Recurrence {
  float* d_x;  // (batch, time, features)
};

// h_t = a_t * h_{t-1} + b_t, elementwise along time; in reverse, from the last step to the first.
// A complex number is two features: its real part, then its imaginary part.
struct LinearScan {
  int64_t batch, time, features;
  bool reverse, complex, constant;
  const float* a;   // (batch, time, features), or (batch, features) where it is constant
  const float* b;   // (batch, time, features)
  const float* h0;  // (batch, features)
  float* h;         // (batch, time, features)
};

// Its gradients.
struct LinearScanBackward {
  int64_t batch, time, features;
  bool reverse, complex, constant;
  const float* a;         // as above
  const float *h, *d_h;   // (batch, time, features)
  const float* h0;        // (batch, features)
  float* d_a;             // as a
  float* d_b;             // (batch, time, features)
  float* d_h0;            // (batch, features)
};

struct Kernels {
  const char* isa;
  void (*forward)(const Forward&, const Parallel&);
  void (*backward)(const Backward&, const Parallel&);
  void (*input_gradient)(const InputGradient&, const Parallel&);
  void (*linear_scan)(const LinearScan&, const Parallel&);
  void (*linear_scan_backward)(const LinearScanBackward&, const Parallel&);
  // dst[i] = activation(src[i]); for tests of the approximations
  void (*activate)(int64_t activation, const float* src, float* dst, int64_t n);
  void (*interpret)(const Program& program, void* const* arrays, int64_t steps);
};

}  // namespace cello

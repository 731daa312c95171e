// The pointwise functions of the cells for GPUs: gates and states of one unit in one row, and back.
//
// As native/cells.h. A cell states its gates, blocks of columns of the recurrent kernel, and its slots,
// what it saves of each step; in `backward` these hold the gradients of the pre-activations, and
// `recurrent_slot` says which of them meets a gate's recurrent product.
#pragma once

#include "../kernels.h"
#include "device.h"

namespace cello::cuda {

// The sizes of a cell.
template <Cell CELL>
struct Sized {
  static constexpr int kGates = kCells[CELL].gates, kSlots = kCells[CELL].slots;
  static constexpr bool kHasC = kCells[CELL].states > 1;
};

__device__ __forceinline__ float activate(int kind, float x) {
  switch (kind) {
    case kTanh: return tanhf(x);
    case kSigmoid: return __fdividef(1.0f, 1.0f + expf(-x));  // 2 ULP; right at infinity
    case kHardSigmoid: return fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
    case kRelu: return x > 0.0f ? x : x != x ? x : 0.0f;
    default: return x;
  }
}

// The derivative, from the activation's value y.
__device__ __forceinline__ float derivative(int kind, float y) {
  switch (kind) {
    case kTanh: return 1.0f - y * y;
    case kSigmoid: return y * (1.0f - y);
    case kHardSigmoid: return y > 0.0f && y < 1.0f ? 1.0f / 6.0f : 0.0f;
    case kRelu: return y > 0.0f ? 1.0f : 0.0f;
    default: return 1.0f;
  }
}

// Those that layers have by default. The compiler knows them, so that the chains of a step's gates run side
// by side; with a choice for each they run one after the other.
struct UsualActivations {
  __device__ __forceinline__ float act(float x) const { return activate(kTanh, x); }
  __device__ __forceinline__ float gate(float x) const { return activate(kSigmoid, x); }
  __device__ __forceinline__ float d_act(float y) const { return derivative(kTanh, y); }
  __device__ __forceinline__ float d_gate(float y) const { return derivative(kSigmoid, y); }
};

struct Activations {
  int candidate, gates;
  __device__ __forceinline__ float act(float x) const { return activate(candidate, x); }
  __device__ __forceinline__ float gate(float x) const { return activate(gates, x); }
  __device__ __forceinline__ float d_act(float y) const { return derivative(candidate, y); }
  __device__ __forceinline__ float d_gate(float y) const { return derivative(gates, y); }

  // Run `step` with these, or with the usual ones: all threads of a launch go the same way.
  template <class Step>
  __device__ __forceinline__ void with(const Step& step) const {
    if (candidate == kTanh && gates == kSigmoid)
      step(UsualActivations{});
    else
      step(*this);
  }
};

// h and c before a step, and after it.
struct Before {
  float h, c;
};

struct Lstm : Sized<kLstm> {
  static __host__ __device__ constexpr int recurrent_slot(int gate) { return gate; }

  // x: the input's share, with biases; u: the recurrent product.
  template <class Functions>
  static __device__ __forceinline__ void forward(const Functions& f, const float (&x)[4], const float (&u)[4],
                                                 float& h, float& c, float (&slots)[4]) {
    slots[0] = f.gate(x[0] + u[0]);
    slots[1] = f.gate(x[1] + u[1]);
    slots[2] = f.act(x[2] + u[2]);
    slots[3] = f.gate(x[3] + u[3]);
    c = slots[1] * c + slots[0] * slots[2];
    h = slots[3] * f.act(c);
  }

  // (dh, dc) of the states after the step become those of the states before, without the product's.
  template <class Functions>
  static __device__ __forceinline__ void backward(const Functions& f, Before before, float c_after,
                                                  float (&slots)[4], float& dh, float& dc) {
    const float i = slots[0], forget = slots[1], g = slots[2], o = slots[3];
    const float y = f.act(c_after);
    dc += dh * o * f.d_act(y);
    slots[0] = dc * g * f.d_gate(i);
    slots[1] = dc * before.c * f.d_gate(forget);
    slots[2] = dc * i * f.d_act(g);
    slots[3] = dh * y * f.d_gate(o);
    dc *= forget;
    dh = 0.0f;
  }
};

// The reset gate behind the product. Slots: z, r, the candidate g, and what r multiplies.
struct Gru : Sized<kGru> {
  static __host__ __device__ constexpr int recurrent_slot(int gate) { return gate < 2 ? gate : 3; }

  template <class Functions>
  static __device__ __forceinline__ void forward(const Functions& f, const float (&x)[3], const float (&u)[3],
                                                 float& h, float&, float (&slots)[4]) {
    slots[0] = f.gate(x[0] + u[0]);
    slots[1] = f.gate(x[1] + u[1]);
    slots[3] = u[2];
    slots[2] = f.act(x[2] + slots[1] * slots[3]);
    h = slots[0] * h + (1.0f - slots[0]) * slots[2];
  }

  template <class Functions>
  static __device__ __forceinline__ void backward(const Functions& f, Before before, float, float (&slots)[4],
                                                  float& dh, float&) {
    const float z = slots[0], r = slots[1], g = slots[2], q = slots[3];
    slots[0] = dh * (before.h - g) * f.d_gate(z);
    slots[2] = dh * (1.0f - z) * f.d_act(g);
    slots[1] = slots[2] * q * f.d_gate(r);
    slots[3] = slots[2] * r;
    dh *= z;
  }
};

struct SimpleRnn : Sized<kSimpleRnn> {
  static __host__ __device__ constexpr int recurrent_slot(int gate) { return gate; }

  template <class Functions>
  static __device__ __forceinline__ void forward(const Functions& f, const float (&x)[1], const float (&u)[1],
                                                 float& h, float&, float (&slots)[1]) {
    h = slots[0] = f.act(x[0] + u[0]);
  }

  template <class Functions>
  static __device__ __forceinline__ void backward(const Functions& f, Before, float, float (&slots)[1],
                                                  float& dh, float&) {
    slots[0] = dh * f.d_act(slots[0]);
    dh = 0.0f;
  }
};

}  // namespace cello::cuda

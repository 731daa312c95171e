// The linear recurrence h_t = a_t * h_{t-1} + b_t and its gradients on an NVIDIA GPU: a few operations on
// each number, so that memory is what limits it.
//
// A thread has one channel (a feature of a row), or as many neighbouring ones as 16 bytes hold, and goes
// through the steps with their state in registers. It asks for a chunk of steps before it uses the first,
// so that enough of memory is on its way. (Registers are bounded as for one block a multiprocessor: with
// fewer the compiler puts loads behind the first use.)
//
// Where channels are too few for the GPU, time is cut into segments. A first pass computes for each the
// product of its factors and its last state from zero; `chain` makes of these the state before each
// segment; and the second pass, from these, is the same as that of one segment. Products of factors
// overflow where those of one segment do, though no h_t may, and the states behind it are not finite then.
//
// Backward, the state is what a step gives to the one before it: with g_t = d_h_t + c_{t+1} it is
// c_t = a_t g_t, of which d_b_t = g_t, d_a_t = g_t h_{t-1}, and d_h0 is the last. For complex numbers as
// well, since JAX's gradients are those of holomorphic functions, without conjugates.
#pragma once

#include <cstring>
#include <type_traits>

#include "device.h"

namespace cello::cuda::linear {

constexpr int kThreads = 64;      // of a block: few, so that few channels reach all multiprocessors
constexpr int kChunkBytes = 128;  // of each array, on their way to a thread
constexpr int kChunkSteps = 32;   // at most
constexpr int kChained = 16;      // segments that `chain` and `sum` ask for at once

// The numbers of an array, and what is computed with: `State`.
struct Float32 {
  using Stored = float;
  using State = float;
  static __device__ __forceinline__ float read(float x) { return x; }
  static __device__ __forceinline__ float written(float x) { return x; }
  static __device__ __forceinline__ float real(float x) { return x; }
  static __device__ __forceinline__ float times(float x, float y) { return x * y; }
  static __device__ __forceinline__ float plus(float x, float y) { return x + y; }
};

struct Bfloat16 : Float32 {
  using Stored = uint16_t;
  static __device__ __forceinline__ float read(uint16_t x) { return __uint_as_float(uint32_t{x} << 16); }
  static __device__ __forceinline__ uint16_t written(float x) {
    return static_cast<uint16_t>(rounded_to_bfloat16(x, 0.0f));
  }
};

struct Complex64 {
  using Stored = float2;
  using State = float2;
  static __device__ __forceinline__ float2 read(float2 x) { return x; }
  static __device__ __forceinline__ float2 written(float2 x) { return x; }
  static __device__ __forceinline__ float2 real(float x) { return make_float2(x, 0.0f); }
  static __device__ __forceinline__ float2 times(float2 x, float2 y) {
    return make_float2(x.x * y.x - x.y * y.y, x.x * y.y + x.y * y.x);
  }
  static __device__ __forceinline__ float2 plus(float2 x, float2 y) { return make_float2(x.x + y.x, x.y + y.y); }
};

// What one load brings.
template <size_t kBytes>
struct Words;
template <>
struct Words<2> {
  using Type = uint16_t;
};
template <>
struct Words<4> {
  using Type = uint32_t;
};
template <>
struct Words<8> {
  using Type = uint2;
};
template <>
struct Words<16> {
  using Type = uint4;
};

// `kWidth` neighbouring numbers.
template <class N, int kWidth>
struct Pack {
  using Raw = typename Words<sizeof(typename N::Stored) * kWidth>::Type;
  typename N::State of[kWidth];

  static __device__ __forceinline__ Pack all(float x) {
    Pack pack;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) pack.of[i] = N::real(x);
    return pack;
  }
  static __device__ __forceinline__ Raw fetch(const void* array, int64_t at) {
    return *reinterpret_cast<const Raw*>(static_cast<const typename N::Stored*>(array) + at);
  }
  static __device__ __forceinline__ Pack read(const Raw& raw) {
    typename N::Stored stored[kWidth];
    memcpy(stored, &raw, sizeof raw);
    Pack pack;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) pack.of[i] = N::read(stored[i]);
    return pack;
  }
  __device__ __forceinline__ void write(void* array, int64_t at) const {
    typename N::Stored stored[kWidth];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) stored[i] = N::written(of[i]);
    Raw raw;
    memcpy(&raw, stored, sizeof raw);
    __stwb(reinterpret_cast<Raw*>(static_cast<typename N::Stored*>(array) + at), raw);  // in one store
  }

  // The same of an array of states.
  static __device__ __forceinline__ Pack get(const void* states, int64_t at) {
    Pack pack;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) pack.of[i] = static_cast<const typename N::State*>(states)[at + i];
    return pack;
  }
  __device__ __forceinline__ void put(void* states, int64_t at) const {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) static_cast<typename N::State*>(states)[at + i] = of[i];
  }

  friend __device__ __forceinline__ Pack operator*(const Pack& x, const Pack& y) {
    Pack pack;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) pack.of[i] = N::times(x.of[i], y.of[i]);
    return pack;
  }
  friend __device__ __forceinline__ Pack operator+(const Pack& x, const Pack& y) {
    Pack pack;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) pack.of[i] = N::plus(x.of[i], y.of[i]);
    return pack;
  }
};

template <class N, int kWidth>
constexpr int chunk_steps() {
  constexpr int steps = kChunkBytes / (sizeof(typename N::Stored) * kWidth);
  return steps < kChunkSteps ? steps : kChunkSteps;
}

// The loads of some steps of an array: of `first` and those behind it, up to `last`, which stands in for
// those behind it.
template <class N, int kWidth>
struct Chunk {
  static constexpr int kSteps = chunk_steps<N, kWidth>();
  typename Pack<N, kWidth>::Raw raw[kSteps];

  __device__ __forceinline__ void fetch(const void* array, int64_t at, int64_t stride, int first, int last) {
#pragma unroll
    for (int i = 0; i < kSteps; ++i)
      raw[i] = Pack<N, kWidth>::fetch(array, at + (first + i < last ? first + i : last) * stride);
  }
  __device__ __forceinline__ Pack<N, kWidth> operator[](int i) const { return Pack<N, kWidth>::read(raw[i]); }
};

// What both directions are given. Arrays are (batch, time, features); states are (batch, features).
struct Scan {
  int64_t channels, features, time;  // channels = batch features
  int64_t segments, length;          // the last segment may be shorter
  bool constant;                     // a is (batch, features), the same at every step
  bool from_end;                     // steps run from the last to the first
  const void *a, *b;                 // backward: d_h in place of b
  const void* first;                 // the state before the first step; null for zeros
  void* factors;                     // (segments, batch, features) of states, where there are several
  void* ends;                        // the same; of `chain` on, the state before each segment
};

struct Forward : Scan {
  void* h;
};

struct Backward : Scan {
  const void *h, *h0;
  void *d_a, *d_b, *d_h0;
  void* sums;  // (segments, batch, features) of states: d_a of each, where a is constant
};

// The steps of a thread: `count` of them, `stride` apart, the first one at `at`.
template <int kWidth>
struct Place {
  int64_t segment, channel, at, stride, count;

  __device__ __forceinline__ explicit Place(const Scan& call) {
    const int64_t thread = int64_t{1} * blockIdx.x * kThreads + threadIdx.x, threads = call.channels / kWidth;
    segment = thread / threads;
    channel = thread % threads * kWidth;
    const int64_t first = segment * call.length, left = call.time - first;
    const int64_t row = channel / call.features, feature = channel % call.features;
    at = (row * call.time + (call.from_end ? call.time - 1 - first : first)) * call.features + feature;
    stride = call.from_end ? -call.features : call.features;
    count = left < call.length ? left : call.length;
  }

  // Where the thread's state is among those of all segments.
  __device__ __forceinline__ int64_t state(const Scan& call) const { return segment * call.channels + channel; }
};

// The state before a thread's steps.
template <class N, int kWidth>
__device__ __forceinline__ Pack<N, kWidth> start(const Scan& call, const Place<kWidth>& place) {
  using P = Pack<N, kWidth>;
  if (call.segments > 1) return P::get(call.ends, place.state(call));
  return call.first ? P::read(P::fetch(call.first, place.channel)) : P::all(0.0f);
}

// Calls `chunk(whole, done, count)` for the steps from `done` on: `whole` says when compiled whether they
// are `Chunk::kSteps`, in place of up to so many.
template <int kSteps, class F>
__device__ __forceinline__ void by_chunks(int64_t count, F chunk) {
  int64_t done = 0;
  for (; done + kSteps <= count; done += kSteps) chunk(std::true_type{}, done, kSteps);
  if (done < count) chunk(std::false_type{}, done, static_cast<int>(count - done));
}

// With `kEnds` the first pass, of all segments but the last.
template <class N, int kWidth, bool kConstant, bool kEnds>
__global__ void __launch_bounds__(kThreads, 1) forward(Forward call) {
  using P = Pack<N, kWidth>;
  using C = Chunk<N, kWidth>;
  const Place<kWidth> place(call);
  if (place.segment >= call.segments - kEnds) return;
  P a = P::all(0.0f), h = a, factor = P::all(1.0f);
  if (kConstant) a = P::read(P::fetch(call.a, place.channel));
  if (!kEnds) h = start<N, kWidth>(call, place);
  by_chunks<C::kSteps>(place.count, [&](auto whole, int64_t done, int count) {
    const int64_t at = place.at + done * place.stride;
    C as, bs;
    if (!kConstant) as.fetch(call.a, at, place.stride, 0, count - 1);
    bs.fetch(call.b, at, place.stride, 0, count - 1);
#pragma unroll
    for (int i = 0; i < C::kSteps; ++i) {
      if (!decltype(whole)::value && i >= count) continue;
      if (!kConstant) a = as[i];
      h = a * h + bs[i];
      if (kEnds)
        factor = a * factor;
      else
        h.write(call.h, at + i * place.stride);
    }
  });
  if (!kEnds) return;
  factor.put(call.factors, place.state(call));
  h.put(call.ends, place.state(call));
}

template <class N, int kWidth, bool kConstant, bool kEnds>
__global__ void __launch_bounds__(kThreads, 1) backward(Backward call) {
  using P = Pack<N, kWidth>;
  using C = Chunk<N, kWidth>;
  const Place<kWidth> place(call);
  if (place.segment >= call.segments - kEnds) return;
  const bool last = place.segment == call.segments - 1;
  P a = P::all(0.0f), carried = a, sum = a, h0 = a, factor = P::all(1.0f);
  if (kConstant) a = P::read(P::fetch(call.a, place.channel));
  if (!kEnds) {
    carried = start<N, kWidth>(call, place);
    h0 = P::read(P::fetch(call.h0, place.channel));
  }
  by_chunks<C::kSteps>(place.count, [&](auto whole, int64_t done, int count) {
    const int64_t at = place.at + done * place.stride;
    const bool from_h0 = last && done + count == place.count;  // the h before the last of these steps
    C as, ds, befores;
    if (!kConstant) as.fetch(call.a, at, place.stride, 0, count - 1);
    ds.fetch(call.b, at, place.stride, 0, count - 1);
    if (!kEnds) befores.fetch(call.h, at, place.stride, 1, count - from_h0);
#pragma unroll
    for (int i = 0; i < C::kSteps; ++i) {
      if (!decltype(whole)::value && i >= count) continue;
      if (!kConstant) a = as[i];
      const P g = ds[i] + carried;
      carried = a * g;
      if (kEnds) {
        factor = a * factor;
        continue;
      }
      const P slope = g * (from_h0 && i == count - 1 ? h0 : befores[i]);
      g.write(call.d_b, at + i * place.stride);
      if (kConstant)
        sum = sum + slope;
      else
        slope.write(call.d_a, at + i * place.stride);
    }
  });
  if (kEnds) {
    factor.put(call.factors, place.state(call));
    carried.put(call.ends, place.state(call));
    return;
  }
  if (kConstant) sum.put(call.sums, place.state(call));
  if (last) carried.write(call.d_h0, place.channel);
}

// `ends`, of all segments but the last, becomes the state before each segment.
template <class N>
__global__ void __launch_bounds__(kThreads, 1) chain(Scan call) {
  using P = Pack<N, 1>;
  const int64_t channel = int64_t{1} * blockIdx.x * kThreads + threadIdx.x, last = call.segments - 1;
  if (channel >= call.channels) return;
  P state = call.first ? P::read(P::fetch(call.first, channel)) : P::all(0.0f);
  for (int64_t done = 0; done < last; done += kChained) {
    P factors[kChained], ends[kChained];
#pragma unroll
    for (int i = 0; i < kChained; ++i) {
      const int64_t at = (done + i < last ? done + i : last - 1) * call.channels + channel;
      factors[i] = P::get(call.factors, at), ends[i] = P::get(call.ends, at);
    }
#pragma unroll
    for (int i = 0; i < kChained; ++i) {
      if (done + i >= last) continue;
      state.put(call.ends, (done + i) * call.channels + channel);
      state = factors[i] * state + ends[i];
    }
  }
  state.put(call.ends, last * call.channels + channel);
}

// d_a of a constant a: the sum of those of all segments, in their order.
template <class N>
__global__ void __launch_bounds__(kThreads, 1) sum(Backward call) {
  using P = Pack<N, 1>;
  const int64_t channel = int64_t{1} * blockIdx.x * kThreads + threadIdx.x;
  if (channel >= call.channels) return;
  P sum = P::all(0.0f);
  for (int64_t done = 0; done < call.segments; done += kChained) {
    P sums[kChained];
#pragma unroll
    for (int i = 0; i < kChained; ++i) {
      const int64_t segment = done + i < call.segments ? done + i : call.segments - 1;
      sums[i] = P::get(call.sums, segment * call.channels + channel);
    }
#pragma unroll
    for (int i = 0; i < kChained; ++i)
      if (done + i < call.segments) sum = sum + sums[i];
  }
  sum.write(call.d_a, channel);
}

}  // namespace cello::cuda::linear

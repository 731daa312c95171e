// The linear recurrence h_t = a_t * h_{t-1} + b_t and its gradients: a few operations on each number, so
// that memory is what limits it.
//
// A piece of work is some rows of the batch, or some blocks of their features where there are fewer rows
// than threads. It goes through all steps with the state of its block in the first cache, reads and
// writes every array once, and stores large results past the caches. Factors that are the same at every
// step stay in the first cache.
#pragma once

#include <utility>

#include "vec.h"

namespace {

using cello::kPanel;
using cello::LinearScan;
using cello::LinearScanBackward;
using cello::Parallel;

constexpr int64_t kScanBlock = 4096;         // most features of a block: their state is 16 KB
constexpr int64_t kLeastBlock = 128;         // fewer are read from memory too slowly
constexpr int64_t kLeastPiece = 1 << 14;     // fewer numbers are not worth a thread
constexpr int64_t kLeastStreamed = 1 << 22;  // fewer numbers may be in the caches yet when they are used

// How (batch, time, features) is cut: every row of the batch into `blocks` of `size` features.
struct Blocks {
  int64_t size, blocks, pieces;

  template <class Call>
  Blocks(const Call& call, int64_t threads) {
    int64_t wanted = (call.features + kScanBlock - 1) / kScanBlock;
    if (call.batch < 8 * threads) {  // as many for each thread
      int64_t even = 1;
      while (call.batch * even % threads != 0) ++even;
      const int64_t most = call.features / kLeastBlock;
      if (even > most) even = most;
      if (even > wanted) wanted = even;
    }
    size = (call.features + wanted - 1) / wanted;
    size = (size + kPanel - 1) / kPanel * kPanel;
    blocks = (call.features + size - 1) / size;
    pieces = call.batch * call.time * call.features / kLeastPiece;
    if (pieces > call.batch * blocks) pieces = call.batch * blocks;
    if (pieces < 1) pieces = 1;
  }
};

// Run `block(call, row, first feature, features)` for all rows and blocks.
template <class Call>
void by_blocks(const Call& call, const Parallel& parallel,
               void (*block)(const Call&, int64_t, int64_t, int64_t)) {
  struct Job {
    const Call& call;
    Blocks cut;
    void (*block)(const Call&, int64_t, int64_t, int64_t);
  } job{call, Blocks(call, parallel.threads), block};
  const auto work = [](void* data, int64_t piece) {
    const Job& job = *static_cast<Job*>(data);
    const Blocks& cut = job.cut;
    const int64_t all = job.call.batch * cut.blocks;
    for (int64_t i = all * piece / cut.pieces; i < all * (piece + 1) / cut.pieces; ++i) {
      const int64_t first = i % cut.blocks * cut.size, left = job.call.features - first;
      job.block(job.call, i / cut.blocks, first, left < cut.size ? left : cut.size);
    }
    end_streams();
  };
  parallel.run(parallel.self, job.cut.pieces, work, &job);
}

template <class Call>
int64_t offset(const Call& call, int64_t row, int64_t step, int64_t feature) {
  const int64_t t = call.reverse ? call.time - 1 - step : step;
  return (row * call.time + t) * call.features + feature;
}

// Whether every row of a result begins at a multiple of a vector's size, and the result is large.
template <class Call>
bool streams(const Call& call, const float* result) {
  return call.features % kLanes == 0 && reinterpret_cast<uintptr_t>(result) % sizeof(V) == 0 &&
         call.batch * call.time * call.features >= kLeastStreamed;
}

// How many floats are taken at once. A block goes by vectors; the last of them ends where the block does,
// so that it may share floats with the one before. Both compute the same for these. It has its state in
// a register.
struct Wide {
  static constexpr int lanes = kLanes;
  using Vector = V;
  static CELLO_INLINE V get(const float* p) { return load(p); }
  template <bool STREAM = false>
  static CELLO_INLINE void put(float* p, V v) {
    STREAM ? stream(p, v) : store(p, v);
  }
  static CELLO_INLINE V times(V x, V y) { return x * y; }
};

template <int LANES>
struct Narrow {
  static constexpr int lanes = LANES;
  typedef float Vector __attribute__((vector_size(LANES * 4)));
  typedef float Unaligned __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
  static CELLO_INLINE Vector get(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
  template <bool STREAM = false>
  static CELLO_INLINE void put(float* p, Vector v) {
    *reinterpret_cast<Unaligned*>(p) = v;
  }
  static CELLO_INLINE Vector times(Vector x, Vector y) { return x * y; }
};

// The same for complex numbers, each of which is its real and then its imaginary part.
template <class Of, class = std::make_integer_sequence<int, Of::lanes>>
struct InPairs;

template <class Of, int... I>
struct InPairs<Of, std::integer_sequence<int, I...>> : Of {
  using typename Of::Vector;
  static CELLO_INLINE Vector times(Vector x, Vector y) {
    const Vector real = __builtin_shufflevector(x, x, (I & ~1)...);
    const Vector imaginary = __builtin_shufflevector(x, x, (I | 1)...);
    const Vector turned = __builtin_shufflevector(y, y, (I ^ 1)...);
    const Vector signs = {(I & 1 ? 1.0f : -1.0f)...};
    return real * y + imaginary * signs * turned;
  }
};

// The vectors that a block of real or of complex numbers goes by, as wide as it allows.
struct Real {
  using Widest = Wide;
  using Middle = Narrow<4>;
  using One = Narrow<1>;
};

struct Complex {
  using Widest = InPairs<Wide>;
  using Middle = InPairs<Narrow<4>>;
  using One = InPairs<Narrow<2>>;
};

template <class Of, bool STREAM>
void scan_lanes(const LinearScan& call, int64_t row, int64_t first, int64_t n) {
  alignas(64) float state[kScanBlock];
  const int64_t end = n - Of::lanes, at_state = row * call.features + first;
  std::memcpy(state, call.h0 + at_state, n * sizeof(float));
  auto last = Of::get(state + end);
  for (int64_t step = 0; step < call.time; ++step) {
    const int64_t at = offset(call, row, step, first);
    const float *a = call.a + (call.constant ? at_state : at), *b = call.b + at;
    float* h = call.h + at;
    for (int64_t i = 0; i < end; i += Of::lanes) {
      const auto next = Of::times(Of::get(a + i), Of::get(state + i)) + Of::get(b + i);
      Of::put(state + i, next);
      Of::template put<STREAM>(h + i, next);
    }
    last = Of::times(Of::get(a + end), last) + Of::get(b + end);
    Of::template put<STREAM>(h + end, last);
  }
}

// From the last step to the first: g_t = d_h_t + a_{t+1} g_{t+1}, d_b_t = g_t, d_a_t = g_t h_{t-1}, or the sum of
// these where a is constant. For complex numbers as well, since JAX's gradients are those of holomorphic
// functions, without conjugates.
template <class Of, bool STREAM, bool CONSTANT>
void scan_lanes_backward(const LinearScanBackward& call, int64_t row, int64_t first, int64_t n) {
  using Vector = typename Of::Vector;
  alignas(64) float carried[kScanBlock];  // a_{t+1} g_{t+1}
  alignas(64) float sum[CONSTANT ? kScanBlock : 1];
  std::memset(carried, 0, n * sizeof(float));
  if (CONSTANT) std::memset(sum, 0, n * sizeof(float));
  const int64_t end = n - Of::lanes, at_state = row * call.features + first;
  Vector last{}, last_sum{};
  for (int64_t step = call.time - 1; step >= 0; --step) {
    const int64_t at = offset(call, row, step, first), at_a = CONSTANT ? at_state : at;
    const float* before = step == 0 ? call.h0 + at_state : call.h + offset(call, row, step - 1, first);
    const float *a = call.a + at_a, *d_h = call.d_h + at;
    float *d_a = call.d_a + at_a, *d_b = call.d_b + at;
    const auto one = [&](int64_t i, Vector& from_after, Vector& sum_of_after) {
      const Vector g = Of::get(d_h + i) + from_after;
      const Vector slope = Of::times(g, Of::get(before + i));
      Of::template put<STREAM>(d_b + i, g);
      if (CONSTANT)
        sum_of_after += slope;
      else
        Of::template put<STREAM>(d_a + i, slope);
      from_after = Of::times(Of::get(a + i), g);
    };
    for (int64_t i = 0; i < end; i += Of::lanes) {
      Vector from_after = Of::get(carried + i), sum_of_after = CONSTANT ? Of::get(sum + i) : Vector{};
      one(i, from_after, sum_of_after);
      Of::put(carried + i, from_after);
      if (CONSTANT) Of::put(sum + i, sum_of_after);
    }
    one(end, last, last_sum);
  }
  Of::put(carried + end, last);
  std::memcpy(call.d_h0 + at_state, carried, n * sizeof(float));
  if (!CONSTANT) return;
  Of::put(sum + end, last_sum);
  std::memcpy(call.d_a + at_state, sum, n * sizeof(float));
}

// By the widest vectors that a block is wide enough for.
template <class Of, bool STREAM>
void scan_block(const LinearScan& call, int64_t row, int64_t first, int64_t n) {
  if (n >= Of::Widest::lanes) return scan_lanes<typename Of::Widest, STREAM>(call, row, first, n);
  if (n >= Of::Middle::lanes) return scan_lanes<typename Of::Middle, false>(call, row, first, n);
  return scan_lanes<typename Of::One, false>(call, row, first, n);
}

template <class Of, bool STREAM, bool CONSTANT>
void scan_block_backward(const LinearScanBackward& call, int64_t row, int64_t first, int64_t n) {
  if (n >= Of::Widest::lanes)
    return scan_lanes_backward<typename Of::Widest, STREAM, CONSTANT>(call, row, first, n);
  if (n >= Of::Middle::lanes)
    return scan_lanes_backward<typename Of::Middle, false, CONSTANT>(call, row, first, n);
  return scan_lanes_backward<typename Of::One, false, CONSTANT>(call, row, first, n);
}

template <class Of>
void scan_all(const LinearScan& call, const Parallel& parallel) {
  by_blocks(call, parallel, streams(call, call.h) ? scan_block<Of, true> : scan_block<Of, false>);
}

template <class Of, bool CONSTANT>
void scan_all_backward(const LinearScanBackward& call, const Parallel& parallel) {
  const bool past = streams(call, call.d_b) && (CONSTANT || streams(call, call.d_a));
  by_blocks(call, parallel, past ? scan_block_backward<Of, true, CONSTANT>
                                 : scan_block_backward<Of, false, CONSTANT>);
}

template <class Of>
void scan_backward(const LinearScanBackward& call, const Parallel& parallel) {
  (call.constant ? scan_all_backward<Of, true> : scan_all_backward<Of, false>)(call, parallel);
}

void linear_scan(const LinearScan& call, const Parallel& parallel) {
  (call.complex ? scan_all<Complex> : scan_all<Real>)(call, parallel);
}

void linear_scan_backward(const LinearScanBackward& call, const Parallel& parallel) {
  (call.complex ? scan_backward<Complex> : scan_backward<Real>)(call, parallel);
}

}  // namespace

// Matrix products by tiles that stay in registers: a few rows by a few panels' vectors.
#pragma once

#include <thread>
#include <type_traits>

#include "cells.h"

namespace {

using cello::kPanel;

template <int I>
using Int = std::integral_constant<int, I>;

// acc[r][n * A + To::at[c]] += sum over k of a[r * a_row + k * a_k]
//                                          * b[n * b_panel + k * b_k + From::at[c] * 16]
template <class From, class To, int A, int R, int N>
CELLO_INLINE void accumulate(V (&acc)[R][N * A], Int<N>, const float* a, int64_t a_row, int64_t a_k,
                             const float* b, int64_t b_panel, int64_t b_k, int64_t count) {
  constexpr int columns = From::size;
  for (int64_t k = 0; k < count; ++k, a += a_k, b += b_k) {
    if constexpr (kManyRegisters) {
      V column[N][columns];
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n)
#pragma GCC unroll 8
        for (int c = 0; c < columns; ++c) column[n][c] = load(b + n * b_panel + From::at[c] * kPanel);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V x = splat(a[r * a_row]);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n)
#pragma GCC unroll 8
          for (int c = 0; c < columns; ++c) acc[r][n * A + To::at[c]] += x * column[n][c];
      }
    } else {  // the rows' numbers stay in registers, and one vector of b at a time
      V x[R];
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) x[r] = splat(a[r * a_row]);
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n)
#pragma GCC unroll 8
        for (int c = 0; c < columns; ++c) {
          V column = load(b + n * b_panel + From::at[c] * kPanel);
#if defined(__x86_64__)
          asm("" : "+x"(column));  // or GCC loads all of them first, and spills
#endif
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) acc[r][n * A + To::at[c]] += x[r] * column;
        }
    }
  }
}

template <int R, int C>
CELLO_INLINE void spill(const V (&acc)[R][C], V* out) {
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) out[r * C + c] = acc[r][c];
}

// f(Int<R>, row) for tiles of at most kRows rows, as equal as can be.
template <class F>
CELLO_INLINE void for_row_tiles(int64_t rows, F&& f) {
  const int64_t tiles = (rows + kRows - 1) / kRows;
  int64_t row = 0;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t size = (rows - row + tiles - i - 1) / (tiles - i);
    switch (size) {
      case 1: f(Int<1>{}, row); break;
      case 2: f(Int<2>{}, row); break;
      case 3: f(Int<3>{}, row); break;
#if defined(__AVX512F__) || defined(__aarch64__)
      case 4: f(Int<4>{}, row); break;
      case 5: f(Int<5>{}, row); break;
      case 6: f(Int<6>{}, row); break;
#endif
    }
    row += size;
  }
}

// f(Int<N>, panel) for groups of at most MOST panels.
template <int MOST, class F>
CELLO_INLINE void for_panel_groups(int64_t begin, int64_t end, F&& f) {
  int64_t panel = begin;
  if constexpr (MOST >= 4)
    for (; end - panel >= 4; panel += 4) f(Int<4>{}, panel);
  if constexpr (MOST >= 2)
    for (; end - panel >= 2; panel += 2) f(Int<2>{}, panel);
  for (; panel < end; ++panel) f(Int<1>{}, panel);
}

template <class F>
void call_piece(void* data, int64_t piece) {
  (*static_cast<F*>(data))(piece);
}

template <class F>
void parallel_for(const cello::Parallel& parallel, int64_t pieces, F f) {
  parallel.run(parallel.self, pieces, call_piece<F>, &f);
}

template <class F>
bool together(const cello::Parallel& parallel, int64_t members, F f) {
  return parallel.run_together(parallel.self, members, call_piece<F>, &f);
}

// Where the members of a team wait for each other; every one of them counts its own rounds.
class Barrier {
 public:
  explicit Barrier(int64_t members) : members_(members) {}

  void wait(int64_t& round) {
    ++round;
    __atomic_add_fetch(&arrived_, 1, __ATOMIC_ACQ_REL);
    for (int64_t spins = 0; __atomic_load_n(&arrived_, __ATOMIC_ACQUIRE) < round * members_;)
      if (++spins > 4096) std::this_thread::yield();
#if defined(__x86_64__)
      else __builtin_ia32_pause();
#endif
  }

 private:
  const int64_t members_;
  alignas(64) int64_t arrived_ = 0;
};

// Memory from the caller for the time of a call, cut into arrays aligned to 64 bytes.
class Workspace {
 public:
  Workspace(const cello::Parallel& parallel, int64_t floats, int64_t arrays)
      : parallel_(parallel),
        memory_(static_cast<float*>(parallel.take((floats + 16 * arrays) * sizeof(float)))),
        next_(memory_) {}
  ~Workspace() { parallel_.give(memory_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  float* cut(int64_t floats) {
    float* array = next_;
    next_ += (floats + 15) / 16 * 16;
    return array;
  }

 private:
  const cello::Parallel& parallel_;
  float *memory_, *next_;
};

inline int64_t panels_of(int64_t units) { return (units + kPanel - 1) / kPanel; }

// How many lanes of a vector that starts at `lane` of a panel are units (or features).
inline int64_t lanes_left(int64_t size, int64_t panel, int64_t lane) {
  return size - panel * kPanel - lane;
}

inline int64_t first_row(int64_t rows, int64_t pieces, int64_t piece) {
  return rows * piece / pieces;
}

constexpr int64_t kMostPieces = 256;

// Pieces of the batch: one a thread, but no less than four rows.
inline int64_t batch_pieces(int64_t batch, int64_t threads) {
  const int64_t most = batch / 4 < kMostPieces ? batch / 4 : kMostPieces;
  return most < 1 ? 1 : most < threads ? most : threads;
}

// (rows, gates * units) -> (rows, gates, 16) of one panel.
inline void pack_panel(const float* kernel, int64_t rows, int64_t gates, int64_t units,
                       int64_t panel, float* out) {
  const int64_t left = lanes_left(units, panel, 0);
  const int64_t lanes = left < kPanel ? left : kPanel;
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t g = 0; g < gates; ++g, out += kPanel) {
      const float* from = kernel + (k * gates + g) * units + panel * kPanel;
      for (int64_t i = 0; i < lanes; ++i) out[i] = from[i];
      for (int64_t i = lanes; i < kPanel; ++i) out[i] = 0.0f;
    }
}

}  // namespace

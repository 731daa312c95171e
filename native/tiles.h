// Matrix products by tiles that stay in registers: a few rows by a few panels' vectors.
#pragma once

#include <thread>
#include <type_traits>

#include "cells.h"

namespace {

using cello::kPanel;

template <int I>
using Int = std::integral_constant<int, I>;

// A matrix that is read number by number, or 16 numbers at once: where it begins, from one row (of a
// tile), column (of a tile) or panel to the next, from one k to the next, and, after all k, to the
// next segment of them.
struct Operand {
  const float* at;
  int64_t next, next_k, next_segment;
};

// The sums of a tile of R rows and N panels with A slots each: z[part][r][n][slot].
template <int R, int N, int A>
using Sums = V[kParts][R][N * A];

template <int R, int C>
CELLO_INLINE V* as_array(V (&z)[R][C]) {
  return reinterpret_cast<V*>(&z);
}

template <class From, class To, int A, int R, int N>
CELLO_INLINE void accumulate_wide(V (&z)[R][N * A], Operand a, Operand b, int64_t count,
                                  int64_t segments) {
  constexpr int columns = From::size;
  V acc[R][N * columns];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int i = 0; i < N * columns; ++i)
      acc[r][i] = z[r][i / columns * A + To::at[i % columns]];
  for (int64_t s = 0; s < segments; ++s, a.at += a.next_segment, b.at += b.next_segment) {
    const float *x = a.at, *y = b.at;
    for (int64_t k = 0; k < count; ++k, x += a.next_k, y += b.next_k) {
      V column[N * columns];
#pragma GCC unroll 8
      for (int i = 0; i < N * columns; ++i)
        column[i] = load(y + i / columns * b.next + From::at[i % columns] * kPanel);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V number = splat(x[r * a.next]);
#pragma GCC unroll 8
        for (int i = 0; i < N * columns; ++i) acc[r][i] += number * column[i];
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int i = 0; i < N * columns; ++i)
      z[r][i / columns * A + To::at[i % columns]] = acc[r][i];
}

template <int R, int C>
CELLO_INLINE void accumulate_narrow(V (&z)[kParts][R][C], int column, Operand a, const float* from,
                                    Operand b, int64_t count, int64_t segments) {
  V acc[R][kParts];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int p = 0; p < kParts; ++p) acc[r][p] = z[p][r][column];
  for (int64_t s = 0; s < segments; ++s, a.at += a.next_segment, from += b.next_segment) {
    const float *x = a.at, *y = from;
    for (int64_t k = 0; k < count; ++k, x += a.next_k, y += b.next_k) {
      V line[kParts];
#pragma GCC unroll 8
      for (int p = 0; p < kParts; ++p) line[p] = load(y + p * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V number = splat(x[r * a.next]);
#pragma GCC unroll 8
        for (int p = 0; p < kParts; ++p) acc[r][p] += number * line[p];
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int p = 0; p < kParts; ++p) z[p][r][column] = acc[r][p];
}

// z[..][r][n * A + To::at[c]] += sum over k of a(r, k) * b(n, k)[From::at[c] * 16 ..], over `count` k in
// each of `segments`.
template <class From, class To, int A, int R, int N>
CELLO_INLINE void accumulate(Sums<R, N, A>& z, Int<N>, Operand a, Operand b, int64_t count,
                             int64_t segments) {
  if constexpr (kParts == 1)
    accumulate_wide<From, To, A, R, N>(z[0], a, b, count, segments);
  else
    for (int n = 0; n < N; ++n)
      for (int c = 0; c < From::size; ++c)
        accumulate_narrow<R, N * A>(z, n * A + To::at[c], a,
                                    b.at + n * b.next + From::at[c] * kPanel, b, count, segments);
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
      case 4: f(Int<(kRows > 3 ? 4 : 1)>{}, row); break;
      case 5: f(Int<(kRows > 3 ? 5 : 1)>{}, row); break;
      case 6: f(Int<(kRows > 3 ? 6 : 1)>{}, row); break;
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
      if (++spins > 256) std::this_thread::yield();
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

// Pieces of the batch: one a thread, but no less than two rows.
inline int64_t batch_pieces(int64_t batch, int64_t threads) {
  const int64_t most = batch / 2 < kMostPieces ? batch / 2 : kMostPieces;
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

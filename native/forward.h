// A recurrence forward: every thread takes rows of the batch through all steps. Where there are too
// few rows, every thread takes some panels of all rows, and waits for the others after each step.
//
// At each step a tile of rows and panels multiplies x_t and h_{t-1} with their kernels into the same
// registers, and the cell's pointwise function makes the new states of them. Kernels are packed
// first, so that a tile reads them from one end to the other.
#pragma once

#include "tiles.h"

namespace {

using cello::Forward;
using cello::Parallel;
using cello::Recurrence;

constexpr int64_t kOwnCache = 1 << 19;  // floats
constexpr int64_t kChunkRows = 128;     // rows of inputs, steps times sequences, in one product

template <class Cell>
constexpr bool kTwoBiases = Cell::slots == 4 && !Cell::has_c;  // GRU, reset after

inline int64_t time_of_step(const Recurrence& call, int64_t step) {
  return call.go_backwards ? call.time - 1 - step : step;
}

struct Packed {
  float *kernel, *recurrent_kernel;  // (panels, features or units, gates, 16)
  float* bias;                       // (panels, slots, 16)
  float* vectors;                    // (panels, vectors, 16)
};

template <class Cell>
void pack_bias(const float* bias, int64_t units, int64_t panel, float* out) {
  std::memset(out, 0, Cell::slots * kPanel * sizeof(float));
  if (bias == nullptr) return;
  const int64_t first = panel * kPanel;
  const int64_t lanes = units - first < kPanel ? units - first : kPanel;
  for (int64_t i = 0; i < lanes; ++i) {
    for (int g = 0; g < Cell::X::size; ++g)
      out[Cell::X::at[g] * kPanel + i] += bias[g * units + first + i];
    if constexpr (kTwoBiases<Cell>)
      for (int g = 0; g < Cell::H::size; ++g)
        out[Cell::H::at[g] * kPanel + i] += bias[(Cell::gates + g) * units + first + i];
  }
}

// One of the products of a step: the slots [FIRST, FIRST + COUNT), and where their columns stand.
template <int COUNT, class XS, int X_COLUMN, class HS, int H_COLUMN>
struct Product {
  static constexpr int count = COUNT, x_column = X_COLUMN, h_column = H_COLUMN;
  using X = XS;
  using H = HS;
};
template <class Cell>
using Whole = Product<Cell::slots, typename Cell::X, 0, typename Cell::H, 0>;
using Early = Product<2, Slots<0, 1>, 0, Slots<0, 1>, 0>;
using Late = Product<1, Slots<0>, 2, Slots<0>, 2>;

template <class Cell>
class ForwardRows {
 public:
  static constexpr int kSlots = Cell::slots;
  static constexpr bool kHasLate = Cell::Late::size > 0;

  static int64_t floats(const Forward& call, int64_t rows) {
    const int64_t state = rows * panels_of(call.units) * kPanel;
    return state * (2 + (call.recurrent_mask ? 2 : 0) + Cell::has_c + kHasLate * (1 + kSlots));
  }
  static constexpr int64_t kArrays = 7;

  ForwardRows(const Forward& call, const Packed& packed, int64_t row, int64_t rows, float* memory)
      : panel_end_(panels_of(call.units)),
        call_(call),
        packed_(packed),
        first_(row),
        rows_(rows),
        panels_(panels_of(call.units)),
        width_(panels_ * kPanel) {
    const int64_t state = rows * width_;
    auto cut = [&](int64_t floats) {
      float* array = memory;
      memory += (floats + 15) / 16 * 16;
      return array;
    };
    for (float*& h : h_) h = cut(state);
    for (int i = 0; i < 2; ++i) entering_[i] = call.recurrent_mask ? cut(state) : h_[i];
    if (Cell::has_c) c_ = cut(state);
    if (kHasLate) late_ = cut(state), gates_ = cut(state * kSlots);
    rest_ = memory;
  }

  // Take only a part of the panels; others with the same memory take the rest.
  void share(int64_t member, int64_t members, Barrier* barrier) {
    panel_begin_ = panels_ * member / members, panel_end_ = panels_ * (member + 1) / members;
    barrier_ = barrier;
  }

  void run() {
    start();
    wait();
    for (int64_t step = 0; step < call_.time; ++step) {
      step_ = step;
      t_ = time_of_step(call_, step);
      if constexpr (kHasLate) {
        multiply<Early>(entering_[0], [&](auto... tile) {
          with_activations(call_, [&](auto f) { finish_early(f, tile...); });
        });
        wait();
        multiply<Late>(late_, [&](auto... tile) {
          with_activations(call_, [&](auto f) { finish_late(f, tile...); });
        });
      } else {
        multiply<Whole<Cell>>(entering_[0], [&](auto... tile) {
          with_activations(call_, [&](auto f) { finish(f, tile...); });
        });
      }
      wait();
      swap(h_), swap(entering_);
    }
    end();
  }

 protected:
  static void swap(float* (&pair)[2]) {
    float* first = pair[0];
    pair[0] = pair[1], pair[1] = first;
  }

  void wait() {
    if (barrier_ != nullptr) barrier_->wait(round_);
  }

  void start() {
    for (int64_t row = 0; row < rows_; ++row)
      for (int64_t i = panel_begin_ * kPanel; i < panel_end_ * kPanel; i += kLanes) {
        const int64_t from = (first_ + row) * call_.units + i, left = call_.units - i;
        const V h = load(call_.h0 + from, left);
        store(h_[0] + row * width_ + i, h);
        if (call_.recurrent_mask)
          store(entering_[0] + row * width_ + i, h * load(call_.recurrent_mask + from, left));
        if (Cell::has_c) store(c_ + row * width_ + i, load(call_.c0 + from, left));
      }
  }

  void end() {
    for (int64_t row = 0; row < rows_; ++row)
      for (int64_t i = panel_begin_ * kPanel; i < panel_end_ * kPanel; i += kLanes) {
        const int64_t to = (first_ + row) * call_.units + i, left = call_.units - i;
        store(call_.h_last + to, load(h_[0] + row * width_ + i), left);
        if (Cell::has_c) store(call_.c_last + to, load(c_ + row * width_ + i), left);
      }
  }

  bool counts(int64_t row) const {
    return call_.mask == nullptr || call_.mask[(first_ + row) * call_.time + t_] != 0;
  }

  // The pre-activations of product P for all rows and panels, tile by tile, to finish(z, row, R,
  // panel, N, lane) with z[r][n][slot].
  template <class P, class F>
  CELLO_INLINE void multiply(const float* entering, F&& finish) {
    for_panel_groups<4 / P::count>(panel_begin_, panel_end_, [&](auto n, int64_t panel) {
      for_row_tiles(rows_, [&](auto r, int64_t row) {
        tile<P, decltype(r)::value, decltype(n)::value>(entering, row, panel, finish);
      });
    });
  }

  template <class P, int R, int N, class F>
  CELLO_INLINE void tile(const float* entering, int64_t row, int64_t panel, F&& finish) {
    constexpr int64_t k_step = Cell::gates * kPanel;
    const int64_t features = call_.features, units = call_.units;
    const float* x = call_.x + ((first_ + row) * call_.time + t_) * features;
    const float* kernel = packed_.kernel + panel * features * k_step + P::x_column * kPanel;
    const float* recurrent =
        packed_.recurrent_kernel + panel * units * k_step + P::h_column * kPanel;
    const float* bias = packed_.bias + panel * kSlots * kPanel + P::x_column * kPanel;
    bool any = call_.mask == nullptr;
    for (int r = 0; r < R && !any; ++r) any = counts(row + r);
    Sums<R, N, P::count> z;
    if (any) {
#pragma GCC unroll 8
      for (int i = 0; i < N * P::count; ++i)
#pragma GCC unroll 4
        for (int p = 0; p < kParts; ++p) {
          const int64_t slot = i / P::count * kSlots + i % P::count;
          const V b = load(bias + slot * kPanel + p * kLanes);
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) z[p][r][i] = b;
        }
      using X = typename P::X;
      using H = typename P::H;
      accumulate<First<X::size>, X, P::count>(z, Int<N>{}, Operand{x, call_.time * features, 1, 0},
                                              Operand{kernel, features * k_step, k_step, 0},
                                              features, 1);
      accumulate<First<H::size>, H, P::count>(z, Int<N>{},
                                              Operand{entering + row * width_, width_, 1, 0},
                                              Operand{recurrent, units * k_step, k_step, 0},
                                              units, 1);
    }
    for (int p = 0; p < kParts; ++p) finish(as_array(z[p]), row, R, panel, N, p * kLanes);
  }

  float* gates(int64_t row, int64_t panel, int64_t lane) const {
    float* at = call_.saved ? call_.saved + ((step_ * panels_ + panel) * call_.batch + first_ + row) *
                                                kSlots * kPanel
                            : gates_ + (panel * rows_ + row) * kSlots * kPanel;
    return at + lane;
  }

  template <class F>
  __attribute__((noinline)) void finish(F f, V* z, int64_t row, int R, int64_t panel, int N,
                                        int64_t lane) {
    for (int r = 0; r < R; ++r)
      for (int n = 0; n < N; ++n, z += kSlots) {
        const int64_t at = (row + r) * width_ + (panel + n) * kPanel + lane;
        const States before{load(h_[0] + at), Cell::has_c ? load(c_ + at) : V{}};
        States after = before;
        if (counts(row + r)) {
          after = Cell::forward(f, z, before);
          if (call_.saved)
            for (int s = 0; s < kSlots; ++s)
              store(gates(row + r, panel + n, lane) + s * kPanel, z[s]);
        }
        keep(after, row + r, panel + n, lane);
      }
  }

  template <class F>
  __attribute__((noinline)) void finish_early(F f, V* z, int64_t row, int R, int64_t panel, int N,
                                              int64_t lane) {
    if constexpr (kHasLate)
      for (int r = 0; r < R; ++r)
        for (int n = 0; n < N; ++n, z += Early::count) {
          if (!counts(row + r)) continue;
          const int64_t at = (row + r) * width_ + (panel + n) * kPanel + lane;
          store(late_ + at, Cell::reset(f, z, load(entering_[0] + at)));
          for (int s = 0; s < Early::count; ++s)
            store(gates(row + r, panel + n, lane) + s * kPanel, z[s]);
        }
  }

  template <class F>
  __attribute__((noinline)) void finish_late(F f, V* late, int64_t row, int R, int64_t panel, int N,
                                             int64_t lane) {
    if constexpr (kHasLate)
      for (int r = 0; r < R; ++r)
        for (int n = 0; n < N; ++n, ++late) {
          const int64_t at = (row + r) * width_ + (panel + n) * kPanel + lane;
          States after{load(h_[0] + at), V{}};
          if (counts(row + r)) {
            float* saved = gates(row + r, panel + n, lane);
            V z[3] = {load(saved), load(saved + kPanel), *late};
            after = Cell::forward(f, z, after);
            store(saved + 2 * kPanel, z[2]);
          }
          keep(after, row + r, panel + n, lane);
        }
  }

  // The states after this step: for the next one, and out.
  CELLO_INLINE void keep(States after, int64_t row, int64_t panel, int64_t lane) {
    keep_h(after.h, row, panel, lane);
    if constexpr (Cell::has_c) keep_c(after.c, row, panel, lane);
  }

  CELLO_INLINE void keep_h(V h, int64_t row, int64_t panel, int64_t lane) {
    const int64_t unit = panel * kPanel + lane, at = row * width_ + unit;
    const int64_t left = call_.units - unit;
    store(h_[1] + at, h);
    if (call_.recurrent_mask)
      store(entering_[1] + at,
            h * load(call_.recurrent_mask + (first_ + row) * call_.units + unit, left));
    if (call_.hs) store(call_.hs + out(row) + unit, h, left);
  }

  CELLO_INLINE void keep_c(V c, int64_t row, int64_t panel, int64_t lane) {
    const int64_t unit = panel * kPanel + lane;
    store(c_ + row * width_ + unit, c);
    if (call_.cs) store(call_.cs + out(row) + unit, c, call_.units - unit);
  }

  int64_t out(int64_t row) const {
    return ((first_ + row) * call_.time + step_) * call_.units;
  }

  int64_t panel_begin_ = 0, panel_end_;
  Barrier* barrier_ = nullptr;
  int64_t round_ = 0;
  const Forward& call_;
  const Packed& packed_;
  const int64_t first_, rows_, panels_, width_;
  int64_t step_ = 0, t_ = 0;
  float *h_[2], *entering_[2];         // (rows, width): before this step and after it
  float *c_ = nullptr, *late_ = nullptr;  // (rows, width)
  float* gates_ = nullptr;             // (panels, rows, slots, 16), where nothing is saved
  float* rest_;                        // memory for more
};

template <class Cell>
void pack(const Recurrence& call, const Packed& packed, const Parallel& parallel) {
  parallel_for(parallel, panels_of(call.units), [&](int64_t panel) {
    constexpr int64_t columns = Cell::gates * kPanel;
    pack_panel(call.kernel, call.features, Cell::gates, call.units, panel,
               packed.kernel + panel * call.features * columns);
    pack_panel(call.recurrent_kernel, call.units, Cell::gates, call.units, panel,
               packed.recurrent_kernel + panel * call.units * columns);
    pack_bias<Cell>(call.bias, call.units, panel, packed.bias + panel * Cell::slots * kPanel);
    pack_panel(call.vectors, 1, Cell::vectors, call.units, panel,
               packed.vectors + panel * Cell::vectors * kPanel);
  });
}

// How many threads share the panels of all rows, in place of each taking some rows: one, or as many as
// have a quarter of a megabyte of kernels to read at each step, which takes longer than waiting for
// each other. They share where there are too few rows to give some to each, and where the kernels are
// too large for a core's own cache.
inline int64_t team_size(const Forward& call, int64_t columns, int64_t threads) {
  const int64_t weights = columns * (call.features + call.units);
  const bool few_rows = call.batch < 4 * threads;
  if (call.time < 4 || (!few_rows && weights < kOwnCache)) return 1;
  const int64_t most = weights / (1 << 16), panels = panels_of(call.units);
  const int64_t members = most < panels ? most : panels;
  return members < threads ? members : threads;
}

// What computes a cell over some rows.
template <class Cell>
struct ForwardOf {
  using Rows = ForwardRows<Cell>;
};

template <class Cell>
void forward(const Forward& call, const Parallel& parallel) {
  using Rows = typename ForwardOf<Cell>::Rows;
  const int64_t panels = panels_of(call.units), columns = panels * Cell::gates * kPanel;
  const int64_t pieces = batch_pieces(call.batch, parallel.threads);
  const int64_t most_rows = (call.batch + pieces - 1) / pieces;
  const int64_t piece_floats = Rows::floats(call, most_rows) + 16 * Rows::kArrays;
  Workspace workspace(parallel,
                      columns * (call.features + call.units) +
                          panels * (Cell::slots + Cell::vectors) * kPanel +
                          pieces * (piece_floats + 16),
                      4 + pieces);
  const Packed packed{workspace.cut(columns * call.features), workspace.cut(columns * call.units),
                      workspace.cut(panels * Cell::slots * kPanel),
                      workspace.cut(panels * Cell::vectors * kPanel)};
  float* memory = workspace.cut(pieces * (piece_floats + 16));
  pack<Cell>(call, packed, parallel);
  if (const int64_t members = team_size(call, columns, parallel.threads); members > 1) {
    Barrier barrier(members);
    const bool done = together(parallel, members, [&](int64_t member) {
      Rows rows(call, packed, 0, call.batch, memory);
      rows.share(member, members, &barrier);
      rows.run();
    });
    if (done) return;
  }
  parallel_for(parallel, pieces, [&](int64_t piece) {
    const int64_t row = first_row(call.batch, pieces, piece);
    const int64_t rows = first_row(call.batch, pieces, piece + 1) - row;
    if (rows > 0)
      Rows(call, packed, row, rows, memory + piece * ((piece_floats + 15) / 16 * 16)).run();
  });
}

}  // namespace

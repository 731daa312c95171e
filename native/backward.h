// A recurrence backward: every thread takes rows of the batch from the last step to the first.
//
// At each step a tile multiplies the gradients of the next step's pre-activations with the transposed
// recurrent kernel, which gives the gradient of h, and the cell's pointwise function turns what was
// saved into the gradients of this step's pre-activations, in place. After some steps their product
// with [x | 1 | h | 1 | late] is added to the gradients of the kernels and biases; each thread has its
// own, which are summed at the end, always in the same order.
#pragma once

#include "forward.h"

namespace {

using cello::Backward;

// The gradients of the pre-activations are read as a matrix (rows, panels * |S| * 16), and its
// product with `transposed` (panels of outputs, that, 16) is added to z.
template <class S, int SLOTS, int R, int N>
CELLO_INLINE void accumulate_transposed(Sums<R, N, 1>& z, const float* gradients, int64_t panels,
                                        int64_t panel_stride, const float* transposed) {
  constexpr bool adjacent = S::size > 0 && S::at[S::size - (S::size > 0)] - S::at[0] == S::size - 1;
  constexpr int64_t at_once = (adjacent ? S::size : 1) * kPanel;
  const int64_t depth = S::size * kPanel;
  for (int s = 0; s < (adjacent ? 1 : S::size); ++s)
    accumulate<First<1>, First<1>, 1>(
        z, Int<N>{}, Operand{gradients + S::at[s] * kPanel, SLOTS * kPanel, 1, panel_stride},
        Operand{transposed + s * kPanel * kPanel, panels * depth * kPanel, kPanel, depth * kPanel},
        at_once, panels);
}

// Columns [column, column + |S|) of a kernel (rows, gates * units), transposed for one panel of rows:
// (panels of units, |S|, 16, 16).
inline void pack_transposed(const float* kernel, int64_t rows, int64_t gates, int64_t units,
                            int64_t column, int64_t columns, int64_t row_panel, float* out) {
  for (int64_t panel = 0; panel < panels_of(units); ++panel)
    for (int64_t s = 0; s < columns; ++s)
      for (int64_t j = 0; j < kPanel; ++j, out += kPanel)
        for (int64_t i = 0; i < kPanel; ++i) {
          const int64_t row = row_panel * kPanel + i, unit = panel * kPanel + j;
          const bool inside = row < rows && unit < units;
          out[i] = inside ? kernel[(row * gates + column + s) * units + unit] : 0.0f;
        }
}

// What the pieces of the batch share, and where each adds up its gradients of the weights.
struct BackwardPlan {
  int64_t panels, width;
  float *transposed, *late_transposed;  // (panels, panels * |H| * 16, 16); (.. |Late| ..)
  float* vectors;                       // (panels, vectors, 16)
  int64_t depth;                        // rows of the weights' gradients: x, 1, h, 1, late
  int64_t chunk;                        // steps between two products for the weights
};

template <class Cell>
class BackwardRows {
 public:
  static constexpr int kSlots = Cell::slots;
  static constexpr bool kHasLate = Cell::Late::size > 0;
  static constexpr int64_t kArrays = 4;

  static int64_t floats(const BackwardPlan& plan, int64_t rows) {
    return rows * plan.width * 2 + plan.chunk * rows * plan.depth +
           plan.panels * (plan.depth * kSlots + Cell::vectors) * kPanel;
  }

  BackwardRows(const Backward& call, const BackwardPlan& plan, int64_t row, int64_t rows,
               float* memory)
      : call_(call),
        plan_(plan),
        first_(row),
        rows_(rows),
        panel_stride_(call.batch * kSlots * kPanel) {
    auto cut = [&](int64_t floats) {
      float* array = memory;
      memory += (floats + 15) / 16 * 16;
      return array;
    };
    d_weights_ = cut(plan.panels * (plan.depth * kSlots + Cell::vectors) * kPanel);
    dh_ = cut(rows * plan.width), dc_ = cut(rows * plan.width);
    inputs_ = cut(plan.chunk * rows * plan.depth);
    rest_ = memory;
  }

  const float* d_weights() const { return d_weights_; }  // (panels, depth, slots, 16)

  void run() {
    start();
    int64_t done = call_.time;  // steps from here on are in the weights' gradients
    for (step_ = call_.time - 1; step_ >= 0; --step_) {
      t_ = time_of_step(call_, step_);
      gather_inputs(step_ % plan_.chunk);
      multiply<typename Cell::H>(step_ + 1, plan_.transposed,
                                 [&](auto... tile) {
                                   with_activations(call_, [&](auto f) { finish(f, tile...); });
                                 });
      if constexpr (kHasLate)
        multiply<typename Cell::Late>(step_, plan_.late_transposed,
                                      [&](auto... tile) {
                                        with_activations(
                                            call_, [&](auto f) { finish_late(f, tile...); });
                                      });
      if (step_ % plan_.chunk == 0) {
        add_weight_gradients(step_, done);
        done = step_;
      }
    }
    multiply<typename Cell::H>(0, plan_.transposed, [&](auto... tile) { end(tile...); });
  }

 protected:
  void start() {
    std::memset(d_weights_, 0,
                plan_.panels * (plan_.depth * kSlots + Cell::vectors) * kPanel * sizeof(float));
    for (int64_t row = 0; row < rows_; ++row)
      for (int64_t i = 0; i < plan_.width; i += kLanes) {
        const int64_t from = (first_ + row) * call_.units + i, left = call_.units - i;
        store(dh_ + row * plan_.width + i, load(call_.d_h_last + from, left));
        if (Cell::has_c) store(dc_ + row * plan_.width + i, load(call_.d_c_last + from, left));
      }
  }

  bool counts(int64_t row) const {
    return call_.mask == nullptr || call_.mask[(first_ + row) * call_.time + t_] != 0;
  }

  float* saved(int64_t step, int64_t row, int64_t panel) const {
    return call_.saved +
           ((step * plan_.panels + panel) * call_.batch + first_ + row) * kSlots * kPanel;
  }

  // One state before the running step, from the states at every step.
  const float* before(const float* all, const float* initial, int64_t row) const {
    return step_ == 0 ? initial + (first_ + row) * call_.units
                      : all + ((first_ + row) * call_.time + step_ - 1) * call_.units;
  }

  // The gradients at `step` (none after the last one) times the transposed kernel, tile by tile, to
  // finish(product, row, R, panel, N, lane) with product[r][n].
  template <class S, class F>
  CELLO_INLINE void multiply(int64_t step, const float* transposed, F&& finish) {
    const bool any = step < call_.time && S::size > 0;
    for_panel_groups<4>(0, plan_.panels, [&](auto n, int64_t panel) {
      for_row_tiles(rows_, [&](auto r, int64_t row) {
        constexpr int R = decltype(r)::value, N = decltype(n)::value;
        Sums<R, N, 1> z = {};
        if (any)
          accumulate_transposed<S, kSlots, R, N>(
              z, saved(step, row, 0), plan_.panels, panel_stride_,
              transposed + panel * plan_.panels * S::size * kPanel * kPanel);
        for (int p = 0; p < kParts; ++p) finish(as_array(z[p]), row, R, panel, N, p * kLanes);
      });
    });
  }

  // The factor on h where it meets the recurrent kernel.
  CELLO_INLINE V recurrent_mask(int64_t row, int64_t unit) const {
    if (call_.recurrent_mask == nullptr) return splat(1.0f);
    return load(call_.recurrent_mask + (first_ + row) * call_.units + unit, call_.units - unit);
  }

  template <class F>
  __attribute__((noinline)) void finish(F f, const V* product, int64_t row, int R, int64_t panel, int N,
                                        int64_t lane) {
    for (int r = 0; r < R; ++r)
      for (int n = 0; n < N; ++n) finish_one(f, product[r * N + n], row + r, panel + n, lane);
  }

  template <class F>
  CELLO_INLINE void finish_one(F f, V product, int64_t row, int64_t panel, int64_t lane) {
    const int64_t unit = panel * kPanel + lane, at = row * plan_.width + unit;
    const int64_t left = call_.units - unit;
    const int64_t here = ((first_ + row) * call_.time + step_) * call_.units + unit;
    States d{load(dh_ + at) + product * recurrent_mask(row, unit), V{}};
    if (call_.d_hs) d.h += load(call_.d_hs + here, left);
    if constexpr (Cell::has_c) {
      d.c = load(dc_ + at);
      if (call_.d_cs) d.c += load(call_.d_cs + here, left);
    }
    float* gates = saved(step_, row, panel) + lane;
    V z[kSlots] = {};
    if (counts(row)) {
      for (int s = 0; s < kSlots; ++s) z[s] = load(gates + s * kPanel);
      States old{load(before(call_.hs, call_.h0, row) + unit, left), V{}}, now{};
      if constexpr (Cell::has_c) {
        old.c = load(before(call_.cs, call_.c0, row) + unit, left);
        now.c = load(call_.cs + here, left);
      }
      d = Cell::backward(f, z, old, now, d);
    }
    for (int s = 0; s < kSlots; ++s) store(gates + s * kPanel, z[s]);
    store(dh_ + at, d.h);
    if constexpr (Cell::has_c) store(dc_ + at, d.c);
  }

  // From the gradient of what `reset` made, those of the reset gate and of h.
  template <class F>
  __attribute__((noinline)) void finish_late(F f, const V* product, int64_t row, int R, int64_t panel,
                                             int N, int64_t lane) {
    if constexpr (kHasLate)
      for (int r = 0; r < R; ++r)
        for (int n = 0; n < N; ++n, ++product) {
          const int64_t unit = (panel + n) * kPanel + lane, at = (row + r) * plan_.width + unit;
          const int64_t left = call_.units - unit;
          V entering{}, d{};
          float* gates = saved(step_, row + r, panel + n) + lane;
          V z[2] = {V{}, load(gates + kPanel)};
          if (counts(row + r)) {
            const V mask = recurrent_mask(row + r, unit);
            entering = load(before(call_.hs, call_.h0, row + r) + unit, left) * mask;
            float* late = input(step_ % plan_.chunk, row + r) + call_.features + call_.units + 2;
            store(late + unit, z[1] * entering, left);
            d = Cell::reset_backward(f, z, entering, *product) * mask;
          }
          store(gates + kPanel, z[1]);
          store(dh_ + at, load(dh_ + at) + d);
        }
  }

  __attribute__((noinline)) void end(const V* product, int64_t row, int R, int64_t panel, int N,
                                     int64_t lane) {
    for (int r = 0; r < R; ++r)
      for (int n = 0; n < N; ++n, ++product) {
        const int64_t unit = (panel + n) * kPanel + lane, at = (row + r) * plan_.width + unit;
        const int64_t out = (first_ + row + r) * call_.units + unit, left = call_.units - unit;
        store(call_.d_h0 + out, load(dh_ + at) + *product * recurrent_mask(row + r, unit), left);
        if constexpr (Cell::has_c) store(call_.d_c0 + out, load(dc_ + at), left);
      }
  }

  float* input(int64_t step_in_chunk, int64_t row) const {
    return inputs_ + (step_in_chunk * rows_ + row) * plan_.depth;
  }

  // [x | 1 | h | 1 | late] of this step; zeros for a masked row, whatever stands there.
  void gather_inputs(int64_t step_in_chunk) {
    for (int64_t row = 0; row < rows_; ++row) {
      float* out = input(step_in_chunk, row);
      if (!counts(row)) {
        std::memset(out, 0, plan_.depth * sizeof(float));
        continue;
      }
      const float* x = call_.x + ((first_ + row) * call_.time + t_) * call_.features;
      std::memcpy(out, x, call_.features * sizeof(float));
      out += call_.features;
      *out++ = 1.0f;
      const float* h = before(call_.hs, call_.h0, row);
      for (int64_t i = 0; i < call_.units; i += kLanes)
        store(out + i, load(h + i, call_.units - i) * recurrent_mask(row, i), call_.units - i);
      out[call_.units] = 1.0f;
    }
  }

  void add_weight_gradients(int64_t begin, int64_t end) {
    const int64_t x = call_.features + 1, h = call_.units + 1;
    add_products<typename Cell::X>(begin, end, 0, x);
    add_products<typename Cell::H>(begin, end, x, kTwoBiases<Cell> ? h : h - 1);
    if constexpr (kHasLate) add_products<typename Cell::Late>(begin, end, x + h, call_.units);
  }

  // Columns [first, first + count) of the inputs, transposed, times the gradients in slots S.
  template <class S>
  __attribute__((noinline)) void add_products(int64_t begin, int64_t end, int64_t first,
                                              int64_t count) {
    for_panel_groups<4 / S::size>(0, plan_.panels, [&](auto n, int64_t panel) {
      for_row_tiles(count, [&](auto r, int64_t k) {
        constexpr int R = decltype(r)::value, N = decltype(n)::value, C = S::size;
        Sums<R, N, C> z = {};
        accumulate<S, First<C>, C>(
            z, Int<N>{},
            Operand{input(0, 0) + first + k, 1, plan_.depth, rows_ * plan_.depth},
            Operand{saved(begin, 0, panel), panel_stride_, kSlots * kPanel,
                    plan_.panels * panel_stride_},
            rows_, end - begin);
        float* out = d_weights_ + (panel * plan_.depth + first + k) * kSlots * kPanel;
        for (int i = 0; i < R; ++i)
          for (int j = 0; j < N * C; ++j)
            for (int p = 0; p < kParts; ++p) {
              float* at = out + j / C * plan_.depth * kSlots * kPanel + i * kSlots * kPanel +
                          S::at[j % C] * kPanel + p * kLanes;
              store(at, load(at) + z[p][i][j]);
            }
      });
    });
  }

  const Backward& call_;
  const BackwardPlan& plan_;
  const int64_t first_, rows_, panel_stride_;
  int64_t step_ = 0, t_ = 0;
  float *d_weights_, *dh_, *dc_, *inputs_, *rest_;
};

// The gradients of one panel's weights, summed over the pieces, in the kernels' own order.
template <class Cell>
void write_weight_gradients(const Backward& call, const BackwardPlan& plan, int64_t panel,
                            const float* const* pieces, int64_t n) {
  const int64_t unit = panel * kPanel, left = lanes_left(call.units, panel, 0);
  const int64_t lanes = left < kPanel ? left : kPanel;
  auto add_up = [&](float* to, int64_t at) {
    for (int64_t i = 0; i < lanes; ++i) {
      float sum = pieces[0][at + i];
      for (int64_t p = 1; p < n; ++p) sum += pieces[p][at + i];
      to[i] = sum;
    }
  };
  auto write = [&](float* out, int64_t first, int64_t rows, const int* slots, int columns,
                   int64_t gates) {
    for (int64_t k = 0; k < rows; ++k)
      for (int g = 0; g < columns; ++g)
        add_up(out + (k * gates + g) * call.units + unit,
               ((panel * plan.depth + first + k) * Cell::slots + slots[g]) * kPanel);
  };
  using X = typename Cell::X;
  using H = typename Cell::H;
  using Late = typename Cell::Late;
  const int64_t h = call.features + 1, late = h + call.units + 1;
  write(call.d_kernel, 0, call.features, X::at, X::size, Cell::gates);
  write(call.d_recurrent_kernel, h, call.units, H::at, H::size, Cell::gates);
  write(call.d_recurrent_kernel + H::size * call.units, late, Late::size ? call.units : 0, Late::at,
        Late::size, Cell::gates);
  const int64_t vectors = plan.panels * plan.depth * Cell::slots + panel * Cell::vectors;
  for (int64_t v = 0; v < Cell::vectors; ++v)
    add_up(call.d_vectors + v * call.units + unit, (vectors + v) * kPanel);
  if (call.d_bias == nullptr) return;
  write(call.d_bias, call.features, 1, X::at, X::size, Cell::gates);
  if (kTwoBiases<Cell>)
    write(call.d_bias + Cell::gates * call.units, late - 1, 1, H::at, H::size, Cell::gates);
}

template <class Cell>
struct BackwardOf {
  using Rows = BackwardRows<Cell>;
};

template <class Cell>
void backward(const Backward& call, const Parallel& parallel) {
  using Rows = typename BackwardOf<Cell>::Rows;
  using H = typename Cell::H;
  using Late = typename Cell::Late;
  const int64_t panels = panels_of(call.units), width = panels * kPanel;
  const int64_t pieces = batch_pieces(call.batch, parallel.threads);
  const int64_t rows = (call.batch + pieces - 1) / pieces;
  BackwardPlan plan{};
  plan.panels = panels, plan.width = width;
  plan.depth = call.features + call.units + 2 + (Late::size ? call.units : 0);
  plan.chunk = kChunkRows / rows > 1 ? kChunkRows / rows : 1;
  if (plan.chunk > call.time) plan.chunk = call.time;
  const int64_t piece_floats = Rows::floats(plan, rows) + 16 * Rows::kArrays;
  Workspace workspace(parallel,
                      width * width * (H::size + Late::size) + width * Cell::vectors +
                          pieces * (piece_floats + 16),
                      3 + pieces);
  plan.transposed = workspace.cut(width * width * H::size);
  plan.late_transposed = workspace.cut(width * width * Late::size);
  plan.vectors = workspace.cut(width * Cell::vectors);
  parallel_for(parallel, panels, [&](int64_t panel) {
    pack_transposed(call.recurrent_kernel, call.units, Cell::gates, call.units, 0, H::size, panel,
                    plan.transposed + panel * width * H::size * kPanel);
    pack_transposed(call.recurrent_kernel, call.units, Cell::gates, call.units, H::size,
                    Late::size, panel,
                    plan.late_transposed + panel * width * Late::size * kPanel);
    pack_panel(call.vectors, 1, Cell::vectors, call.units, panel,
               plan.vectors + panel * Cell::vectors * kPanel);
  });
  const float* d_weights[kMostPieces];
  float* memory[kMostPieces];
  for (int64_t piece = 0; piece < pieces; ++piece)
    d_weights[piece] = memory[piece] = workspace.cut(piece_floats);  // it starts with them
  parallel_for(parallel, pieces, [&](int64_t piece) {
    const int64_t row = first_row(call.batch, pieces, piece);
    Rows(call, plan, row, first_row(call.batch, pieces, piece + 1) - row, memory[piece]).run();
  });
  parallel_for(parallel, panels, [&](int64_t panel) {
    write_weight_gradients<Cell>(call, plan, panel, d_weights, pieces);
  });
}

}  // namespace

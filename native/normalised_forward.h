// A normalised recurrence forward, as forward.h has it for plain ones.
//
// A pre-activation needs both of its products whole, so these are stored: the input's for some steps at
// once, the state's at each. Then every row by itself is scaled and goes through the pointwise function.
// Threads that share the panels share the rows there, and meet twice at each step.
#pragma once

#include "normalised.h"

namespace {

template <class Cell>
class NormalisedForwardRows : public ForwardRows<Cell> {
  using Base = ForwardRows<Cell>;
  using Plain = typename Cell::Plain;
  using Base::call_, Base::packed_, Base::first_, Base::rows_, Base::panels_, Base::width_;
  using Base::h_, Base::c_, Base::entering_, Base::step_, Base::t_;
  using Base::panel_begin_, Base::panel_end_, Base::counts, Base::wait;

 public:
  static constexpr int64_t kArrays = Base::kArrays + 1;

  static int64_t floats(const Forward& call, int64_t rows) {
    const int64_t state = rows * panels_of(call.units) * kPanel;
    const int64_t products = call.saved ? 0 : chunk_of(call, rows) * state * Cell::slots;
    return Base::floats(call, rows) + products;
  }

  NormalisedForwardRows(const Forward& call, const Packed& packed, int64_t row, int64_t rows,
                        float* memory)
      : Base(call, packed, row, rows, memory),
        chunk_(chunk_of(call, rows)),
        products_(Base::rest_),
        row_end_(rows) {}

  void share(int64_t member, int64_t members, Barrier* barrier) {
    Base::share(member, members, barrier);
    row_begin_ = first_row(rows_, members, member), row_end_ = first_row(rows_, members, member + 1);
  }

  void run() {
    Base::start();
    wait();
    for (step_ = 0; step_ < call_.time; ++step_) {
      t_ = time_of_step(call_, step_);
      if (step_ % chunk_ == 0) multiply_inputs();
      multiply_states();
      wait();
      with_activations(call_, [&](auto f) {
        for (int64_t row = row_begin_; row < row_end_; ++row) update(f, row);
      });
      wait();
      Base::swap(h_), Base::swap(entering_);
    }
    Base::end();
  }

 private:
  // Steps whose input products are computed at once.
  static int64_t chunk_of(const Forward& call, int64_t rows) {
    const int64_t steps = kChunkRows / rows > 1 ? kChunkRows / rows : 1;
    return steps < call.time ? steps : call.time;
  }

  int64_t panel_stride() const { return (call_.saved ? call_.batch : rows_) * Cell::slots * kPanel; }

  float* products(int64_t step, int64_t row, int64_t panel) const {
    if (call_.saved)
      return call_.saved +
             ((step * panels_ + panel) * call_.batch + first_ + row) * Cell::slots * kPanel;
    return products_ + ((step % chunk_ * panels_ + panel) * rows_ + row) * Cell::slots * kPanel;
  }

  // R rows at `a` times one panel of a kernel, to `out` and on by `stride`.
  template <int R>
  CELLO_INLINE void multiply(Operand a, const float* kernel, int64_t depth, float* out,
                             int64_t stride) const {
    constexpr int G = Cell::gates;
    Sums<R, 1, G> z = {};
    accumulate<First<G>, First<G>, G>(z, Int<1>{}, a, Operand{kernel, 0, G * kPanel, 0}, depth, 1);
    for (int r = 0; r < R; ++r)
      for (int g = 0; g < G; ++g)
        for (int p = 0; p < kParts; ++p)
          store(out + r * stride + g * kPanel + p * kLanes, z[p][r][g]);
  }

  // A tile goes along time or along the batch, whatever there is more of.
  void multiply_inputs() {
    const int64_t left = call_.time - step_, steps = left < chunk_ ? left : chunk_;
    const int64_t features = call_.features, one_step = call_.go_backwards ? -features : features;
    const bool by_steps = steps > rows_;
    for (int64_t panel = panel_begin_; panel < panel_end_; ++panel)
      for (int64_t line = 0; line < (by_steps ? rows_ : steps); ++line)
        for_row_tiles(by_steps ? steps : rows_, [&](auto r, int64_t i) {
          constexpr int R = decltype(r)::value;
          const int64_t row = by_steps ? line : i, step = step_ + (by_steps ? i : line);
          const float* x =
              call_.x + ((first_ + row) * call_.time + time_of_step(call_, step)) * features;
          multiply<R>(Operand{x, by_steps ? one_step : call_.time * features, 1, 0},
                      packed_.kernel + panel * features * Cell::gates * kPanel, features,
                      products(step, row, panel),
                      Cell::slots * kPanel *
                          (!by_steps ? 1 : panels_ * (call_.saved ? call_.batch : rows_)));
        });
  }

  void multiply_states() {
    for (int64_t panel = panel_begin_; panel < panel_end_; ++panel)
      for_row_tiles(rows_, [&](auto r, int64_t row) {
        constexpr int R = decltype(r)::value;
        bool any = call_.mask == nullptr;
        for (int i = 0; i < R && !any; ++i) any = counts(row + i);
        if (any)
          multiply<R>(Operand{entering_[0] + row * width_, width_, 1, 0},
                      packed_.recurrent_kernel + panel * call_.units * Cell::gates * kPanel,
                      call_.units, products(step_, row, panel) + Cell::gates * kPanel,
                      Cell::slots * kPanel);
      });
  }

  template <class F>
  __attribute__((noinline)) void update(F f, int64_t row) {
    if (!counts(row)) return hold(row);
    const float* all = products(step_, row, 0);
    const Scales<Cell> x(all, panel_stride(), call_);
    const Scales<Cell> h(all + Cell::gates * kPanel, panel_stride(), call_);
    for_lanes([&](int64_t panel, int64_t lane) {
      V z[Plain::slots];
      pre_activations<Cell>(z, all + panel * panel_stride() + lane, x, h, vectors(panel) + lane);
      const int64_t at = row * width_ + panel * kPanel + lane;
      if constexpr (Cell::has_c) {
        Base::keep_c(Plain::memory(f, z, load(c_ + at)), row, panel, lane);
        store(h_[1] + at, z[3]);  // the output gate, until c is whole
      } else {
        Base::keep_h(Plain::forward(f, z, {load(h_[0] + at), V{}}).h, row, panel, lane);
      }
    });
    if constexpr (Cell::has_c) give_out(f, row);
  }

  // h of the whole c.
  template <class F>
  CELLO_INLINE void give_out(F f, int64_t row) {
    const float* c = c_ + row * width_;
    const Moments moments(c, call_);
    for_lanes([&](int64_t panel, int64_t lane) {
      const int64_t unit = panel * kPanel + lane;
      const float* state = vectors(panel) + Cell::state * kPanel + lane;
      const V inner = moments.normalised(load(c + unit)) * load(state) + load(state + kPanel);
      Base::keep_h(load(h_[1] + row * width_ + unit) * f.act(inner), row, panel, lane);
    });
  }

  void hold(int64_t row) {
    for_lanes([&](int64_t panel, int64_t lane) {
      const int64_t at = row * width_ + panel * kPanel + lane;
      Base::keep({load(h_[0] + at), Cell::has_c ? load(c_ + at) : V{}}, row, panel, lane);
    });
  }

  template <class Function>
  CELLO_INLINE void for_lanes(Function&& function) const {
    for (int64_t panel = 0; panel < panels_; ++panel)
      for (int64_t lane = 0; lane < kPanel; lane += kLanes) function(panel, lane);
  }

  const float* vectors(int64_t panel) const {
    return packed_.vectors + panel * Cell::vectors * kPanel;
  }

  const int64_t chunk_;
  float* products_;  // (chunk, panels, rows, slots, 16), where nothing is saved
  int64_t row_begin_ = 0, row_end_;
};

template <cello::Cell CELL, class Plain, int... PART>
struct ForwardOf<LayerNorm<CELL, Plain, PART...>> {
  using Rows = NormalisedForwardRows<LayerNorm<CELL, Plain, PART...>>;
};

}  // namespace

// A normalised recurrence backward, as backward.h has it for plain ones.
//
// `saved` holds the products, from which the gates are computed again; their gradients, of which the
// kernels' are made, take its place.
#pragma once

#include "backward.h"
#include "normalised.h"

namespace {

template <class Cell>
class NormalisedBackwardRows : public BackwardRows<Cell> {
  using Base = BackwardRows<Cell>;
  using Plain = typename Cell::Plain;
  using Base::call_, Base::plan_, Base::first_, Base::rows_, Base::step_, Base::t_;
  using Base::dh_, Base::dc_, Base::panel_stride_, Base::counts, Base::saved, Base::before;

 public:
  static constexpr int64_t kArrays = Base::kArrays + 2;

  static int64_t floats(const BackwardPlan& plan, int64_t rows) {
    return Base::floats(plan, rows) + plan.width * (Plain::slots + Cell::has_c);
  }

  NormalisedBackwardRows(const Backward& call, const BackwardPlan& plan, int64_t row, int64_t rows,
                         float* memory)
      : Base(call, plan, row, rows, memory),
        d_vectors_(Base::d_weights_ + plan.panels * plan.depth * Cell::slots * kPanel),
        d_z_(Base::rest_),
        d_normal_(d_z_ + plan.width * Plain::slots) {}

  void run() {
    using X = typename Cell::X;
    using H = typename Cell::H;
    Base::start();
    int64_t done = call_.time;  // steps from here on are in the kernels' gradients
    for (step_ = call_.time - 1; step_ >= 0; --step_) {
      t_ = time_of_step(call_, step_);
      Base::gather_inputs(step_ % plan_.chunk);
      Base::template multiply<H>(step_ + 1, plan_.transposed,
                                 [&](auto... tile) { this->add_to_states(tile...); });
      with_activations(call_, [&](auto f) {
        for (int64_t row = 0; row < rows_; ++row) finish(f, row);
      });
      if (step_ % plan_.chunk == 0) {
        Base::template add_products<X>(step_, done, 0, call_.features);
        Base::template add_products<H>(step_, done, call_.features + 1, call_.units);
        done = step_;
      }
    }
    Base::template multiply<H>(0, plan_.transposed, [&](auto... tile) { this->end(tile...); });
  }

 private:
  // The gradients of the states after this step, where they were those of what followed.
  __attribute__((noinline)) void add_to_states(const V* product, int64_t row, int R, int64_t panel,
                                               int N, int64_t lane) {
    for (int r = 0; r < R; ++r)
      for (int n = 0; n < N; ++n, ++product) {
        const int64_t unit = (panel + n) * kPanel + lane, at = (row + r) * plan_.width + unit;
        const int64_t left = call_.units - unit, here = now(row + r) + unit;
        V dh = load(dh_ + at) + *product * Base::recurrent_mask(row + r, unit);
        if (call_.d_hs) dh += load(call_.d_hs + here, left);
        store(dh_ + at, dh);
        if constexpr (Cell::has_c)
          if (call_.d_cs) store(dc_ + at, load(dc_ + at) + load(call_.d_cs + here, left));
      }
  }

  int64_t now(int64_t row) const { return ((first_ + row) * call_.time + step_) * call_.units; }

  template <class F>
  __attribute__((noinline)) void finish(F f, int64_t row) {
    float* products = saved(step_, row, 0);
    if (!counts(row)) {
      for (int64_t panel = 0; panel < plan_.panels; ++panel)
        std::memset(products + panel * panel_stride_, 0, Cell::slots * kPanel * sizeof(float));
      return;
    }
    const Scales<Cell> x(products, panel_stride_, call_);
    const Scales<Cell> h(products + Cell::gates * kPanel, panel_stride_, call_);
    for_lanes([&](int64_t panel, int64_t lane) {
      V z[Plain::slots];
      pre_activations<Cell>(z, products + panel * panel_stride_ + lane, x, h, vectors(panel) + lane);
      activate_or_finish(f, z, row, panel, lane);
      for (int s = 0; s < Plain::slots; ++s) store(d_z(panel, lane) + s * kPanel, z[s]);
    });
    if constexpr (Cell::has_c) finish_with_c(f, row);
    finish_product(products, x, 0, typename Plain::X{});
    finish_product(products + Cell::gates * kPanel, h, Cell::gates, typename Plain::H{});
    for_lanes([&](int64_t panel, int64_t lane) {
      for (int s = 0; s < Plain::slots; ++s)
        add(panel, lane, Cell::biases + s, load(d_z(panel, lane) + s * kPanel));
    });
  }

  // A cell without c: the gradients of its pre-activations. One with c has its gates here.
  template <class F>
  CELLO_INLINE void activate_or_finish(F f, V* z, int64_t row, int64_t panel, int64_t lane) {
    const int64_t unit = panel * kPanel + lane, left = call_.units - unit;
    const int64_t at = row * plan_.width + unit;
    if constexpr (Cell::has_c) {
      Plain::memory(f, z, V{});
    } else {
      const States old{load(before(call_.hs, call_.h0, row) + unit, left), V{}};
      Plain::forward(f, z, old);
      store(dh_ + at, Plain::backward(f, z, old, States{}, States{load(dh_ + at), V{}}).h);
    }
  }

  // From gates to the gradients of pre-activations: through the output, the normalised c, and c.
  template <class F>
  CELLO_INLINE void finish_with_c(F f, int64_t row) {
    const Moments moments(call_.cs + now(row), call_);
    V sum{}, along{};
    for_lanes([&](int64_t panel, int64_t lane) {
      const int64_t unit = panel * kPanel + lane, at = row * plan_.width + unit;
      const float* state = vectors(panel) + Cell::state * kPanel + lane;
      const V normal = moments.normalised(load(call_.cs + now(row) + unit, call_.units - unit));
      const V y = f.act(normal * load(state) + load(state + kPanel)), dh = load(dh_ + at);
      float* output_gate = d_z(panel, lane) + 3 * kPanel;
      const V o = load(output_gate), dy = dh * o * f.d_act(y), d = dy * load(state);
      store(output_gate, dh * y * f.d_gate(o));
      store(d_normal_ + unit, d);
      store(dh_ + at, V{});
      sum += d, along += d * normal;
      add(panel, lane, Cell::state, dy * normal);
      add(panel, lane, Cell::state + 1, dy);
    });
    const float n = static_cast<float>(call_.units);
    const float mean = total(sum) / n, slope = total(along) / n;
    for_lanes([&](int64_t panel, int64_t lane) {
      const int64_t unit = panel * kPanel + lane, left = call_.units - unit;
      const int64_t at = row * plan_.width + unit;
      const V normal = moments.normalised(load(call_.cs + now(row) + unit, left));
      const V dc = load(dc_ + at) + (load(d_normal_ + unit) - mean - normal * slope) * moments.scale;
      V z[Plain::slots];
      for (int s = 0; s < Plain::slots; ++s) z[s] = load(d_z(panel, lane) + s * kPanel);
      const V old = load(before(call_.cs, call_.c0, row) + unit, left);
      store(dc_ + at, lanes(Plain::memory_backward(f, z, old, dc), left));
      for (int s = 0; s + 1 < Plain::slots; ++s) store(d_z(panel, lane) + s * kPanel, z[s]);
    });
  }

  // The gradient of one product, in its place, from those of the pre-activations in SLOTS.
  template <class SLOTS>
  CELLO_INLINE void finish_product(float* product, const Scales<Cell>& scales, int first, SLOTS) {
    V along[Cell::parts] = {};
    for_lanes([&](int64_t panel, int64_t lane) {
#pragma GCC unroll 8
      for (int g = 0; g < Cell::gates; ++g) {
        const V normal = load(product + panel * panel_stride_ + lane + g * kPanel) * scales[g];
        const V d_gain = load(d_z(panel, lane) + SLOTS::at[g] * kPanel) * normal;
        add(panel, lane, first + g, d_gain);
        along[Cell::part[g]] += d_gain * load(vectors(panel) + lane + (first + g) * kPanel);
      }
    });
    float slope[Cell::parts];
    for (int i = 0; i < Cell::parts; ++i)
      slope[i] = total(along[i]) / static_cast<float>(Cell::gates_of(i) * call_.units);
    for_lanes([&](int64_t panel, int64_t lane) {
#pragma GCC unroll 8
      for (int g = 0; g < Cell::gates; ++g) {
        float* at = product + panel * panel_stride_ + lane + g * kPanel;
        const V d = load(d_z(panel, lane) + SLOTS::at[g] * kPanel) *
                    load(vectors(panel) + lane + (first + g) * kPanel);
        const float scale = scales[g];
        store(at, (d - load(at) * scale * slope[Cell::part[g]]) * scale);
      }
    });
  }

  // Add to the gradient of one of the vectors.
  CELLO_INLINE void add(int64_t panel, int64_t lane, int vector, V d) {
    float* at = d_vectors_ + (panel * Cell::vectors + vector) * kPanel + lane;
    store(at, load(at) + d);
  }

  template <class Function>
  CELLO_INLINE void for_lanes(Function&& function) const {
    for (int64_t panel = 0; panel < plan_.panels; ++panel)
      for (int64_t lane = 0; lane < kPanel; lane += kLanes) function(panel, lane);
  }

  const float* vectors(int64_t panel) const {
    return plan_.vectors + panel * Cell::vectors * kPanel;
  }

  float* d_z(int64_t panel, int64_t lane) const {
    return d_z_ + panel * Plain::slots * kPanel + lane;
  }

  float *d_vectors_;         // (panels, vectors, 16)
  float *d_z_, *d_normal_;   // of one row: (panels, plain slots, 16); (width)
};

template <cello::Cell CELL, class Plain, int... PART>
struct BackwardOf<LayerNorm<CELL, Plain, PART...>> {
  using Rows = NormalisedBackwardRows<LayerNorm<CELL, Plain, PART...>>;
};

}  // namespace

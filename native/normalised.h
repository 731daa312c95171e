// Gated cells whose input product and recurrent product are normalised, each by itself.
//
// A product of centred kernels has a mean of 0 over the features of a part, so that normalising it is to
// divide it by the root of its mean square. The two products of a unit stand apart, in the slots X and H,
// and the plain cell's pointwise function takes what gains and biases make of them.
#pragma once

#include "forward.h"

namespace {

template <int BY, int... I>
Slots<BY + I...> later_slots(std::integer_sequence<int, I...>);

// PART: the part to which each gate belongs. Features of a part are normalised together.
template <cello::Cell CELL, class PLAIN, int... PART>
struct LayerNorm : Sized<CELL> {
  using Plain = PLAIN;
  static constexpr int gates = Plain::gates, slots = 2 * gates;
  using X = First<gates>;
  using H = decltype(later_slots<gates>(std::make_integer_sequence<int, gates>{}));
  using Late = Slots<>;

  static constexpr int part[gates] = {PART...};
  static constexpr int parts = part[gates - 1] + 1;
  static constexpr int gates_of(int number) { return ((PART == number) + ...); }

  // The rows of `vectors`: the slots' gains, the biases of the plain cell's pre-activations, and gain and
  // bias of c.
  static constexpr int biases = slots, state = slots + Plain::slots;
  static_assert(gates == Sized<CELL>::gates && slots == Sized<CELL>::slots &&
                Sized<CELL>::vectors == state + 2 * Plain::has_c);
};

using LayerNormLstm = LayerNorm<cello::kLayerNormLstm, Lstm, 0, 0, 0, 0>;
using LayerNormGru = LayerNorm<cello::kLayerNormGru, Gru, 0, 0, 1>;

// The sum of all lanes.
CELLO_INLINE float total(V v) {
  float sums[kLanes];
  std::memcpy(sums, &v, sizeof(v));
#pragma GCC unroll 8
  for (int n = kLanes / 2; n > 0; n /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < n; ++i) sums[i] += sums[i + n];
  return sums[0];
}

// The first n lanes of v, and zeros.
CELLO_INLINE V lanes(V v, int64_t n) {
  float numbers[kLanes];
  if (__builtin_expect(n >= kLanes, 1)) return v;
  std::memcpy(numbers, &v, sizeof(v));
  return load(numbers, n);
}

inline float inverse_root(float mean_square, float epsilon) {
  return 1.0f / __builtin_sqrtf(mean_square + epsilon);
}

// What a product is multiplied with, each part by itself.
template <class Cell>
struct Scales {
  float of_part[Cell::parts];

  // From the product of one row, a slot a gate, from one panel to the next.
  Scales(const float* product, int64_t panel_stride, const Recurrence& call) {
    V squares[Cell::parts] = {};
    for (int64_t panel = 0; panel < panels_of(call.units); ++panel, product += panel_stride)
#pragma GCC unroll 8
      for (int g = 0; g < Cell::gates; ++g)
#pragma GCC unroll 4
        for (int p = 0; p < kParts; ++p) {
          const V number = load(product + g * kPanel + p * kLanes);
          squares[Cell::part[g]] += number * number;
        }
#pragma GCC unroll 4
    for (int i = 0; i < Cell::parts; ++i)
      of_part[i] = inverse_root(total(squares[i]) / static_cast<float>(Cell::gates_of(i) * call.units),
                                call.epsilon);
  }

  CELLO_INLINE float operator[](int gate) const { return of_part[Cell::part[gate]]; }
};

// Mean and scale of c, of one row.
struct Moments {
  float mean, scale;

  Moments(const float* c, const Recurrence& call) {
    V sum{}, squares{};
    for (int64_t i = 0; i < call.units; i += kLanes) sum += load(c + i, call.units - i);
    mean = total(sum) / static_cast<float>(call.units);
    for (int64_t i = 0; i < call.units; i += kLanes) {
      const V number = lanes(load(c + i, call.units - i) - mean, call.units - i);
      squares += number * number;
    }
    scale = inverse_root(total(squares) / static_cast<float>(call.units), call.epsilon);
  }

  CELLO_INLINE V normalised(V c) const { return (c - mean) * scale; }
};

// The plain cell's pre-activations z, from the products in the slots at `products` and the panel's vectors.
template <class Cell>
CELLO_INLINE void pre_activations(V* z, const float* products, const Scales<Cell>& x,
                                  const Scales<Cell>& h, const float* vectors) {
  using Plain = typename Cell::Plain;
#pragma GCC unroll 8
  for (int s = 0; s < Plain::slots; ++s) z[s] = load(vectors + (Cell::biases + s) * kPanel);
#pragma GCC unroll 8
  for (int g = 0; g < Cell::gates; ++g) {
    const int64_t at = g * kPanel, after = (Cell::gates + g) * kPanel;
    z[Plain::X::at[g]] += load(products + at) * x[g] * load(vectors + at);
    z[Plain::H::at[g]] += load(products + after) * h[g] * load(vectors + after);
  }
}

}  // namespace

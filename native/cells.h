// The pointwise functions of the cells: gates and states from the pre-activations, and back.
//
// A cell states its *slots*, the pre-activations that it needs for each unit, and which of them the
// input product and the recurrent product add to; a slot's place in the lists is its block of
// columns in the kernels. `forward` takes the pre-activations in z and the states before, gives the
// states after, and leaves in z what `backward` needs; `backward` leaves in z the gradients of the
// pre-activations, and in (dh, dc) those of the states before, without the recurrent product's.
#pragma once

#include <utility>

#include "activations.h"

namespace {

template <int... I>
struct Slots {
  static constexpr int size = sizeof...(I);
  static constexpr int at[size + 1] = {I..., -1};
};

template <int... I>
Slots<I...> first_slots(std::integer_sequence<int, I...>);
template <int N>
using First = decltype(first_slots(std::make_integer_sequence<int, N>{}));

// The sizes of a cell.
template <cello::Cell CELL>
struct Sized {
  static constexpr int gates = cello::kCells[CELL].gates, slots = cello::kCells[CELL].slots;
  static constexpr int vectors = cello::kCells[CELL].vectors;
  static constexpr bool has_c = cello::kCells[CELL].states > 1;
};

// The activations of a call: those that nearly every network has, and any others.
struct TanhAndSigmoid {
  CELLO_INLINE V act(V x) const { return tanh(x); }
  CELLO_INLINE V gate(V x) const { return sigmoid(x); }
  CELLO_INLINE V d_act(V y) const { return derivative(cello::kTanh, y); }
  CELLO_INLINE V d_gate(V y) const { return derivative(cello::kSigmoid, y); }
};
struct AnyActivations {
  int64_t candidate, gates;
  CELLO_INLINE V act(V x) const { return activate(candidate, x); }
  CELLO_INLINE V gate(V x) const { return activate(gates, x); }
  CELLO_INLINE V d_act(V y) const { return derivative(candidate, y); }
  CELLO_INLINE V d_gate(V y) const { return derivative(gates, y); }
};

// g(TanhAndSigmoid) or g(AnyActivations), as the call says.
template <class G>
CELLO_INLINE void with_activations(const cello::Recurrence& call, G&& g) {
  const bool no_gates = call.cell == cello::kSimpleRnn;
  if (call.activation == cello::kTanh && (no_gates || call.recurrent_activation == cello::kSigmoid))
    g(TanhAndSigmoid{});
  else
    g(AnyActivations{call.activation, call.recurrent_activation});
}

struct States {
  V h, c;
};

struct Lstm : Sized<cello::kLstm> {
  using X = Slots<0, 1, 2, 3>;
  using H = Slots<0, 1, 2, 3>;
  using Late = Slots<>;

  // Activates z, and gives c.
  template <class F>
  CELLO_INLINE static V memory(F f, V* z, V c) {
    z[0] = f.gate(z[0]), z[1] = f.gate(z[1]), z[2] = f.act(z[2]), z[3] = f.gate(z[3]);
    return z[1] * c + z[0] * z[2];
  }

  // The same for `memory`: z[0] to z[2], and the gradient of the c before, from that of its result.
  template <class F>
  CELLO_INLINE static V memory_backward(F f, V* z, V c, V dc) {
    const V i = z[0], forget = z[1], g = z[2];
    z[0] = dc * g * f.d_gate(i);
    z[1] = dc * c * f.d_gate(forget);
    z[2] = dc * i * f.d_act(g);
    return dc * forget;
  }

  template <class F>
  CELLO_INLINE static States forward(F f, V* z, States before) {
    const V c = memory(f, z, before.c);
    return {z[3] * f.act(c), c};
  }

  template <class F>
  CELLO_INLINE static States backward(F f, V* z, States before, States after, States d) {
    const V o = z[3], y = f.act(after.c);
    z[3] = d.h * y * f.d_gate(o);
    return {V{}, memory_backward(f, z, before.c, d.c + d.h * o * f.d_act(y))};
  }
};

// Gated recurrent unit whose reset gate acts after the product: the candidate's two products stay
// apart, in slots 2 (input) and 3 (recurrent).
struct Gru : Sized<cello::kGru> {
  using X = Slots<0, 1, 2>;
  using H = Slots<0, 1, 3>;
  using Late = Slots<>;

  template <class F>
  CELLO_INLINE static States forward(F f, V* z, States before) {
    const V update = f.gate(z[0]), reset = f.gate(z[1]), g = f.act(z[2] + reset * z[3]);
    z[0] = update, z[1] = reset, z[2] = g;
    return {update * before.h + (1.0f - update) * g, V{}};
  }

  template <class F>
  CELLO_INLINE static States backward(F f, V* z, States before, States, States d) {
    const V update = z[0], reset = z[1], g = z[2], inner = z[3];
    const V dg = d.h * (1.0f - update) * f.d_act(g);
    z[0] = d.h * (before.h - g) * f.d_gate(update);
    z[1] = dg * inner * f.d_gate(reset);
    z[2] = dg;
    z[3] = dg * reset;
    return {d.h * update, V{}};
  }
};

// The same with the reset gate before the product: the recurrent product of a *late* slot takes what
// `reset` made of h, so that a step has two products, one after the other, forward and back.
struct GruResetBefore : Sized<cello::kGruResetBefore> {
  using X = Slots<0, 1, 2>;
  using H = Slots<0, 1>;
  using Late = Slots<2>;

  // Activates z[0] and z[1]; gives what the late product takes, from the h that enters products.
  template <class F>
  CELLO_INLINE static V reset(F f, V* z, V entering) {
    z[0] = f.gate(z[0]), z[1] = f.gate(z[1]);
    return z[1] * entering;
  }

  template <class F>
  CELLO_INLINE static States forward(F f, V* z, States before) {
    z[2] = f.act(z[2]);
    return {z[0] * before.h + (1.0f - z[0]) * z[2], V{}};
  }

  template <class F>
  CELLO_INLINE static States backward(F f, V* z, States before, States, States d) {
    const V update = z[0], g = z[2];
    z[0] = d.h * (before.h - g) * f.d_gate(update);
    z[2] = d.h * (1.0f - update) * f.d_act(g);
    return {d.h * update, V{}};
  }

  // The same for `reset`: z[1], and the gradient of `entering`, from that of its result.
  template <class F>
  CELLO_INLINE static V reset_backward(F f, V* z, V entering, V d) {
    const V reset = z[1];
    z[1] = d * entering * f.d_gate(reset);
    return d * reset;
  }
};

struct SimpleRnn : Sized<cello::kSimpleRnn> {
  using X = Slots<0>;
  using H = Slots<0>;
  using Late = Slots<>;

  template <class F>
  CELLO_INLINE static States forward(F f, V* z, States) {
    z[0] = f.act(z[0]);
    return {z[0], V{}};
  }

  template <class F>
  CELLO_INLINE static States backward(F f, V* z, States, States, States d) {
    z[0] = d.h * f.d_act(z[0]);
    return {V{}, V{}};
  }
};

}  // namespace

// The activations and their derivatives. Largest errors over all floats, against float64:
// tanh and sigmoid 3 ULP (sigmoid where the result is a normal number); the others are exact
// but for rounding. tests/native/test_kernels.py measures them.
#pragma once

#include "vec.h"

namespace {

// e^x = 2^power * (1 + fraction), |x| <= 88; `fraction` is e^r - 1 with |r| <= ln(2) / 2.
struct Exponential {
  V power, fraction;
};

CELLO_INLINE Exponential exponential(V x) {
  const V magic = splat(12582912.0f);  // adding 1.5 * 2^23 rounds to a whole number
  const V n = (x * 1.44269504f + magic) - magic;
  // ln(2) in two parts, the first of few bits, so that n * part is exact.
  const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  // (e^r - 1 - r) / r^2: a minimax polynomial; its error is 0.24 * 2^-24 of e^r - 1.
  V q = splat(0.0013882418861612678f);
  q = q * r + 0.008367180824279785f;
  q = q * r + 0.04166721925139427f;
  q = q * r + 0.16666539013385773f;
  q = q * r + 0.4999999701976776f;
  return {n, r + r * r * q};
}

CELLO_INLINE V sigmoid(V x) {
  const Exponential e = exponential(at_least(at_most(-x, 87.0f), -87.0f));
  return reciprocal(1.0f + scale(1.0f + e.fraction, e.power));
}

// (e^2x - 1) / (e^2x + 1), without cancellation near 0; it is 1 in float32 from 9.02 on.
CELLO_INLINE V tanh(V x) {
  const V bounded = at_least(at_most(x, 9.1f), -9.1f);
  const Exponential e = exponential(bounded + bounded);
  const V m = scale(e.fraction, e.power) + (scale(splat(1.0f), e.power) - 1.0f);
  return m * reciprocal(m + 2.0f);
}

CELLO_INLINE V hard_sigmoid(V x) {
  return at_least(at_most(x + 3.0f, 6.0f), 0.0f) * (1.0f / 6.0f);
}

CELLO_INLINE V activate(int64_t kind, V x) {
  switch (kind) {
    case cello::kTanh: return tanh(x);
    case cello::kSigmoid: return sigmoid(x);
    case cello::kHardSigmoid: return hard_sigmoid(x);
    case cello::kRelu: return at_least(x, 0.0f);
    default: return x;
  }
}

// The derivative, from the activation's value y.
CELLO_INLINE V derivative(int64_t kind, V y) {
  switch (kind) {
    case cello::kTanh: return 1.0f - y * y;
    case cello::kSigmoid: return y * (1.0f - y);
    case cello::kHardSigmoid: return ((y > 0.0f) & (y < 1.0f)) ? splat(1.0f / 6.0f) : V{};
    case cello::kRelu: return y > 0.0f ? splat(1.0f) : V{};
    default: return splat(1.0f);
  }
}

}  // namespace

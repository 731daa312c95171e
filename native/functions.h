// Functions of vectors beside the activations. Errors against float64: at most 4 ULP
// (tests/test_interpreter.py).
#pragma once

#include "activations.h"

namespace {

CELLO_INLINE V exp(V x) {
  const Exponential e = exponential(at_least(at_most(x, 89.0f), -104.0f));
  const V half = (e.power * 0.5f + 12582912.0f) - 12582912.0f;  // infinity and denormals in two steps
  return scale(scale(1.0f + e.fraction, half), e.power - half);
}

// x = m * 2^e with m in [sqrt(1/2), sqrt(2)); log(m) by a minimax polynomial. ln(2) in two parts, as above.
CELLO_INLINE V log(V x) {
  const Vi is_small = x < 1.17549435e-38f;
  const V scaled = is_small ? x * 8388608.0f : x;
  const Vi bits = (Vi)scaled;
  V m = (V)((bits & 0x007fffff) | 0x3f000000);
  const Vi is_low = m < 0.707106781f;
  m = (is_low ? m + m : m) - 1.0f;
  const Vi exponent = ((bits >> 23) & 0xff) - 126 + is_low - (is_small & 23);  // true is -1
  const V e = __builtin_convertvector(exponent, V);
  const V z = m * m;
  V p = 7.0376836292e-2f * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * z - 2.12194440e-4f * e - 0.5f * z;
  V found = m + p + 0.693359375f * e;
  found = x == 0.0f ? splat(-__builtin_inff()) : found;
  found = (x < 0.0f) | (x != x) ? splat(__builtin_nanf("")) : found;
  return x > 3.4e38f ? x : found;
}

// log(u) * x / (u - 1) with u = 1 + x as it was rounded.
CELLO_INLINE V log1p(V x) {
  const V u = 1.0f + x, d = u - 1.0f, l = log(u);
  const V found = x > 1e30f ? l : l * (x / d);
  return d == 0.0f ? x : found;
}

}  // namespace

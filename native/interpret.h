// The loop that runs a Program: one dispatch an instruction, over the elements of a vector.
#pragma once

#include <cmath>

#include "functions.h"
#include "program.h"

namespace {

using cello::Instruction;
using cello::Place;

typedef uint32_t Word __attribute__((may_alias));
typedef Vi UnalignedWords __attribute__((aligned(4), may_alias));

typedef float AnyFloat __attribute__((may_alias));

CELLO_INLINE V load_one(const float* p) { return splat(*reinterpret_cast<const AnyFloat*>(p)); }
CELLO_INLINE Vi load_words(const Word* p) { return *reinterpret_cast<const UnalignedWords*>(p); }

// The memories, the counters, and the code that runs.
struct Frame {
  Word* memories[cello::kFirstArray + cello::kArrays];
  int64_t counters[cello::kCounters];
  const int32_t* code;

  CELLO_INLINE Word* at(const Place& o) const {
    Word* p = memories[o.base] + o.first;
    if (o.terms) {
      const int32_t* term = code + o.terms;
      for (int32_t n = *term++; n > 0; --n, term += 2) p += counters[term[0]] * term[1];
    }
    return p;
  }
};

// Operands as whole vectors. What is read behind the last element is not used.
struct Vectors {
  const float* p;
  V all;
  bool one;

  CELLO_INLINE Vectors(const Frame& frame, const Place& o)
      : p((const float*)frame.at(o)), all(V{}), one(o.stride == 0) {
    if (one) all = load_one(p);
  }
  CELLO_INLINE V operator[](int64_t j) const { return one ? all : load(p + j); }
};

#if defined(__AVX512F__)
CELLO_INLINE void store_first(float* p, V v, int64_t n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), (__m512)v);
}
#else
CELLO_INLINE void store_first(float* p, V v, int64_t n) { std::memcpy(p, &v, n * sizeof(float)); }
#endif

// Words as elements of a type.
template <class T>
struct Elements {
  typedef T Any __attribute__((may_alias));
  Any* p;

  CELLO_INLINE Elements(const Frame& frame, const Place& o) : p(reinterpret_cast<Any*>(frame.at(o))) {}
  CELLO_INLINE Any& operator[](int64_t j) const { return p[j]; }
};

// function(j), a vector, into the elements from j on.
template <class F>
CELLO_INLINE void write(const Frame& frame, const Instruction& i, F function) {
  float* to = (float*)frame.at(i.to);
  int64_t j = 0;
  for (; j + kLanes <= i.count; j += kLanes) store(to + j, function(j));
  if (j < i.count) store_first(to + j, function(j), i.count - j);
}

template <class F>
CELLO_INLINE void map(const Frame& frame, const Instruction& i, F function) {
  const Vectors a(frame, i.a);
  write(frame, i, [&](int64_t j) CELLO_LAMBDA { return function(a[j]); });
}

template <class F>
CELLO_INLINE void map2(const Frame& frame, const Instruction& i, F function) {
  const Vectors a(frame, i.a), b(frame, i.b);
  write(frame, i, [&](int64_t j) CELLO_LAMBDA { return function(a[j], b[j]); });
}

// The same for single numbers: To function(From).
template <class To, class From, class F>
CELLO_INLINE void each(const Frame& frame, const Instruction& i, F function) {
  const Elements<To> to(frame, i.to);
  const Elements<From> a(frame, i.a);
  for (int64_t j = 0; j < i.count; ++j) to[j] = function(a[j * i.a.stride]);
}

template <class To, class From, class F>
CELLO_INLINE void each2(const Frame& frame, const Instruction& i, F function) {
  const Elements<To> to(frame, i.to);
  const Elements<From> a(frame, i.a), b(frame, i.b);
  for (int64_t j = 0; j < i.count; ++j) to[j] = function(a[j * i.a.stride], b[j * i.b.stride]);
}

// One element from all: function(total, element).
template <class T, class F>
CELLO_INLINE void all(const Frame& frame, const Instruction& i, F function) {
  const Elements<T> a(frame, i.a);
  T total = a[0];
  for (int64_t j = 1; j < i.count; ++j) total = function(total, a[j * i.a.stride]);
  Elements<T>(frame, i.to)[0] = total;
}

CELLO_INLINE V absolute(V x) { return (V)((Vi)x & 0x7fffffff); }
CELLO_INLINE V truth(Vi x) { return (V)(x & 1); }

// kColumns vectors of sums over the inner steps, side by side; each in kChains parts, as a sum waits for
// the one before.
template <int kColumns, int kChains>
CELLO_INLINE void columns(const Instruction& i, const float* a, const float* b, float* to, bool more,
                          int64_t last) {
  V sums[kChains][kColumns];
  for (int v = 0; v < kColumns; ++v) {
    sums[0][v] = more ? load(to + v * kLanes) : V{};
    for (int chain = 1; chain < kChains; ++chain) sums[chain][v] = V{};
  }
  int64_t k = 0;
  for (; k + kChains <= i.inner; k += kChains)
    for (int chain = 0; chain < kChains; ++chain) {
      const V factor = splat(a[(k + chain) * i.a_step]);
      const float* row = b + (k + chain) * i.b_step;
      for (int v = 0; v < kColumns; ++v) sums[chain][v] += factor * load(row + v * kLanes);
    }
  for (; k < i.inner; ++k) {
    const V factor = splat(a[k * i.a_step]);
    for (int v = 0; v < kColumns; ++v) sums[0][v] += factor * load(b + k * i.b_step + v * kLanes);
  }
  for (int v = 0; v < kColumns; ++v) {
    for (int chain = 1; chain < kChains; ++chain) sums[0][v] += sums[chain][v];
    const bool whole = v < kColumns - 1 || last >= kLanes;
    if (whole) store(to + v * kLanes, sums[0][v]);
    else store_first(to + v * kLanes, sums[0][v], last);
  }
}

// Wide columns go along the lines of a large matrix.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kWide = 16;
#else
constexpr int kWide = 8;
#endif

CELLO_INLINE void product(const Frame& frame, const Instruction& i, bool more) {
  const float *a = (const float*)frame.at(i.a), *b = (const float*)frame.at(i.b);
  float* to = (float*)frame.at(i.to);
  int64_t j = 0;
  for (; j + kWide * kLanes <= i.count; j += kWide * kLanes)
    columns<kWide, 1>(i, a, b + j, to + j, more, kLanes);
  for (; j + 4 * kLanes <= i.count; j += 4 * kLanes)
    columns<4, 2>(i, a, b + j, to + j, more, kLanes);
  for (; j < i.count; j += kLanes)
    columns<1, 4>(i, a, b + j, to + j, more, i.count - j);
}

CELLO_INLINE float add_lanes(V v) {
  float total = 0.0f;
  for (int lane = 0; lane < kLanes; ++lane) total += v[lane];
  return total;
}

CELLO_INLINE void add_all(const Frame& frame, const Instruction& i) {
  const float* a = (const float*)frame.at(i.a);
  float total = 0.0f;
  int64_t j = 0;
  if (i.a.stride == 1) {
    V sum{};
    for (; j + kLanes <= i.count; j += kLanes) sum += load(a + j);
    total = add_lanes(sum);
  }
  for (; j < i.count; ++j) total += a[j * i.a.stride];
  Elements<float>(frame, i.to)[0] = total;
}

CELLO_INLINE void dot(const Frame& frame, const Instruction& i) {
  const float *a = (const float*)frame.at(i.a), *b = (const float*)frame.at(i.b);
  V sum{};
  int64_t j = 0;
  for (; j + kLanes <= i.count; j += kLanes) sum += load(a + j) * load(b + j);
  float total = add_lanes(sum);
  for (; j < i.count; ++j) total += a[j] * b[j];
  Elements<float>(frame, i.to)[0] = total;
}

CELLO_INLINE void gather(const Frame& frame, const Instruction& i) {
  Word* to = frame.at(i.to);
  const Word* a = frame.at(i.a);
  const Elements<int32_t> places(frame, i.b);
  for (int64_t j = 0; j < i.count; ++j) to[j] = a[j * i.a.stride + places[j]];
}

CELLO_INLINE void scatter(const Frame& frame, const Instruction& i) {
  Word* to = frame.at(i.to);
  const Word* a = frame.at(i.a);
  const Elements<int32_t> places(frame, i.b);
  for (int64_t j = 0; j < i.count; ++j) to[j * i.to.stride + places[j]] = a[j * i.a.stride];
}

CELLO_INLINE void copy(const Frame& frame, const Instruction& i) {
  Word* to = frame.at(i.to);
  const Word* a = frame.at(i.a);
  for (int64_t j = 0; j < i.count; ++j) to[j * i.to.stride] = a[j * i.a.stride];
}

CELLO_INLINE void select(const Frame& frame, const Instruction& i) {
  const Vectors b(frame, i.b), c(frame, i.c);
  const Word* a = frame.at(i.a);
  const int64_t stride = i.a.stride;
  if (stride == 0) {
    const bool which = *a != 0;
    return write(frame, i, [&](int64_t j) CELLO_LAMBDA { return which ? b[j] : c[j]; });
  }
  write(frame, i, [&](int64_t j) CELLO_LAMBDA {
    const Vi which = load_words(a + j) != 0;
    return (V)((which & (Vi)b[j]) | (~which & (Vi)c[j]));
  });
}

// A float as a whole number as C has it, without its undefined cases.
CELLO_INLINE int32_t whole(float x) {
  if (!(x > -2147483648.0f)) return x != x ? 0 : INT32_MIN;
  return x >= 2147483648.0f ? INT32_MAX : static_cast<int32_t>(x);
}
CELLO_INLINE uint32_t whole_unsigned(float x) {
  if (!(x > 0.0f)) return 0;
  return x >= 4294967296.0f ? UINT32_MAX : static_cast<uint32_t>(x);
}

CELLO_INLINE int32_t quotient(int32_t a, int32_t b) {
  return b == 0 ? -1 : b == -1 ? static_cast<int32_t>(0u - static_cast<uint32_t>(a)) : a / b;
}
CELLO_INLINE int32_t remainder(int32_t a, int32_t b) { return b == 0 ? a : b == -1 ? 0 : a % b; }

#define CELLO_MAP(name, value) case cello::name: map(frame, i, [](V x) CELLO_LAMBDA { return value; }); break;
#define CELLO_MAP2(name, value) \
  case cello::name: map2(frame, i, [](V x, V y) CELLO_LAMBDA { return value; }); break;
#define CELLO_EACH(name, To, From, value) \
  case cello::name: each<To, From>(frame, i, [](From x) CELLO_LAMBDA { return value; }); break;
#define CELLO_EACH2(name, To, From, value) \
  case cello::name: each2<To, From>(frame, i, [](From x, From y) CELLO_LAMBDA { return value; }); break;
#define CELLO_ALL(name, T, value) \
  case cello::name: all<T>(frame, i, [](T x, T y) CELLO_LAMBDA { return value; }); break;

void run(Frame& frame) {
  const Instruction* at = reinterpret_cast<const Instruction*>(frame.code);
  for (;; ++at) {
    const Instruction& i = *at;
    switch (i.code) {
      case cello::stop: return;
      case cello::loop: frame.counters[i.a_step] = 0; break;
      case cello::end:
        if (++frame.counters[i.a_step] < i.count) at += i.inner;  // back to the loop
        break;
      case cello::set_counter: frame.counters[i.a_step] = Elements<int32_t>(frame, i.a)[0]; break;
      case cello::get_counter:
        Elements<int32_t>(frame, i.to)[0] = static_cast<int32_t>(frame.counters[i.a_step]);
        break;
      case cello::copy: copy(frame, i); break;
      case cello::gather: gather(frame, i); break;
      case cello::scatter: scatter(frame, i); break;
      case cello::product: product(frame, i, false); break;
      case cello::product_more: product(frame, i, true); break;
      case cello::dot: dot(frame, i); break;
      case cello::select: select(frame, i); break;
      case cello::mul_add_f: {
        const Vectors a(frame, i.a), b(frame, i.b), c(frame, i.c);
        write(frame, i, [&](int64_t j) CELLO_LAMBDA { return a[j] * b[j] + c[j]; });
        break;
      }
      case cello::add_all_f: add_all(frame, i); break;

      CELLO_MAP2(add_f, x + y)
      CELLO_MAP2(sub_f, x - y)
      CELLO_MAP2(mul_f, x * y)
      CELLO_MAP2(div_f, x / y)
      CELLO_MAP2(max_f, (x > y) | (x != x) ? x : y)
      CELLO_MAP2(min_f, (x < y) | (x != x) ? x : y)
      CELLO_MAP2(eq_f, truth(x == y))
      CELLO_MAP2(ne_f, truth(x != y))
      CELLO_MAP2(lt_f, truth(x < y))
      CELLO_MAP2(le_f, truth(x <= y))
      CELLO_MAP2(gt_f, truth(x > y))
      CELLO_MAP2(ge_f, truth(x >= y))
      CELLO_MAP(neg_f, -x)
      CELLO_MAP(abs_f, absolute(x))
      CELLO_MAP(exp_f, exp(x))
      CELLO_MAP(log_f, log(x))
      CELLO_MAP(log1p_f, log1p(x))
      CELLO_MAP(tanh_f, tanh(x))
      CELLO_MAP(logistic_f, sigmoid(x))
      CELLO_EACH(sqrt_f, float, float, std::sqrt(x))
      CELLO_EACH(rsqrt_f, float, float, 1.0f / std::sqrt(x))
      CELLO_EACH(floor_f, float, float, std::floor(x))
      CELLO_EACH(round_f, float, float, std::nearbyint(x))
      CELLO_EACH(sign_f, float, float, x != x ? x : static_cast<float>((x > 0) - (x < 0)))
      CELLO_EACH(expm1_f, float, float, std::expm1(x))
      CELLO_EACH(sin_f, float, float, std::sin(x))
      CELLO_EACH(cos_f, float, float, std::cos(x))
      CELLO_EACH(erf_f, float, float, std::erf(x))
      CELLO_EACH2(pow_f, float, float, std::pow(x, y))
      CELLO_EACH2(rem_f, float, float, std::fmod(x, y))
      CELLO_ALL(mul_all_f, float, x * y)
      CELLO_ALL(max_all_f, float, (x > y || x != x) ? x : y)
      CELLO_ALL(min_all_f, float, (x < y || x != x) ? x : y)

      CELLO_EACH2(add_w, uint32_t, uint32_t, x + y)
      CELLO_EACH2(sub_w, uint32_t, uint32_t, x - y)
      CELLO_EACH2(mul_w, uint32_t, uint32_t, x * y)
      CELLO_EACH2(and_w, uint32_t, uint32_t, x & y)
      CELLO_EACH2(or_w, uint32_t, uint32_t, x | y)
      CELLO_EACH2(xor_w, uint32_t, uint32_t, x ^ y)
      CELLO_EACH2(eq_w, int32_t, uint32_t, x == y)
      CELLO_EACH2(ne_w, int32_t, uint32_t, x != y)
      CELLO_EACH(neg_w, uint32_t, uint32_t, 0u - x)
      CELLO_EACH(not_w, uint32_t, uint32_t, ~x)
      CELLO_EACH(not_b, int32_t, int32_t, !x)
      CELLO_ALL(add_all_w, uint32_t, x + y)
      CELLO_ALL(mul_all_w, uint32_t, x * y)
      CELLO_ALL(and_all_w, uint32_t, x & y)
      CELLO_ALL(or_all_w, uint32_t, x | y)

      CELLO_EACH2(div_i, int32_t, int32_t, quotient(x, y))
      CELLO_EACH2(rem_i, int32_t, int32_t, remainder(x, y))
      CELLO_EACH2(max_i, int32_t, int32_t, x > y ? x : y)
      CELLO_EACH2(min_i, int32_t, int32_t, x < y ? x : y)
      CELLO_EACH2(lt_i, int32_t, int32_t, x < y)
      CELLO_EACH2(le_i, int32_t, int32_t, x <= y)
      CELLO_EACH2(gt_i, int32_t, int32_t, x > y)
      CELLO_EACH2(ge_i, int32_t, int32_t, x >= y)
      CELLO_EACH(abs_i, uint32_t, uint32_t, x >> 31 ? 0u - x : x)
      CELLO_EACH(sign_i, int32_t, int32_t, (x > 0) - (x < 0))
      CELLO_ALL(max_all_i, int32_t, x > y ? x : y)
      CELLO_ALL(min_all_i, int32_t, x < y ? x : y)

      CELLO_EACH(abs_u, uint32_t, uint32_t, x)
      CELLO_EACH(sign_u, uint32_t, uint32_t, x != 0)
      CELLO_EACH2(div_u, uint32_t, uint32_t, y == 0 ? UINT32_MAX : x / y)
      CELLO_EACH2(rem_u, uint32_t, uint32_t, y == 0 ? x : x % y)
      CELLO_EACH2(max_u, uint32_t, uint32_t, x > y ? x : y)
      CELLO_EACH2(min_u, uint32_t, uint32_t, x < y ? x : y)
      CELLO_EACH2(lt_u, int32_t, uint32_t, x < y)
      CELLO_EACH2(le_u, int32_t, uint32_t, x <= y)
      CELLO_EACH2(gt_u, int32_t, uint32_t, x > y)
      CELLO_EACH2(ge_u, int32_t, uint32_t, x >= y)
      CELLO_ALL(max_all_u, uint32_t, x > y ? x : y)
      CELLO_ALL(min_all_u, uint32_t, x < y ? x : y)

      CELLO_EACH(int_from_f, int32_t, float, whole(x))
      CELLO_EACH(unsigned_from_f, uint32_t, float, whole_unsigned(x))
      CELLO_EACH(float_from_i, float, int32_t, static_cast<float>(x))
      CELLO_EACH(float_from_u, float, uint32_t, static_cast<float>(x))
    }
  }
}

void interpret(const cello::Program& program, void* const* arrays, int64_t steps) {
  Frame frame;
  const int count = program.inputs + program.outputs;
  frame.memories[cello::kWeights] = reinterpret_cast<Word*>(program.weights);
  frame.memories[cello::kWork] = reinterpret_cast<Word*>(program.work);
  for (int k = 0; k < 1 + count; ++k) frame.memories[cello::kState + k] = static_cast<Word*>(arrays[k]);
  Elements<int32_t>::Any* phase = reinterpret_cast<Elements<int32_t>::Any*>(frame.memories[cello::kState]) + program.phase;
  Word** outputs = frame.memories + cello::kFirstArray + program.inputs;
  for (int64_t step = 0; step < steps; ++step) {
    frame.code = program.steps[*phase];
    run(frame);
    for (int k = 0; k < program.inputs; ++k) frame.memories[cello::kFirstArray + k] += program.sizes[k];
    for (int k = 0; k < program.outputs; ++k)
      if (program.gives[*phase] >> k & 1) outputs[k] += program.sizes[program.inputs + k];
    *phase = program.next[*phase];
  }
}

}  // namespace

// A model that streams, as a list of loops over vectors: what lowering/sessions/bytecode.py writes and interpret.h runs.
#pragma once

#include <cstdint>

// What an instruction does to the elements of vectors: a name, and the letters of the numbers that it
// takes, f for float, i for int, u for unsigned, w for any word of 32 bits. A bool is an int, 0 or 1.
//
//   loop, end          repeat what is between them `count` times, with a counter
//   set_counter, get_counter
//                      a counter becomes an element, as an index that was looked up; or the other way round
//   copy, gather, scatter
//   product, product_more
//                      a row of sums over `inner` steps, or more of them onto it: a[k] * b[k][j]
//   *_all              one element from all of a vector
#define CELLO_INSTRUCTIONS(X)                                                                      \
  X(loop) X(end) X(set_counter) X(get_counter)                                                                  \
  X(copy) X(gather) X(scatter) X(product) X(product_more) X(dot)                                   \
  X(add_f) X(sub_f) X(mul_f) X(div_f) X(max_f) X(min_f) X(mul_add_f)                               \
  X(neg_f) X(abs_f) X(exp_f) X(tanh_f) X(logistic_f) X(sqrt_f) X(rsqrt_f) X(floor_f) X(round_f)    \
  X(sign_f) X(log_f) X(log1p_f) X(expm1_f) X(sin_f) X(cos_f) X(erf_f) X(pow_f) X(rem_f)            \
  X(eq_f) X(ne_f) X(lt_f) X(le_f) X(gt_f) X(ge_f)                                                  \
  X(add_w) X(sub_w) X(mul_w) X(neg_w) X(and_w) X(or_w) X(xor_w) X(not_w) X(not_b) X(select)        \
  X(eq_w) X(ne_w)                                                                                  \
  X(div_i) X(rem_i) X(max_i) X(min_i) X(abs_i) X(sign_i) X(lt_i) X(le_i) X(gt_i) X(ge_i)           \
  X(abs_u) X(sign_u) X(div_u) X(rem_u) X(max_u) X(min_u) X(lt_u) X(le_u) X(gt_u) X(ge_u)                              \
  X(int_from_f) X(unsigned_from_f) X(float_from_i) X(float_from_u)                                 \
  X(add_all_f) X(mul_all_f) X(max_all_f) X(min_all_f)                                              \
  X(add_all_w) X(mul_all_w) X(and_all_w) X(or_all_w) X(max_all_i) X(min_all_i) X(max_all_u) X(min_all_u) \
  X(stop)

namespace cello {

#define X(name) name,
enum Code : int32_t { CELLO_INSTRUCTIONS(X) };
#undef X

// Where elements lie: in memory number `base`, `first` words from its start, `stride` words apart (in a
// vector that is not copied 1, or 0 for one element that stands for all). `terms` is where, in the
// code, its counters stand: how many, and then for each its number and the words that it moves by; 0 if none.
struct Place {
  int32_t base, first, stride, terms;
};

struct Instruction {
  int32_t code;    // a Code
  int32_t count;   // how many elements; of a loop, how often
  int32_t inner;   // of a product, the steps of its sum; of a loop, where its end is, and the other way round
  int32_t a_step;  // of a product, by how much a and b move in a step; of a loop its counter
  int32_t b_step;
  Place to, a, b, c;
};

constexpr int kCounters = 64;
constexpr int kArrays = 64;  // inputs and outputs
constexpr int kWeights = 0, kWork = 1, kState = 2, kFirstArray = 3;  // the numbers of memories

// Weights, work and states are so long that a whole vector can be read from each element.
struct Program {
  const int32_t* const* steps;  // for each phase of the windows the code of a step
  const int32_t* next;          // the phase that follows
  const int32_t* gives;         // bit k: the step writes output k
  const int32_t* sizes;         // words by which each input and output moves in a step; 0 if it stays
  float *weights, *work;
  int32_t inputs, outputs;
  int32_t phase;  // which word of the state is the phase
};

// Steps one after the other: arrays are the state, the inputs and the outputs.
using Interpret = void (*)(const Program& program, void* const* arrays, int64_t steps);

}  // namespace cello

// The kernels, compiled once for each instruction set with -DCELLO_ISA=avx512|avx2|baseline|neon.
// All but the last function stands in anonymous namespaces, so that no code of one set can be taken
// for another's.
#include "kernels.h"

#include "backward.h"
#include "forward.h"
#include "input_gradient.h"
#include "interpret.h"
#include "linear_scan.h"
#include "normalised_backward.h"
#include "normalised_forward.h"

#define CELLO_PASTE_(a, b) a##b
#define CELLO_PASTE(a, b) CELLO_PASTE_(a, b)
#define CELLO_STRING_(a) #a
#define CELLO_STRING(a) CELLO_STRING_(a)

namespace {

#define CELLO_FOR_CELL(function, call, parallel)                                   \
  switch ((call).cell) {                                                           \
    case cello::kLstm: return function<Lstm>(call, parallel);                      \
    case cello::kGru: return function<Gru>(call, parallel);                        \
    case cello::kGruResetBefore: return function<GruResetBefore>(call, parallel);  \
    case cello::kLayerNormLstm: return function<LayerNormLstm>(call, parallel);    \
    case cello::kLayerNormGru: return function<LayerNormGru>(call, parallel);      \
    default: return function<SimpleRnn>(call, parallel);                           \
  }

void any_forward(const Forward& call, const Parallel& parallel) {
  CELLO_FOR_CELL(forward, call, parallel)
}

void any_backward(const Backward& call, const Parallel& parallel) {
  CELLO_FOR_CELL(backward, call, parallel)
}

void any_input_gradient(const InputGradient& call, const Parallel& parallel) {
  CELLO_FOR_CELL(input_gradient, call, parallel)
}

void activate_array(int64_t activation, const float* src, float* dst, int64_t n) {
  for (int64_t i = 0; i < n; i += kLanes)
    store(dst + i, activate(activation, load(src + i, n - i)), n - i);
}

const cello::Kernels table = {CELLO_STRING(CELLO_ISA), any_forward, any_backward,
                              any_input_gradient, linear_scan, linear_scan_backward,
                              activate_array, interpret};

}  // namespace

extern "C" const cello::Kernels* CELLO_PASTE(cello_kernels_, CELLO_ISA)();
extern "C" const cello::Kernels* CELLO_PASTE(cello_kernels_, CELLO_ISA)() { return &table; }

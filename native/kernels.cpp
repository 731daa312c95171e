// Placeholder: compiled once for each instruction set, with -DCELLO_ISA=avx512|avx2|baseline|neon.
// All but the one function below belongs in an anonymous namespace.
#include "kernels.h"

#define CELLO_PASTE_(a, b) a##b
#define CELLO_PASTE(a, b) CELLO_PASTE_(a, b)
#define CELLO_STRING_(a) #a
#define CELLO_STRING(a) CELLO_STRING_(a)

namespace {
const cello::Kernels table = {CELLO_STRING(CELLO_ISA)};
}

extern "C" const cello::Kernels* CELLO_PASTE(cello_kernels_, CELLO_ISA)();
extern "C" const cello::Kernels* CELLO_PASTE(cello_kernels_, CELLO_ISA)() { return &table; }

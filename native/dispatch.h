// The choice between the instruction sets for which kernels.cpp was compiled.
#pragma once

#include "kernels.h"

#if defined(_WIN32)
#define CELLO_EXPORT __declspec(dllexport)
#else
#define CELLO_EXPORT __attribute__((visibility("default")))
#endif

namespace cello {

// The kernels of this processor's best instruction set, capped by the environment variable
// CELLO_MAX_ISA. Chosen at the first call, once for the process.
const Kernels& kernels();

// The kernels of one instruction set by its name; null if this library lacks it or this processor does.
const Kernels* kernels(const char* isa);

}  // namespace cello

extern "C" {

// The name of the instruction set that cello::kernels() uses: "avx512", "avx2", "baseline" or "neon".
CELLO_EXPORT const char* cello_isa();

// The instruction sets that this library has and this processor runs: names, best first, by commas.
CELLO_EXPORT const char* cello_isas();

// Let glibc keep freed memory for the next call; 0 where there is another malloc. (In pool.cpp.)
CELLO_EXPORT int cello_keep_memory();

// The plain C interface: the kernels of one instruction set by its name, in a table of functions (kernels.h);
// null if this library lacks it or this processor does.
CELLO_EXPORT const cello::Kernels* cello_kernels(const char* isa);

// The cells by their numbers; behind them one without a name.
CELLO_EXPORT const cello::Sizes* cello_cells();

// A model that streams (program.h): steps one after the other; arrays are the state, the inputs and the outputs.
CELLO_EXPORT void cello_interpret(const cello::Program* program, void* const* arrays, int64_t steps);

// The instructions of such a program by their numbers: names, by commas.
CELLO_EXPORT const char* cello_instructions();

// The handlers for XLA's FFI that this library exports: symbols, by commas. (Defined in handlers.cpp.)
CELLO_EXPORT const char* cello_handlers();
}

#include "dispatch.h"

#include <cstdlib>
#include <cstring>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

// CELLO_ISAS comes from CMakeLists.txt: X(avx512) X(avx2) X(baseline), best first.
#define X(isa) extern "C" const cello::Kernels* cello_kernels_##isa();
CELLO_ISAS
#undef X

namespace {

#if defined(__x86_64__)
// What the processor says of itself. (__builtin_cpu_supports would do, were it not for Windows, where
// Clang has no run-time library behind it.)
struct Cpu {
  bool avx2 = false, avx512 = false;

  Cpu() {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    // FMA, MOVBE, OSXSAVE, AVX, F16C: with AVX2, BMI1, BMI2 and LZCNT below they make x86-64-v3.
    const unsigned v3 = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
    if ((c & v3) != v3) return;
    unsigned saved, high;  // the registers that the operating system saves (XCR0)
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if ((saved & 0x6) != 0x6) return;  // xmm, ymm
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    const unsigned features = b;
    const unsigned avx2_bmi = 1u << 3 | 1u << 5 | 1u << 8;
    if (!__get_cpuid(0x80000001u, &a, &b, &c, &d)) return;
    avx2 = (features & avx2_bmi) == avx2_bmi && (c & 1u << 5);
    // F, DQ, CD, BW, VL; and mask registers and all of zmm are saved.
    const unsigned v4 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
    avx512 = avx2 && (features & v4) == v4 && (saved & 0xe0) == 0xe0;
  }
};

bool runs(const char* isa) {
  static const Cpu cpu;
  if (!std::strcmp(isa, "avx512")) return cpu.avx512;
  if (!std::strcmp(isa, "avx2")) return cpu.avx2;
  return true;
}
#else
bool runs(const char*) { return true; }
#endif

struct Isa {
  const char* name;
  const cello::Kernels* (*kernels)();
};

#define X(isa) {#isa, cello_kernels_##isa},
const Isa kIsas[] = {CELLO_ISAS};
#undef X

// The best that the processor runs, no better than CELLO_MAX_ISA. The loader has refused names that
// are not in kIsas; here such a name caps nothing.
const Isa& choose() {
  const char* cap = std::getenv("CELLO_MAX_ISA");
  bool known = false;
  for (const Isa& isa : kIsas) known |= cap && !std::strcmp(cap, isa.name);
  bool reached = !known;
  const Isa* chosen = nullptr;
  for (const Isa& isa : kIsas) {
    reached |= known && !std::strcmp(cap, isa.name);
    if (!chosen && reached && runs(isa.name)) chosen = &isa;
  }
  return *chosen;  // the last of kIsas is the baseline, which runs everywhere
}

const Isa& chosen() {
  static const Isa& isa = choose();
  return isa;
}

}  // namespace

const cello::Kernels& cello::kernels() {
  static const Kernels& kernels = *chosen().kernels();
  return kernels;
}

const cello::Kernels* cello::kernels(const char* name) {
  for (const Isa& isa : kIsas)
    if (!std::strcmp(name, isa.name) && runs(isa.name)) return isa.kernels();
  return nullptr;
}

const cello::Kernels* cello_kernels(const char* isa) { return cello::kernels(isa); }

const cello::Sizes* cello_cells() { return cello::kCells; }

void cello_interpret(const cello::Program* program, void* const* arrays, int64_t steps) {
  cello::kernels().interpret(*program, arrays, steps);
}

const char* cello_instructions() {
#define X(name) "," #name
  return &(CELLO_INSTRUCTIONS(X))[1];
#undef X
}

const char* cello_isa() { return chosen().name; }

const char* cello_isas() {
  static const std::string names = [] {
    std::string list;
    for (const Isa& isa : kIsas)
      if (runs(isa.name)) list += (list.empty() ? "" : ",") + std::string(isa.name);
    return list;
  }();
  return names.c_str();
}

// Placeholder: kernels_test ISA runs the kernels of one instruction set.
#include <cstdio>
#include <cstring>

#include "dispatch.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("%s\n", cello_isas());
    return 0;
  }
  const cello::Kernels* kernels = cello::kernels(argv[1]);
  if (!kernels) {
    std::fprintf(stderr, "kernels_test: this processor or build has no '%s', but %s\n", argv[1], cello_isas());
    return 2;
  }
  return std::strcmp(kernels->isa, argv[1]) != 0;
}

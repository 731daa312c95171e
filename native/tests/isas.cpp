// isas: prints the instruction sets that this build has and this processor runs, and the one chosen.
#include <cstdio>

#include "dispatch.h"

int main() {
  std::printf("%s %s\n", cello_isas(), cello_isa());
  const bool same = &cello::kernels() == cello::kernels(cello_isa());
  return same && !cello::kernels("unheard-of") ? 0 : 1;
}

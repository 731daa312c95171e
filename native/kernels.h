// Placeholder: the table of kernels.
#pragma once

namespace cello {

struct Kernels {
  const char* isa;
};

}  // namespace cello

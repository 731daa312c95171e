// Work on XLA's threads, and memory for the time of a call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "xla/ffi/api/ffi.h"

namespace cello {

// A `Parallel` over XLA's thread pool. Pieces are claimed from a counter, by the pool's threads and by
// the caller, who then waits only for pieces that have begun: several handlers may stand on all threads
// of the pool at once, so that a piece that has not begun may never begin without its caller.
class PoolParallel {
 public:
  explicit PoolParallel(xla::ffi::ThreadPool pool) : pool_(pool) {}
  Parallel get();

 private:
  static void run(void* self, int64_t pieces, void (*work)(void*, int64_t), void* data);
  static bool run_together(void*, int64_t members, void (*work)(void*, int64_t), void* data);
  xla::ffi::ThreadPool pool_;
};

// Ask for huge pages for a large array that is about to be written: XLA's results are new pages at
// each call, and faults by 4 KB cost more than writing them.
void expect_writes(void* array, size_t bytes);

}  // namespace cello

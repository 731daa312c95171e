// What every handler for XLA's FFI on a GPU needs: a stream, room in the GPU's memory, errors.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "../check.h"
#include "device.h"

namespace ffi = xla::ffi;

namespace cello::cuda {

#ifdef __CUDACC__

#define CELLO_BIND ffi::Ffi::Bind().Ctx<ffi::PlatformStream<cudaStream_t>>().Ctx<ffi::ScratchAllocator>()

// Room in the GPU's memory until the call's work is done.
class Scratch {
 public:
  Scratch(ffi::ScratchAllocator&& allocator) : allocator_(std::move(allocator)) {}
  // XLA promises no more than 16 bytes of alignment, and refuses to be asked.
  void* get(size_t bytes) { return allocator_.Allocate(bytes, 16).value_or(nullptr); }

 private:
  ffi::ScratchAllocator allocator_;
};

inline cudaError_t empty(void* room, size_t bytes, Stream stream) { return cudaMemsetAsync(room, 0, bytes, stream); }

#else  // in a test on a CPU

#define CELLO_BIND ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Ctx<ffi::ThreadPool>()

class Scratch {
 public:
  Scratch(const ffi::ThreadPool&) {}
  Scratch(const Scratch&) = delete;
  Scratch(Scratch&& other) : room_(other.room_) { other.room_ = nullptr; }
  ~Scratch() { std::free(room_); }
  void* get(size_t bytes) { return room_ = std::malloc(bytes); }

 private:
  void* room_ = nullptr;
};

inline cudaError_t empty(void* room, size_t bytes, Stream) {
  std::memset(room, 0, bytes);
  return cudaSuccess;
}

#endif

inline ffi::Error failed(cudaError_t error) {
  if (error == cudaSuccess) return ffi::Error::Success();
  return ffi::Error::Internal(std::string("A kernel of Cello could not start: ") + cudaGetErrorString(error));
}

}  // namespace cello::cuda

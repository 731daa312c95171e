// Runs kernels that are written for CUDA on a CPU, so that machines without a GPU can test them.
//
// Every thread of a launch is a fiber; all of them take turns, and a thread that waits gives up its
// turn. Nothing here says how long a thing takes, nor finds a missing fence: between two waits a
// fiber is alone.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(8) uint2 {
  uint32_t x, y;
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }

enum cudaError_t { cudaSuccess = 0, cudaErrorMemoryAllocation = 2 };
inline const char* cudaGetErrorString(cudaError_t) { return "an error"; }

namespace cello::cuda {

struct Stream {  // whatever XLA gives on a CPU
  template <class Context>
  Stream(const Context&) {}
};

namespace on_cpu {

struct Barrier {
  int threads, arrived = 0;
  unsigned round = 0;
};
struct Warp {
  Barrier barrier{32};
  uint32_t a[32][4], b[32][2];
};
struct Block {
  dim3 index;
  Barrier barrier;
  std::vector<uint4> shared;
  std::vector<Warp> warps;
};
struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  Block* block;
  unsigned thread;
  bool done = false;
};

inline thread_local Fiber* current = nullptr;
inline thread_local ucontext_t scheduler;
inline thread_local dim3 grid, threads;

inline void yield() { swapcontext(&current->context, &scheduler); }

inline void wait(Barrier& barrier) {
  const unsigned round = barrier.round;
  if (++barrier.arrived == barrier.threads) {
    barrier.arrived = 0;
    ++barrier.round;
  }
  while (barrier.round == round) yield();
}

inline thread_local void (*start)(void*) = nullptr;
inline thread_local void* argument = nullptr;

inline void run_fiber() {
  start(argument);
  current->done = true;
  yield();
}

template <class Call>
cudaError_t run(void (*kernel)(Call), const Call& call, dim3 blocks, int size, size_t shared_bytes) {
  struct Start {
    void (*kernel)(Call);
    Call call;
  } what{kernel, call};
  start = [](void* what) { static_cast<Start*>(what)->kernel(static_cast<Start*>(what)->call); };
  argument = &what;
  grid = blocks, threads = dim3(size);
  std::vector<Block> all(size_t{blocks.x} * blocks.y * blocks.z);
  std::vector<Fiber> fibers(all.size() * size);
  constexpr size_t kStack = 64 << 10;
  for (size_t b = 0; b < all.size(); ++b) {
    all[b].index = dim3(b % blocks.x, b / blocks.x % blocks.y, b / blocks.x / blocks.y);
    all[b].barrier.threads = size;
    all[b].shared.resize((shared_bytes + 15) / 16, {0x7fc00000, 0x7fc00000, 0x7fc00000, 0x7fc00000});
    all[b].warps.resize((size + 31) / 32);
    for (int t = 0; t < size; ++t) {
      Fiber& fiber = fibers[b * size + t];
      fiber.block = &all[b], fiber.thread = t;
      fiber.stack.reset(new char[kStack]);
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = kStack;
      fiber.context.uc_link = nullptr;
      makecontext(&fiber.context, run_fiber, 0);
    }
  }
  for (bool running = true; running;) {
    running = false;
    for (Fiber& fiber : fibers) {
      if (fiber.done) continue;
      running = true, current = &fiber;
      swapcontext(&scheduler, &fiber.context);
    }
  }
  return cudaSuccess;
}

inline Warp& warp() { return current->block->warps[current->thread / 32]; }

// a (16 x k) and b (k x 8) as PTX lays them out over a warp: `numbers` of them in each 32 bits.
template <int kNumbers, class Number>
void multiply(float (&sums)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, Number number) {
  Warp& all = warp();
  const int lane = current->thread % 32;
  std::memcpy(all.a[lane], a, sizeof(a));
  all.b[lane][0] = b0, all.b[lane][1] = b1;
  wait(all.barrier);
  for (int i = 0; i < 4; ++i) {
    const int row = lane / 4 + (i / 2) * 8, column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 8 * kNumbers; ++k) {
      const int half = k / (4 * kNumbers), within = k % (4 * kNumbers);
      const uint32_t left = all.a[row % 8 * 4 + within / kNumbers][row / 8 + half * 2];
      const uint32_t right = all.b[column * 4 + within / kNumbers][half];
      sums[i] += number(left, within % kNumbers) * number(right, within % kNumbers);
    }
  }
  wait(all.barrier);
}

inline float as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline uint32_t as_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

// The upper 16 bits, rounded to the nearest, ties to even.
inline uint32_t bfloat16(float x) {
  const uint32_t bits = as_bits(x);
  if (x != x) return 0x7fc0;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// A number from the environment, so that a test can be a small GPU.
inline int setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

}  // namespace on_cpu

inline void __syncthreads() { on_cpu::wait(on_cpu::current->block->barrier); }
inline unsigned char* shared_memory() {
  return reinterpret_cast<unsigned char*>(on_cpu::current->block->shared.data());
}
template <class T>
void __stwb(T* at, T value) {
  *at = value;
}
inline float __uint_as_float(uint32_t bits) { return on_cpu::as_float(bits); }
inline float __fdividef(float a, float b) { return a / b; }
inline uint32_t __float_as_uint(float x) { return on_cpu::as_bits(x); }

inline uint4 load_relaxed(const uint4* at) { return *at; }
inline void store_relaxed(uint32_t* at, uint32_t value) { *at = value; }
inline void pause() { on_cpu::yield(); }
inline void prefetch(const void*) {}
inline void __syncwarp() {}  // warps meet in `multiply`

inline uint32_t rounded_to_tf32(float x) {
  const uint32_t bits = on_cpu::as_bits(x);
  return x - x == 0 ? (bits + 0x1000) & ~uint32_t{0x1fff} : bits;
}
inline uint32_t opaque(uint32_t bits) { return bits; }
inline uint32_t rounded_to_bfloat16(float first, float second) {
  return on_cpu::bfloat16(first) | on_cpu::bfloat16(second) << 16;
}
inline void multiply_tf32(float (&sums)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  on_cpu::multiply<1>(sums, a, b0, b1,
                      [](uint32_t bits, int) { return on_cpu::as_float(bits & ~uint32_t{0x1fff}); });
}
inline void multiply_bfloat16(float (&sums)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  on_cpu::multiply<2>(sums, a, b0, b1, [](uint32_t bits, int which) {
    return on_cpu::as_float(which ? bits & 0xffff0000 : bits << 16);
  });
}

struct Device {
  int multiprocessors, shared_bytes;
};
inline cudaError_t device(Device& found) {
  found.multiprocessors = on_cpu::setting("CELLO_TEST_MULTIPROCESSORS", 4);
  found.shared_bytes = on_cpu::setting("CELLO_TEST_SHARED_BYTES", 100000);
  return cudaSuccess;
}
template <class Call>
cudaError_t launch_together(void (*kernel)(Call), const Call& call, int blocks, int threads,
                            size_t shared_bytes, Stream) {
  return on_cpu::run(kernel, call, dim3(blocks), threads, shared_bytes);
}
template <class Call>
cudaError_t launch(void (*kernel)(Call), const Call& call, dim3 blocks, int threads, Stream) {
  return on_cpu::run(kernel, call, blocks, threads, 0);
}

#define threadIdx (dim3(::cello::cuda::on_cpu::current->thread))
#define blockIdx (::cello::cuda::on_cpu::current->block->index)
#define blockDim (::cello::cuda::on_cpu::threads)
#define gridDim (::cello::cuda::on_cpu::grid)

}  // namespace cello::cuda

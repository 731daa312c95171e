// What the kernels for NVIDIA GPUs use of CUDA; in a test on a CPU, tests/cuda_on_cpu.h in its place.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__

#include <cuda_bf16.h>
#include <cuda_runtime.h>

namespace cello::cuda {

using Stream = cudaStream_t;

// The shared memory of a block, as large as the launch said.
__device__ __forceinline__ unsigned char* shared_memory() {
  extern __shared__ uint4 memory[];
  return reinterpret_cast<unsigned char*>(memory);
}

// Words that other blocks write, or read, meanwhile.
__device__ __forceinline__ uint4 load_relaxed(const uint4* at) {
  uint4 v;
  asm volatile("ld.relaxed.gpu.global.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(at));
  return v;
}
__device__ __forceinline__ void store_relaxed(uint32_t* at, uint32_t value) {
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(at), "r"(value));
}
// Between two looks at what another block will write.
__device__ __forceinline__ void pause() {}
// Have what stands there brought near.
__device__ __forceinline__ void prefetch(const void* at) {
  asm volatile("prefetch.global.L2 [%0];" ::"l"(at));
}

// The float with the 10 bits of a fraction that the matrix units read of it.
__device__ __forceinline__ uint32_t rounded_to_tf32(float x) {
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
}
// The same bits, of which the compiler does not know that they are.
__device__ __forceinline__ uint32_t opaque(uint32_t bits) {
  asm volatile("" : "+r"(bits));
  return bits;
}
// Two floats as bfloat16, the first in the lower half.
__device__ __forceinline__ uint32_t rounded_to_bfloat16(float first, float second) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(first, second);
  return *reinterpret_cast<const uint32_t*>(&both);
}

// sums (16 x 8) += a (16 x k) b (k x 8) by the 32 threads of a warp, k = 8 and 16. Thread 4 g + t has
// rows g and g + 8, columns 2 t and 2 t + 1 of the sums.
__device__ __forceinline__ void multiply_tf32(float (&sums)[4], const uint32_t (&a)[4], uint32_t b0,
                                              uint32_t b1) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ __forceinline__ void multiply_bfloat16(float (&sums)[4], const uint32_t (&a)[4], uint32_t b0,
                                                  uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

struct Device {
  int multiprocessors, shared_bytes;  // shared memory that one block can have
};

inline cudaError_t device(Device& found) {
  int current = 0;
  cudaError_t error = cudaGetDevice(&current);
  if (error == cudaSuccess)
    error = cudaDeviceGetAttribute(&found.multiprocessors, cudaDevAttrMultiProcessorCount, current);
  if (error == cudaSuccess)
    error = cudaDeviceGetAttribute(&found.shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, current);
  return error;
}

// Start a kernel whose blocks wait for each other: all of them run at once, or it is an error.
template <class Call>
cudaError_t launch_together(void (*kernel)(Call), const Call& call, int blocks, int threads,
                            size_t shared_bytes, Stream stream) {
  const auto size = static_cast<int>(shared_bytes);
  cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, size);
  if (error != cudaSuccess) return error;
  void* arguments[] = {const_cast<Call*>(&call)};
  return cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(kernel), dim3(blocks), dim3(threads),
                                     arguments, shared_bytes, stream);
}

// Start a kernel whose blocks know nothing of each other.
template <class Call>
cudaError_t launch(void (*kernel)(Call), const Call& call, dim3 blocks, int threads, Stream stream) {
  void* arguments[] = {const_cast<Call*>(&call)};
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), blocks, dim3(threads), arguments, 0, stream);
}

}  // namespace cello::cuda

#else
#include "../tests/cuda_on_cpu.h"
#endif

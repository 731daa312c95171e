// The linear recurrence's entries for XLA's FFI on GPUs. Shapes are checked before a pointer is used.
//
// Arrays are (batch..., time, features...) of one dtype: float32, bfloat16 or complex64. `axis` says which
// is time, and any number may stand on either side of it. `a` may have one step for all.
#include "linear_scan.h"

#include <vector>

#include "call.h"

namespace cello::cuda::linear {
namespace {

using Array = ffi::AnyBuffer;
using Result = ffi::Result<ffi::AnyBuffer>;
using Shape = ffi::Span<const int64_t>;

// A chunk of a thread is 256 bytes of a and b, so two warps are 16 KB on their way to a multiprocessor,
// about as much as the bandwidth of an H100 times the time that memory takes. With fewer threads, a second
// reading of a and b by more of them is faster.
constexpr int64_t kEnough = 64;         // threads for each multiprocessor; fewer are cut into segments
constexpr int64_t kPlenty = 256;        // segments are cut for so many; so many have 16 bytes of a step each
constexpr int64_t kLeastLength = 128;   // steps of a segment: fewer are not worth the other passes

int64_t product(Shape sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) product *= size;
  return product;
}

int64_t upper(int64_t x, int64_t y) { return (x + y - 1) / y; }

// Take the sizes from `all`, which has those of every step, and check `a`, which may be of one step; the
// shape of a state, which has no time, or complaints.
std::vector<int64_t> read(Scan& call, Check& check, const Array& all, const Array& a, int64_t axis) {
  const Shape shape = all.dimensions();
  check.holds(axis >= 0 && axis < static_cast<int64_t>(shape.size()), "there is no axis of time");
  check.holds(all.element_count() > 0, "no size may be zero");
  const ffi::DataType type = all.element_type();
  check.holds(type == ffi::F32 || type == ffi::BF16 || type == ffi::C64, "the dtype is unknown");
  std::vector<int64_t> state(shape.begin(), shape.end());
  if (!check.good()) return state;
  state[axis] = 1;
  call.constant = a.dimensions() == Shape(state);
  if (!call.constant) check.shape("a", a, shape);
  state.erase(state.begin() + axis);
  call.time = shape[axis];
  call.features = product(shape.last(shape.size() - axis - 1));
  call.channels = product(shape.first(axis)) * call.features;
  return state;
}

// Cut time into segments, of which the longest has as many steps as there are segments at least, since
// one pass goes through the steps of a segment and another through the segments.
void cut(Scan& call, int64_t threads, int64_t multiprocessors) {
  int64_t length = call.time;
  if (threads < kEnough * multiprocessors) {
    length = upper(call.time, upper(kPlenty * multiprocessors, threads));
    if (length < kLeastLength) length = kLeastLength;
    while (length < upper(call.time, length)) length *= 2;
    if (length > call.time) length = call.time;
  }
  call.length = length;
  call.segments = upper(call.time, length);
}

bool aligned(std::initializer_list<const void*> arrays) {
  for (const void* array : arrays)
    if (reinterpret_cast<uintptr_t>(array) % 16 != 0) return false;
  return true;
}

// g(N{}) for the numbers of the call.
template <class G>
auto with_numbers(ffi::DataType type, G&& g) {
  if (type == ffi::BF16) return g(Bfloat16{});
  if (type == ffi::C64) return g(Complex64{});
  return g(Float32{});
}

dim3 blocks(int64_t threads) { return dim3(static_cast<unsigned>(upper(threads, kThreads))); }

// The kernels of both passes, the first with `ends`.
template <class N, int kWidth, bool kConstant>
struct Kernels {
  static auto of(const Forward&, bool ends) {
    return ends ? forward<N, kWidth, kConstant, true> : forward<N, kWidth, kConstant, false>;
  }
  static auto of(const Backward&, bool ends) {
    return ends ? backward<N, kWidth, kConstant, true> : backward<N, kWidth, kConstant, false>;
  }
};

// Both passes.
template <class N, int kWidth, bool kConstant, class Call>
cudaError_t passes(Stream stream, const Call& call) {
  using K = Kernels<N, kWidth, kConstant>;
  const int64_t threads = call.channels / kWidth;
  if (call.segments > 1) {
    cudaError_t error = launch(K::of(call, true), call, blocks(threads * (call.segments - 1)), kThreads, stream);
    if (error != cudaSuccess) return error;
    error = launch(chain<N>, static_cast<const Scan&>(call), blocks(call.channels), kThreads, stream);
    if (error != cudaSuccess) return error;
  }
  return launch(K::of(call, false), call, blocks(threads * call.segments), kThreads, stream);
}

template <class N, class Call>
cudaError_t start(Stream stream, const Call& call, int64_t width) {
  constexpr int wide = 16 / sizeof(typename N::Stored);
  if (width == 1)
    return call.constant ? passes<N, 1, true>(stream, call) : passes<N, 1, false>(stream, call);
  return call.constant ? passes<N, wide, true>(stream, call) : passes<N, wide, false>(stream, call);
}

// Threads have 16 bytes of a step each where there are plenty of channels, else one number.
template <class N>
int64_t width_of(const Scan& call, const Device& device, bool aligned) {
  constexpr int64_t wide = 16 / sizeof(typename N::Stored);
  return aligned && call.features % wide == 0 && call.channels / wide >= kPlenty * device.multiprocessors ? wide : 1;
}

ffi::Error no_room() {
  return ffi::Error(ffi::ErrorCode::kResourceExhausted, "There is no memory left on the GPU for a linear recurrence.");
}

ffi::Error run_forward(Stream stream, Scratch scratch, Array a, Array b, Array h0, Result h, int64_t axis,
                       bool reverse) {
  Check check("cello_cuda_linear_scan");
  Forward call{};
  const auto state = read(call, check, b, a, axis);
  check.shape("h0", h0, state);
  check.shape("h", *h, b.dimensions());
  for (const Array& array : {a, h0, *h})
    check.holds(array.element_type() == b.element_type(), "all arrays must have one dtype");
  if (!check.good()) return check.error();
  Device found;
  const cudaError_t error = device(found);
  if (error != cudaSuccess) return failed(error);
  call.from_end = reverse;
  call.a = a.untyped_data(), call.b = b.untyped_data(), call.first = h0.untyped_data();
  call.h = h->untyped_data();
  return with_numbers(b.element_type(), [&](auto numbers) {
    using N = decltype(numbers);
    const int64_t width = width_of<N>(call, found, aligned({call.a, call.b, call.first, call.h}));
    cut(call, call.channels / width, found.multiprocessors);
    if (call.segments > 1) {
      const size_t states = call.segments * call.channels * sizeof(typename N::State);
      auto* room = static_cast<unsigned char*>(scratch.get(2 * states));
      if (!room) return no_room();
      call.factors = room, call.ends = room + states;
    }
    return failed(start<N>(stream, call, width));
  });
}

ffi::Error run_backward(Stream stream, Scratch scratch, Array a, Array h0, Array h, Array d_h, Result d_a,
                        Result d_b, Result d_h0, int64_t axis, bool reverse) {
  Check check("cello_cuda_linear_scan_backward");
  Backward call{};
  const auto state = read(call, check, h, a, axis);
  check.shape("h0", h0, state);
  check.shape("d_h", d_h, h.dimensions());
  check.shape("d_a", *d_a, a.dimensions());
  check.shape("d_b", *d_b, h.dimensions());
  check.shape("d_h0", *d_h0, state);
  for (const Array& array : {a, h0, d_h, *d_a, *d_b, *d_h0})
    check.holds(array.element_type() == h.element_type(), "all arrays must have one dtype");
  if (!check.good()) return check.error();
  Device found;
  const cudaError_t error = device(found);
  if (error != cudaSuccess) return failed(error);
  call.from_end = !reverse;
  call.a = a.untyped_data(), call.b = d_h.untyped_data();
  call.h = h.untyped_data(), call.h0 = h0.untyped_data();
  call.d_a = d_a->untyped_data(), call.d_b = d_b->untyped_data(), call.d_h0 = d_h0->untyped_data();
  return with_numbers(h.element_type(), [&](auto numbers) {
    using N = decltype(numbers);
    const int64_t width = width_of<N>(
        call, found, aligned({call.a, call.b, call.h, call.h0, call.d_a, call.d_b, call.d_h0}));
    cut(call, call.channels / width, found.multiprocessors);
    if (call.segments > 1 || call.constant) {
      const size_t states = call.segments * call.channels * sizeof(typename N::State);
      auto* room = static_cast<unsigned char*>(scratch.get(3 * states));
      if (!room) return no_room();
      call.factors = room, call.ends = room + states, call.sums = room + 2 * states;
    }
    const cudaError_t error = start<N>(stream, call, width);
    if (error != cudaSuccess || !call.constant) return failed(error);
    return failed(launch(sum<N>, call, blocks(call.channels), kThreads, stream));
  });
}

}  // namespace
}  // namespace cello::cuda::linear

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_cuda_linear_scan, cello::cuda::linear::run_forward,
                              CELLO_BIND
                                  .Arg<ffi::AnyBuffer>()   // a
                                  .Arg<ffi::AnyBuffer>()   // b
                                  .Arg<ffi::AnyBuffer>()   // h0
                                  .Ret<ffi::AnyBuffer>()   // h
                                  .Attr<int64_t>("axis")
                                  .Attr<bool>("reverse"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_cuda_linear_scan_backward, cello::cuda::linear::run_backward,
                              CELLO_BIND
                                  .Arg<ffi::AnyBuffer>()   // a
                                  .Arg<ffi::AnyBuffer>()   // h0
                                  .Arg<ffi::AnyBuffer>()   // h
                                  .Arg<ffi::AnyBuffer>()   // d_h
                                  .Ret<ffi::AnyBuffer>()   // d_a
                                  .Ret<ffi::AnyBuffer>()   // d_b
                                  .Ret<ffi::AnyBuffer>()   // d_h0
                                  .Attr<int64_t>("axis")
                                  .Attr<bool>("reverse"));

#pragma GCC visibility pop

// The gated recurrences' entries for XLA's FFI on GPUs. Shapes are checked before a pointer is used.
//
// An array that a call lacks (a mask) has no elements, and so has a result that nobody wants.
#include "call.h"
#include "plan.h"

namespace {

using namespace cello::cuda;
using cello::Check;
using cello::data;
using cello::Floats;
using cello::present;
using Mask = ffi::Buffer<ffi::PRED>;
using Result = ffi::Result<Floats>;

using cello::kGru, cello::kLinear, cello::kLstm, cello::kSimpleRnn, cello::kTanh;
enum Factors : int64_t { kFloat32 = 0, kTf32 = 1, kBfloat16 = 2 };         // cello.ops.cuda_kernels

// g(Cell{}, F{}) for those of the call.
template <class G>
auto with_cell(int64_t cell, G&& g) {
  if (cell == kLstm) return g(Lstm{});
  if (cell == kGru) return g(Gru{});
  return g(SimpleRnn{});
}
template <class G>
auto with_types(int64_t cell, int64_t factors, G&& g) {
  return with_cell(cell, [&](auto cell) {
    if (factors == kTf32) return g(cell, Tf32{});
    if (factors == kBfloat16) return g(cell, Bfloat16{});
    return g(cell, Float32{});
  });
}

struct Given {
  Floats recurrent_kernel, h0, c0;
  Mask mask;
  Floats factor;
  int64_t cell, activation, recurrent_activation, factors;
};

// What both handlers are given, checked and put into `call`; `x` has the batch and the time.
void read(Recurrence& call, Check& check, Given& given, Floats& x) {
  check.holds(x.dimensions().size() == 3, "x must be (batch, time, gates units)");
  check.holds(given.recurrent_kernel.dimensions().size() == 2, "recurrent_kernel must be a matrix");
  check.holds(given.cell == kLstm || given.cell == kGru || given.cell == kSimpleRnn, "cell is unknown");
  check.holds(given.factors >= kFloat32 && given.factors <= kBfloat16, "factors are unknown");
  for (int64_t activation : {given.activation, given.recurrent_activation})
    check.holds(activation >= kTanh && activation <= kLinear, "an activation is unknown");
  if (!check.good()) return;
  const int64_t batch = x.dimensions()[0], time = x.dimensions()[1];
  const int64_t units = given.recurrent_kernel.dimensions()[0];
  constexpr int64_t kMost = 1 << 24;  // of rows times units, which are counted in 32 bits
  check.holds(batch > 0 && time > 0 && units > 0, "no size may be zero");
  check.holds(time < kMost && batch < kMost && units < kMost && batch * units < 64 * kMost, "a size is too large");
  const int gates = with_cell(given.cell, [](auto cell) { return decltype(cell)::kGates; });
  check.shape("recurrent_kernel", given.recurrent_kernel, {units, gates * units});
  check.shape("h0", given.h0, {batch, units});
  if (given.cell == kLstm) check.shape("c0", given.c0, {batch, units});
  if (present(given.mask)) check.shape("mask", given.mask, {batch, time});
  if (present(given.factor)) check.shape("recurrent_mask", given.factor, {batch, units});
  call.batch = batch, call.time = time, call.units = units;
  call.activations = {static_cast<int>(given.activation), static_cast<int>(given.recurrent_activation)};
  call.recurrent_kernel = data(given.recurrent_kernel);
  call.h0 = data(given.h0), call.c0 = data(given.c0), call.factor = data(given.factor);
  call.mask = present(given.mask) ? reinterpret_cast<const unsigned char*>(given.mask.typed_data()) : nullptr;
}

// Room for a call's plan, emptied, and its start.
template <class Call>
ffi::Error start(Stream stream, Scratch& scratch, Call& call, void (*kernel)(Call)) {
  const Plan& plan = call.plan;
  auto* room = static_cast<unsigned char*>(scratch.get(plan.published_bytes + plan.weights_bytes));
  if (!room) return ffi::Error(ffi::ErrorCode::kResourceExhausted, "There is no memory left on the GPU for a recurrence.");
  call.published = reinterpret_cast<uint32_t*>(room);
  call.weights = reinterpret_cast<uint4*>(room + plan.published_bytes);
  const cudaError_t error = empty(room, plan.published_bytes, stream);
  if (error != cudaSuccess) return failed(error);
  return failed(launch_together(kernel, call, plan.members * plan.groups, kThreads, plan.shared_bytes, stream));
}

ffi::Error run_forward(Stream stream, Scratch scratch, Floats x, Floats recurrent_kernel, Floats recurrent_bias,
                       Floats h0, Floats c0, Mask mask, Floats factor, Result hs, Result cs, Result slots, Result h,
                       Result c, int64_t cell, int64_t activation, int64_t recurrent_activation, int64_t factors) {
  Check check("cello_cuda_forward");
  Given given{recurrent_kernel, h0, c0, mask, factor, cell, activation, recurrent_activation, factors};
  Forward call{};
  read(call, check, given, x);
  if (!check.good()) return check.error();
  const int64_t batch = call.batch, time = call.time, units = call.units;
  return with_types(cell, factors, [&](auto cell, auto factors) {
    using Cell = decltype(cell);
    using F = decltype(factors);
    check.shape("x", x, {batch, time, Cell::kGates * units});
    if (present(recurrent_bias)) check.shape("recurrent_bias", recurrent_bias, {units});
    check.shape("h", *h, {batch, units});
    if (Cell::kHasC) check.shape("c", *c, {batch, units});
    if (present(*hs)) check.shape("hs", *hs, {batch, time, units});
    if (present(*cs)) check.shape("cs", *cs, {batch, time, units});
    if (present(*slots)) check.shape("slots", *slots, {batch, time, Cell::kSlots * units});
    Device found;
    const cudaError_t error = device(found);
    if (error != cudaSuccess) return failed(error);
    if (!check.good()) return check.error();
    call.x = data(x), call.recurrent_bias = data(recurrent_bias);
    call.hs = data(hs), call.cs = data(cs), call.slots = data(slots), call.h = data(h), call.c = data(c);
    call.plan = plan_of<F, Cell::kGates>(found, batch, units, 1);
    if (!call.plan.held) return start(stream, scratch, call, forward<Cell, F, 2, false>);
    if (call.plan.columns == 1) return start(stream, scratch, call, forward<Cell, F, 1, true>);
    return start(stream, scratch, call, forward<Cell, F, 2, true>);
  });
}

ffi::Error run_backward(Stream stream, Scratch scratch, Floats hs, Floats recurrent_kernel, Floats h0, Floats c0,
                        Mask mask, Floats factor, Floats cs, Floats slots, Floats d_hs, Floats d_cs,
                        Floats d_h_last, Floats d_c_last, Result d_slots, Result d_h, Result d_c, int64_t cell,
                        int64_t activation, int64_t recurrent_activation, int64_t factors) {
  Check check("cello_cuda_backward");
  Given given{recurrent_kernel, h0, c0, mask, factor, cell, activation, recurrent_activation, factors};
  Backward call{};
  read(call, check, given, hs);
  if (!check.good()) return check.error();
  const int64_t batch = call.batch, time = call.time, units = call.units;
  return with_types(cell, factors, [&](auto cell, auto factors) {
    using Cell = decltype(cell);
    using F = decltype(factors);
    check.shape("hs", hs, {batch, time, units});
    check.shape("slots", slots, {batch, time, Cell::kSlots * units});
    check.shape("d_slots", *d_slots, {batch, time, Cell::kSlots * units});
    check.shape("d_h_last", d_h_last, {batch, units});
    check.shape("d_h", *d_h, {batch, units});
    if (Cell::kHasC) {
      check.shape("cs", cs, {batch, time, units});
      check.shape("d_c_last", d_c_last, {batch, units});
      check.shape("d_c", *d_c, {batch, units});
    }
    if (present(d_hs)) check.shape("d_hs", d_hs, {batch, time, units});
    if (present(d_cs)) check.shape("d_cs", d_cs, {batch, time, units});
    Device found;
    const cudaError_t error = device(found);
    if (error != cudaSuccess) return failed(error);
    if (!check.good()) return check.error();
    call.hs = data(hs), call.cs = data(cs), call.slots = data(slots), call.d_hs = data(d_hs), call.d_cs = data(d_cs);
    call.d_h_last = data(d_h_last), call.d_c_last = data(d_c_last);
    call.d_slots = data(d_slots), call.d_h = data(d_h), call.d_c = data(d_c);
    call.plan = plan_of<F, 1>(found, batch, units, Cell::kGates);
    if (!call.plan.held) return start(stream, scratch, call, backward<Cell, F, 2, false>);
    if (call.plan.columns == 1) return start(stream, scratch, call, backward<Cell, F, 1, true>);
    return start(stream, scratch, call, backward<Cell, F, 2, true>);
  });
}

}  // namespace

#define CELLO_ATTRIBUTES                     \
  .Attr<int64_t>("cell")                     \
      .Attr<int64_t>("activation")           \
      .Attr<int64_t>("recurrent_activation") \
      .Attr<int64_t>("factors")

#pragma GCC visibility push(default)

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_cuda_forward, run_forward,
                              CELLO_BIND
                                  .Arg<Floats>()   // x
                                  .Arg<Floats>()   // recurrent_kernel
                                  .Arg<Floats>()   // recurrent_bias
                                  .Arg<Floats>()   // h0
                                  .Arg<Floats>()   // c0
                                  .Arg<Mask>()     // mask
                                  .Arg<Floats>()   // recurrent_mask
                                  .Ret<Floats>()   // hs
                                  .Ret<Floats>()   // cs
                                  .Ret<Floats>()   // slots
                                  .Ret<Floats>()   // h
                                  .Ret<Floats>()   // c
                                  CELLO_ATTRIBUTES);

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_cuda_backward, run_backward,
                              CELLO_BIND
                                  .Arg<Floats>()   // hs
                                  .Arg<Floats>()   // recurrent_kernel
                                  .Arg<Floats>()   // h0
                                  .Arg<Floats>()   // c0
                                  .Arg<Mask>()     // mask
                                  .Arg<Floats>()   // recurrent_mask
                                  .Arg<Floats>()   // cs
                                  .Arg<Floats>()   // slots
                                  .Arg<Floats>()   // d_hs
                                  .Arg<Floats>()   // d_cs
                                  .Arg<Floats>()   // d_h_last
                                  .Arg<Floats>()   // d_c_last
                                  .Ret<Floats>()   // d_slots
                                  .Ret<Floats>()   // d_h
                                  .Ret<Floats>()   // d_c
                                  CELLO_ATTRIBUTES);

#pragma GCC visibility pop

// The linear recurrence's entries for XLA's FFI. Shapes are checked before a pointer is used.
//
// Arrays are (batch..., time, features...): `axis` says which is time, and any number may stand on
// either side of it. `a` may have one step for all.
#include <type_traits>
#include <vector>

#include "check.h"
#include "dispatch.h"
#include "pool.h"

namespace ffi = xla::ffi;

namespace {

using cello::Check;
using cello::Complexes;
using cello::data;
using cello::Floats;
using cello::written_data;
using Shape = ffi::Span<const int64_t>;

int64_t product(Shape sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) product *= size;
  return product;
}

// Take the sizes from `all`, which has those of every step, and check `a`, which may be of one step; the
// shape of a state, which has no time, or complaints.
template <class Call, class Numbers>
std::vector<int64_t> read(Call& call, Check& check, Numbers& all, Numbers& a, int64_t axis, bool reverse) {
  const Shape shape = all.dimensions();
  check.holds(axis >= 0 && axis < static_cast<int64_t>(shape.size()), "there is no axis of time");
  check.holds(cello::present(all), "no size may be zero");
  std::vector<int64_t> state(shape.begin(), shape.end());
  if (!check.good()) return state;
  state[axis] = 1;
  call.constant = a.dimensions() == Shape(state);
  if (!call.constant) check.shape("a", a, shape);
  state.erase(state.begin() + axis);
  call.batch = product(shape.first(axis));
  call.time = shape[axis];
  call.complex = std::is_same_v<Numbers, Complexes>;
  call.features = product(shape.last(shape.size() - axis - 1)) * (call.complex ? 2 : 1);
  call.reverse = reverse;
  return state;
}

template <class Numbers>
ffi::Error linear_scan(ffi::ThreadPool pool, Numbers a, Numbers b, Numbers h0, ffi::Result<Numbers> h,
                       int64_t axis, bool reverse) {
  Check check("cello_linear_scan");
  cello::LinearScan call{};
  const auto state = read(call, check, b, a, axis, reverse);
  check.shape("h0", h0, state);
  check.shape("h", *h, b.dimensions());
  if (!check.good()) return check.error();
  call.a = data(a), call.b = data(b), call.h0 = data(h0);
  call.h = written_data(h);
  cello::PoolParallel parallel(pool);
  cello::kernels().linear_scan(call, parallel.get());
  return ffi::Error::Success();
}

template <class Numbers>
ffi::Error linear_scan_backward(ffi::ThreadPool pool, Numbers a, Numbers h0, Numbers h, Numbers d_h,
                                ffi::Result<Numbers> d_a, ffi::Result<Numbers> d_b,
                                ffi::Result<Numbers> d_h0, int64_t axis, bool reverse) {
  Check check("cello_linear_scan_backward");
  cello::LinearScanBackward call{};
  const auto state = read(call, check, h, a, axis, reverse);
  check.shape("h0", h0, state);
  check.shape("d_h", d_h, h.dimensions());
  check.shape("d_a", *d_a, a.dimensions());
  check.shape("d_b", *d_b, h.dimensions());
  check.shape("d_h0", *d_h0, state);
  if (!check.good()) return check.error();
  call.a = data(a), call.h0 = data(h0), call.h = data(h), call.d_h = data(d_h);
  call.d_a = written_data(d_a), call.d_b = written_data(d_b), call.d_h0 = data(d_h0);
  cello::PoolParallel parallel(pool);
  cello::kernels().linear_scan_backward(call, parallel.get());
  return ffi::Error::Success();
}

template <class Numbers>
auto forward_arrays() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .template Arg<Numbers>()  // a
      .template Arg<Numbers>()  // b
      .template Arg<Numbers>()  // h0
      .template Ret<Numbers>()  // h
      .template Attr<int64_t>("axis")
      .template Attr<bool>("reverse");
}

template <class Numbers>
auto backward_arrays() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .template Arg<Numbers>()  // a
      .template Arg<Numbers>()  // h0
      .template Arg<Numbers>()  // h
      .template Arg<Numbers>()  // d_h
      .template Ret<Numbers>()  // d_a
      .template Ret<Numbers>()  // d_b
      .template Ret<Numbers>()  // d_h0
      .template Attr<int64_t>("axis")
      .template Attr<bool>("reverse");
}

}  // namespace

// Declared before they are defined, so that they are exported.
extern "C" {
CELLO_EXPORT XLA_FFI_Error* cello_linear_scan(XLA_FFI_CallFrame*);
CELLO_EXPORT XLA_FFI_Error* cello_linear_scan_backward(XLA_FFI_CallFrame*);
CELLO_EXPORT XLA_FFI_Error* cello_complex_linear_scan(XLA_FFI_CallFrame*);
CELLO_EXPORT XLA_FFI_Error* cello_complex_linear_scan_backward(XLA_FFI_CallFrame*);
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_linear_scan, linear_scan<Floats>, forward_arrays<Floats>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_linear_scan_backward, linear_scan_backward<Floats>,
                              backward_arrays<Floats>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_complex_linear_scan, linear_scan<Complexes>,
                              forward_arrays<Complexes>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_complex_linear_scan_backward, linear_scan_backward<Complexes>,
                              backward_arrays<Complexes>());

// The kernels' entries for XLA's FFI. Shapes are checked before a pointer is used.
//
// An array that a call lacks (a bias, a mask) has no elements, and so has a result that nobody wants.
#include <cstring>
#include <initializer_list>

#include "check.h"
#include "dispatch.h"
#include "pool.h"

namespace ffi = xla::ffi;

namespace {

using cello::Check;
using cello::data;
using cello::Floats;
using cello::kPanel;
using cello::present;
using cello::written_data;
using Mask = ffi::Buffer<ffi::PRED>;

struct Attributes {
  int64_t cell, activation, recurrent_activation;
  bool go_backwards;
  float epsilon;
};

// What all handlers of a recurrence are given, checked and put into `call`.
void read(cello::Recurrence& call, Check& check, const Attributes& attributes, Floats& x,
          Floats& kernel, Floats& recurrent_kernel, Floats& vectors, Floats& h0, Floats& c0,
          Mask& mask, Floats& recurrent_mask) {
  check.holds(x.dimensions().size() == 3, "x must be (batch, time, features)");
  check.holds(recurrent_kernel.dimensions().size() == 2, "recurrent_kernel must be a matrix");
  check.holds(attributes.cell >= cello::kLstm && attributes.cell <= cello::kLayerNormGru,
              "cell is unknown");
  for (int64_t activation : {attributes.activation, attributes.recurrent_activation})
    check.holds(activation >= cello::kTanh && activation <= cello::kLinear,
                "an activation is unknown");
  if (!check.good()) return;
  call.cell = attributes.cell;
  call.activation = attributes.activation;
  call.recurrent_activation = attributes.recurrent_activation;
  call.go_backwards = attributes.go_backwards, call.epsilon = attributes.epsilon;
  call.batch = x.dimensions()[0], call.time = x.dimensions()[1], call.features = x.dimensions()[2];
  call.units = recurrent_kernel.dimensions()[0];
  const cello::Sizes& sizes = cello::kCells[call.cell];
  const int64_t columns = sizes.gates * call.units;
  check.holds(call.batch > 0 && call.time > 0 && call.features > 0 && call.units > 0,
              "no size may be zero");
  check.shape("kernel", kernel, {call.features, columns});
  check.shape("recurrent_kernel", recurrent_kernel, {call.units, columns});
  check.shape("h0", h0, {call.batch, call.units});
  if (sizes.vectors > 0) check.shape("vectors", vectors, {sizes.vectors, call.units});
  if (sizes.states > 1) check.shape("c0", c0, {call.batch, call.units});
  if (present(mask)) check.shape("mask", mask, {call.batch, call.time});
  if (present(recurrent_mask))
    check.shape("recurrent_mask", recurrent_mask, {call.batch, call.units});
  call.x = data(x), call.kernel = data(kernel), call.recurrent_kernel = data(recurrent_kernel);
  call.vectors = data(vectors), call.h0 = data(h0), call.c0 = data(c0), call.recurrent_mask = data(recurrent_mask);
  call.mask = present(mask) ? reinterpret_cast<const uint8_t*>(mask.typed_data()) : nullptr;
}

void check_bias(const cello::Recurrence& call, Check& check, Floats& bias) {
  if (!check.good() || !present(bias)) return;
  const int64_t columns = cello::kCells[call.cell].gates * call.units;
  if (call.cell == cello::kGru)
    check.shape("bias", bias, {2, columns});
  else
    check.shape("bias", bias, {columns});
}

template <class Buffer>
void check_saved(const cello::Recurrence& call, Check& check, Buffer& saved) {
  check.shape("saved", saved,
              {call.time, (call.units + kPanel - 1) / kPanel, call.batch,
               cello::kCells[call.cell].slots * kPanel});
}

ffi::Error forward(ffi::ThreadPool pool, Floats x, Floats kernel, Floats recurrent_kernel,
                   Floats bias, Floats vectors, Floats h0, Floats c0, Mask mask, Floats recurrent_mask,
                   ffi::Result<Floats> hs, ffi::Result<Floats> cs, ffi::Result<Floats> saved,
                   ffi::Result<Floats> h_last, ffi::Result<Floats> c_last, int64_t cell,
                   int64_t activation, int64_t recurrent_activation, bool go_backwards,
                   float epsilon) {
  Check check("cello_forward");
  cello::Forward call{};
  read(call, check, {cell, activation, recurrent_activation, go_backwards, epsilon}, x, kernel,
       recurrent_kernel, vectors, h0, c0, mask, recurrent_mask);
  if (!check.good()) return check.error();
  const bool has_c = cello::kCells[call.cell].states > 1;
  check_bias(call, check, bias);
  if (present(*hs)) check.shape("hs", *hs, {call.batch, call.time, call.units});
  if (present(*cs)) check.shape("cs", *cs, {call.batch, call.time, call.units});
  if (present(*saved)) check_saved(call, check, *saved);
  check.shape("h_last", *h_last, {call.batch, call.units});
  if (has_c) check.shape("c_last", *c_last, {call.batch, call.units});
  if (!check.good()) return check.error();
  call.bias = data(bias);
  call.hs = written_data(hs), call.cs = written_data(cs), call.saved = written_data(saved);
  call.h_last = data(h_last), call.c_last = data(c_last);
  cello::PoolParallel parallel(pool);
  cello::kernels().forward(call, parallel.get());
  return ffi::Error::Success();
}

ffi::Error backward(ffi::ThreadPool pool, Floats x, Floats kernel, Floats recurrent_kernel,
                    Floats vectors, Floats h0, Floats c0, Mask mask, Floats recurrent_mask,
                    Floats hs, Floats cs,
                    Floats saved, Floats d_hs, Floats d_cs, Floats d_h_last, Floats d_c_last,
                    ffi::Result<Floats> d_z, ffi::Result<Floats> d_kernel,
                    ffi::Result<Floats> d_recurrent_kernel, ffi::Result<Floats> d_bias,
                    ffi::Result<Floats> d_vectors, ffi::Result<Floats> d_h0,
                    ffi::Result<Floats> d_c0, int64_t cell,
                    int64_t activation, int64_t recurrent_activation, bool go_backwards,
                   float epsilon) {
  Check check("cello_backward");
  cello::Backward call{};
  read(call, check, {cell, activation, recurrent_activation, go_backwards, epsilon}, x, kernel,
       recurrent_kernel, vectors, h0, c0, mask, recurrent_mask);
  if (!check.good()) return check.error();
  const bool has_c = cello::kCells[call.cell].states > 1;
  const std::initializer_list<int64_t> all = {call.batch, call.time, call.units};
  const std::initializer_list<int64_t> last = {call.batch, call.units};
  check.shape("hs", hs, all);
  check_saved(call, check, saved);
  check_saved(call, check, *d_z);
  if (present(d_hs)) check.shape("d_hs", d_hs, all);
  check.shape("d_h_last", d_h_last, last);
  check.shape("d_kernel", *d_kernel, {call.features, kernel.dimensions()[1]});
  check.shape("d_recurrent_kernel", *d_recurrent_kernel, {call.units, kernel.dimensions()[1]});
  check_bias(call, check, *d_bias);
  if (present(vectors)) check.shape("d_vectors", *d_vectors, vectors.dimensions());
  check.shape("d_h0", *d_h0, last);
  if (has_c) {
    check.shape("cs", cs, all);
    if (present(d_cs)) check.shape("d_cs", d_cs, all);
    check.shape("d_c_last", d_c_last, last);
    check.shape("d_c0", *d_c0, last);
  }
  if (!check.good()) return check.error();
  call.hs = data(hs), call.cs = data(cs);
  call.saved = data(d_z);
  if (call.saved != data(saved)) {  // XLA made a copy of what it needs elsewhere, or did not alias
    written_data(d_z);
    std::memcpy(call.saved, data(saved), saved.size_bytes());
  }
  call.d_hs = data(d_hs), call.d_cs = data(d_cs);
  call.d_h_last = data(d_h_last), call.d_c_last = data(d_c_last);
  call.d_kernel = data(d_kernel), call.d_recurrent_kernel = data(d_recurrent_kernel);
  call.d_vectors = data(d_vectors);
  call.d_bias = data(d_bias), call.d_h0 = data(d_h0), call.d_c0 = data(d_c0);
  cello::PoolParallel parallel(pool);
  cello::kernels().backward(call, parallel.get());
  return ffi::Error::Success();
}

ffi::Error input_gradient(ffi::ThreadPool pool, Floats d_z, Floats kernel, ffi::Result<Floats> d_x,
                          int64_t cell, bool go_backwards) {
  Check check("cello_input_gradient");
  cello::InputGradient call{};
  check.holds(cell >= cello::kLstm && cell <= cello::kLayerNormGru, "cell is unknown");
  check.holds(d_x->dimensions().size() == 3, "d_x must be (batch, time, features)");
  check.holds(kernel.dimensions().size() == 2, "kernel must be a matrix");
  if (!check.good()) return check.error();
  call.cell = cell, call.go_backwards = go_backwards;
  call.batch = d_x->dimensions()[0], call.time = d_x->dimensions()[1];
  call.features = d_x->dimensions()[2];
  call.units = kernel.dimensions()[1] / cello::kCells[cell].gates;
  check.shape("kernel", kernel, {call.features, cello::kCells[cell].gates * call.units});
  check_saved(call, check, d_z);
  check.holds(present(*d_x) && present(kernel), "no size may be zero");
  if (!check.good()) return check.error();
  call.saved = data(d_z), call.kernel = data(kernel), call.d_x = written_data(d_x);
  cello::PoolParallel parallel(pool);
  cello::kernels().input_gradient(call, parallel.get());
  return ffi::Error::Success();
}

}  // namespace

// Declared before they are defined, so that they are exported.
extern "C" {
CELLO_EXPORT XLA_FFI_Error* cello_forward(XLA_FFI_CallFrame*);
CELLO_EXPORT XLA_FFI_Error* cello_backward(XLA_FFI_CallFrame*);
CELLO_EXPORT XLA_FFI_Error* cello_input_gradient(XLA_FFI_CallFrame*);
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_forward, forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Floats>()   // x
                                  .Arg<Floats>()   // kernel
                                  .Arg<Floats>()   // recurrent_kernel
                                  .Arg<Floats>()   // bias
                                  .Arg<Floats>()   // vectors
                                  .Arg<Floats>()   // h0
                                  .Arg<Floats>()   // c0
                                  .Arg<Mask>()     // mask
                                  .Arg<Floats>()   // recurrent_mask
                                  .Ret<Floats>()   // hs
                                  .Ret<Floats>()   // cs
                                  .Ret<Floats>()   // saved
                                  .Ret<Floats>()   // h_last
                                  .Ret<Floats>()   // c_last
                                  .Attr<int64_t>("cell")
                                  .Attr<int64_t>("activation")
                                  .Attr<int64_t>("recurrent_activation")
                                  .Attr<bool>("go_backwards")
                                  .Attr<float>("epsilon"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_backward, backward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Floats>()   // x
                                  .Arg<Floats>()   // kernel
                                  .Arg<Floats>()   // recurrent_kernel
                                  .Arg<Floats>()   // vectors
                                  .Arg<Floats>()   // h0
                                  .Arg<Floats>()   // c0
                                  .Arg<Mask>()     // mask
                                  .Arg<Floats>()   // recurrent_mask
                                  .Arg<Floats>()   // hs
                                  .Arg<Floats>()   // cs
                                  .Arg<Floats>()   // saved
                                  .Arg<Floats>()   // d_hs
                                  .Arg<Floats>()   // d_cs
                                  .Arg<Floats>()   // d_h_last
                                  .Arg<Floats>()   // d_c_last
                                  .Ret<Floats>()   // d_z
                                  .Ret<Floats>()   // d_kernel
                                  .Ret<Floats>()   // d_recurrent_kernel
                                  .Ret<Floats>()   // d_bias
                                  .Ret<Floats>()   // d_vectors
                                  .Ret<Floats>()   // d_h0
                                  .Ret<Floats>()   // d_c0
                                  .Attr<int64_t>("cell")
                                  .Attr<int64_t>("activation")
                                  .Attr<int64_t>("recurrent_activation")
                                  .Attr<bool>("go_backwards")
                                  .Attr<float>("epsilon"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_input_gradient, input_gradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<Floats>()   // d_z
                                  .Arg<Floats>()   // kernel
                                  .Ret<Floats>()   // d_x
                                  .Attr<int64_t>("cell")
                                  .Attr<bool>("go_backwards"));

const char* cello_handlers() {
  return "cello_forward,cello_backward,cello_input_gradient,"
         "cello_linear_scan,cello_linear_scan_backward,"
         "cello_complex_linear_scan,cello_complex_linear_scan_backward";
}

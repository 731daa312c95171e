// Placeholder: the handlers for XLA's FFI.
#include "dispatch.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

// Declared before it is defined, so that it is exported.
extern "C" CELLO_EXPORT XLA_FFI_Error* cello_nothing(XLA_FFI_CallFrame*);

XLA_FFI_DEFINE_HANDLER_SYMBOL(cello_nothing,
                              [](ffi::AnyBuffer, ffi::Result<ffi::AnyBuffer>) {
                                return ffi::Error::Success();
                              },
                              ffi::Ffi::Bind().Arg<ffi::AnyBuffer>().Ret<ffi::AnyBuffer>());

const char* cello_handlers() { return "cello_nothing"; }

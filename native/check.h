// The arrays that XLA gives to a handler, and complaints about their shapes.
//
// An array that a call lacks has no elements, and so has a result that nobody wants.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "pool.h"
#include "xla/ffi/api/ffi.h"

namespace cello {

using Floats = xla::ffi::Buffer<xla::ffi::F32>;
using Complexes = xla::ffi::Buffer<xla::ffi::C64>;

inline std::string written(xla::ffi::Span<const int64_t> shape) {
  std::string text = "(";
  for (int64_t size : shape) text += std::to_string(size) + ", ";
  return text + ")";
}

// Collects the first complaint about the arrays of a call.
class Check {
 public:
  explicit Check(const char* handler) : handler_(handler) {}

  template <class Buffer>
  void shape(const char* name, Buffer& buffer, xla::ffi::Span<const int64_t> expected) {
    const auto got = buffer.dimensions();
    if (message_.empty() && !(got == expected))
      message_ = std::string(handler_) + " expects " + name + " of shape " + written(expected) +
                 " and got " + written(got);
  }

  template <class Buffer>
  void shape(const char* name, Buffer& buffer, std::initializer_list<int64_t> expected) {
    shape(name, buffer, xla::ffi::Span<const int64_t>(expected.begin(), expected.size()));
  }

  void holds(bool condition, const char* sentence) {
    if (message_.empty() && !condition) message_ = std::string(handler_) + ": " + sentence;
  }

  bool good() const { return message_.empty(); }
  xla::ffi::Error error() const { return xla::ffi::Error::InvalidArgument(message_); }

 private:
  const char* handler_;
  std::string message_;
};

template <class Buffer>
bool present(Buffer& buffer) {
  return buffer.element_count() > 0;
}

// Real and imaginary parts of complex numbers stand side by side.
template <xla::ffi::DataType TYPE>
float* data(xla::ffi::Buffer<TYPE>& buffer) {
  return present(buffer) ? reinterpret_cast<float*>(buffer.typed_data()) : nullptr;
}
template <xla::ffi::DataType TYPE>
float* data(xla::ffi::Result<xla::ffi::Buffer<TYPE>>& buffer) {
  return data(*buffer);
}

// A result that will be written from one end to the other.
template <xla::ffi::DataType TYPE>
float* written_data(xla::ffi::Result<xla::ffi::Buffer<TYPE>>& buffer) {
  if (present(*buffer)) expect_writes(buffer->untyped_data(), buffer->size_bytes());
  return data(buffer);
}

}  // namespace cello

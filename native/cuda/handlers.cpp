// The names of the entries of the library for GPUs, with commas.

#pragma GCC visibility push(default)

extern "C" const char* cello_cuda_handlers() {
  return "cello_cuda_forward,cello_cuda_backward,"
         "cello_cuda_linear_scan,cello_cuda_linear_scan_backward";
}

#pragma GCC visibility pop

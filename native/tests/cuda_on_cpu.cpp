// The library of the kernels for GPUs, for a CPU that plays the GPU.
#include "../cuda/handlers.cpp"
#include "../cuda/linear_scan.cu"
#include "../cuda/recurrence.cu"

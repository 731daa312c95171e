// The library of the kernels for GPUs, for a CPU that plays the GPU.
#include "../cuda/recurrence.cu"

// Small kernels for the tests of the device layer.
#include <stdint.h>

// Writes every argument as it arrived, to see that the launcher packs them as the compiler reads
// them: an int before a pointer leaves a gap.
extern "C" __global__ void echo(int a, double* out, float b, int64_t c, int d, const double* in) {
  out[0] = a;
  out[1] = b;
  out[2] = (double)c;
  out[3] = d;
  out[4] = in[0];
}

// data[i] = data[i] * factor + term for i < n, one thread each.
extern "C" __global__ void scale_add(float* data, int n, float factor, float term) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) data[i] = data[i] * factor + term;
}

// Reverses `n` ints through dynamic shared memory of 4 n bytes; one block.
extern "C" __global__ void reverse_shared(int* data, int n) {
  extern __shared__ int buffer[];
  for (int i = threadIdx.x; i < n; i += blockDim.x) buffer[i] = data[i];
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) data[i] = buffer[n - 1 - i];
}

// Writes out[blockIdx.x] = rank of the block in its cluster of two, or -1 where there are none.
#if __CUDA_ARCH__ >= 900
extern "C" __global__ void __cluster_dims__(2, 1, 1) cluster_rank(int* out) {
  uint32_t rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  if (threadIdx.x == 0) out[blockIdx.x] = (int)rank;
}
#else
extern "C" __global__ void cluster_rank(int* out) {
  if (threadIdx.x == 0) out[blockIdx.x] = -1;
}
#endif

// Writes where no memory is.
extern "C" __global__ void write_nowhere() { *reinterpret_cast<volatile int*>(0x10) = 1; }

// Grid 1, block 32, dynamic shared memory 48 KiB: adds up what it wrote to both kinds of it.
extern "C" __global__ void own_and_dynamic_shared(int* out) {
  __shared__ int own[32];
  extern __shared__ int dynamic[];
  own[threadIdx.x] = threadIdx.x;
  dynamic[48 * 256 - 1] = 48 * 256 - 1;
  __syncthreads();
  if (threadIdx.x == 0) {
    int sum = dynamic[48 * 256 - 1];
    for (int i = 0; i < 32; i++) {
      sum += own[i];
    }
    *out = sum;
  }
}

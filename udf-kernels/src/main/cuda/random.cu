// Random weights, the same numbers as checkpoint.RandomWeights: a model of many gigabytes is drawn in
// milliseconds.
#include <cuda_bf16.h>
#include <stdint.h>

namespace {

constexpr int kThreads = 256;

enum Type { kBf16 = 0, kF16 = 1, kF32 = 2 };

__device__ uint64_t scramble(uint64_t value) {
  uint64_t z = value + 0x9E3779B97F4A7C15ull;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

// Rounds to the nearest half precision value, which floats hold exactly.
__device__ float to_half(float v) {
  float ulp = fmaxf(__uint_as_float((__float_as_uint(v) & 0x7F800000u)) * 0x1p-23f, 0x1p-149f);
  double step = fmax(0x1p-24, (double)ulp * 8192.0);
  return (float)(rint(v / step) * step);
}

}  // namespace

// Elements first .. first + count - 1 of a tensor: mean + spread (u - 1 / 2), u of seed + index.
//   spread  deviation times the root of 12
//   type    of the tensor; F16 is written as the fp32 of its values
// Grid any, block 256.
extern "C" __global__ void __launch_bounds__(kThreads)
    random_values(uint64_t seed, int64_t first, int64_t count, double mean, double spread, int type,
                  void* out) {
  for (int64_t i = blockIdx.x * (int64_t)kThreads + threadIdx.x; i < count;
       i += gridDim.x * (int64_t)kThreads) {
    double unit = (double)(scramble(seed + first + i) >> 11) * 0x1p-53;
    // No fused multiply-add: Java has none here either.
    float v = (float)__dadd_rn(mean, __dmul_rn(spread, unit - 0.5));
    if (type == kBf16) {
      static_cast<__nv_bfloat16*>(out)[i] = __float2bfloat16_rn(v);
    } else {
      static_cast<float*>(out)[i] = type == kF16 ? to_half(v) : v;
    }
  }
}

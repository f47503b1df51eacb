// Weights: from the checkpoint's row-major bytes to panel matrices (layout.cuh) and fp32 vectors.
#include <cuda_fp16.h>

#include "layout.cuh"

using namespace longspan;

namespace {

enum Type { kBf16 = 0, kF16 = 1, kF32 = 2 };

// Eight values as bf16, nearest, ties to even.
struct alignas(16) Chunk {
  bf16 v[8];
};

__device__ bf16 load(const void* from, int type, int64_t i) {
  if (type == kBf16) return static_cast<const bf16*>(from)[i];
  if (type == kF16) return __float2bfloat16_rn(__half2float(static_cast<const __half*>(from)[i]));
  return __float2bfloat16_rn(static_cast<const float*>(from)[i]);
}

// Elements i .. i + 7 of an array whose vectors of eight are aligned.
__device__ Chunk load8(const void* from, int type, int64_t i) {
  Chunk c;
  if (type == kBf16) {
    c = *reinterpret_cast<const Chunk*>(static_cast<const bf16*>(from) + i);
  } else if (type == kF16) {
    uint4 raw = *reinterpret_cast<const uint4*>(static_cast<const __half*>(from) + i);
    const __half* h = reinterpret_cast<const __half*>(&raw);
#pragma unroll
    for (int j = 0; j < 8; j++) c.v[j] = __float2bfloat16_rn(__half2float(h[j]));
  } else {
    const float4* f = reinterpret_cast<const float4*>(static_cast<const float*>(from) + i);
    float4 a = f[0], b = f[1];
    const float v[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
    for (int j = 0; j < 8; j++) c.v[j] = __float2bfloat16_rn(v[j]);
  }
  return c;
}

// Where row i of a matrix lies in the packed one: as it is, or rows of gate and up by turns of 8.
__device__ int64_t packed_row(int64_t i, int part) {
  return part == 0 ? i : i / 8 * 16 + i % 8 + (part == 2 ? 8 : 0);
}

__device__ uint64_t scramble(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

constexpr int kChunks = 4;  // chunks that a thread of pack_rows has under way, a panel apart

}  // namespace

// Writes rows of a matrix to a panel matrix, with zeros in the columns beyond `cols`.
//   source  [rows, cols] of `type` (0 bf16, 1 f16, 2 f32), aligned to 16 bytes
//   first   number of source row 0 among the rows of its part
//   part    0: packed row = row; 1: row of gate, 2: row of up (interleaved by 8)
//   target  [ld, pad64(cols)]
// Grid (ceil(rows / 32), ceil(cols / 256)), block 256.
extern "C" __global__ void pack_rows(const void* source, int type, int rows, int cols,
                                     int64_t first, int part, bf16* target, int64_t ld) {
  int r = blockIdx.x * 32 + threadIdx.x / 8;
  if (r >= rows) return;
  int64_t to = packed_row(first + r, part);
  int column = blockIdx.y * kChunks * kPanel + threadIdx.x % 8 * 8;
  int panels = (cols + kPanel - 1) / kPanel;
  Chunk c[kChunks];
#pragma unroll
  for (int j = 0; j < kChunks; j++, column += kPanel) {
    c[j] = Chunk{};
    int64_t at = (int64_t)r * cols + column;
    if (cols % 8 == 0 && column < cols) {
      c[j] = load8(source, type, at);
    } else {
#pragma unroll
      for (int i = 0; i < 8; i++) {
        if (column + i < cols) c[j].v[i] = load(source, type, at + i);
      }
    }
  }
  column = blockIdx.y * kChunks * kPanel + threadIdx.x % 8 * 8;
#pragma unroll
  for (int j = 0; j < kChunks; j++, column += kPanel) {
    if (column < panels * kPanel) {
      *reinterpret_cast<Chunk*>(target + panel_index(ld, to, column)) = c[j];
    }
  }
}

// Widens a norm weight or bias: target[i] = source[i], i < count. Grid ceil(count / 256), block 256.
extern "C" __global__ void pack_vector(const void* source, int type, int count, float* target) {
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= count) return;
  target[i] = type == kBf16  ? __bfloat162float(static_cast<const bf16*>(source)[i])
              : type == kF16 ? __half2float(static_cast<const __half*>(source)[i])
                             : static_cast<const float*>(source)[i];
}

// Fills a panel matrix [ld, pad64(cols)] with random weights, and zeros outside [rows, cols].
// Element (r, c) is the sum of four uniform numbers, so nearly normal, with mean 0 and the given
// deviation; it depends on seed, r and c alone. Grid (ceil(ld / 32), panels), block 256.
extern "C" __global__ void pack_random(bf16* target, int64_t ld, int64_t rows, int cols,
                                       uint64_t seed, float deviation) {
  int64_t r = blockIdx.x * 32ll + threadIdx.x / 8;
  if (r >= ld) return;
  int column = blockIdx.y * kPanel + threadIdx.x % 8 * 8;
  // Four uniforms on 0 .. 65,535 have a variance of 4 (65536^2 - 1) / 12.
  float unit = deviation * 2.6429e-5f;
  Chunk c;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    uint64_t z = scramble(seed + (r * cols + column + i + 1) * 0x9E3779B97F4A7C15ull);
    int sum = (int)(z & 0xFFFF) + (int)(z >> 16 & 0xFFFF) + (int)(z >> 32 & 0xFFFF) + (int)(z >> 48);
    bool inside = r < rows && column + i < cols;
    c.v[i] = __float2bfloat16_rn(inside ? (sum - 131070) * unit : 0.0f);
  }
  *reinterpret_cast<Chunk*>(target + panel_index(ld, r, column)) = c;
}

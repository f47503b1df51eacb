// The two ends of the residual stream: embedding into it, and RMSNorm out of it into a GEMM's input.
//
// The residual stream is fp32, row-major [rows, hidden]; hidden is a multiple of 4. The embedding
// table is the same panel matrix that a tied head multiplies with: a row of a panel is 128 bytes, so
// that gathering them costs no more than a row-major table would.
#include "layout.cuh"

using namespace longspan;

namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kKept = 4;  // chunks of 8 columns that a thread keeps in registers: 8,192 columns in all

struct alignas(16) Chunk {
  bf16 v[8];
};

// Columns 8 c .. 8 c + 7 of a row; zeros beyond its end.
__device__ void load_chunk(const float* row, int c, int cols, float (&v)[8]) {
  float4 a = make_float4(0, 0, 0, 0), b = a;
  if (8 * c < cols) a = *reinterpret_cast<const float4*>(row + 8 * c);
  if (8 * c + 4 < cols) b = *reinterpret_cast<const float4*>(row + 8 * c + 4);
  v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w;
  v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
}

__device__ float squares(const float (&v)[8]) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) sum = fmaf(v[i], v[i], sum);
  return sum;
}

// The sum over the block, in an order that depends on nothing else; for every thread.
__device__ float block_sum(float v) {
  __shared__ float part[kWarps];
#pragma unroll
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(~0u, v, d);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  v = 0;
#pragma unroll
  for (int w = 0; w < kWarps; w++) v += part[w];
  return v;
}

}  // namespace

// out[i] = scale * table[tokens[i]]; a negative token leaves its row as it is.
//   table  panel matrix [ld, pad64(hidden)]
//   out    fp32 [rows, hidden]
// Grid rows, block 256.
extern "C" __global__ void embed(const bf16* table, int64_t ld, const int* tokens, int hidden,
                                 float scale, float* out) {
  int token = tokens[blockIdx.x];
  if (token < 0) return;
  float* to = out + (int64_t)blockIdx.x * hidden;
  for (int c = threadIdx.x; 8 * c < hidden; c += kThreads) {
    Chunk e = *reinterpret_cast<const Chunk*>(table + panel_index(ld, token, 8 * c));
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; i++) v[i] = __bfloat162float(e.v[i]) * scale;
    *reinterpret_cast<float4*>(to + 8 * c) = make_float4(v[0], v[1], v[2], v[3]);
    if (8 * c + 4 < hidden) {
      *reinterpret_cast<float4*>(to + 8 * c + 4) = make_float4(v[4], v[5], v[6], v[7]);
    }
  }
}

// out[i] = scale * weight * x[r] / sqrt(mean(x[r]^2) + eps), r = index[i], or i without an index.
// Everything is fp32, rounded once. One block has a row, be there one or thousands.
//   x       fp32 [.., hidden]
//   weight  fp32 [hidden]
//   index   int [rows], or null
//   out     panel matrix [ld, pad64(hidden)]; its padding columns are set to zero
// Grid rows, block 256.
extern "C" __global__ void __launch_bounds__(kThreads)
    rms_norm(const float* x, const float* weight, const int* index, int hidden, float eps,
             float scale, bf16* out, int64_t ld) {
  int64_t r = index == nullptr ? blockIdx.x : index[blockIdx.x];
  const float* row = x + r * hidden;
  float kept[kKept][8];
  float sum = 0;
#pragma unroll
  for (int k = 0; k < kKept; k++) load_chunk(row, threadIdx.x + k * kThreads, hidden, kept[k]);
#pragma unroll
  for (int k = 0; k < kKept; k++) sum += squares(kept[k]);
  for (int c = threadIdx.x + kKept * kThreads; 8 * c < hidden; c += kThreads) {
    float v[8];
    load_chunk(row, c, hidden, v);
    sum += squares(v);
  }
  float inverse = rsqrtf(block_sum(sum) / hidden + eps);

  auto store = [&](int c, const float(&v)[8]) {
    float w[8];
    load_chunk(weight, c, hidden, w);
    Chunk to;
#pragma unroll
    for (int i = 0; i < 8; i++) to.v[i] = __float2bfloat16_rn(v[i] * inverse * w[i] * scale);
    *reinterpret_cast<Chunk*>(out + panel_index(ld, blockIdx.x, 8 * c)) = to;
  };
  int padded = (hidden + kPanel - 1) / kPanel * kPanel;
#pragma unroll
  for (int k = 0; k < kKept; k++) {
    int c = threadIdx.x + k * kThreads;
    if (8 * c < padded) store(c, kept[k]);
  }
  for (int c = threadIdx.x + kKept * kThreads; 8 * c < padded; c += kThreads) {
    float v[8];
    load_chunk(row, c, hidden, v);
    store(c, v);
  }
}

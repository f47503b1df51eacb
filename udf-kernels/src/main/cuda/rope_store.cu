// From the fused projection to the cache: RMSNorm per head (Qwen3), RoPE, paged K and V, and the
// compressed keys of the windows that end here (layout.cuh).
//
// A thread holds 8 columns of a head's first half and the 8 that they rotate with (element i turns
// with i + D / 2), so a head takes D / 16 neighbouring threads. Prompt and answer go through
// different kernels but through the same functions: they leave the same bits.
#include "layout.cuh"

using namespace longspan;

namespace {

constexpr int kPrefillThreads = 256;
constexpr int kPrefillRows = 8;
constexpr int kDecodeThreads = 160;  // 18 heads of 128 columns: a group of 16, their key and value

struct alignas(16) Chunk {
  bf16 v[8];
};

struct Eight {
  float v[8];
};

__device__ Eight widen(const bf16* from) {
  Chunk c = *reinterpret_cast<const Chunk*>(from);
  Eight x;
#pragma unroll
  for (int i = 0; i < 8; i++) x.v[i] = __bfloat162float(c.v[i]);
  return x;
}

__device__ void store(bf16* to, const Eight& x) {
  Chunk c;
#pragma unroll
  for (int i = 0; i < 8; i++) c.v[i] = __float2bfloat16_rn(x.v[i]);
  *reinterpret_cast<Chunk*>(to) = c;
}

__device__ Eight load(const float* from) {
  const float4* f = reinterpret_cast<const float4*>(from);
  float4 a = f[0], b = f[1];
  return {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
}

// RMSNorm of the head that D / 16 threads hold, columns 8 lane .. of either half.
template <int D>
__device__ void normalise(Eight& x, Eight& y, const float* weight, int lane, float eps) {
  constexpr int lanes = D / 16;
  unsigned peers = ((1u << lanes) - 1) << (threadIdx.x % 32 / lanes * lanes);
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) sum = fmaf(x.v[i], x.v[i], fmaf(y.v[i], y.v[i], sum));
#pragma unroll
  for (int d = lanes / 2; d > 0; d /= 2) sum += __shfl_xor_sync(peers, sum, d);
  float inverse = rsqrtf(sum / D + eps);
  Eight w = load(weight + 8 * lane), u = load(weight + D / 2 + 8 * lane);
#pragma unroll
  for (int i = 0; i < 8; i++) {
    x.v[i] *= inverse * w.v[i];
    y.v[i] *= inverse * u.v[i];
  }
}

__device__ void rotate(Eight& x, Eight& y, const Eight& cos, const Eight& sin) {
#pragma unroll
  for (int i = 0; i < 8; i++) {
    float a = x.v[i], b = y.v[i];
    x.v[i] = fmaf(a, cos.v[i], -(b * sin.v[i]));
    y.v[i] = fmaf(b, cos.v[i], a * sin.v[i]);
  }
}

// One thread's part of one head of a row: rotates q in place, stores k and v.
//   row     the row of qkv
//   angles  the position's part of the table: D / 2 cosines, D / 2 sines
//   page    where k and v go, at `slot`
template <int D>
__device__ void rope_store(bf16* row, int heads, int kv_heads, int head, int lane,
                           const float* q_norm, const float* k_norm, float eps,
                           const float* angles, bf16* cache, int page, int slot) {
  bf16* first = row + head * D + 8 * lane;
  Eight x = widen(first), y = widen(first + D / 2);
  bool is_value = head >= heads + kv_heads;
  if (!is_value) {
    const float* norm = head < heads ? q_norm : k_norm;
    if (norm != nullptr) normalise<D>(x, y, norm, lane, eps);
    rotate(x, y, load(angles + 8 * lane), load(angles + D / 2 + 8 * lane));
  }
  if (head < heads) {
    store(first, x);
    store(first + D / 2, y);
  } else {
    bf16* tile = cache + page_offset(page, (head - heads) % kv_heads, kv_heads, D) +
                 (is_value ? page_tile(D) : 0);
    store(tile + panel_index(kPage, slot, 8 * lane), x);
    store(tile + panel_index(kPage, slot, D / 2 + 8 * lane), y);
  }
}

// The mean of `tokens` stored keys, of which the last is that at `last`, in columns c and c + 1: an
// fp32 sum in token order, rounded once. Windows start at multiples of `batch`, which divides a page;
// the keys of a batch are under way at once.
template <int D, int tokens, int batch>
__device__ __nv_bfloat162 mean_key(const bf16* cache, const int* table, int kv_heads, int kv_head,
                                   int last, int c) {
  float a = 0, b = 0;
#pragma unroll
  for (int i = 0; i < tokens; i += batch) {
    int from = last + 1 - tokens + i;
    const bf16* tile = cache + page_offset(table[from / kPage], kv_head, kv_heads, D);
    __nv_bfloat162 keys[batch];
#pragma unroll
    for (int t = 0; t < batch; t++) {
      keys[t] = *reinterpret_cast<const __nv_bfloat162*>(
          tile + panel_index(kPage, from % kPage + t, c));
    }
#pragma unroll
    for (int t = 0; t < batch; t++) {
      float2 key = __bfloat1622float2(keys[t]);
      a += key.x;
      b += key.y;
    }
  }
  return __floats2bfloat162_rn(a * (1.0f / tokens), b * (1.0f / tokens));
}

// Columns c and c + 1 of the fine key whose window ends with the token at `last`.
template <int D>
__device__ void store_fine(const bf16* cache, bf16* fine, const int* table, int kv_heads,
                           int kv_head, int last, int c) {
  int slot = (last + 1) / kFineStride - 1;
  bf16* to = fine + fine_offset(table[last / kPage], kv_head, kv_heads, D) + fine_index(slot, c);
  *reinterpret_cast<__nv_bfloat162*>(to) =
      mean_key<D, kFineSize, kFineStride>(cache, table, kv_heads, kv_head, last, c);
}

// The same of the coarse key.
template <int D>
__device__ void store_coarse(const bf16* cache, bf16* coarse, const int* table, int kv_heads,
                             int kv_head, int last, int c) {
  int slot = last / kPage;
  bf16* to =
      coarse + coarse_offset(table[slot], kv_head, kv_heads, D) + coarse_index(slot, c);
  *reinterpret_cast<__nv_bfloat162*>(to) =
      mean_key<D, kCoarseSize, 32>(cache, table, kv_heads, kv_head, last, c);
}

__device__ bool ends_fine(int last) {
  return (last + 1) % kFineStride == 0 && last + 1 >= kFineSize;
}

__device__ bool ends_coarse(int last) {
  return (last + 1) % kCoarseStride == 0 && last + 1 >= kCoarseSize;
}

template <int D>
__device__ void prefill(bf16* qkv, int heads, int kv_heads, const float* q_norm,
                        const float* k_norm, float eps, const float* angles,
                        const Segment* segments, const int* page_table, bf16* cache) {
  constexpr int lanes = D / 16;
  Segment s = segments[blockIdx.y];
  int first = blockIdx.x * kPrefillRows;
  int width = (heads + 2 * kv_heads) * lanes;
  int items = min(kPrefillRows, s.rows - first) * width;
  for (int i = threadIdx.x; i < items; i += kPrefillThreads) {
    int row = first + i / width;
    int item = i % width;
    int position = s.start + row;
    rope_store<D>(qkv + (int64_t)(s.first_row + row) * width * 16, heads, kv_heads, item / lanes,
                  item % lanes, q_norm, k_norm, eps, angles + (int64_t)position * D, cache,
                  page_table[s.table + position / kPage], position % kPage);
  }
}

template <int D>
__device__ void compress(const bf16* cache, bf16* fine, bf16* coarse, const Segment* segments,
                         const int* page_table, int kv_heads) {
  Segment s = segments[blockIdx.y];
  const int* table = page_table + s.table;
  int block = s.start / kPage + blockIdx.x;
  int window = threadIdx.x / (D / 2);
  int c = threadIdx.x % (D / 2) * 2;
  bool is_fine = window < kFinePerPage;
  int last = block * kPage + (is_fine ? (window + 1) * kFineStride : kPage) - 1;
  if (last < s.start || last >= s.start + s.rows) return;
  if (is_fine) {
    if (ends_fine(last)) store_fine<D>(cache, fine, table, kv_heads, blockIdx.z, last, c);
  } else if (ends_coarse(last)) {
    store_coarse<D>(cache, coarse, table, kv_heads, blockIdx.z, last, c);
  }
}

template <int D>
__device__ void decode(bf16* qkv, int heads, int kv_heads, const float* q_norm,
                       const float* k_norm, float eps, const float* angles, const int* positions,
                       const int* tables, const int* page_table, bf16* cache, bf16* fine,
                       bf16* coarse) {
  constexpr int lanes = D / 16;
  int row = blockIdx.x, kv_head = blockIdx.y, group = heads / kv_heads;
  int position = positions[row];
  if (position < 0) return;
  const int* table = page_table + tables[row];
  int i = threadIdx.x / lanes;
  if (i < group + 2) {
    int head = i < group ? kv_head * group + i : heads + (i - group) * kv_heads + kv_head;
    rope_store<D>(qkv + (int64_t)row * (heads + 2 * kv_heads) * D, heads, kv_heads, head,
                  threadIdx.x % lanes, q_norm, k_norm, eps, angles + (int64_t)position * D, cache,
                  table[position / kPage], position % kPage);
  }
  if (fine == nullptr || !ends_fine(position)) return;
  __syncthreads();  // the windows hold the key that this block has just stored
  int c = threadIdx.x % (D / 2) * 2;
  int level = threadIdx.x / (D / 2);
  if (level == 0) {
    store_fine<D>(cache, fine, table, kv_heads, kv_head, position, c);
  } else if (level == 1 && ends_coarse(position)) {
    store_coarse<D>(cache, coarse, table, kv_heads, kv_head, position, c);
  }
}

}  // namespace

// Cosines and sines, each times `scale`, of the angles (t (1 / factor[i])) inv_freq[i] in fp32 and
// this order: table [positions][cos, sin][half]. Grid ceil(positions / 4), block (64, 4).
extern "C" __global__ void rope_table(const float* inv_freq, const float* factor, int half,
                                      int positions, float scale, float* table) {
  int t = blockIdx.x * 4 + threadIdx.y;
  if (t >= positions) return;
  for (int i = threadIdx.x; i < half; i += 64) {
    double angle = __fmul_rn(__fmul_rn((float)t, __frcp_rn(factor[i])), inv_freq[i]);
    table[(int64_t)t * 2 * half + i] = (float)(cos(angle) * scale);
    table[(int64_t)t * 2 * half + half + i] = (float)(sin(angle) * scale);
  }
}

// For the segments of a prefill step: norms q and k per head (if q_norm and k_norm, fp32 [D], are
// not null), rotates q in place in qkv [rows, (heads + 2 kv_heads) D] and stores k and v in the
// layer's cache. Grid (ceil(longest segment / 8), segments), block 256.
#define ROPE_STORE_PREFILL(D)                                                                      \
  extern "C" __global__ void rope_store_prefill_##D(                                               \
      bf16* qkv, int heads, int kv_heads, const float* q_norm, const float* k_norm, float eps,     \
      const float* angles, const Segment* segments, const int* page_table, bf16* cache) {          \
    prefill<D>(qkv, heads, kv_heads, q_norm, k_norm, eps, angles, segments, page_table, cache);    \
  }
ROPE_STORE_PREFILL(64)
ROPE_STORE_PREFILL(128)

// The compressed keys of all windows that end in the segments of a prefill step, after
// rope_store_prefill. Grid (most pages that a segment touches, segments, kv_heads), block 5 D / 2.
#define COMPRESS_PREFILL(D)                                                                        \
  extern "C" __global__ void compress_prefill_##D(const bf16* cache, bf16* fine, bf16* coarse,     \
                                                  const Segment* segments, const int* page_table,  \
                                                  int kv_heads) {                                  \
    compress<D>(cache, fine, coarse, segments, page_table, kv_heads);                              \
  }
COMPRESS_PREFILL(64)
COMPRESS_PREFILL(128)

// One row per sequence: as rope_store_prefill, and the compressed keys of the windows that end with
// the row's token (if `fine` is not null). A row whose position is negative does nothing.
//   positions  int [rows]
//   tables     int [rows]: the first entry of each row's page table in page_table
// Grid (rows, kv_heads), block 160.
#define ROPE_STORE_DECODE(D)                                                                       \
  extern "C" __global__ void __launch_bounds__(kDecodeThreads) rope_store_decode_##D(              \
      bf16* qkv, int heads, int kv_heads, const float* q_norm, const float* k_norm, float eps,     \
      const float* angles, const int* positions, const int* tables, const int* page_table,         \
      bf16* cache, bf16* fine, bf16* coarse) {                                                     \
    decode<D>(qkv, heads, kv_heads, q_norm, k_norm, eps, angles, positions, tables, page_table,    \
              cache, fine, coarse);                                                                \
  }
ROPE_STORE_DECODE(64)
ROPE_STORE_DECODE(128)

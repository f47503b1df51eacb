// InfLLM-V2 selection for prefill on any GPU: one CTA per token and KV head, plain loops.
//
// Same input, same rules and same output as select_prefill.cu, which says what is computed; it
// reads the tiles that select_gather wrote. A thread takes whole windows: it multiplies a window's
// key with all queries of the group. A row's bits depend on its own query and keys only.
#include "select.cuh"

namespace longspan {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kMaxGroup = 16;

template <int D>
struct Shared {
  float query[kMaxGroup][D];  // times log2(e) / sqrt(D)
  float lse[kMaxGroup];
  float max[kWarps][kMaxGroup], sum[kWarps][kMaxGroup];
  uint32_t chosen[kSelectScratch];
  float score[4];             // the first of the candidates' scores
};

// The products of a tile's window and the queries.
template <int D>
__device__ __forceinline__ void products(const bf16* tile, int window, const Shared<D>& shared,
                                         float (&s)[kMaxGroup]) {
  int row = tile_row(window);
#pragma unroll
  for (int h = 0; h < kMaxGroup; h++) {
    s[h] = 0.f;
  }
#pragma unroll 1
  for (int d = 0; d < D; d += 8) {
    uint4 chunk = *reinterpret_cast<const uint4*>(tile + panel_index(kTileWindows, row, d));
    const __nv_bfloat162* pairs = reinterpret_cast<const __nv_bfloat162*>(&chunk);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float2 key = __bfloat1622float2(pairs[i]);
#pragma unroll
      for (int h = 0; h < kMaxGroup; h++) {
        s[h] = fmaf(key.x, shared.query[h][d + 2 * i], s[h]);
        s[h] = fmaf(key.y, shared.query[h][d + 2 * i + 1], s[h]);
      }
    }
  }
}

template <int D>
__device__ __forceinline__ void select_row(const bf16* qkv, int qkv_stride, int group,
                                           int kv_heads, const bf16* panels,
                                           const SelectTile* tiles, int tile_tokens,
                                           int init_blocks, int local_blocks, int count, int exact,
                                           int round, uint32_t* mask, int rows, int words) {
  extern __shared__ __align__(16) char memory[];
  Shared<D>& shared = *reinterpret_cast<Shared<D>*>(memory);
  int head = blockIdx.y;
  SelectTile tile = tiles[blockIdx.x / tile_tokens];
  int token = blockIdx.x % tile_tokens;
  if (token >= tile.tokens) {
    return;
  }
  int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  int position = tile.position + token;
  int end = candidate_end(position, local_blocks);
  auto keys = [&](int64_t index) {
    return panels + (index * kv_heads + head) * (kTileWindows * D);
  };

  const float scale = 1.44269504088896341f / sqrtf(D);
  const bf16* query = qkv + (int64_t)(tile.row + token) * qkv_stride + head * group * D;
  for (int i = thread; i < kMaxGroup * D; i += kThreads) {
    shared.query[i / D][i % D] = i / D < group ? __bfloat162float(query[i]) * scale : 0.f;
  }
  for (int b = thread; b < end; b += kThreads) {
    shared.score[b] = 0.f;
  }
  __syncthreads();

  float max[kMaxGroup], sum[kMaxGroup], s[kMaxGroup];
#pragma unroll
  for (int h = 0; h < kMaxGroup; h++) {
    max[h] = -INFINITY;
    sum[h] = 0.f;
  }
  auto add = [](float& max, float& sum, float other_max, float other_sum) {
    float top = fmaxf(max, other_max);
    sum = top == -INFINITY ? 0.f : sum * exp2f(max - top) + other_sum * exp2f(other_max - top);
    max = top;
  };
  int windows = exact ? fine_windows(position) : coarse_windows(position);
  for (int j = thread; j < windows; j += kThreads) {
    int at = exact ? j + 1 : j;  // fine windows lie in slots 1, 2, ..
    int t = at / kTileWindows;
    products<D>(keys(exact ? fine_tile(tile.group, t) : coarse_tile(tile.group, t)),
                at % kTileWindows, shared, s);
#pragma unroll
    for (int h = 0; h < kMaxGroup; h++) {
      add(max[h], sum[h], s[h], 1.f);
    }
  }
#pragma unroll
  for (int h = 0; h < kMaxGroup; h++) {
    for (int step = 16; step > 0; step /= 2) {
      float other_max = __shfl_xor_sync(0xFFFFFFFFu, max[h], step);
      float other_sum = __shfl_xor_sync(0xFFFFFFFFu, sum[h], step);
      add(max[h], sum[h], other_max, other_sum);
    }
    if (lane == 0) {
      shared.max[warp][h] = max[h];
      shared.sum[warp][h] = sum[h];
    }
  }
  __syncthreads();
  if (thread < kMaxGroup) {
    float top = -INFINITY, total = 0.f;
    for (int w = 0; w < kWarps; w++) {
      add(top, total, shared.max[w][thread], shared.sum[w][thread]);
    }
    // Heads beyond the group score zero, and so does everything where no window is visible.
    shared.lse[thread] = thread < group && total > 0.f ? top + log2f(total) : INFINITY;
  }
  __syncthreads();

  // Scores are not negative, so that they order as integers do.
  auto raise = [&](int block, float score) {
    atomicMax(reinterpret_cast<int*>(&shared.score[block]), __float_as_int(score));
  };
  int last = min(fine_windows(position), kFinePerPage * end);
  for (int slot = thread + 1; slot <= last; slot += kThreads) {
    products<D>(keys(fine_tile(tile.group, slot / kTileWindows)), slot % kTileWindows, shared, s);
    float score = 0.f;
#pragma unroll
    for (int h = 0; h < kMaxGroup; h++) {
      score += exp2f(s[h] - shared.lse[h]);
    }
    score = round ? __bfloat162float(__float2bfloat16_rn(score)) : score;
    int block = slot / kFinePerPage;
    if (block < end) {
      raise(block, score);
    }
    if (slot % kFinePerPage == 0) {
      raise(block - 1, score);
    }
  }
  __syncthreads();
  if (warp == 0) {
    select_blocks(shared.score, init_blocks, end, position / kPage, count, shared.chosen,
                  mask + ((int64_t)head * rows + tile.row + token) * words, words);
  }
}

}  // namespace
}  // namespace longspan

// portable_select_d{D}: grid (tiles * tile_tokens, kv_heads), block 256, dynamic shared memory
// (16 D + 404 + the most candidate blocks, rounded up to 128) * 4 bytes. Arguments as those of
// select_prefill; `tile_tokens` is the most tokens that a tile may have.
#define LONGSPAN_PORTABLE_SELECT(D)                                                              \
  extern "C" __global__ void __launch_bounds__(256) portable_select_d##D(                        \
      const longspan::bf16* qkv, int qkv_stride, int group, int kv_heads,                        \
      const longspan::bf16* panels, const longspan::SelectTile* tiles, int tile_tokens,          \
      int init_blocks, int local_blocks, int count, int exact, int round, uint32_t* mask,        \
      int rows, int words) {                                                                     \
    longspan::select_row<D>(qkv, qkv_stride, group, kv_heads, panels, tiles, tile_tokens,        \
                            init_blocks, local_blocks, count, exact, round, mask, rows, words);  \
  }
LONGSPAN_PORTABLE_SELECT(128)
LONGSPAN_PORTABLE_SELECT(64)

// Prefill attention over paged K and V for every GPU since sm_80: causal, dense or over selected
// blocks. Shares tiles, mask and output with attention_prefill.cu.
//
// A tile is 128 rows: a few adjacent tokens times the query heads of one KV head (8 tokens at head
// group 16; other groups are padded to a power of two). Eight warps of 16 rows walk the union of the
// blocks that the tile's tokens see, in ascending order, and hide, per token, what it does not see.
//
// Logits are in powers of two and rounded to 2^-14, the running maximum is an integer: rescaling is
// exact, and hidden keys add exact zeros. A row's result depends on the blocks it sees alone, neither
// on the union nor on the tile nor on the chunk; and a selection of all blocks equals dense attention
// bit for bit.
#include "portable.cuh"

using namespace longspan;

namespace {

constexpr int kThreads = 256;
constexpr int kTileRows = 128;
constexpr float kLowest = -1e30f;  // a maximum before the first key: finite, so that differences are
constexpr float kGrid = 768.0f;    // 1.5 2^9: what is added to it is rounded to 2^-14

// A row of the tile as its two threads see it: a token and a query head of the group.
struct Row {
  int token;             // relative to the segment
  int head;
  int position;
  const uint64_t* mask;  // blocks that it sees; null for all
  bool valid;
};

template <int D, int group_slots>
__device__ void attend(const bf16* qkv, const bf16* cache, const int* page_table,
                       const Segment* segments, const Tile* tiles, const uint64_t* mask, bf16* out,
                       int qkv_columns, int group, int kv_heads, int mask_rows, int words,
                       int select, int64_t out_rows, float scale) {
  constexpr int tokens = kTileRows / group_slots;
  constexpr int tile_elements = page_tile(D);
  extern __shared__ __align__(128) bf16 shared[];  // 2 x (K, V), then the union of the blocks
  uint64_t* seen = reinterpret_cast<uint64_t*>(shared + 4 * tile_elements);
  Tile tile = tiles[blockIdx.x];
  Segment s = segments[tile.segment];
  int kv_head = blockIdx.y;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int count = min(tokens, s.rows - tile.first);

  auto mask_of = [&](int token) -> const uint64_t* {
    bool selects = s.sparse != 0 && (s.start + token) / kPage + 1 > select;
    return selects ? mask + ((int64_t)kv_head * mask_rows + s.first_row + token) * words : nullptr;
  };

  // The union: a bit is set where any token of the tile sees the block.
  int blocks = (s.start + tile.first + count - 1) / kPage + 1;
  for (int w = threadIdx.x; 64 * w < blocks; w += kThreads) {
    uint64_t all = 0;
    for (int t = 0; t < count; t++) {
      const uint64_t* m = mask_of(tile.first + t);
      all |= m == nullptr ? ~0ull : m[w];
    }
    int left = blocks - 64 * w;
    seen[w] = left >= 64 ? all : all & ((1ull << left) - 1);
  }

  Row rows[2];
  uint32_t q[D / 16][4] = {};
#pragma unroll
  for (int h = 0; h < 2; h++) {
    int r = warp * 16 + lane / 4 + 8 * h;
    Row& row = rows[h];
    row.token = tile.first + r / group_slots;
    row.head = r % group_slots;
    row.valid = row.token < s.rows && row.head < group;
    if (!row.valid) row.token = tile.first;
    row.position = s.start + row.token;
    row.mask = mask_of(row.token);
    if (!row.valid) continue;
    const bf16* from = qkv + (int64_t)(s.first_row + row.token) * qkv_columns +
                       (kv_head * group + row.head) * D + lane % 4 * 2;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      q[k][h] = *reinterpret_cast<const uint32_t*>(from + 16 * k);
      q[k][h + 2] = *reinterpret_cast<const uint32_t*>(from + 16 * k + 8);
    }
  }
  __syncthreads();

  auto next = [&](int block) {  // the first block of the union from `block` on, or `blocks`
    for (int w = block / 64; w <= (blocks - 1) / 64; w++) {
      uint64_t left = w == block / 64 ? seen[w] >> (block % 64) << (block % 64) : seen[w];
      if (left != 0) return 64 * w + __ffsll(left) - 1;
    }
    return blocks;
  };
  auto fetch = [&](int block, int buffer) {
    if (block < blocks) {
      const bf16* from = cache + page_offset(page_table[s.table + block], kv_head, kv_heads, D);
      bf16* to = shared + buffer * 2 * tile_elements;
      for (int i = threadIdx.x * 8; i < 2 * tile_elements; i += kThreads * 8) {
        async_copy16(to + i, from + i);
      }
    }
    async_commit();
  };

  float o[D / 8][4] = {};
  float top[2] = {kLowest, kLowest}, sum[2] = {};
  int block = next(0), buffer = 0;
  fetch(block, 0);
  while (block < blocks) {
    int after = next(block + 1);
    fetch(after, buffer ^ 1);
    async_wait<1>();
    __syncthreads();
    bf16* keys = shared + buffer * 2 * tile_elements;
    bf16* values = keys + tile_elements;

    float p[kPage / 8][4] = {};
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int j = 0; j < kPage / 16; j++) {
        uint32_t b[4];
        load_matrices(b, panel_chunk(keys + k / 4 * kPage * kPanel, 16 * j + lane / 16 * 8 + lane % 8,
                                     k % 4 * 2 + lane / 8 % 2));
        mma(p[2 * j], q[k], b[0], b[1]);
        mma(p[2 * j + 1], q[k], b[2], b[3]);
      }
    }

#pragma unroll
    for (int h = 0; h < 2; h++) {
      const Row& row = rows[h];
      bool sees = row.mask == nullptr || (row.mask[block / 64] >> (block % 64) & 1) != 0;
      int visible = sees ? row.position - block * kPage : -1;  // the last key that the row sees
      float highest = kLowest;
#pragma unroll
      for (int j = 0; j < kPage / 8; j++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          float& x = p[j][2 * h + i];
          x = fmaf(x, scale, kGrid);
          if (8 * j + lane % 4 * 2 + i > visible) x = -INFINITY;
          highest = fmaxf(highest, x);
        }
      }
      highest = fmaxf(highest, __shfl_xor_sync(~0u, highest, 1));
      highest = fmaxf(highest, __shfl_xor_sync(~0u, highest, 2));
      float now = fmaxf(top[h], ceilf(highest - kGrid));
      float shrink = exp2_approx(top[h] - now);
      top[h] = now;
      sum[h] *= shrink;
#pragma unroll
      for (int d = 0; d < D / 8; d++) {
        o[d][2 * h] *= shrink;
        o[d][2 * h + 1] *= shrink;
      }
#pragma unroll
      for (int j = 0; j < kPage / 8; j++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          float& x = p[j][2 * h + i];
          x = exp2_approx(x + (-kGrid - now));
          sum[h] += x;
        }
      }
    }

#pragma unroll
    for (int j = 0; j < kPage / 16; j++) {
      const uint32_t a[4] = {pack_bf16(p[2 * j][0], p[2 * j][1]), pack_bf16(p[2 * j][2], p[2 * j][3]),
                             pack_bf16(p[2 * j + 1][0], p[2 * j + 1][1]),
                             pack_bf16(p[2 * j + 1][2], p[2 * j + 1][3])};
#pragma unroll
      for (int d = 0; d < D / 16; d++) {
        uint32_t b[4];
        load_matrices_transposed(b, panel_chunk(values + d / 4 * kPage * kPanel, 16 * j + lane % 16,
                                                d % 4 * 2 + lane / 16));
        mma(o[2 * d], a, b[0], b[1]);
        mma(o[2 * d + 1], a, b[2], b[3]);
      }
    }
    __syncthreads();  // before the buffer is filled again
    block = after;
    buffer ^= 1;
  }

#pragma unroll
  for (int h = 0; h < 2; h++) {
    const Row& row = rows[h];
    sum[h] += __shfl_xor_sync(~0u, sum[h], 1);
    sum[h] += __shfl_xor_sync(~0u, sum[h], 2);
    if (!row.valid) continue;
    float inverse = 1.0f / sum[h];
    int column = (kv_head * group + row.head) * D + lane % 4 * 2;
#pragma unroll
    for (int d = 0; d < D / 8; d++) {
      *reinterpret_cast<uint32_t*>(out + panel_index(out_rows, s.first_row + row.token,
                                                     column + 8 * d)) =
          pack_bf16(o[d][2 * h] * inverse, o[d][2 * h + 1] * inverse);
    }
  }
}

}  // namespace

// Grid (tiles, kv_heads), block 256, dynamic shared memory 512 D + 8 ceil(blocks / 64) bytes, where
// `blocks` is the largest number of blocks that a row of the step sees. Suffixes: D, slots of a head
// group (the power of two from `group` on).
//   qkv         bf16 [rows, qkv_columns]: rotated q heads first
//   cache       the layer's pages
//   page_table  int: all sequences' pages
//   tiles       Tile [tiles]: 128 / slots tokens each
//   mask        uint64 [kv_heads][mask_rows][words]; read for rows of sparse segments that see more
//               than `select` blocks
//   out         panel matrix [out_rows, heads D]
//   scale       log2(e) / sqrt(D)
#define PORTABLE_ATTENTION(D, slots)                                                             \
  extern "C" __global__ void __launch_bounds__(kThreads, 1) portable_attention_##D##_##slots(       \
      const bf16* qkv, const bf16* cache, const int* page_table, const Segment* segments,        \
      const Tile* tiles, const uint64_t* mask, bf16* out, int qkv_columns, int group,            \
      int kv_heads, int mask_rows, int words, int select, int64_t out_rows, float scale) {       \
    attend<D, slots>(qkv, cache, page_table, segments, tiles, mask, out, qkv_columns, group,     \
                     kv_heads, mask_rows, words, select, out_rows, scale);                       \
  }
PORTABLE_ATTENTION(64, 1)
PORTABLE_ATTENTION(64, 2)
PORTABLE_ATTENTION(64, 4)
PORTABLE_ATTENTION(64, 8)
PORTABLE_ATTENTION(64, 16)
PORTABLE_ATTENTION(128, 1)
PORTABLE_ATTENTION(128, 2)
PORTABLE_ATTENTION(128, 4)
PORTABLE_ATTENTION(128, 8)
PORTABLE_ATTENTION(128, 16)

// Prefill attention over paged K and V for Hopper: causal, dense or over selected blocks.
//
// A tile is 128 rows: a few adjacent tokens times the query heads of one KV head (8 tokens at head
// group 16). A producer warp walks the union of the blocks that the tile's tokens see and brings two
// blocks (128 keys) a time by bulk copies; two consumer warpgroups of 64 rows each multiply on wgmma
// and mask, per token, what that token does not see. While the products of one pair run, the softmax
// of the next is computed. CTAs are persistent and draw tiles from a counter.
//
// The softmax works in powers of two. Its running maximum is an integer, so that rescaling is exact,
// and moves block by block of those that the row sees. A row's result therefore depends on its own
// blocks and their order alone: not on the union, the pairs, the tile or the chunk; and attention over
// a selection of all blocks equals dense attention bit for bit.
//
// architectures: 90a
#include "arithmetic.cuh"
#include "hopper.cuh"
#include "layout.cuh"
#include "portable.cuh"

namespace longspan {

template <int D>
struct PrefillShape {
  static constexpr int kStages = D == 128 ? 3 : 6;
  static constexpr int kQueryBytes = 64 * D * 2;      // of one warpgroup
  static constexpr int kTileBytes = kPage * D * 2;    // K or V of a block
  static constexpr int kPairBytes = 2 * kTileBytes;
  static constexpr int kPanelBytes = 128 * 128;       // one panel of the K tiles of a pair
};

// Two blocks on their way from the producer to the consumers.
struct Pair {
  int first;
  int second;   // -1: none; the first is there twice, to be hidden
};

// A tile on its way from the producer to the consumers.
struct Work {
  int tile;     // -1: no more
  int head;
  int pairs;
};

template <int D>
struct PrefillBarriers {
  static constexpr int kStages = PrefillShape<D>::kStages;
  uint64_t key_full[kStages];
  uint64_t key_empty[kStages];
  uint64_t value_full[kStages];
  uint64_t value_empty[kStages];
  uint64_t work_full[2];
  uint64_t work_empty[2];
  Pair pairs[kStages];
  Work work[2];
};

struct PrefillArguments {
  const bf16* qkv;
  const bf16* cache;
  const int* page_table;
  const Segment* segments;
  const Tile* tiles;
  const uint64_t* mask;
  bf16* out;
  unsigned* counter;
  int qkv_columns;
  int tile_count;
  int group;
  int kv_heads;
  int mask_rows;
  int words;
  int select;
  int64_t out_rows;
  float scale;
};

// ---- producer ------------------------------------------------------------------------------

// The blocks that tokens from `first` to `last` of a segment see, in word `word`.
__device__ __forceinline__ uint64_t seen_blocks(const PrefillArguments& a, const Segment& s,
                                                int head, int first, int last, int word) {
  uint64_t all = 0;
  for (int token = first; token <= last; token++) {
    int blocks = (s.start + token) / kPage + 1;
    int left = blocks - 64 * word;
    uint64_t bits = left >= 64 ? ~0ull : left > 0 ? (1ull << left) - 1 : 0;
    if (s.sparse && blocks > a.select && bits != 0) {
      bits &= __ldg(a.mask + ((int64_t)head * a.mask_rows + s.first_row + token) * a.words + word);
    }
    all |= bits;
  }
  return all;
}

template <int D, int kTokens>
struct Producer {
  using Shape = PrefillShape<D>;
  const PrefillArguments& a;
  PrefillBarriers<D>* barriers;
  char* keys;
  char* values;
  RingPlace<Shape::kStages> key_ring;
  RingPlace<Shape::kStages> value_ring;
  int waiting_first = -1;    // pages of the pair whose values are not on their way yet
  int waiting_second = -1;

  __device__ __forceinline__ const char* page(int page, int head) const {
    return reinterpret_cast<const char*>(a.cache + page_offset(page, head, a.kv_heads, D));
  }

  __device__ __forceinline__ void load_values(int head) {
    if (waiting_first < 0) {
      return;
    }
    int s = value_ring.index;
    barrier_wait(&barriers->value_empty[s], value_ring.phase ^ 1);
    if (threadIdx.x == 0) {
      char* to = values + s * Shape::kPairBytes;
      barrier_expect(&barriers->value_full[s], Shape::kPairBytes);
      bulk_load(to, page(waiting_first, head) + Shape::kTileBytes, Shape::kTileBytes,
                &barriers->value_full[s]);
      bulk_load(to + Shape::kTileBytes, page(waiting_second, head) + Shape::kTileBytes,
                Shape::kTileBytes, &barriers->value_full[s]);
    }
    value_ring.next();
    waiting_first = -1;
  }

  __device__ __forceinline__ void load_pair(int head, Pair pair, int first, int second) {
    int s = key_ring.index;
    barrier_wait(&barriers->key_empty[s], key_ring.phase ^ 1);
    if (threadIdx.x == 0) {
      barriers->pairs[s] = pair;
      char* to = keys + s * Shape::kPairBytes;
      barrier_expect(&barriers->key_full[s], Shape::kPairBytes);
#pragma unroll
      for (int panel = 0; panel < D / kPanel; panel++) {
        bulk_load(to + panel * Shape::kPanelBytes, page(first, head) + panel * 8192, 8192,
                  &barriers->key_full[s]);
        bulk_load(to + panel * Shape::kPanelBytes + 8192, page(second, head) + panel * 8192, 8192,
                  &barriers->key_full[s]);
      }
    }
    key_ring.next();
    load_values(head);   // of the pair before: the consumers need them one step later
    waiting_first = first;
    waiting_second = second;
  }

  __device__ __forceinline__ void run() {
    int lane = threadIdx.x;
    RingPlace<2> work_ring;
    int total = a.tile_count * a.kv_heads;
    while (true) {
      int item = 0;
      if (lane == 0) {
        item = (int)atomicAdd(&a.counter[0], 1u);
      }
      item = __shfl_sync(~0u, item, 0);
      barrier_wait(&barriers->work_empty[work_ring.index], work_ring.phase ^ 1);
      if (item >= total) {
        if (lane == 0) {
          barriers->work[work_ring.index].tile = -1;
          barrier_arrive(&barriers->work_full[work_ring.index]);
          // The last CTA to leave clears the counters for the next launch.
          if (atomicAdd(&a.counter[1], 1u) == gridDim.x - 1) {
            a.counter[0] = 0;
            a.counter[1] = 0;
          }
        }
        return;
      }
      int head = item / a.tile_count;
      Tile tile = a.tiles[item % a.tile_count];
      Segment s = a.segments[tile.segment];
      int last = min(tile.first + kTokens, s.rows) - 1;
      int blocks = (s.start + last) / kPage + 1;
      int words = (blocks + 63) / 64;

      // Each lane gathers one word of what the tile's tokens see.
      uint64_t seen = 0;
      int count = 0;
      for (int base = 0; base < words; base += 32) {
        if (base + lane < words) {
          uint64_t bits = seen_blocks(a, s, head, tile.first, last, base + lane);
          count += __popcll(bits);
          seen = base == 0 ? bits : seen;
        }
      }
      count = __reduce_add_sync(~0u, count);
      if (lane == 0) {
        barriers->work[work_ring.index] = Work{item % a.tile_count, head, (count + 1) / 2};
        barrier_arrive(&barriers->work_full[work_ring.index]);
      }
      work_ring.next();

      Pair pair{-1, -1};
      int first_page = 0;
      for (int word = 0; word < words; word++) {
        if (word % 32 == 0 && word > 0) {
          seen = word + lane < words ? seen_blocks(a, s, head, tile.first, last, word + lane) : 0;
        }
        uint64_t bits = __shfl_sync(~0u, seen, word % 32);
        if (bits == 0) {
          continue;
        }
        int block = 64 * word + lane;
        int low = block < blocks ? __ldg(a.page_table + s.table + block) : 0;
        int high = block + 32 < blocks ? __ldg(a.page_table + s.table + block + 32) : 0;
        while (bits != 0) {
          int bit = __ffsll((long long)bits) - 1;
          bits &= bits - 1;
          int page = __shfl_sync(~0u, bit < 32 ? low : high, bit % 32);
          if (pair.first < 0) {
            pair.first = 64 * word + bit;
            first_page = page;
          } else {
            pair.second = 64 * word + bit;
            load_pair(head, pair, first_page, page);
            pair = Pair{-1, -1};
          }
        }
      }
      if (pair.first >= 0) {
        load_pair(head, pair, first_page, first_page);
      }
      load_values(head);
    }
  }
};

// ---- consumers -----------------------------------------------------------------------------

// Copies the queries of a warpgroup's 64 rows to shared memory, asynchronously.
template <int D, int kGroup>
__device__ __forceinline__ void load_queries(const PrefillArguments& a, const Segment& s, int first,
                                             int head, bf16* to) {
  int thread = threadIdx.x % 128;
#pragma unroll
  for (int i = 0; i < 64 * (D / 8) / 128; i++) {
    int chunk = i * 128 + thread;
    int row = chunk / (D / 8);
    int column = chunk % (D / 8);
    int token = min(first + row / kGroup, s.rows - 1);
    int member = min(row % kGroup, a.group - 1);
    const bf16* from = a.qkv + (int64_t)(s.first_row + token) * a.qkv_columns +
                       (head * a.group + member) * D + column * 8;
    async_copy16(panel_chunk(to + column / 8 * 64 * kPanel, row, column % 8), from);
  }
  async_commit();
}

// How many of a block's columns a row sees.
struct Sight {
  int position;            // of the row's token; -1: not a row
  const uint64_t* mask;    // of the row; null: it sees every block up to its own

  __device__ __forceinline__ int columns(int block) const {
    int columns = min(kPage, position - block * kPage + 1);
    if (mask != nullptr && ((__ldg(mask + block / 64) >> (block % 64)) & 1) == 0) {
      columns = 0;
    }
    return block < 0 ? 0 : columns;
  }
};

// One warpgroup's running softmax: two rows a thread. Of the products with a pair of blocks, score[32 h
// + 4 i + 2 r + e] belongs to block h and row r.
struct Softmax {
  float maximum[2] = {-1e5f, -1e5f};   // in powers of two
  float sum[2] = {0, 0};
  float rescale[2];                    // what the last pair's new maximum makes of earlier sums
  float scale;

  __device__ __forceinline__ explicit Softmax(float scale) : scale(scale) {}

  // The maximum of each row after block `half`.
  __device__ __forceinline__ void raise(const float (&score)[64], int half, const float (&from)[2],
                                        float (&to)[2]) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float m0 = score[32 * half + 2 * r];
      float m1 = score[32 * half + 2 * r + 1];
#pragma unroll
      for (int i = 1; i < 8; i++) {
        m0 = fmaxf(m0, score[32 * half + 4 * i + 2 * r]);
        m1 = fmaxf(m1, score[32 * half + 4 * i + 2 * r + 1]);
      }
      m0 = fmaxf(m0, m1);
      m0 = fmaxf(m0, __shfl_xor_sync(~0u, m0, 1));
      m0 = fmaxf(m0, __shfl_xor_sync(~0u, m0, 2));
      to[r] = fmaxf(from[r], ceilf(m0 * scale));
    }
  }

  // Turns the products with block `half` into weights and returns each row's sum.
  __device__ __forceinline__ void weigh(float (&score)[64], int half, const float (&top)[2],
                                        float (&total)[2]) {
    float part[4] = {0, 0, 0, 0};
#pragma unroll
    for (int i = 0; i < 32; i++) {
      float weight = exp2_approx(fmaf(score[32 * half + i], scale, -top[i / 2 % 2]));
      score[32 * half + i] = weight;
      part[i % 4] += weight;
    }
    total[0] = part[0] + part[1];
    total[1] = part[2] + part[3];
  }

  // Hides the columns of block `half` from columns[r] on.
  __device__ __forceinline__ void hide(float (&score)[64], int half, const int (&columns)[2]) {
#pragma unroll
    for (int i = 0; i < 32; i++) {
      int column = i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2;
      if (column >= columns[i / 2 % 2]) {
        score[32 * half + i] = -INFINITY;
      }
    }
  }

  // Takes a pair of blocks with those maxima and sums.
  __device__ __forceinline__ void join(float (&score)[64], const float (&top)[2][2],
                                       const float (&total)[2][2]) {
    float second[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float first = exp2_approx(maximum[r] - top[0][r]);
      second[r] = exp2_approx(top[0][r] - top[1][r]);
      sum[r] = fmaf(fmaf(sum[r], first, total[0][r]), second[r], total[1][r]);
      rescale[r] = first * second[r];
      maximum[r] = top[1][r];
    }
    if (__any_sync(~0u, second[0] != 1 || second[1] != 1)) {
#pragma unroll
      for (int i = 0; i < 32; i++) {
        score[i] *= second[i / 2 % 2];
      }
    }
  }

  // Turns the products with a pair of blocks into weights, and sums them.
  __device__ __forceinline__ void update(float (&score)[64]) {
    float top[2][2];
    float total[2][2];
    raise(score, 0, maximum, top[0]);
    raise(score, 1, top[0], top[1]);
    weigh(score, 0, top[0], total[0]);
    weigh(score, 1, top[1], total[1]);
    join(score, top, total);
  }
};

template <int D, int kGroup>
__device__ __forceinline__ void consume(const PrefillArguments& a, PrefillBarriers<D>* barriers,
                                        bf16* query, char* keys, char* values, int warpgroup) {
  using Shape = PrefillShape<D>;
  constexpr int kTokens = 64 / kGroup;
  int thread = threadIdx.x % 128;
  int lane = thread % 32;
  int row0 = thread / 32 * 16 + lane / 4;   // and row0 + 8
  RingPlace<Shape::kStages> ring;
  RingPlace<2> work_ring;
  Work work;
  Tile tile{0, 0};
  Segment s{};

  // Takes the next tile and starts to bring its queries.
  auto next_tile = [&]() {
    barrier_wait(&barriers->work_full[work_ring.index], work_ring.phase);
    work = barriers->work[work_ring.index];
    if (work.tile >= 0) {
      tile = a.tiles[work.tile];
      s = a.segments[tile.segment];
      tile.first += warpgroup * kTokens;
      load_queries<D, kGroup>(a, s, tile.first, work.head, query);
    }
    __syncwarp();
    if (lane == 0) {
      barrier_arrive(&barriers->work_empty[work_ring.index]);
    }
    work_ring.next();
  };
  uint32_t q[D / 16][4];
  auto multiply_keys = [&](float (&score)[64], int stage) {
    uint64_t k = panel_descriptor(keys + stage * Shape::kPairBytes);
    wgmma_fence();
#pragma unroll
    for (int i = 0; i < D / 16; i++) {
      Wgmma<128>::rs(score, q[i], k + i / 4 * (Shape::kPanelBytes >> 4) + i % 4 * kColumns16, i > 0);
    }
    wgmma_commit();
  };
  auto multiply_values = [&](float (&output)[D / 2], const uint32_t (&weight)[32], int stage) {
    uint64_t v = rows_descriptor(values + stage * Shape::kPairBytes, 8192);
    wgmma_fence();
#pragma unroll
    for (int i = 0; i < 8; i++) {
      const uint32_t w[4] = {weight[4 * i], weight[4 * i + 1], weight[4 * i + 2], weight[4 * i + 3]};
      Wgmma<D>::rs_vt(output, w, v + i / 4 * (Shape::kTileBytes >> 4) + i % 4 * kRows16, true);
    }
    wgmma_commit();
  };

  next_tile();
  while (work.tile >= 0) {
    Sight sight[2];
    int64_t to[2];   // row of the output; -1: none
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int row = row0 + 8 * i;
      int token = tile.first + row / kGroup;
      bool real = token < s.rows && row % kGroup < a.group;
      sight[i].position = token < s.rows ? s.start + token : -1;
      sight[i].mask = nullptr;
      if (s.sparse && token < s.rows && sight[i].position / kPage + 1 > a.select) {
        sight[i].mask =
            a.mask + ((int64_t)work.head * a.mask_rows + s.first_row + token) * a.words;
      }
      int column = (work.head * a.group + row % kGroup) * D + lane % 4 * 2;
      to[i] = real ? panel_index(a.out_rows, s.first_row + token, column) : -1;
    }
    int pairs = work.pairs;
    int whole = s.sparse ? 0 : (s.start + tile.first) / kPage;
    async_wait<0>();
    async_proxy_fence();
    named_barrier_sync(1 + warpgroup, 128);
    // Matrices of 8 rows x 16 bytes: rows of the warp, then 8 further, then 8 columns further.
#pragma unroll
    for (int i = 0; i < D / 16; i++) {
      load_matrices(q[i], panel_chunk(query + i / 4 * 64 * kPanel, thread / 32 * 16 + lane % 16,
                                      i % 4 * 2 + lane / 16));
    }

    Softmax softmax(a.scale);
    float output[D / 2];
    float score[64];
    uint32_t weight[32];
#pragma unroll
    for (int i = 0; i < D / 2; i++) {
      output[i] = 0;
    }
    // Softmax of the products with a pair. In dense segments all blocks before the own one are whole.
    auto weigh = [&](const Pair& pair) {
      if (!__all_sync(~0u, pair.second >= 0 && pair.second < whole)) {
        int columns[2][2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
          bool same = kGroup == 16 && i == 1;   // both rows belong to one token
          columns[0][i] = same ? columns[0][0] : sight[i].columns(pair.first);
          columns[1][i] = same ? columns[1][0] : sight[i].columns(pair.second);
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
          if (__any_sync(~0u, columns[half][0] < kPage || columns[half][1] < kPage)) {
            softmax.hide(score, half, columns[half]);
          }
        }
      }
      softmax.update(score);
    };
    // Ends a step: values of the pair before, the new maximum, weights of this pair.
    auto finish = [&](bool release, int stage) {
      wgmma_wait<0>();
      wgmma_fence_registers(output);
      if (release && lane == 0) {
        barrier_arrive(&barriers->value_empty[stage]);
      }
      if (__any_sync(~0u, softmax.rescale[0] != 1 || softmax.rescale[1] != 1)) {
#pragma unroll
        for (int i = 0; i < D / 2; i++) {
          output[i] *= softmax.rescale[(i / 2) % 2];
        }
      }
#pragma unroll
      for (int i = 0; i < 32; i++) {
        weight[i] = pack_bf16(score[2 * i], score[2 * i + 1]);
      }
    };

    barrier_wait(&barriers->key_full[ring.index], ring.phase);
    Pair pair = barriers->pairs[ring.index];
    named_barrier_sync(3 + warpgroup, 256);
    multiply_keys(score, ring.index);
    named_barrier_arrive(4 - warpgroup, 256);
    wgmma_wait<0>();
    wgmma_fence_registers(score);
    if (lane == 0) {
      barrier_arrive(&barriers->key_empty[ring.index]);
    }
    weigh(pair);

    // The values of the pair before are waited for at the head of the loop and after it, not where
    // the softmax ends: within one basic block the assembler would wait before the softmax.
    RingPlace<Shape::kStages> before = ring;
    for (int step = 1; step < pairs; step++) {
      finish(step > 1, before.index);
      before = ring;
      ring.next();
      barrier_wait(&barriers->key_full[ring.index], ring.phase);
      pair = barriers->pairs[ring.index];
      named_barrier_sync(3 + warpgroup, 256);
      multiply_keys(score, ring.index);
      barrier_wait(&barriers->value_full[before.index], before.phase);
      multiply_values(output, weight, before.index);
      named_barrier_arrive(4 - warpgroup, 256);
      wgmma_wait<1>();
      wgmma_fence_registers(score);
      if (lane == 0) {
        barrier_arrive(&barriers->key_empty[ring.index]);
      }
      weigh(pair);
    }
    finish(pairs > 1, before.index);

    barrier_wait(&barriers->value_full[ring.index], ring.phase);
    multiply_values(output, weight, ring.index);
    named_barrier_sync(1 + warpgroup, 128);   // all warps have read the queries
    next_tile();
    wgmma_wait<0>();
    wgmma_fence_registers(output);
    if (lane == 0) {
      barrier_arrive(&barriers->value_empty[ring.index]);
    }
    ring.next();

#pragma unroll
    for (int r = 0; r < 2; r++) {
      float total = softmax.sum[r];
      total += __shfl_xor_sync(~0u, total, 1);
      total += __shfl_xor_sync(~0u, total, 2);
      float inverse = 1 / total;
      if (to[r] >= 0) {
        // Chunk i of the row is at i ^ (row % 8), which is where chunk 0 is, exclusive-or i.
        bf16* panel = a.out + (to[r] & ~63ll);
        int chunk = (int)(to[r] & 63);
#pragma unroll
        for (int i = 0; i < D / 8; i++) {
          *reinterpret_cast<uint32_t*>(panel + i / 8 * (int64_t)a.out_rows * kPanel +
                                       (chunk ^ (i % 8 * 8))) =
              pack_bf16(output[4 * i + 2 * r] * inverse, output[4 * i + 2 * r + 1] * inverse);
        }
      }
    }
  }
}

template <int D, int kGroup>
__device__ __forceinline__ void attention_prefill(const PrefillArguments& a) {
  using Shape = PrefillShape<D>;
  extern __shared__ char raw[];
  char* shared = raw + ((1024 - (shared_address(raw) & 1023)) & 1023);
  char* queries = shared;
  char* keys = queries + 2 * Shape::kQueryBytes;
  char* values = keys + Shape::kStages * Shape::kPairBytes;
  __shared__ PrefillBarriers<D> barriers;
  if (threadIdx.x == 0) {
    for (int i = 0; i < Shape::kStages; i++) {
      barrier_init(&barriers.key_full[i], 1);
      barrier_init(&barriers.value_full[i], 1);
      barrier_init(&barriers.key_empty[i], 8);
      barrier_init(&barriers.value_empty[i], 8);
    }
    for (int i = 0; i < 2; i++) {
      barrier_init(&barriers.work_full[i], 1);
      barrier_init(&barriers.work_empty[i], 8);
    }
    barrier_init_fence();
  }
  __syncthreads();
  int warpgroup = threadIdx.x / 128;
  if (warpgroup == 0) {
    give_registers<40>();
    if (threadIdx.x < 32) {
      Producer<D, 128 / kGroup> producer{a, &barriers, keys, values};
      producer.run();
    }
  } else {
    take_registers<232>();
    if (warpgroup == 2) {
      named_barrier_arrive(3, 256);   // the first warpgroup begins
    }
    bf16* query = reinterpret_cast<bf16*>(queries + (warpgroup - 1) * Shape::kQueryBytes);
    consume<D, kGroup>(a, &barriers, query, keys, values, warpgroup - 1);
  }
}
}  // namespace longspan

// Attends for every row of every tile. A tile is 128 / GROUP tokens of one segment; GROUP is `group`,
// the query heads of a KV head, or the next power of two.
//
// Grid: multiprocessors. Block: 384. Dynamic shared memory: 230,656 bytes.
//
// qkv         [rows, qkv_columns]: the rotated q heads of each row first
// cache       the layer's pages
// tiles       [tile_count]; those with most blocks first leave the smallest tail
// mask        [kv_heads][mask_rows][words]: blocks that a row of a sparse segment sees; read only
//             where it could see more than `select`
// out         panel matrix [out_rows, heads * D]
// scale       log2(e) / sqrt(D)
// counter     two zeros, which are zeros again afterwards
#define LONGSPAN_PREFILL(D, GROUP)                                                             \
  extern "C" __global__ void __launch_bounds__(384, 1) attention_prefill_##D##_##GROUP(        \
      const longspan::bf16* qkv, const longspan::bf16* cache, const int* page_table,           \
      const longspan::Segment* segments, const longspan::Tile* tiles, const uint64_t* mask,    \
      longspan::bf16* out, int qkv_columns, int group, int kv_heads, int mask_rows, int words, \
      int select, int64_t out_rows, float scale, int tile_count, unsigned* counter) {          \
    longspan::attention_prefill<D, GROUP>(longspan::PrefillArguments{                          \
        qkv, cache, page_table, segments, tiles, mask, out, counter, qkv_columns, tile_count,  \
        group, kv_heads, mask_rows, words, select, out_rows, scale});                          \
  }

LONGSPAN_PREFILL(128, 16)
LONGSPAN_PREFILL(128, 8)
LONGSPAN_PREFILL(128, 4)
LONGSPAN_PREFILL(128, 2)
LONGSPAN_PREFILL(128, 1)
LONGSPAN_PREFILL(64, 16)
LONGSPAN_PREFILL(64, 8)
LONGSPAN_PREFILL(64, 4)
LONGSPAN_PREFILL(64, 2)
LONGSPAN_PREFILL(64, 1)

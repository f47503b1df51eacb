// Attention of one token's query heads over a list of pages: what the decode kernels share.
//
// A CTA has four consumer warps and a producer warp, which keeps a ring of pages full. All query
// heads of a KV head are the 16 rows of one product (fewer heads are padded), and each consumer warp
// takes 16 of a page's 64 keys with a softmax of its own. A list of pages is cut into S splits by its
// length alone: split s takes every S-th page, counted from the newest, s. Warps and splits are added
// up in a fixed tree, and every running maximum is an integer power of two, so that rescaling is
// exact, as exp2_approx() is for integers. A row's bits therefore depend on its list alone: not on the
// batch, and not on whether the list holds all pages (dense) or a selection.
#pragma once
#include "hopper.cuh"
#include "portable.cuh"

namespace longspan {

constexpr int kDecodeWarps = 4;
constexpr int kDecodeConsumers = 32 * kDecodeWarps;
constexpr int kDecodeThreads = kDecodeConsumers + 32;
constexpr int kDecodeRows = 64;      // of a launch, at most
constexpr int kGroupRows = 16;       // query heads of a KV head, padded
constexpr int kMaxSplits = 128;
constexpr int kMaxStages = 8;
constexpr float kLowest = -1e30f;    // a maximum before the first key: finite, so that differences are
constexpr uint32_t kWarp = 0xFFFFFFFFu;

struct DecodeArguments {
  const bf16* qkv;          // [rows, (heads + 2 kv_heads) D]: rotated q heads first
  const bf16* cache;        // the layer's pages
  const bf16* fine;         // the layer's fine keys
  const bf16* coarse;       // the layer's coarse keys
  const int* page_table;
  const int* positions;     // [rows]: of each row's token, -1 for a row that is not there
  const int* tables;        // [rows]: first entry of the row's page table
  const int* sparse;        // [rows]: 0 for dense
  float* partial;           // [rows][heads][max_splits][D]: sums of p v of splits or runs
  float2* weight;           // [rows][heads][max_splits]: their maxima and sums of p
  bf16* out;                // panel matrix [out_rows, heads D]
  int* selected;            // [rows][kv_heads][select]: gets the blocks of sparse rows; may be null
  int* counter;             // 0, and 0 again afterwards; and a place for the splits of a run
  int rows;
  int heads;
  int kv_heads;
  int out_rows;
  int max_splits;
  int stages;               // pages in the ring
  int init_blocks;
  int local_blocks;
  int select;               // blocks that a sparse row attends to
  int exact;                // normalise over fine instead of coarse windows
  int round;                // round block scores to bfloat16
  float scale;              // log2(e) / sqrt(D)
};

// Splits of a list: of 4 pages up to 16 splits, then of 16 pages up to 64 splits, then of 32 pages.
__host__ __device__ inline int split_count(int pages) {
  int few = (pages + 3) / 4, some = (pages + 15) / 16, many = (pages + 31) / 32;
  few = few < 16 ? few : 16;
  some = some < 64 ? some : 64;
  many = many < kMaxSplits ? many : kMaxSplits;
  few = few > some ? few : some;
  return few > many ? few : many;
}

// ---- small things ----------------------------------------------------------------------------

// Brings a line of memory to the nearest cache.
__device__ __forceinline__ void touch(const int* from) {
  asm volatile("{ .reg .b32 value; ld.global.b32 value, [%0]; }" ::"l"(from));
}

__device__ __forceinline__ void consumer_sync() { named_barrier_sync(1, kDecodeConsumers); }

// ---- the ring of pages -----------------------------------------------------------------------

struct RingBarriers {
  uint64_t full[kMaxStages];
  uint64_t empty[kMaxStages];
};

// A warp's place in the ring.
struct Ring {
  bf16* pages;
  RingBarriers* barriers;
  int stages;
  int index = 0;
  uint32_t phase = 0;
  template <int D>
  __device__ __forceinline__ bf16* page() const {
    return pages + index * 2 * page_tile(D);
  }
  __device__ __forceinline__ void next() {
    if (++index == stages) {
      index = 0;
      phase ^= 1;
    }
  }
};

// Whether the phase with this parity has completed.
__device__ __forceinline__ bool is_phase_over(uint64_t* barrier, uint32_t parity) {
  uint32_t done;
  asm volatile(
      "{ .reg .pred p;\n"
      "mbarrier.test_wait.parity.shared.b64 p, [%1], %2;\n"
      "selp.u32 %0, 1, 0, p; }\n"
      : "=r"(done)
      : "r"(shared_address(barrier)), "r"(parity)
      : "memory");
  return done != 0;
}

__device__ __forceinline__ void wait_phase(uint64_t* barrier, uint32_t parity) {
#if __CUDA_ARCH__ >= 900
  barrier_wait(barrier, parity);
#else
  while (!is_phase_over(barrier, parity)) {
  }
#endif
}

__device__ __forceinline__ void init_ring(RingBarriers* barriers) {
  for (int i = 0; i < kMaxStages; i++) {
#if __CUDA_ARCH__ >= 900
    barrier_init(barriers->full + i, 1);
#else
    barrier_init(barriers->full + i, 32);
#endif
    barrier_init(barriers->empty + i, kDecodeConsumers);
  }
#if __CUDA_ARCH__ >= 900
  barrier_init_fence();
#endif
}

// Brings K and V of a page, with a whole warp.
template <int D>
__device__ __forceinline__ void fetch_page(Ring& ring, const bf16* from) {
  constexpr int elements = 2 * page_tile(D);
  bf16* to = ring.page<D>();
  uint64_t* full = ring.barriers->full + ring.index;
  wait_phase(ring.barriers->empty + ring.index, ring.phase ^ 1);
#if __CUDA_ARCH__ >= 900
  if (threadIdx.x % 32 == 0) {
    barrier_expect(full, elements * sizeof(bf16));
    bulk_load(to, from, elements * sizeof(bf16), full, evict_first_policy());
  }
#else
  for (int i = threadIdx.x % 32 * 8; i < elements; i += 32 * 8) async_copy16(to + i, from + i);
  async_arrive(full);
#endif
  __syncwarp();
  ring.next();
}

// Brings the pages of the first `count` lanes one after the other.
template <int D>
__device__ __forceinline__ void fetch_pages(Ring& ring, const bf16* from, int count) {
  for (int i = 0; i < count; i++) {
    fetch_page<D>(ring, reinterpret_cast<const bf16*>(__shfl_sync(kWarp, (uint64_t)from, i)));
  }
}

// The same, all at a time, to places that have not been used yet.
template <int D>
__device__ __forceinline__ void fetch_first_pages(Ring& ring, const bf16* from, int count) {
#if __CUDA_ARCH__ >= 900
  constexpr int bytes = 2 * page_tile(D) * sizeof(bf16);
  int lane = threadIdx.x % 32;
  if (lane < count) {
    uint64_t* full = ring.barriers->full + ring.index + lane;
    barrier_expect(full, bytes);
    bulk_load(ring.page<D>() + lane * 2 * page_tile(D), from, bytes, full, evict_first_policy());
  }
  __syncwarp();
  for (int i = 0; i < count; i++) ring.next();
#else
  fetch_pages<D>(ring, from, count);
#endif
}

// Lets the producer copy other pages to the places of the ring's next `pages`. Each thread arrives for
// what it has read: one for its warp would order the same and be no faster, but racecheck would not
// follow it. The fence makes the thread wait until it has really read: the barrier alone orders loads
// that are still under way only before other threads' stores, not before a bulk copy.
__device__ __forceinline__ void give_back(Ring& ring, int pages) {
#if __CUDA_ARCH__ >= 900
  async_proxy_fence();
#else
  __threadfence_block();
#endif
  for (int i = 0; i < pages; i++) {
    barrier_arrive(ring.barriers->empty + ring.index);
    ring.next();
  }
}

// ---- queries -----------------------------------------------------------------------------------

// The query heads of a KV head as left operands of mma().
template <int D>
struct Queries {
  uint32_t part[D / 16][4];

  // Rows from `group` on are zeros.
  __device__ __forceinline__ void load(const bf16* heads, int group) {
    int row = threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int r = row + i % 2 * 8;
        const bf16* from = heads + r * D + 16 * k + i / 2 * 8 + column;
        part[k][i] = r < group ? *reinterpret_cast<const uint32_t*>(from) : 0;
      }
    }
  }
};

template <int D>
__device__ __forceinline__ const bf16* query_heads(const DecodeArguments& a, int row, int kv_head) {
  return a.qkv + ((int64_t)row * (a.heads + 2 * a.kv_heads) + kv_head * (a.heads / a.kv_heads)) * D;
}

// ---- results -----------------------------------------------------------------------------------

// Some adjacent columns of a query head's sum of p v, with the maximum and the sum of p.
template <int N>
struct HeadPart {
  float2 weight;
  float sum[N];

  __device__ __forceinline__ void clear() {
    weight = make_float2(kLowest, 0);
#pragma unroll
    for (int c = 0; c < N; c++) sum[c] = 0;
  }

  __device__ __forceinline__ void add(const HeadPart& other) {
    float top = fmaxf(weight.x, other.weight.x);
    float mine = exp2_approx(weight.x - top), others = exp2_approx(other.weight.x - top);
    weight = make_float2(top, fmaf(others, other.weight.y, weight.y * mine));
#pragma unroll
    for (int c = 0; c < N; c++) sum[c] = fmaf(others, other.sum[c], sum[c] * mine);
  }
};

// Maxima and sums of p of the query heads, by consumer warp. A split may not use those of the split
// before: other warps may still read them.
struct WarpWeights {
  float2 of[kDecodeWarps][kGroupRows];
};

// Where a warp leaves its sums of p v in a page: a head's columns where rows of its own 16 keys and
// values were. Columns are swizzled so that neither a warp's stores nor its loads meet a bank twice.
template <int D>
__device__ __forceinline__ float* warp_result(bf16* page, int warp, int head, int column) {
  constexpr int heads = 512 / D;   // in the 16 keys of a panel
  bf16* to = page + head / heads * kPage * kPanel + 16 * warp * kPanel + head % heads * 2 * D;
  return reinterpret_cast<float*>(to) + (column / 8 ^ head % 4) * 8 + column % 8;
}

// A query head's sum over consumer warps: of its weights at once, of 4 adjacent columns at a time.
template <int D>
struct WarpSum {
  bf16* page;
  int head;
  float factor[kDecodeWarps];
  float2 weight;

  __device__ __forceinline__ WarpSum(bf16* page, const WarpWeights& weights, int head)
      : page(page), head(head), weight(make_float2(kLowest, 0)) {
#pragma unroll
    for (int w = 0; w < kDecodeWarps; w++) weight.x = fmaxf(weight.x, weights.of[w][head].x);
#pragma unroll
    for (int w = 0; w < kDecodeWarps; w++) {
      float2 part = weights.of[w][head];
      factor[w] = exp2_approx(part.x - weight.x);
      weight.y = fmaf(factor[w], part.y, weight.y);
    }
  }

  __device__ __forceinline__ HeadPart<4> columns(int first) const {
    HeadPart<4> part = {weight, {0, 0, 0, 0}};
#pragma unroll
    for (int w = 0; w < kDecodeWarps; w++) {
      float4 x = *reinterpret_cast<const float4*>(warp_result<D>(page, w, head, first));
      part.sum[0] = fmaf(factor[w], x.x, part.sum[0]);
      part.sum[1] = fmaf(factor[w], x.y, part.sum[1]);
      part.sum[2] = fmaf(factor[w], x.z, part.sum[2]);
      part.sum[3] = fmaf(factor[w], x.w, part.sum[3]);
    }
    return part;
  }
};

// ---- a warp's attention to its 16 keys of each page --------------------------------------------

// Thread t holds rows t / 4 and 8 below: of `o` as mma() lays it out, of the others one each.
template <int D>
struct WarpAttention {
  float o[D / 8][4];
  float top[2];
  float sum[2];      // of the thread's own keys

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < D / 8; i++) {
      o[i][0] = o[i][1] = o[i][2] = o[i][3] = 0;
    }
    top[0] = top[1] = kLowest;
    sum[0] = sum[1] = 0;
  }

  // s[n][j]: the logits of the warp's keys 8 j .. 8 j + 7 of page n.
  template <int N>
  __device__ __forceinline__ void score(const Queries<D>& q, bf16* const (&page)[N], float scale,
                                        float (&s)[N][2][4]) const {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    int key = 16 * warp + lane / 16 * 8 + lane % 8;
    float even[N][2][4] = {}, odd[N][2][4] = {};  // shorter chains of products
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
#pragma unroll
      for (int n = 0; n < N; n++) {
        uint32_t b[4];
        load_matrices(b, panel_chunk(page[n] + k / 4 * kPage * kPanel, key,
                                     k % 4 * 2 + lane / 8 % 2));
        mma(k % 2 ? odd[n][0] : even[n][0], q.part[k], b[0], b[1]);
        mma(k % 2 ? odd[n][1] : even[n][1], q.part[k], b[2], b[3]);
      }
    }
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
      for (int i = 0; i < 8; i++) {
        s[n][i / 4][i % 4] = (even[n][i / 4][i % 4] + odd[n][i / 4][i % 4]) * scale;
      }
    }
  }

  // Adds the values of the first `count` of N pages, weighted by their logits, with the same bits as
  // one page at a time.
  template <int N>
  __device__ __forceinline__ void add(bf16* const (&page)[N], float (&s)[N][2][4], int count) {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float highest[N][2];   // after each page
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
      for (int r = 0; r < 2; r++) {
        float x = fmaxf(fmaxf(s[n][0][2 * r], s[n][0][2 * r + 1]),
                        fmaxf(s[n][1][2 * r], s[n][1][2 * r + 1]));
        x = fmaxf(x, __shfl_xor_sync(kWarp, x, 1));
        x = ceilf(fmaxf(x, __shfl_xor_sync(kWarp, x, 2)));
        float before = n == 0 ? top[r] : highest[n - 1][r];
        highest[n][r] = n == 0 || n < count ? fmaxf(before, x) : before;
      }
    }
    if (__any_sync(kWarp, highest[N - 1][0] > top[0] || highest[N - 1][1] > top[1])) {
#pragma unroll
      for (int r = 0; r < 2; r++) {
        float factor = exp2_approx(top[r] - highest[N - 1][r]);
        top[r] = highest[N - 1][r];
        sum[r] *= factor;
#pragma unroll
        for (int i = 0; i < D / 8; i++) {
          o[i][2 * r] *= factor;
          o[i][2 * r + 1] *= factor;
        }
      }
    }
    uint32_t p[N][4];
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
      for (int i = 0; i < 4; i++) {   // row i % 2, two of the keys from 8 (i / 2) on
        int r = i % 2;
        float x = exp2_approx(s[n][i / 2][2 * r] - highest[n][r]);
        float y = exp2_approx(s[n][i / 2][2 * r + 1] - highest[n][r]);
        if (n < N - 1) {
          float factor = exp2_approx(highest[n][r] - top[r]);
          x *= factor;
          y *= factor;
        }
        if (n > 0) {
          x = n < count ? x : 0;
          y = n < count ? y : 0;
        }
        sum[r] += x;
        sum[r] += y;
        p[n][i] = pack_bf16(x, y);
      }
    }
#pragma unroll
    for (int n = 0; n < N; n++) {
      if (n > 0 && n >= count) break;
      bf16* value = page[n] + page_tile(D) + 16 * warp * kPanel;
#pragma unroll
      for (int d = 0; d < D / 16; d++) {
        uint32_t b[4];
        load_matrices_transposed(b, panel_chunk(value + d / 4 * kPage * kPanel,
                                                lane / 8 % 2 * 8 + lane % 8,
                                                d % 4 * 2 + lane / 16));
        mma(o[2 * d], p[n], b[0], b[1]);
        mma(o[2 * d + 1], p[n], b[2], b[3]);
      }
    }
  }

  // Hides the page's keys from `keys` on. Nobody has written their values, which may be anything, and
  // 0 times infinity is no number: they become zeros.
  __device__ __forceinline__ void hide(bf16* page, int keys, float (&s)[2][4]) {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    bf16* value = page + page_tile(D) + 16 * warp * kPanel;
    keys -= 16 * warp;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (i / 4 * 8 + lane % 4 * 2 + i % 2 >= keys) s[i / 4][i % 4] = -INFINITY;
    }
    for (int i = lane; i < 16 * D / 8; i += 32) {
      int row = i % 16;
      if (row >= keys) {
        *reinterpret_cast<uint4*>(value + i / 128 * kPage * kPanel + row * kPanel +
                                  i / 16 % 8 * 8) = make_uint4(0, 0, 0, 0);
      }
    }
    __syncwarp();
  }

  // Attends to the next `pages` pages of the ring, up to `together` at a time if they have come; of the
  // first it sees `keys` keys. Calls scored() when the queries are no longer needed. Keeps the last page.
  template <int together, class Scored>
  __device__ __forceinline__ void attend(const Queries<D>& q, Ring& ring, int pages, int keys,
                                         float scale, Scored scored) {
    clear();
    for (int left = pages; left > 0;) {
      int count = 1;
      bf16* page[together];
      page[0] = ring.page<D>();
      wait_phase(ring.barriers->full + ring.index, ring.phase);
      Ring ahead = ring;
#pragma unroll
      for (int n = 1; n < together; n++) {
        page[n] = page[0];   // for nothing, which costs little
        ahead.next();
        if (n == count && n < left &&
            __all_sync(kWarp, is_phase_over(ahead.barriers->full + ahead.index, ahead.phase))) {
          page[n] = ahead.page<D>();
          count = n + 1;
        }
      }
      float s[together][2][4];
      score(q, page, scale, s);
      if (left == pages && keys < kPage) hide(page[0], keys, s[0]);
      left -= count;
      if (left == 0) scored();
      add(page, s, count);
      give_back(ring, left > 0 ? count : count - 1);
    }
  }

  // Leaves the warp's result in `page`, the last of a split, where its own keys and values were, and
  // waits until the other warps have done so.
  __device__ __forceinline__ void publish(bf16* page, WarpWeights& weights) {
    int warp = threadIdx.x / 32, row = threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
    __syncwarp();
#pragma unroll
    for (int r = 0; r < 2; r++) {
#pragma unroll
      for (int i = 0; i < D / 8; i++) {
        *reinterpret_cast<float2*>(warp_result<D>(page, warp, row + 8 * r, 8 * i + column)) =
            make_float2(o[i][2 * r], o[i][2 * r + 1]);
      }
      sum[r] += __shfl_xor_sync(kWarp, sum[r], 1);
      sum[r] += __shfl_xor_sync(kWarp, sum[r], 2);
      if (column == 0) weights.of[warp][row + 8 * r] = make_float2(top[r], sum[r]);
    }
    consumer_sync();
  }
};

// ---- splits ------------------------------------------------------------------------------------

// Splits are added up one after the other in runs, two runs make a group, and then come the groups.
// Whoever adds a run up, and where, its bits are the same.
constexpr int kRun = 8;
constexpr int kSplitGroup = 2 * kRun;

// Of a split's result each consumer adds up, of one query head, 4 columns in every 32.
constexpr int kHeadThreads = kDecodeConsumers / kGroupRows;

// Puts the result of a split, whose last page is the ring's, where the sum over splits finds it, or
// adds it to a result that the same threads have put there. With all consumers; the page goes back.
template <int D>
__device__ __forceinline__ void store_split(const DecodeArguments& a, int row, int kv_head, int split,
                                            bool add, const WarpWeights& weights, Ring& ring) {
  int group = a.heads / a.kv_heads, head = threadIdx.x / kHeadThreads;
  int first = threadIdx.x % kHeadThreads * 4;
  WarpSum<D> sum(ring.page<D>(), weights, head);
  int64_t place = ((int64_t)row * a.heads + kv_head * group + min(head, group - 1)) * a.max_splits +
                  split;
  float2 before = add ? __ldcg(a.weight + place) : make_float2(kLowest, 0);
  __syncwarp();   // all threads of the head have read its weight
  if (head < group) {
#pragma unroll
    for (int d = first; d < D; d += 4 * kHeadThreads) {
      HeadPart<4> part = sum.columns(d);
      float4* to = reinterpret_cast<float4*>(a.partial + place * D + d);
      if (add) {
        float4 x = __ldcg(to);
        HeadPart<4> both = {before, {x.x, x.y, x.z, x.w}};
        both.add(part);
        part = both;
      }
      *to = make_float4(part.sum[0], part.sum[1], part.sum[2], part.sum[3]);
      if (d == 0) a.weight[place] = part.weight;
    }
  }
  give_back(ring, 1);
}

// A query head's sum over splits, with a warp: each thread has D / 32 adjacent columns.
template <int D>
struct HeadSum : HeadPart<D / 32> {
  static constexpr int kColumns = D / 32;

  // Adds up a group of splits, of which the first `splits` are there, from memory or from shared
  // memory. `added`: whether the first of each run is the run's sum.
  template <bool shared>
  __device__ __forceinline__ void load(const float* sums, const float2* weights, int splits,
                                       bool added) {
    HeadPart<kColumns> part[kSplitGroup];
    float top = kLowest;
#pragma unroll
    for (int i = 0; i < kSplitGroup; i++) {
      bool there = i < splits && (i % kRun == 0 || !added);
      part[i].clear();
      if (there) {
        const float2* from =
            reinterpret_cast<const float2*>(sums + i * D) + threadIdx.x % 32 * (kColumns / 2);
        part[i].weight = shared ? weights[i] : __ldcg(weights + i);
        if constexpr (kColumns == 4) {
          const float4* four = reinterpret_cast<const float4*>(from);
          float4 x = shared ? *four : __ldcg(four);
          part[i].sum[0] = x.x, part[i].sum[1] = x.y, part[i].sum[2] = x.z, part[i].sum[3] = x.w;
        } else {
          float2 x = shared ? *from : __ldcg(from);
          part[i].sum[0] = x.x, part[i].sum[1] = x.y;
        }
      }
      top = fmaxf(top, part[i].weight.x);
    }
    // To the same power of two, which is exact, and then one after the other.
#pragma unroll
    for (int i = 0; i < kSplitGroup; i++) {
      float factor = exp2_approx(part[i].weight.x - top);
      HeadPart<kColumns>& run = part[i / kRun * kRun];
      run.weight.y = fmaf(factor, part[i].weight.y, i % kRun == 0 ? 0 : run.weight.y);
#pragma unroll
      for (int c = 0; c < kColumns; c++) {
        run.sum[c] = fmaf(factor, part[i].sum[c], i % kRun == 0 ? 0 : run.sum[c]);
      }
    }
    this->weight = make_float2(top, part[0].weight.y + part[kRun].weight.y);
#pragma unroll
    for (int c = 0; c < kColumns; c++) this->sum[c] = part[0].sum[c] + part[kRun].sum[c];
  }

  __device__ __forceinline__ void store(const DecodeArguments& a, int row, int head) const {
    float inverse = __fdividef(1.0f, this->weight.y);
    bf16* to = a.out + panel_index(a.out_rows, row, head * D + threadIdx.x % 32 * kColumns);
    uint32_t first = pack_bf16(this->sum[0] * inverse, this->sum[1] * inverse);
    if constexpr (kColumns == 4) {
      uint32_t second = pack_bf16(this->sum[2] * inverse, this->sum[3] * inverse);
      *reinterpret_cast<uint2*>(to) = make_uint2(first, second);
    } else {
      *reinterpret_cast<uint32_t*>(to) = first;
    }
  }
};

}  // namespace longspan

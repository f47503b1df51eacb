// Attention of one token's query heads over a list of pages: what the decode kernels share.
//
// A CTA has four consumer warps and a producer warp, which keeps a ring of pages full. All query
// heads of a KV head are the 16 rows of one product (fewer heads are padded), and each consumer warp
// takes 16 of a page's 64 keys with a softmax of its own. A list of pages is cut into S splits by its
// length alone: split s takes every S-th page, counted from the newest, s. Warps and splits are added
// up in a fixed tree, and every running maximum is an integer power of two, so that rescaling is
// exact. A row's bits therefore depend on its list alone: not on the batch, and not on whether the
// list holds all pages (dense) or a selection.
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

// 2^x for an integer x <= 0, exactly; 0 where that is no normal number.
__device__ __forceinline__ float power_of_two(float x) {
  return x < -126.0f ? 0.0f : __int_as_float((127 + (int)x) << 23);
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
  __device__ __forceinline__ void next() {
    if (++index == stages) {
      index = 0;
      phase ^= 1;
    }
  }
};

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

__device__ __forceinline__ void wait_phase(uint64_t* barrier, uint32_t parity) {
#if __CUDA_ARCH__ >= 900
  barrier_wait(barrier, parity);
#else
  uint32_t done = 0;
  while (done == 0) {
    asm volatile(
        "{ .reg .pred p;\n"
        "mbarrier.test_wait.parity.shared.b64 p, [%1], %2;\n"
        "selp.u32 %0, 1, 0, p; }\n"
        : "=r"(done)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
  }
#endif
}

// Brings K and V of a page, with a whole warp.
template <int D>
__device__ __forceinline__ void fetch_page(Ring& ring, const bf16* from) {
  constexpr int elements = 2 * page_tile(D);
  bf16* to = ring.pages + ring.index * elements;
  uint64_t* full = ring.barriers->full + ring.index;
  wait_phase(ring.barriers->empty + ring.index, ring.phase ^ 1);
#if __CUDA_ARCH__ >= 900
  if (threadIdx.x % 32 == 0) {
    barrier_expect(full, elements * sizeof(bf16));
    bulk_load(to, from, elements * sizeof(bf16), full, evict_first_policy());
  }
#else
  for (int i = threadIdx.x % 32 * 8; i < elements; i += 32 * 8) async_copy16(to + i, from + i);
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(full))
               : "memory");
#endif
  __syncwarp();
  ring.next();
}

// Lets the producer copy another page to the place of the ring's page. Each thread arrives for what it
// has read: one for its warp would order the same and be no faster, but racecheck would not follow it.
// The fence makes the thread wait until it has really read: the barrier alone orders loads that are
// still under way only before other threads' stores, not before a bulk copy.
__device__ __forceinline__ void give_back(Ring& ring) {
#if __CUDA_ARCH__ >= 900
  async_proxy_fence();
#else
  __threadfence_block();
#endif
  barrier_arrive(ring.barriers->empty + ring.index);
  ring.next();
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

// ---- a warp's attention to its 16 keys of each page --------------------------------------------

// A split's result: rows padded so that a warp's stores meet no bank twice.
template <int D>
struct alignas(16) Partial {
  float sum[kGroupRows][D + 8];
  float2 weight[kGroupRows];
};

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

  // s[j]: the logits of the warp's keys 8 j .. 8 j + 7 of a page.
  __device__ __forceinline__ void score(const Queries<D>& q, bf16* page, float scale,
                                        float (&s)[2][4]) const {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    bf16* key = page + 16 * warp * kPanel;
    float even[2][4] = {}, odd[2][4] = {};  // shorter chains of products
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      uint32_t b[4];
      load_matrices(b, panel_chunk(key + k / 4 * kPage * kPanel, lane / 16 * 8 + lane % 8,
                                   k % 4 * 2 + lane / 8 % 2));
      mma(k % 2 ? odd[0] : even[0], q.part[k], b[0], b[1]);
      mma(k % 2 ? odd[1] : even[1], q.part[k], b[2], b[3]);
    }
#pragma unroll
    for (int i = 0; i < 8; i++) s[i / 4][i % 4] = (even[i / 4][i % 4] + odd[i / 4][i % 4]) * scale;
  }

  // Adds the values of a page, weighted by its logits.
  __device__ __forceinline__ void add(bf16* page, float (&s)[2][4]) {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    bf16* value = page + page_tile(D) + 16 * warp * kPanel;
    float highest[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float x = fmaxf(fmaxf(s[0][2 * r], s[0][2 * r + 1]), fmaxf(s[1][2 * r], s[1][2 * r + 1]));
      x = fmaxf(x, __shfl_xor_sync(kWarp, x, 1));
      x = fmaxf(x, __shfl_xor_sync(kWarp, x, 2));
      highest[r] = fmaxf(top[r], ceilf(x));
    }
    if (__any_sync(kWarp, highest[0] > top[0] || highest[1] > top[1])) {
#pragma unroll
      for (int r = 0; r < 2; r++) {
        float factor = power_of_two(top[r] - highest[r]);
        top[r] = highest[r];
        sum[r] *= factor;
#pragma unroll
        for (int i = 0; i < D / 8; i++) {
          o[i][2 * r] *= factor;
          o[i][2 * r + 1] *= factor;
        }
      }
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
      float& x = s[i / 4][i % 4];
      x = exp2_approx(x - top[i / 2 % 2]);
      sum[i / 2 % 2] += x;
    }
    uint32_t p[4] = {pack_bf16(s[0][0], s[0][1]), pack_bf16(s[0][2], s[0][3]),
                     pack_bf16(s[1][0], s[1][1]), pack_bf16(s[1][2], s[1][3])};
#pragma unroll
    for (int d = 0; d < D / 16; d++) {
      uint32_t b[4];
      load_matrices_transposed(b, panel_chunk(value + d / 4 * kPage * kPanel,
                                              lane / 8 % 2 * 8 + lane % 8,
                                              d % 4 * 2 + lane / 16));
      mma(o[2 * d], p, b[0], b[1]);
      mma(o[2 * d + 1], p, b[2], b[3]);
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

  // Attends to the next `pages` pages of the ring; of the first it sees `keys` keys. Calls scored()
  // when the queries are no longer needed.
  template <class Scored>
  __device__ __forceinline__ void attend(const Queries<D>& q, Ring& ring, int pages, int keys,
                                         float scale, Scored scored) {
    clear();
    for (int i = 0; i < pages; i++) {
      bf16* page = ring.pages + ring.index * 2 * page_tile(D);
      wait_phase(ring.barriers->full + ring.index, ring.phase);
      float s[2][4];
      score(q, page, scale, s);
      if (i == 0 && keys < kPage) hide(page, keys, s);
      if (i == pages - 1) scored();
      add(page, s);
      give_back(ring);
    }
  }

  // Adds the consumer warps up. Each column is added in an order of its own, so that all warps work at
  // a time. All consumers take part and can read `to` afterwards.
  __device__ __forceinline__ void merge(float2 (*warps)[kGroupRows], Partial<D>& to) {
    int warp = threadIdx.x / 32, row = threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
#pragma unroll
    for (int r = 0; r < 2; r++) {
      sum[r] += __shfl_xor_sync(kWarp, sum[r], 1);
      sum[r] += __shfl_xor_sync(kWarp, sum[r], 2);
      if (column == 0) warps[warp][row + 8 * r] = make_float2(top[r], sum[r]);
    }
    consumer_sync();
    float factor[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float highest = kLowest, total = 0;
#pragma unroll
      for (int w = 0; w < kDecodeWarps; w++) highest = fmaxf(highest, warps[w][row + 8 * r].x);
#pragma unroll
      for (int w = 0; w < kDecodeWarps; w++) {
        float2 other = warps[w][row + 8 * r];
        total = fmaf(power_of_two(other.x - highest), other.y, total);
      }
      factor[r] = power_of_two(top[r] - highest);
      if (warp == 0 && column == 0) to.weight[row + 8 * r] = make_float2(highest, total);
    }
    constexpr int quarter = D / 8 / kDecodeWarps;
    for (int turn = 0; turn < kDecodeWarps; turn++) {
#pragma unroll
      for (int i = 0; i < D / 8; i++) {
        if (i / quarter == (warp + turn) % kDecodeWarps) {
#pragma unroll
          for (int r = 0; r < 2; r++) {
            float2* at = reinterpret_cast<float2*>(&to.sum[row + 8 * r][i * 8 + column]);
            float2 before = turn == 0 ? make_float2(0, 0) : *at;
            *at = make_float2(fmaf(factor[r], o[i][2 * r], before.x),
                              fmaf(factor[r], o[i][2 * r + 1], before.y));
          }
        }
      }
      consumer_sync();
    }
  }
};

// ---- splits ------------------------------------------------------------------------------------

// Splits are added up one after the other in runs, two runs make a group, and then come the groups.
// Whoever adds a run up, and where, its bits are the same.
constexpr int kRun = 8;
constexpr int kSplitGroup = 2 * kRun;

// Some adjacent columns of a query head's sum of p v, with the maximum and the sum of p.
template <int N>
struct HeadPart {
  float2 weight;
  float sum[N];

  __device__ __forceinline__ void add(const HeadPart& other) {
    float top = fmaxf(weight.x, other.weight.x);
    float mine = power_of_two(weight.x - top), others = power_of_two(other.weight.x - top);
    weight = make_float2(top, fmaf(others, other.weight.y, weight.y * mine));
#pragma unroll
    for (int c = 0; c < N; c++) sum[c] = fmaf(others, other.sum[c], sum[c] * mine);
  }
};

// Puts a split's result where the sum over splits finds it, with all consumers.
template <int D>
__device__ __forceinline__ void store_split(const DecodeArguments& a, int row, int kv_head, int split,
                                            const Partial<D>& from) {
  int group = a.heads / a.kv_heads;
  int64_t place = ((int64_t)row * a.heads + kv_head * group) * a.max_splits + split;
  for (int i = threadIdx.x; i < group * D / 4; i += kDecodeConsumers) {
    int head = i / (D / 4), d = i % (D / 4) * 4;
    *reinterpret_cast<float4*>(a.partial + (place + head * a.max_splits) * D + d) =
        *reinterpret_cast<const float4*>(&from.sum[head][d]);
    if (d == 0) a.weight[place + head * a.max_splits] = from.weight[head];
  }
}

// Adds a split's result to one that the same threads have stored.
template <int D>
__device__ __forceinline__ void add_split(const DecodeArguments& a, int row, int kv_head, int split,
                                          const Partial<D>& from) {
  int group = a.heads / a.kv_heads;
  int64_t place = ((int64_t)row * a.heads + kv_head * group) * a.max_splits + split;
#pragma unroll 1
  for (int i = threadIdx.x; i < kGroupRows * D / 4; i += kDecodeConsumers) {
    int head = min(i / (D / 4), group - 1), d = i % (D / 4) * 4;
    float2* weight = a.weight + place + head * a.max_splits;
    float4* sum = reinterpret_cast<float4*>(a.partial + (place + head * a.max_splits) * D + d);
    float4 x = __ldcg(sum), y = *reinterpret_cast<const float4*>(&from.sum[head][d]);
    HeadPart<4> part = {__ldcg(weight), {x.x, x.y, x.z, x.w}};
    part.add({from.weight[head], {y.x, y.y, y.z, y.w}});
    __syncwarp();   // all threads of the head have read its weight
    if (i < group * D / 4) {
      *sum = make_float4(part.sum[0], part.sum[1], part.sum[2], part.sum[3]);
      if (d == 0) *weight = part.weight;
    }
  }
}

// A query head's sum over splits, with a warp: each thread has D / 32 adjacent columns.
template <int D>
struct HeadSum : HeadPart<D / 32> {
  static constexpr int kColumns = D / 32;

  // Adds up a group of splits, of which the first `splits` are there. `place`: of the first one, (row *
  // heads + head) * max_splits + split. `added`: whether the first of each run is the run's sum.
  __device__ __forceinline__ void load(const DecodeArguments& a, int64_t place, int splits,
                                       bool added) {
    HeadPart<kColumns> part[kSplitGroup];
#pragma unroll
    for (int i = 0; i < kSplitGroup; i++) {
      bool there = i < splits && (i % kRun == 0 || !added);
      const float* from = a.partial + (place + i) * D + threadIdx.x % 32 * kColumns;
      part[i].weight = there ? __ldcg(a.weight + place + i) : make_float2(kLowest, 0);
      float(&sum)[kColumns] = part[i].sum;
      if constexpr (kColumns == 4) {
        float4 x = there ? __ldcg(reinterpret_cast<const float4*>(from)) : make_float4(0, 0, 0, 0);
        sum[0] = x.x, sum[1] = x.y, sum[2] = x.z, sum[3] = x.w;
      } else {
        float2 x = there ? __ldcg(reinterpret_cast<const float2*>(from)) : make_float2(0, 0);
        sum[0] = x.x, sum[1] = x.y;
      }
    }
#pragma unroll
    for (int first = 0; first < kSplitGroup; first += kRun) {
#pragma unroll
      for (int i = 1; i < kRun; i++) part[first].add(part[first + i]);
    }
    part[0].add(part[kRun]);
    static_cast<HeadPart<kColumns>&>(*this) = part[0];
  }

  __device__ __forceinline__ void store(const DecodeArguments& a, int row, int head) const {
    int column = head * D + threadIdx.x % 32 * kColumns;
#pragma unroll
    for (int c = 0; c < kColumns; c += 2) {
      *reinterpret_cast<uint32_t*>(a.out + panel_index(a.out_rows, row, column + c)) =
          pack_bf16(this->sum[c] / this->weight.y, this->sum[c + 1] / this->weight.y);
    }
  }
};

}  // namespace longspan

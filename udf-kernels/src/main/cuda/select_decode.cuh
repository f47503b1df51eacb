// Selection of blocks for one token and KV head by a cluster of CTAs: the first stage of InfLLM-V2.
//
// Each consumer warp streams its share of the compressed keys through a ring of its own in shared
// memory. First the coarse keys give the softmax normaliser of each head, then the fine keys give
// window scores and these block scores; both are exchanged through the cluster's shared memory. Then
// each CTA finds which of its own blocks are among the best; where there are too many to compare them
// with all, every CTA finds all the best ones for itself.
//
// The result does not depend on the size of the cluster: the normaliser is the sum of 16 shares,
// which the CTAs divide among them.
#pragma once
#include "decode.cuh"

namespace longspan {

// ---- clusters of C CTAs; C = 1 for GPUs that have none ------------------------------------------

template <int C>
struct Cluster {
  static __device__ __forceinline__ int rank() {
    if constexpr (C == 1) return 0;
    return cluster_rank();
  }

  // All threads arrive and then wait, once in each turn. arrive() makes what the thread has written
  // visible to the threads of the cluster that have waited, start() only initialised barriers.
  static __device__ __forceinline__ void start() {
    __syncwarp();
    if constexpr (C > 1) asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
  }
  static __device__ __forceinline__ void arrive() {
    __syncwarp();
    if constexpr (C > 1) asm volatile("barrier.cluster.arrive.aligned;" ::: "memory");
  }
  static __device__ __forceinline__ void wait() {
    __syncwarp();
    if constexpr (C > 1) asm volatile("barrier.cluster.wait.aligned;" ::: "memory");
  }

  // The address of the same variable in the shared memory of CTA `rank`.
  static __device__ __forceinline__ uint32_t address(const void* variable, int rank) {
    uint32_t to;
    asm("mapa.shared::cluster.u32 %0, %1, %2;"
        : "=r"(to)
        : "r"(shared_address(variable)), "r"(rank));
    return to;
  }

  // Writes `value` to the same variable in CTA `rank`, and then counts its bytes at `barrier` there.
  static __device__ __forceinline__ void send(float2* to, int rank, float2 value,
                                              uint64_t* barrier) {
    if constexpr (C == 1) {
      *to = value;
    } else {
      asm volatile(
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, [%3];" ::"r"(
              address(to, rank)),
          "f"(value.x), "f"(value.y), "r"(address(barrier, rank))
          : "memory");
    }
  }
  static __device__ __forceinline__ void send(int* to, int rank, int value, uint64_t* barrier) {
    if constexpr (C == 1) {
      *to = value;
    } else {
      asm volatile(
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%0], %1, [%2];" ::"r"(
              address(to, rank)),
          "r"(value), "r"(address(barrier, rank))
          : "memory");
    }
  }
  static __device__ __forceinline__ void send(float4* to, int rank, float4 value,
                                              uint64_t* barrier) {
    if constexpr (C == 1) {
      *to = value;
    } else {
      asm volatile(
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%0], {%1, %2, %3, %4}, "
          "[%5];" ::"r"(address(to, rank)),
          "f"(value.x), "f"(value.y), "f"(value.z), "f"(value.w), "r"(address(barrier, rank))
          : "memory");
    }
  }

  // A barrier for one exchange, which ends when the CTA has got `bytes` bytes.
  static __device__ __forceinline__ void init(uint64_t* barrier) {
    if constexpr (C > 1) barrier_init(barrier, 1);
  }
  static __device__ __forceinline__ void expect(uint64_t* barrier, int bytes) {
    if constexpr (C > 1) barrier_expect(barrier, bytes);
  }
  // The same for a barrier at which other threads arrive too.
  static __device__ __forceinline__ void expect_only(uint64_t* barrier, int bytes) {
    if constexpr (C > 1) barrier_expect_only(barrier, bytes);
  }

  // Waits until the CTA has got everything.
  static __device__ __forceinline__ void await(uint64_t* barrier) {
    if constexpr (C > 1) barrier_wait(barrier, 0);
    __syncwarp();
  }
  // The same with all consumers.
  static __device__ __forceinline__ void receive(uint64_t* barrier) {
    if constexpr (C == 1) consumer_sync();
    await(barrier);
  }
};

// ---- compressed keys -----------------------------------------------------------------------------

// A level of compressed keys of one sequence and KV head; slots as in layout.cuh.
struct Level {
  const bf16* keys;    // of the KV head
  int page_size;       // elements from page to page
  int windows;         // slots 1 .. windows are there
  int page_shift;      // log2 of the slots in a page
};

constexpr int kTileSlots = 8;
constexpr int kBatchTiles = 2;
constexpr int kBatchSlots = kTileSlots * kBatchTiles;
constexpr int kMaxDepth = 8;

template <int D>
__host__ __device__ constexpr int batch_elements() {
  return kBatchSlots * D;
}

// A warp's way through a level, batch by batch. The lanes hold 32 entries of the page table, and the
// next 32 are on their way.
struct KeyWalk {
  Level level;
  const int* pages;
  int blocks;
  int slot;      // a multiple of those in a page
  int base;      // page
  int now;
  int next;

  __device__ __forceinline__ int load(int page) const {
    page += threadIdx.x % 32;
    return page < blocks ? pages[page] : 0;
  }

  __device__ __forceinline__ void start(const Level& from, const int* table, int count, int first) {
    level = from;
    pages = table;
    blocks = count;
    slot = first;
    base = slot >> level.page_shift;
    now = load(base);
    next = load(base + 32);
  }
};

// A warp's ring of batches of keys, which lie there as in the pages.
template <int D>
struct KeyRing {
  bf16* batches;
  uint64_t* full;    // barriers of the places
  int depth;         // places
  int index = 0;
  uint32_t phase = 0;

  __device__ __forceinline__ void init() const {
    if (threadIdx.x % 32 == 0) {
      for (int i = 0; i < depth; i++) barrier_init(full + i, 32);
    }
    __syncwarp();
  }

  // Copies the next batch of a walk to place `at`.
  __device__ __forceinline__ void copy(KeyWalk& walk, int at) {
    int lane = threadIdx.x % 32, shift = walk.level.page_shift;
    int page = walk.slot >> shift;
    if (page - walk.base == 32) {
      walk.base = page;
      walk.now = walk.next;
      walk.next = walk.load(page + 32);
    }
    // The lanes take 16 bytes each and go through one page after the other: through a part of it, or
    // through some at a time. Beyond the row's pages they copy another one, for nothing.
    constexpr int pieces = kBatchSlots * D / 8 / 32;
    int first = page - walk.base, last_chunk = (D / 8 << shift) - 1;
    const bf16* from = walk.level.keys + (lane & last_chunk) * 8;
    const bf16* other_half = from + (32 & last_chunk) * 8;
    uint32_t to = shared_address(batches + at * batch_elements<D>() + lane * 8);
    static_assert(kFinePerPage * D / 8 <= 64);
    int id[pieces];
#pragma unroll
    for (int i = 0; i < pieces; i++) {
      id[i] = __shfl_sync(kWarp, walk.now, first + ((i * 32 + lane) / (D / 8) >> shift));
    }
#pragma unroll
    for (int i = 0; i < pieces; i++) {
      async_copy16(to + i * 32 * 16,
                   (i % 2 ? other_half : from) + (int64_t)id[i] * walk.level.page_size);
    }
    async_arrive(full + at);
    walk.slot += kBatchSlots;
  }

  // s[u]: the products of the queries and tile u of the next batch, whose first slot is `slot` of a
  // level of 2^shift slots in a page. Takes the batch.
  __device__ __forceinline__ void multiply(const Queries<D>& q, int slot, int shift,
                                           float (&s)[kBatchTiles][4]) {
    wait_phase(full + index, phase);
    int lane = threadIdx.x % 32, r = lane % kTileSlots;
    const bf16* row = batches + index * batch_elements<D>() + ((r >> shift) * D << shift) +
                      (r & (1 << shift) - 1) * kPanel;
    int swizzle = (slot + lane) & 7;
    float even[kBatchTiles][4] = {}, odd[kBatchTiles][4] = {};
#pragma unroll
    for (int k = 0; k < D / 16; k += 2) {
#pragma unroll
      for (int u = 0; u < kBatchTiles; u++) {
        uint32_t b[4];
        load_matrices(b, row + u * kTileSlots * D + (k / 4 * kPanel << shift) +
                             ((k % 4 * 2 + lane / 8) ^ swizzle) * 8);
        mma(even[u], q.part[k], b[0], b[1]);
        mma(odd[u], q.part[k + 1], b[2], b[3]);
      }
    }
#pragma unroll
    for (int i = 0; i < 4 * kBatchTiles; i++) s[i / 4][i % 4] = even[i / 4][i % 4] + odd[i / 4][i % 4];
    if (++index == depth) {
      index = 0;
      phase ^= 1;
    }
  }
};

// ---- scores --------------------------------------------------------------------------------------

constexpr int kShares = 16;

// A softmax normaliser of two heads, as a thread of a warp sees it: rows t / 4 and 8 below.
struct Normaliser {
  float top[2];
  float sum[2];

  __device__ __forceinline__ void clear() {
    top[0] = top[1] = kLowest;
    sum[0] = sum[1] = 0;
  }

  // Adds the products of a batch; `slot`: its first. Slot 0 and those beyond `windows` do not count.
  __device__ __forceinline__ void add(float (&s)[kBatchTiles][4], int slot, int windows, float scale) {
    slot += threadIdx.x % 4 * 2;
#pragma unroll
    for (int i = 0; i < 4 * kBatchTiles; i++) {
      int at = slot + i / 4 * kTileSlots + i % 2;
      s[i / 4][i % 4] = at >= 1 && at <= windows ? s[i / 4][i % 4] * scale : -INFINITY;
    }
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float x = top[r];
#pragma unroll
      for (int u = 0; u < kBatchTiles; u++) x = fmaxf(x, fmaxf(s[u][2 * r], s[u][2 * r + 1]));
      x = fmaxf(x, __shfl_xor_sync(kWarp, x, 1));
      x = ceilf(fmaxf(x, __shfl_xor_sync(kWarp, x, 2)));
      sum[r] *= exp2_approx(top[r] - x);
      top[r] = x;
#pragma unroll
      for (int u = 0; u < kBatchTiles; u++) {
        sum[r] += exp2_approx(s[u][2 * r] - x) + exp2_approx(s[u][2 * r + 1] - x);
      }
    }
  }

  // Adds up what the threads have and stores (top, sum) of every head.
  __device__ __forceinline__ void store(float2* heads) {
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int r = 0; r < 2; r++) {
      sum[r] += __shfl_xor_sync(kWarp, sum[r], 1);
      sum[r] += __shfl_xor_sync(kWarp, sum[r], 2);
      if (lane % 4 == 0) heads[lane / 4 + 8 * r] = make_float2(top[r], sum[r]);
    }
  }
};

// The sum of `count` normalisers of a head, in their order.
template <int count>
__device__ __forceinline__ float2 add_normalisers(const float2* of_head) {
  float top = kLowest, sum = 0;
#pragma unroll
  for (int i = 0; i < count; i++) top = fmaxf(top, of_head[i * kGroupRows].x);
#pragma unroll
  for (int i = 0; i < count; i++) {
    float2 part = of_head[i * kGroupRows];
    sum = fmaf(exp2_approx(part.x - top), part.y, sum);
  }
  return make_float2(top, sum);
}

// Scores of the windows of a batch, and by page the best and the first: `page` is the batch's first
// page relative to `most` and `earliest`, of which `count` are there. Windows that are not there score
// -1. A page's first window also overlaps the page before.
__device__ __forceinline__ void score_batch(const float (&s)[kBatchTiles][4], int slot, int windows,
                                            float scale, const float (&top)[2],
                                            const float (&inverse)[2], int page, int count, float* most,
                                            float* earliest) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int u = 0; u < kBatchTiles; u++) {
    float window[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float x = exp2_approx(fmaf(s[u][i], scale, -top[0])) * inverse[0] +
                exp2_approx(fmaf(s[u][i + 2], scale, -top[1])) * inverse[1];
      x += __shfl_xor_sync(kWarp, x, 16);
      x += __shfl_xor_sync(kWarp, x, 8);
      x += __shfl_xor_sync(kWarp, x, 4);
      int at = slot + u * kTileSlots + lane % 4 * 2 + i;
      window[i] = at >= 1 && at <= windows ? x : -1.0f;
    }
    float best = fmaxf(window[0], window[1]);
    best = fmaxf(best, __shfl_xor_sync(kWarp, best, 1));
    int at = page + 2 * u + lane / 2;
    if (lane < 4 && lane % 2 == 0 && at < count) {
      most[at] = best;
      earliest[at] = window[0];
    }
  }
}

// ---- choice of blocks ----------------------------------------------------------------------------

// Scores are not negative, so their bits order as they do; 1 is for a block without any window.
__device__ __forceinline__ uint32_t score_key(float score, bool round) {
  if (score < 0) return 1;
  if (round) score = __bfloat162float(__float2bfloat16_rn(score));
  return __float_as_uint(score) + 2;
}

constexpr int kMaxGroups = 4 * kDecodeConsumers;

struct ChoiceScratch {
  uint4 largest[kMaxGroups / 4];   // key of each group
  uint32_t low;                    // all ones before choose()
  int candidates;                  // 0 before choose()
};

// A key that may be among the largest, and ~ its place among the keys: of equal keys the first counts
// more. All zeros: none.
struct Candidate {
  uint32_t place;
  uint32_t key;

  __device__ __forceinline__ bool operator>(const Candidate& other) const {
    return ((uint64_t)key << 32 | place) > ((uint64_t)other.key << 32 | other.place);
  }
};
constexpr int kMaxCandidates = 4 * kDecodeConsumers;

// Calls take(i, rank) for those from `begin` to `end` of the `count` > 0 largest of `size` keys, of equal
// ones the first, with all consumers: by comparing them with all. Keys are not 0 and followed by zeros
// up to a multiple of four. The rank is the number of larger ones.
template <class Take>
__device__ __forceinline__ void choose_own(const uint32_t* keys, int size, int count, int begin,
                                           int end, Take take) {
  constexpr int parts = 8;   // threads of a key
  int part = threadIdx.x % parts;
  for (int first = begin; first < end; first += kDecodeConsumers / parts) {
    int i = first + threadIdx.x / parts;
    Candidate own = {~(uint32_t)i, i < end ? keys[i] : 0};
    int rank[4] = {};   // four chains of sums
#pragma unroll 2
    for (int j = 4 * part; j < size; j += 4 * parts) {
      uint4 four = *reinterpret_cast<const uint4*>(keys + j);
      rank[0] += Candidate{~(uint32_t)j, four.x} > own;
      rank[1] += Candidate{~(uint32_t)j - 1, four.y} > own;
      rank[2] += Candidate{~(uint32_t)j - 2, four.z} > own;
      rank[3] += Candidate{~(uint32_t)j - 3, four.w} > own;
    }
    int place = (rank[0] + rank[1]) + (rank[2] + rank[3]);
#pragma unroll
    for (int d = 1; d < parts; d *= 2) place += __shfl_xor_sync(kWarp, place, d);
    if (part == 0 && i < end && place < count) take(i, place);
  }
}

// The same for all keys, by comparing with each other those that exceed a lower bound. candidates:
// [kMaxCandidates], in shared memory; with more of them all keys are compared with all.
template <class Take>
__device__ __forceinline__ void choose(const uint32_t* keys, int size, int count,
                                       ChoiceScratch& scratch, Candidate* candidates, Take take) {
  int thread = threadIdx.x, lane = thread % 32;
  // A lower bound that few other keys exceed: each of `sets` sets of 32 groups has its share of `count`
  // groups whose largest keys reach it.
  int groups = kDecodeConsumers;
  while (groups < kMaxGroups && groups < 2 * count) groups *= 2;
  int sets = groups / 32, share = (count + sets - 1) / sets;
  uint32_t* largest = reinterpret_cast<uint32_t*>(scratch.largest);
#pragma unroll
  for (int i = 0; i < kMaxCandidates; i += kDecodeConsumers) candidates[i + thread] = {0, 0};
  for (int group = thread; group < groups; group += kDecodeConsumers) {
    uint32_t high = 0;
#pragma unroll 8
    for (int i = group; i < size; i += groups) high = max(high, keys[i]);
    largest[group] = high;
    __syncwarp();
    int larger[4] = {};   // four chains of sums
#pragma unroll
    for (int i = 0; i < 8; i++) {
      uint4 four = scratch.largest[group / 32 * 8 + i];
      larger[0] += four.x > high;
      larger[1] += four.y > high;
      larger[2] += four.z > high;
      larger[3] += four.w > high;
    }
    uint32_t reached = (larger[0] + larger[1]) + (larger[2] + larger[3]) < share ? high : ~0u;
    reached = __reduce_min_sync(kWarp, reached);
    if (lane == 0) atomicMin(&scratch.low, reached);
  }
  consumer_sync();
  uint32_t low = count <= groups ? scratch.low : 0;

  for (int base = thread; base < size; base += 32 * kDecodeConsumers) {
    uint32_t mine = 0;
    int own = min(32, (size - base + kDecodeConsumers - 1) / kDecodeConsumers);
#pragma unroll 8
    for (int i = 0; i < own; i++) {
      mine |= (uint32_t)(keys[base + i * kDecodeConsumers] > low) << i;
    }
    if (mine == 0) continue;
    int to = atomicAdd(&scratch.candidates, __popc(mine));
    for (; mine != 0; mine &= mine - 1, to++) {
      int i = base + (__ffs(mine) - 1) * kDecodeConsumers;
      if (to < kMaxCandidates) candidates[to] = {~(uint32_t)i, keys[i]};
    }
  }
  consumer_sync();
  int found = scratch.candidates;
  if (found <= kMaxCandidates) {
    for (int i = thread; i < found; i += kDecodeConsumers) {
      Candidate own = candidates[i];
      int rank[4] = {};   // four chains of sums
#pragma unroll 1
      for (int j = 0; j < found; j += 16) {
#pragma unroll
        for (int k = 0; k < 16; k += 2) {
          uint4 two = *reinterpret_cast<const uint4*>(candidates + j + k);
          rank[k % 4] += Candidate{two.x, two.y} > own;
          rank[k % 4 + 1] += Candidate{two.z, two.w} > own;
        }
      }
      int place = (rank[0] + rank[1]) + (rank[2] + rank[3]);
      if (place < count) take((int)~own.place, place);
    }
  } else {
    for (int i = thread; i < size; i += kDecodeConsumers) {
      Candidate own = {~(uint32_t)i, keys[i]};
      int place = 0;
      for (int j = 0; j < size; j++) place += Candidate{~(uint32_t)j, keys[j]} > own;
      if (own.key > low && place < count) take(i, place);
    }
  }
  // The others are as large as the bound.
  if (found < count && thread < 32) {
    for (int first = 0; found < count; first += 32) {
      uint32_t equal = __ballot_sync(kWarp, first + lane < size && keys[first + lane] == low);
      int place = found + __popc(equal & (1u << lane) - 1);
      if ((equal >> lane & 1) != 0 && place < count) take(first + lane, place);
      found += __popc(equal);
    }
  }
}

}  // namespace longspan

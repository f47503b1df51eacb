// Selection of blocks for one token and KV head by a cluster of CTAs: the first stage of InfLLM-V2.
//
// Each consumer warp streams its share of the compressed keys through a ring of its own in shared
// memory. First the coarse keys give the softmax normaliser of each head, then the fine keys give
// window scores and these block scores; both are exchanged through the cluster's shared memory. Then
// every CTA finds the same best blocks for itself.
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

  // Writes `value` to the same variable in the shared memory of CTA `rank`, and then counts its bytes
  // at the same barrier there.
  static __device__ __forceinline__ void send(uint32_t* to, int rank, uint32_t value,
                                              uint64_t* barrier) {
    if constexpr (C == 1) {
      *to = value;
    } else {
      asm volatile(
          "{ .reg .b32 place, counter;\n"
          "mapa.shared::cluster.u32 place, %0, %3;\n"
          "mapa.shared::cluster.u32 counter, %1, %3;\n"
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [place], %2, [counter]; }\n" ::
              "r"(shared_address(to)),
          "r"(shared_address(barrier)), "r"(value), "r"(rank)
          : "memory");
    }
  }
  static __device__ __forceinline__ void send(float2* to, int rank, float2 value,
                                              uint64_t* barrier) {
    send(reinterpret_cast<uint32_t*>(to), rank, __float_as_uint(value.x), barrier);
    send(reinterpret_cast<uint32_t*>(to) + 1, rank, __float_as_uint(value.y), barrier);
  }

  // A barrier for one exchange, which ends when the CTA has got `bytes` bytes.
  static __device__ __forceinline__ void expect(uint64_t* barrier, int bytes) {
    if constexpr (C > 1) {
      barrier_init(barrier, 1);
      barrier_expect(barrier, bytes);
    }
  }

  // Waits, with all consumers, until the CTA has got everything.
  static __device__ __forceinline__ void receive(uint64_t* barrier) {
    if constexpr (C == 1) {
      consumer_sync();
    } else {
      uint32_t done = 0;
      while (done == 0) {
        asm volatile(
            "{ .reg .pred p;\n"
            "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], 0;\n"
            "selp.u32 %0, 1, 0, p; }\n"
            : "=r"(done)
            : "r"(shared_address(barrier))
            : "memory");
      }
      __syncwarp();
    }
  }
};

// ---- compressed keys -----------------------------------------------------------------------------

// A level of compressed keys of one sequence and KV head; slots as in layout.cuh.
struct Level {
  const bf16* keys;    // of the KV head
  int page_size;       // elements from page to page
  int windows;         // slots 1 .. windows are there
};

constexpr int kTileSlots = 8;
constexpr int kBatchTiles = 2;
constexpr int kBatchSlots = kTileSlots * kBatchTiles;

template <int D>
__host__ __device__ constexpr int batch_elements() {
  return kBatchSlots * D;
}

// A warp's walk through a page table: the lanes hold 32 entries, and the next 32 are on their way.
struct PageWalk {
  const int* pages;
  int end;
  int base;
  int now;
  int next;

  __device__ __forceinline__ int load(int page) const {
    page += threadIdx.x % 32;
    return page < end ? pages[page] : 0;
  }
  __device__ __forceinline__ void start(const int* table, int first, int blocks) {
    pages = table;
    end = blocks;
    base = first;
    now = load(first);
    next = load(first + 32);
  }
  // Goes on to `first`, with which the next 32 begin, or stays.
  __device__ __forceinline__ void reach(int first) {
    if (first - base == 32) {
      base = first;
      now = next;
      next = load(first + 32);
    }
  }
  __device__ __forceinline__ int get(int page) const { return __shfl_sync(kWarp, now, page - base); }
};

// A warp's ring of batches of keys. A tile of 8 slots lies there as a panel matrix, swizzled by slot.
template <int D>
struct KeyRing {
  static constexpr int kCopies = kTileSlots * D / 8 / 32;   // 16-byte pieces of a tile for a thread
  bf16* batches;
  int depth;     // 1, 3 or 7
  int index = 0;

  // Copies the batch from `slot` on to place `at`; slots that are not there are left as they are.
  template <int page_slots>
  __device__ __forceinline__ void copy(const Level& level, PageWalk& walk, int slot, int at) {
    constexpr int rows = 4;   // of a tile that the warp copies a panel of at a time
    int lane = threadIdx.x % 32, row = lane / 8;
    bf16* to = batches + at * batch_elements<D>() + lane * 8;
    const bf16* keys = level.keys + (page_slots == 1 ? 0 : row * kPanel) + lane % 8 * 8;
    int page = slot / page_slots;
    walk.reach(page);
#pragma unroll
    for (int i = 0; i < kBatchSlots / rows; i++) {
      int id = walk.get(page + (page_slots == 1 ? i * rows + row : i));
      const bf16* from = keys + (int64_t)id * level.page_size;
      if (slot + i * rows + row <= level.windows) {
#pragma unroll
        for (int panel = 0; panel < D / kPanel; panel++) {
          async_copy16(to + (i / 2 * kCopies + panel * 2 + i % 2) * 32 * 8,
                       from + panel * kPanel * page_slots);
        }
      }
    }
  }

  // s[u]: the products of the queries and tile u of the batch at the ring's place; `slot`: its first,
  // or any that is as swizzled.
  __device__ __forceinline__ void multiply(const Queries<D>& q, int slot,
                                           float (&s)[kBatchTiles][4]) const {
    int lane = threadIdx.x % 32;
    const bf16* row = batches + index * batch_elements<D>() + lane % 8 * kPanel;
    int swizzle = (slot + lane) & 7;
    float even[kBatchTiles][4] = {}, odd[kBatchTiles][4] = {};
#pragma unroll
    for (int k = 0; k < D / 16; k += 2) {
#pragma unroll
      for (int u = 0; u < kBatchTiles; u++) {
        uint32_t b[4];
        load_matrices(b, row + (u * D / kPanel + k / 4) * kTileSlots * kPanel +
                             ((k % 4 * 2 + lane / 8) ^ swizzle) * 8);
        mma(even[u], q.part[k], b[0], b[1]);
        mma(odd[u], q.part[k + 1], b[2], b[3]);
      }
    }
#pragma unroll
    for (int i = 0; i < 4 * kBatchTiles; i++) s[i / 4][i % 4] = even[i / 4][i % 4] + odd[i / 4][i % 4];
  }

  __device__ __forceinline__ void next() { index = index + 1 == depth ? 0 : index + 1; }
};

// Waits until the oldest of `depth` batches has come.
__device__ __forceinline__ void wait_batch(int depth) {
  if (depth == 7) {
    async_wait<6>();
  } else if (depth == 3) {
    async_wait<2>();
  } else {
    async_wait<0>();
  }
  __syncwarp();
}

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
      sum[r] *= power_of_two(top[r] - x);
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
__device__ __forceinline__ float2 add_normalisers(const float2* of_head, int count) {
  float top = kLowest, sum = 0;
#pragma unroll
  for (int i = 0; i < count; i++) top = fmaxf(top, of_head[i * kGroupRows].x);
#pragma unroll
  for (int i = 0; i < count; i++) {
    float2 part = of_head[i * kGroupRows];
    sum = fmaf(power_of_two(part.x - top), part.y, sum);
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

constexpr int kBinBits = 10;
constexpr int kBins = 1 << kBinBits;
constexpr int kOwnBins = kBins / kDecodeConsumers;

// Scores are not negative, so their bits order as they do; 0 is for a block without any window.
__device__ __forceinline__ uint32_t score_key(float score, bool round) {
  if (score < 0) return 0;
  if (round) score = __bfloat162float(__float2bfloat16_rn(score));
  return __float_as_uint(score) + 1;
}

// What is chosen: every key above `low` and the first `ties` equal to it. Before that is known: every
// key above `high` and `ties` from `low` to `high`.
struct Choice {
  uint32_t low;
  uint32_t high;
  int ties;
  bool done;
};

struct ChoiceScratch {
  uint32_t low[kDecodeWarps];
  uint32_t high[kDecodeWarps];
  int sums[kDecodeWarps];
  Choice choice;
};

// Calls use(key) for all keys, with all consumers, 16 loads at a time.
template <class Use>
__device__ __forceinline__ void for_keys(const uint32_t* keys, int size, uint32_t instead, Use use) {
  constexpr int many = 16;
  for (int base = threadIdx.x; base < size; base += many * kDecodeConsumers) {
    uint32_t key[many];
#pragma unroll
    for (int i = 0; i < many; i++) {
      int at = base + i * kDecodeConsumers;
      key[i] = at < size ? keys[at] : instead;
    }
#pragma unroll
    for (int i = 0; i < many; i++) use(key[i]);
  }
}

// Finds the `count` > 0 largest of `size` keys with all consumers: narrows the range that holds the
// smallest of them about a thousandfold in each turn. bins: kBins + 1.
__device__ __forceinline__ Choice choose(const uint32_t* keys, int size, int count, int* bins,
                                         ChoiceScratch& scratch) {
  int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  uint32_t low = keys[0], high = low;
  for_keys(keys, size, low, [&](uint32_t key) {
    low = min(low, key);
    high = max(high, key);
  });
  low = __reduce_min_sync(kWarp, low);
  high = __reduce_max_sync(kWarp, high);
  if (lane == 0) {
    scratch.low[warp] = low;
    scratch.high[warp] = high;
  }
  consumer_sync();
#pragma unroll
  for (int w = 0; w < kDecodeWarps; w++) {
    low = min(low, scratch.low[w]);
    high = max(high, scratch.high[w]);
  }
  while (true) {
    int shift = max(0, 32 - __clz(high - low) - kBinBits);
    // Bin b, of descending keys, lies at (b % kOwnBins) * kDecodeConsumers + b / kOwnBins. What is out
    // of the range goes to the bin after the last.
#pragma unroll
    for (int i = 0; i < kOwnBins; i++) bins[i * kDecodeConsumers + thread] = 0;
    consumer_sync();
    for_keys(keys, size, high + 1, [&](uint32_t key) {
      uint32_t bin = (high - key) >> shift;
      uint32_t at = bin % kOwnBins * kDecodeConsumers + bin / kOwnBins;
      atomicAdd(bins + (key >= low && key <= high ? at : kBins), 1);
    });
    consumer_sync();
    int own[kOwnBins], sum = 0;
#pragma unroll
    for (int i = 0; i < kOwnBins; i++) {
      own[i] = bins[i * kDecodeConsumers + thread];
      sum += own[i];
    }
    int end = sum;
#pragma unroll
    for (int d = 1; d < 32; d *= 2) {
      int other = __shfl_up_sync(kWarp, end, d);
      end += lane >= d ? other : 0;
    }
    if (lane == 31) scratch.sums[warp] = end;
    consumer_sync();
#pragma unroll
    for (int w = 0; w < kDecodeWarps - 1; w++) end += w < warp ? scratch.sums[w] : 0;
    int before = end - sum;
    if (before < count && count <= end) {
#pragma unroll
      for (int i = 0; i < kOwnBins; i++) {
        if (before < count && count <= before + own[i]) {
          uint32_t top = high - ((uint32_t)(thread * kOwnBins + i) << shift);
          uint32_t width = (1u << shift) - 1;
          bool all = count == before + own[i];
          scratch.choice = {top - low > width ? top - width : low, top,
                            all ? 0x7FFFFFFF : count - before, all || shift == 0};
        }
        before += own[i];
      }
    }
    consumer_sync();
    Choice choice = scratch.choice;
    if (choice.done) return choice;
    low = choice.low;
    high = choice.high;
    count = choice.ties;
  }
}

// Calls take(i, rank) for each chosen key, with the number of chosen ones before it. Each thread has
// an odd number of adjacent keys, so that no two meet a bank, and at most 31: the bits of a mask.
template <class Take>
__device__ __forceinline__ void for_chosen(const uint32_t* keys, int size, const Choice& choice,
                                           int* warp_counts, Take take) {
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int larger = 0, equal = 0;
  for (int base = 0; base < size; base += 31 * kDecodeConsumers) {
    int share = min(31, ((size - base + kDecodeConsumers - 1) / kDecodeConsumers) | 1);
    int begin = base + threadIdx.x * share, count = min(share, size - begin);
    uint32_t above = 0, same = 0;
#pragma unroll 8
    for (int i = 0; i < count; i++) {
      uint32_t key = keys[begin + i];
      above |= (uint32_t)(key > choice.low) << i;
      same |= (uint32_t)(key == choice.low) << i;
    }
    int mine = __popc(above) | __popc(same) << 16, end = mine;
#pragma unroll
    for (int d = 1; d < 32; d *= 2) {
      int other = __shfl_up_sync(kWarp, end, d);
      end += lane >= d ? other : 0;
    }
    consumer_sync();   // the counts before have been read
    if (lane == 31) warp_counts[warp] = end;
    consumer_sync();
    int before = end - mine, all = 0;
#pragma unroll
    for (int w = 0; w < kDecodeWarps; w++) {
      before += w < warp ? warp_counts[w] : 0;
      all += warp_counts[w];
    }
    for (uint32_t left = above | same; left != 0; left &= left - 1) {
      int i = __ffs(left) - 1;
      uint32_t below = (1u << i) - 1;
      int ties = equal + (before >> 16) + __popc(same & below);
      if ((above >> i & 1) != 0 || ties < choice.ties) {
        take(begin + i, larger + (before & 0xFFFF) + __popc(above & below) + min(ties, choice.ties));
      }
    }
    larger += all & 0xFFFF;
    equal += all >> 16;
    __syncwarp();
  }
}

}  // namespace longspan

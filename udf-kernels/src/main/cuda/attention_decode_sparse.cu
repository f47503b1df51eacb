// Decode attention of sparse rows: both stages of InfLLM-V2 in one kernel. A cluster of CTAs serves a
// row and KV head: it selects blocks (select_decode.cuh), attends to them, some splits in each CTA
// (decode.cuh), and adds the splits up. The result does not depend on the size of the cluster.
//
// With one row this is a chain of latencies, and most of the multiprocessors have nothing to do: what
// counts is how many instructions and exchanges lie between the launch and the result.
//
// The blocks that are always selected, the newest ones above all, come first in every split: the
// producer already brings some while blocks are being scored.
//
// Rows that see no more blocks than they may select attend to all of them, with the same bits as in
// attention_decode.cu. Dense rows and rows that are not there are left alone.
#include "select_decode.cuh"

using namespace longspan;

namespace {

constexpr int kTogether = 2;      // pages that a warp takes at a time: hides some of their latency
constexpr int kFewBlocks = 512;   // from which to choose

// What a CTA of C does of the work for a row and KV head.
template <int C>
struct Task {
  int row;
  int head;            // KV head
  int position;
  const int* pages;    // the row's page table
  int blocks;          // that the row sees
  int listed;          // of these, attended to
  int wanted;          // of these, chosen by score
  int open;            // blocks to choose from: init_blocks and on
  int splits;
  int rank;
  int share;           // splits of a CTA, at most
  int first_split;     // of the CTA
  int end_split;
  int longest;         // pages in a split, at most
  float inverse;       // of `splits`

  __device__ Task(const DecodeArguments& a, int position, const int* pages)
      : row(blockIdx.z), head(blockIdx.y), position(position), pages(pages) {
    blocks = position / kPage + 1;
    listed = min(blocks, a.select);
    wanted = blocks > a.select ? a.select - a.init_blocks - a.local_blocks - 1 : 0;
    open = max(0, blocks - 1 - a.local_blocks - a.init_blocks);
    splits = split_count(listed);
    rank = Cluster<C>::rank();
    share = (splits + C - 1) / C;
    first_split = min(splits, rank * share);
    end_split = min(splits, first_split + share);
    inverse = __fdividef(1.0f, splits);
    longest = turn(listed - 1) + 1;
  }

  // Whether each CTA chooses among its own blocks, rather than all of them among all blocks.
  __device__ bool few() const { return wanted > 0 && open <= kFewBlocks; }

  // In which turn a place of the list is given to a split: place / splits.
  __device__ int turn(int place) const { return (int)((place + 0.5f) * inverse); }

  // Pages of a split.
  __device__ int count(int split) const { return turn(listed - 1 - split) + 1; }

  // The block at a place of the list, which starts with the newest; -1 if it is one chosen by score.
  __device__ int certain_block(const DecodeArguments& a, int place) const {
    if (blocks <= a.select || place <= a.local_blocks) return blocks - 1 - place;
    return place < listed - a.init_blocks ? -1 : listed - 1 - place;
  }
};

struct Shared {
  RingBarriers barriers;
  uint64_t list_here;
  uint64_t normalisers_here;
  uint64_t keys_here;
  uint64_t results_here;
  uint64_t batches_here[kDecodeWarps][kMaxDepth];
  WarpWeights weights[2];
  float2 normaliser[kShares][kGroupRows];
  ChoiceScratch choice;
};

// What the ring of pages holds while blocks are being scored, beyond the first pages: a ring of keys
// for each consumer warp; at the end the keys of all open blocks, and of the CTA's own pages and one
// more the best and the first window's score.
template <int D, int C>
struct Scoring {
  uint32_t* keys;
  float* most;
  float* earliest;
  int own;         // pages of a CTA, at most
  int free_pages;  // of the ring, left to the producer
  bf16* rings;
  int depth;       // of these

  __device__ Scoring(const DecodeArguments& a, const Task<C>& t, bf16* ring) {
    constexpr int page = 2 * page_tile(D);
    own = ((t.open + C - 1) / C + 3) / 4 * 4;
    int open = (t.open + 3) / 4 * 4;
    int bytes = (4 * (open + 2 * (own + 1)) + 15) / 16 * 16;
    bf16* end = ring + a.stages * page - bytes / 2;
    keys = reinterpret_cast<uint32_t*>(end);
    most = reinterpret_cast<float*>(keys + open);
    earliest = most + own + 1;
    free_pages = a.stages / 3;
    rings = ring + free_pages * page;
    depth = min((int)(end - rings) / (kDecodeWarps * batch_elements<D>()), kMaxDepth);
  }
};

// The compressed keys that a warp multiplies with, in batches: a unit of `unit_batches` for each of the
// CTA's shares of the normaliser, then those of its part of the CTA's pages, to which the first window
// of the page after belongs.
template <int D, int C>
struct Batches {
  static constexpr int shares = kShares / C;
  static constexpr int pages = kBatchSlots / kFinePerPage;   // of fine keys in a batch
  Level normal;
  Level fine;
  int unit_batches;
  int normal_batches;
  int total;
  int begin;         // of the CTA's open blocks
  int count;         // of these, and one more
  int page;          // first page of the warp's part, relative to `begin`
  int normal_slot;   // first slots
  int fine_slot;
  KeyWalk walk;      // of what is to be copied: first normal, then fine
  KeyWalk fine_walk;
  KeyRing<D> ring;

  // Starts to load the first entries of the page table.
  __device__ Batches(const DecodeArguments& a, const Task<C>& t, const Scoring<D, C>& scoring,
                     Shared& shared) {
    fine = {a.fine + fine_offset(0, t.head, a.kv_heads, D), a.kv_heads * kFinePerPage * D,
            fine_windows(t.position), 2};
    static_assert(kFinePerPage == 1 << 2);
    normal = fine;
    if (a.exact == 0) {
      normal = {a.coarse + coarse_offset(0, t.head, a.kv_heads, D), a.kv_heads * D,
                coarse_windows(t.position), 0};
    }
    constexpr int units = kShares * kDecodeWarps;
    int warp = threadIdx.x / 32;
    unit_batches = (normal.windows / kBatchSlots + units) / units;
    normal_batches = shares * unit_batches;
    normal_slot = (warp * kShares + t.rank * shares) * unit_batches * kBatchSlots;
    begin = min(t.open, t.rank * scoring.own);
    count = min(t.open - begin, scoring.own) + 1;
    int part = ((count + kDecodeWarps - 1) / kDecodeWarps + pages - 1) / pages * pages;
    page = min(count, warp * part);
    total = normal_batches + (min(count - page, part) + pages - 1) / pages;
    fine_slot = (a.init_blocks + begin + page) * kFinePerPage;
    fine.windows = min(fine.windows, (a.init_blocks + begin + count - 1) * kFinePerPage);
    walk.start(normal, t.pages, t.blocks, normal_slot);
    fine_walk.start(fine, t.pages, t.blocks, fine_slot);
    ring.batches = scoring.rings + warp * scoring.depth * batch_elements<D>();
    ring.full = shared.batches_here[warp];
    ring.depth = min(scoring.depth, total);
  }

  __device__ __forceinline__ void copy(int i, int at) {
    if (i == normal_batches) walk = fine_walk;
    ring.copy(walk, at);
  }

  // Starts to copy the first batches.
  __device__ __forceinline__ void start() {
    ring.init();
    for (int i = 0; i < ring.depth; i++) copy(i, i);
  }

  // The first slot of batch i.
  __device__ __forceinline__ int slot(int i) const {
    return i < normal_batches ? normal_slot + i * kBatchSlots
                              : fine_slot + (i - normal_batches) * kBatchSlots;
  }

  // Batch i's products with the queries; the copy of a later batch takes its place.
  __device__ __forceinline__ void multiply(const Queries<D>& q, int i,
                                           float (&s)[kBatchTiles][4]) {
    int at = ring.index;
    ring.multiply(q, slot(i), i < normal_batches ? normal.page_shift : fine.page_shift, s);
    if (i + ring.depth < total) {
      __threadfence_block();  // the batch has been read when the next is copied to its place
      __syncwarp();
      copy(i + ring.depth, at);
    }
  }
};

// Scores the open blocks with the cluster and gives every CTA all keys.
template <int D, int C>
__device__ __forceinline__ void score(const DecodeArguments& a, const Task<C>& t,
                                      const Scoring<D, C>& scoring, Batches<D, C>& batches,
                                      Shared& shared, const Queries<D>& q) {
  constexpr int shares = kShares / C;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  Normaliser normaliser;
  normaliser.clear();
  float s[kBatchTiles][4];
  int i = 0;
  for (int share = 0; share < shares; share++) {
    for (int j = 0; j < batches.unit_batches; j++, i++) {
      batches.multiply(q, i, s);
      normaliser.add(s, batches.slot(i), batches.normal.windows, a.scale);
    }
    WarpWeights& weights = shared.weights[share % 2];
    normaliser.store(weights.of[warp]);
    normaliser.clear();
    consumer_sync();
    if (share == 0) Cluster<C>::wait();  // all CTAs are there
    int head = threadIdx.x % kGroupRows;
    float2 sum = add_normalisers<kDecodeWarps>(&weights.of[0][head]);
    for (int rank = threadIdx.x / kGroupRows; rank < C; rank += kDecodeConsumers / kGroupRows) {
      Cluster<C>::send(&shared.normaliser[t.rank * shares + share][head], rank, sum,
                       &shared.normalisers_here);
    }
  }
  if (i < batches.total) batches.multiply(q, i, s);
  Cluster<C>::receive(&shared.normalisers_here);
  // Each lane adds half of the shares of a head up.
  float2 half = add_normalisers<kShares / 2>(
      &shared.normaliser[lane / kGroupRows * kShares / 2][lane % kGroupRows]);
  float other = __shfl_xor_sync(kWarp, half.x, kGroupRows), highest = fmaxf(half.x, other);
  float sum = half.y * exp2_approx(half.x - highest);
  sum += __shfl_xor_sync(kWarp, sum, kGroupRows);
  // Without any coarse window all scores are 0.
  highest = sum > 0 ? highest : -kLowest;
  sum = sum > 0 ? 1.0f / sum : 0.0f;
  float top[2], inverse[2];
#pragma unroll
  for (int r = 0; r < 2; r++) {
    top[r] = __shfl_sync(kWarp, highest, lane / 4 + 8 * r);
    inverse[r] = __shfl_sync(kWarp, sum, lane / 4 + 8 * r);
  }
  for (; i < batches.total; i++) {
    float next[kBatchTiles][4];
    if (i + 1 < batches.total) batches.multiply(q, i + 1, next);
    int page = batches.page + (i - batches.normal_batches) * batches.pages;
    score_batch(s, batches.slot(i), batches.fine.windows, a.scale, top, inverse, page,
                batches.count, scoring.most, scoring.earliest);
#pragma unroll
    for (int j = 0; j < 4 * kBatchTiles; j++) s[j / 4][j % 4] = next[j / 4][j % 4];
  }
  consumer_sync();
  int own = batches.count - 1;
  for (int first = 4 * lane; first < own; first += 4 * 32) {
    float key[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      key[i] = 0;
      if (first + i < own) {
        float best = fmaxf(scoring.most[first + i], scoring.earliest[first + i + 1]);
        key[i] = __uint_as_float(score_key(best, a.round != 0));
      }
    }
    for (int rank = warp; rank < C; rank += kDecodeWarps) {
      Cluster<C>::send(reinterpret_cast<float4*>(scoring.keys + batches.begin + first), rank,
                       make_float4(key[0], key[1], key[2], key[3]), &shared.keys_here);
    }
  }
  Cluster<C>::receive(&shared.keys_here);
}

// The blocks of the CTA's splits, `longest` for each.
template <int C>
struct List {
  int* blocks;
  int* selected;   // all blocks of the row and KV head; null: not wanted

  __device__ List(const DecodeArguments& a, const Task<C>& t, int* blocks)
      : blocks(blocks),
        selected(a.selected == nullptr
                     ? nullptr
                     : a.selected + (int64_t)(t.row * a.kv_heads + t.head) * a.select) {}

  // Puts a block at a place if it belongs to the CTA, and returns that. All CTAs do this.
  __device__ __forceinline__ bool put(const Task<C>& t, int place, int block) const {
    if (selected != nullptr && t.rank == 0) selected[place] = block;
    int turn = t.turn(place), split = place - turn * t.splits;
    bool own = split >= t.first_split && split < t.end_split;
    if (own) blocks[(split - t.first_split) * t.longest + turn] = block;
    return own;
  }

  // Puts a block into the list of the CTA to which its place belongs. One CTA does this.
  __device__ __forceinline__ void send(const Task<C>& t, int place, int block,
                                       uint64_t* barrier) const {
    if (selected != nullptr) selected[place] = block;
    int turn = t.turn(place), split = place - turn * t.splits;
    int rank = C == 1 ? 0 : (int)__fdividef(split + 0.5f, t.share);
    Cluster<C>::send(blocks + (split - rank * t.share) * t.longest + turn, rank, block, barrier);
  }

  // Puts the blocks that are selected without a score, with a warp, and returns how many the CTA's
  // list has of them.
  __device__ __forceinline__ int put_certain(const DecodeArguments& a, const Task<C>& t) const {
    int count = 0;
    for (int place = threadIdx.x % 32; place < t.listed; place += 32) {
      int block = t.certain_block(a, place);
      if (block >= 0) count += put(t, place, block);
    }
    return __reduce_add_sync(kWarp, count);
  }

  // Blocks in the list when it is whole.
  __device__ __forceinline__ int size(const Task<C>& t) const {
    int size = 0;
    for (int split = t.first_split; split < t.end_split; split++) size += t.count(split);
    return size;
  }
};

// The splits' results for the query heads that the CTA adds up. In the largest cluster, where there is
// one head for each CTA, they come through the cluster's shared memory, otherwise through memory.
template <int D, int C>
struct Results {
  static constexpr bool kExchange = C == kGroupRows;
  static constexpr int kSplits = kExchange ? kSplitGroup : 0;   // at most
  float2 weight[kSplits];
  float sum[kSplits][D];

  static constexpr int bytes = kSplits * (D * sizeof(float) + sizeof(float2));

  static __device__ __forceinline__ bool exchanged(const Task<C>& t) {
    return kExchange && t.splits <= kSplits;
  }
};

// Brings the pages of the CTA's splits, with a warp.
template <int D, int C>
struct Producer {
  const DecodeArguments& a;
  const Task<C>& t;
  const List<C>& list;
  Ring ring;
  uint64_t* list_here;
  int early = 0;   // pages of the first split that are on their way

  __device__ __forceinline__ const bf16* page(int block) const {
    return a.cache + page_offset(t.pages[block], t.head, a.kv_heads, D);
  }

  // The first pages of the first split as far as they are certain, `most` at most. Starts the list.
  __device__ __forceinline__ void begin(int most) {
    if (t.first_split < t.end_split) {
      int lane = threadIdx.x % 32;
      bool open = lane < min(most, t.count(t.first_split));
      int block = open ? t.certain_block(a, t.first_split + lane * t.splits) : -1;
      early = __ffs(~__ballot_sync(kWarp, block >= 0)) - 1;
      fetch_first_pages<D>(ring, page(max(block, 0)), early);
    }
    int certain = list.put_certain(a, t);
    if (t.few() && threadIdx.x % 32 == 0) {
      Cluster<C>::expect_only(list_here, (list.size(t) - certain) * sizeof(int));
    }
    __syncwarp();
  }

  // The other pages.
  __device__ __forceinline__ void end() {
    int lane = threadIdx.x % 32;
    for (int split = t.first_split; split < t.end_split; split++) {
      const int* blocks = list.blocks + (split - t.first_split) * t.longest;
      int end = t.count(split);
      if (early < a.stages && split == t.first_split) {
        int count = min(end, a.stages) - early;
        fetch_first_pages<D>(ring, page(lane < count ? blocks[early + lane] : 0), count);
        early += count;
      }
      for (int i = early; i < end; i += 32) {
        const bf16* from = page(i + lane < end ? blocks[i + lane] : 0);
        fetch_pages<D>(ring, from, min(32, end - i));
      }
      early = 0;
    }
  }
};

template <int D, int C>
__device__ __forceinline__ void select_and_attend(const DecodeArguments& a) {
  extern __shared__ __align__(128) bf16 dynamic[];  // ring of pages, results, list
  __shared__ Shared shared;
  int position = a.positions[blockIdx.z], sparse = a.sparse[blockIdx.z];
  const int* pages = a.page_table + a.tables[blockIdx.z];
  bool consumer = threadIdx.x < kDecodeConsumers, first_producer = threadIdx.x == kDecodeConsumers;
  if (first_producer) {
    Cluster<C>::init(&shared.normalisers_here);
    Cluster<C>::init(&shared.keys_here);
    Cluster<C>::init(&shared.results_here);
    barrier_init(&shared.list_here, kDecodeConsumers);
    init_ring(&shared.barriers);
  }
  if (position < 0 || sparse == 0) return;
  Task<C> t(a, position, pages);
  Scoring<D, C> scoring(a, t, dynamic);
  Results<D, C>& results = *reinterpret_cast<Results<D, C>*>(dynamic + a.stages * 2 * page_tile(D));
  bool exchanged = Results<D, C>::exchanged(t);
  List<C> list(a, t, reinterpret_cast<int*>(reinterpret_cast<char*>(&results) + results.bytes));
  Ring ring = {dynamic, &shared.barriers, a.stages};
  if (!consumer) {
    if (first_producer) {
      shared.choice.low = ~0u;
      shared.choice.candidates = 0;
      if (t.wanted > 0) {
        Cluster<C>::expect(&shared.normalisers_here, kShares * kGroupRows * sizeof(float2));
        Cluster<C>::expect(&shared.keys_here, (t.open + 3) / 4 * sizeof(float4));
      }
      Cluster<C>::expect(&shared.results_here, t.splits * (D * sizeof(float) + sizeof(float2)));
    }
    __syncwarp();
    Producer<D, C> producer = {a, t, list, ring, &shared.list_here};
    producer.begin(t.wanted > 0 ? scoring.free_pages : a.stages);
    __syncthreads();
    Cluster<C>::start();
    Cluster<C>::wait();
    if (t.wanted > 0) {
      // The page table comes closer while blocks are being scored: after the cluster has met, which
      // empties the cache.
      Cluster<C>::await(&shared.normalisers_here);
      constexpr int line = 32;
      for (int i = threadIdx.x % 32 * line; i < t.blocks; i += 32 * line) touch(t.pages + i);
    }
    wait_phase(&shared.list_here, 0);
    producer.end();
    if (!exchanged) {
      Cluster<C>::arrive();
      Cluster<C>::wait();
    }
    return;
  }
  Batches<D, C> batches(a, t, scoring, shared);
  Queries<D> q;
  q.load(query_heads<D>(a, t.row, t.head), a.heads / a.kv_heads);
  if (t.wanted > 0) batches.start();
  __syncthreads();
  Cluster<C>::start();
  if (t.wanted > 0) {
    score<D, C>(a, t, scoring, batches, shared, q);
    static_assert(kMaxCandidates * sizeof(Candidate) <=
                  kDecodeWarps * batch_elements<D>() * sizeof(bf16));
    if (t.few()) {
      choose_own(scoring.keys, t.open, t.wanted, batches.begin, batches.begin + batches.count - 1,
                 [&](int i, int rank) {
                   list.send(t, a.local_blocks + 1 + rank, a.init_blocks + i, &shared.list_here);
                 });
    } else {
      choose(scoring.keys, t.open, t.wanted, shared.choice,
             reinterpret_cast<Candidate*>(scoring.rings), [&](int i, int rank) {
               list.put(t, a.local_blocks + 1 + rank, a.init_blocks + i);
             });
    }
#if __CUDA_ARCH__ >= 900
    async_proxy_fence();  // pages come to where the scores were
#endif
  } else {
    Cluster<C>::wait();
  }
  barrier_arrive(&shared.list_here);

  WarpAttention<D> attention;
  int group = a.heads / a.kv_heads;
  for (int split = t.first_split; split < t.end_split; split++) {
    int keys = split == 0 ? t.position % kPage + 1 : kPage;
    WarpWeights& weights = shared.weights[split % 2];
    attention.template attend<kTogether>(q, ring, t.count(split), keys, a.scale, [] {});
    attention.publish(ring.page<D>(), weights);
    if (exchanged) {
      int head = threadIdx.x / kHeadThreads, first = threadIdx.x % kHeadThreads * 4;
      if (head < group) {
        WarpSum<D> sum(ring.page<D>(), weights, head);
#pragma unroll
        for (int d = first; d < D; d += 4 * kHeadThreads) {
          HeadPart<4> part = sum.columns(d);
          Cluster<C>::send(reinterpret_cast<float4*>(&results.sum[split][d]), head,
                           make_float4(part.sum[0], part.sum[1], part.sum[2], part.sum[3]),
                           &shared.results_here);
        }
        if (first == 0) {
          Cluster<C>::send(&results.weight[split], head, sum.weight, &shared.results_here);
        }
      }
      give_back(ring, 1);
    } else {
      store_split<D>(a, t.row, t.head, split, false, weights, ring);
    }
  }
  if (!exchanged) {
    // The splits are in memory; they are visible to the cluster after the barrier.
    if constexpr (C > 1) {
      Cluster<C>::arrive();
      Cluster<C>::wait();
    } else {
      consumer_sync();
    }
  } else if (t.rank < group) {
    Cluster<C>::receive(&shared.results_here);
  }
  for (int i = t.rank + threadIdx.x / 32 * C; i < group; i += kDecodeWarps * C) {
    int head = t.head * group + i;
    HeadSum<D> sum;
    if (exchanged) {
      sum.template load<true>(results.sum[0], results.weight, t.splits, false);
    } else {
      int64_t place = ((int64_t)t.row * a.heads + head) * a.max_splits;
      sum.clear();
      for (int first = 0; first < t.splits; first += kSplitGroup) {
        HeadSum<D> more;
        more.template load<false>(a.partial + (place + first) * D, a.weight + place + first,
                                  t.splits - first, false);
        sum.add(more);
      }
    }
    sum.store(a, t.row, head);
  }
}

}  // namespace

// Grid (C, kv_heads, rows), block 160. Dynamic shared memory: stages (2 to 8) times 256 D bytes, 4
// bytes times select + 64, and, if C is 16, 64 D + 128 bytes. Where blocks are chosen, stages -
// stages / 3 of the stages must hold the scores of the longest row, 4 (n + 2 ceil(n / C) + 11) + 16
// bytes for n blocks, and 128 D bytes.
#if __CUDA_ARCH__ >= 900 || !defined(__CUDA_ARCH__)
#define ATTENTION_DECODE_SPARSE(D, C)                                                         \
  extern "C" __global__ void __cluster_dims__(C, 1, 1) __launch_bounds__(kDecodeThreads, 2)   \
      attention_decode_sparse_##D##_##C(const __grid_constant__ DecodeArguments a) {          \
    select_and_attend<D, C>(a);                                                               \
  }
ATTENTION_DECODE_SPARSE(64, 2)
ATTENTION_DECODE_SPARSE(64, 4)
ATTENTION_DECODE_SPARSE(64, 8)
ATTENTION_DECODE_SPARSE(64, 16)
ATTENTION_DECODE_SPARSE(128, 2)
ATTENTION_DECODE_SPARSE(128, 4)
ATTENTION_DECODE_SPARSE(128, 8)
ATTENTION_DECODE_SPARSE(128, 16)
#endif

// The same without clusters. Grid (1, kv_heads, rows).
#define ATTENTION_DECODE_SPARSE_ALONE(D)                                                      \
  extern "C" __global__ void __launch_bounds__(kDecodeThreads, 2)                             \
      attention_decode_sparse_##D##_1(const __grid_constant__ DecodeArguments a) {            \
    select_and_attend<D, 1>(a);                                                               \
  }
ATTENTION_DECODE_SPARSE_ALONE(64)
ATTENTION_DECODE_SPARSE_ALONE(128)

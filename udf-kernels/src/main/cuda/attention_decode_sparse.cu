// Decode attention of sparse rows: both stages of InfLLM-V2 in one kernel. A cluster of CTAs serves a
// row and KV head: it selects blocks (select_decode.cuh), attends to them, some splits in each CTA
// (decode.cuh), and adds the splits up. The result does not depend on the size of the cluster.
//
// The blocks that are always selected, the newest ones above all, come first in every split: the
// producer already brings some while blocks are being scored.
//
// Rows that see no more blocks than they may select attend to all of them, with the same bits as in
// attention_decode.cu. Dense rows and rows that are not there are left alone.
#include "select_decode.cuh"

using namespace longspan;

namespace {

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
  int first_split;     // of the CTA
  int end_split;
  int longest;         // pages in a split, at most

  __device__ explicit Task(const DecodeArguments& a) {
    row = blockIdx.z;
    head = blockIdx.y;
    position = a.positions[row];
    pages = a.page_table + a.tables[row];
    blocks = position / kPage + 1;
    listed = min(blocks, a.select);
    wanted = blocks > a.select ? a.select - a.init_blocks - a.local_blocks - 1 : 0;
    open = blocks - 1 - a.local_blocks - a.init_blocks;
    splits = split_count(listed);
    rank = Cluster<C>::rank();
    int share = (splits + C - 1) / C;
    first_split = min(splits, rank * share);
    end_split = min(splits, first_split + share);
    longest = (listed + splits - 1) / splits;
  }

  // Pages of a split.
  __device__ int count(int split) const { return (listed - 1 - split) / splits + 1; }

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
  float2 warps[kDecodeWarps][kGroupRows];
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
  int depth;

  __device__ Scoring(const DecodeArguments& a, const Task<C>& t, bf16* ring) {
    constexpr int page = 2 * page_tile(D);
    own = (t.open + C - 1) / C;
    int bytes = (4 * (t.open + 2 * (own + 1)) + 15) / 16 * 16;
    bf16* end = ring + a.stages * page - bytes / 2;
    keys = reinterpret_cast<uint32_t*>(end);
    most = reinterpret_cast<float*>(keys + t.open);
    earliest = most + own + 1;
    free_pages = a.stages / 3;
    rings = ring + free_pages * page;
    depth = (int)(end - rings) / (kDecodeWarps * batch_elements<D>());
    depth = depth >= 7 ? 7 : depth >= 3 ? 3 : 1;
  }
};

// Scores the open blocks with the cluster and gives every CTA all keys.
template <int D, int C>
__device__ __forceinline__ void score(const DecodeArguments& a, const Task<C>& t,
                                      const Scoring<D, C>& scoring, Shared& shared,
                                      const Queries<D>& q) {
  int warp = threadIdx.x / 32;
  Level fine = {a.fine + fine_offset(0, t.head, a.kv_heads, D), a.kv_heads * kFinePerPage * D,
                fine_windows(t.position)};
  Level normal = fine;
  if (a.exact == 0) {
    normal = {a.coarse + coarse_offset(0, t.head, a.kv_heads, D), a.kv_heads * D,
              coarse_windows(t.position)};
  }

  // The warp's batches: a unit of `unit_batches` for each of the CTA's shares of the normaliser, then
  // those of its part [page, page_end) of the CTA's pages, to which the first window of the page after
  // belongs.
  constexpr int shares = kShares / C;
  constexpr int batch_pages = kBatchSlots / kFinePerPage;
  constexpr int units = kShares * kDecodeWarps;
  int unit_batches = (normal.windows / kBatchSlots + units) / units;
  int first_normal = (warp * kShares + t.rank * shares) * unit_batches * kBatchSlots;
  int begin = min(t.open, t.rank * scoring.own), end = min(t.open, begin + scoring.own);
  int count = end - begin + 1;
  int part = ((count + kDecodeWarps - 1) / kDecodeWarps + batch_pages - 1) / batch_pages * batch_pages;
  int page = min(count, warp * part), page_end = min(count, page + part);
  int first_page = a.init_blocks + begin + page;
  fine.windows = min(fine.windows, (a.init_blocks + begin + count - 1) * kFinePerPage);
  int normal_batches = shares * unit_batches;
  int total = normal_batches + (page_end - page + batch_pages - 1) / batch_pages;
  auto slot_of = [&](int i) {
    return i < normal_batches ? first_normal + i * kBatchSlots
                              : first_page * kFinePerPage + (i - normal_batches) * kBatchSlots;
  };

  PageWalk normal_walk, fine_walk;
  normal_walk.start(t.pages, a.exact ? first_normal / kFinePerPage : first_normal, t.blocks);
  fine_walk.start(t.pages, first_page, t.blocks);
  KeyRing<D> ring;
  ring.batches = scoring.rings + warp * scoring.depth * batch_elements<D>();
  ring.depth = scoring.depth;
  auto issue = [&](int i, int at) {
    if (i >= normal_batches) {
      if (i < total) ring.template copy<kFinePerPage>(fine, fine_walk, slot_of(i), at);
    } else if (a.exact) {
      ring.template copy<kFinePerPage>(normal, normal_walk, slot_of(i), at);
    } else {
      ring.template copy<1>(normal, normal_walk, slot_of(i), at);
    }
    async_commit();
  };
  for (int i = 0; i < ring.depth; i++) issue(i, i);

  // A batch's products; the copy of a later batch takes its place.
  auto multiply = [&](int i, float (&s)[kBatchTiles][4]) {
    wait_batch(ring.depth);
    ring.multiply(q, i < normal_batches ? 0 : first_page * kFinePerPage, s);
    __threadfence_block();  // the batch has been read when the next is copied to its place
    __syncwarp();
    issue(i + ring.depth, ring.index);
    ring.next();
  };

  Normaliser normaliser;
  normaliser.clear();
  float s[kBatchTiles][4];
  int i = 0;
  for (int n = 0; n < shares; n++) {
    for (int j = 0; j < unit_batches; j++, i++) {
      multiply(i, s);
      normaliser.add(s, slot_of(i), normal.windows, a.scale);
    }
    normaliser.store(shared.warps[warp]);
    normaliser.clear();
    consumer_sync();
    if (n == 0) Cluster<C>::wait();  // all CTAs are there
    int own = t.rank * shares + n;
    for (int j = threadIdx.x; j < C * kGroupRows; j += kDecodeConsumers) {
      int head = j % kGroupRows;
      Cluster<C>::send(&shared.normaliser[own][head], j / kGroupRows,
                       add_normalisers(&shared.warps[0][head], kDecodeWarps),
                       &shared.normalisers_here);
    }
    if (n + 1 < shares) consumer_sync();
  }
  if (i < total) multiply(i, s);
  Cluster<C>::receive(&shared.normalisers_here);
  float top[2], inverse[2];
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float2 sum = add_normalisers(&shared.normaliser[0][threadIdx.x % 32 / 4 + 8 * r], kShares);
    // Without any coarse window all scores are 0.
    top[r] = sum.y > 0 ? sum.x : -kLowest;
    inverse[r] = sum.y > 0 ? 1.0f / sum.y : 0.0f;
  }
  for (; i < total; i++) {
    float next[kBatchTiles][4];
    if (i + 1 < total) multiply(i + 1, next);
    score_batch(s, slot_of(i), fine.windows, a.scale, top, inverse,
                page + (i - normal_batches) * batch_pages, count, scoring.most, scoring.earliest);
#pragma unroll
    for (int j = 0; j < 4 * kBatchTiles; j++) s[j / 4][j % 4] = next[j / 4][j % 4];
  }
  async_wait<0>();
  consumer_sync();
  for (int j = threadIdx.x; j < end - begin; j += kDecodeConsumers) {
    uint32_t key = score_key(fmaxf(scoring.most[j], scoring.earliest[j + 1]), a.round != 0);
#pragma unroll
    for (int r = 0; r < C; r++) {
      Cluster<C>::send(scoring.keys + begin + j, r, key, &shared.keys_here);
    }
  }
  Cluster<C>::receive(&shared.keys_here);
}

// Puts the blocks of the CTA's splits into `list`, `longest` for each.
template <int D, int C>
__device__ __forceinline__ void make_list(const DecodeArguments& a, const Task<C>& t,
                                          const Scoring<D, C>& scoring, Shared& shared, int* bins,
                                          int* list) {
  int* selected = a.selected == nullptr || t.rank > 0
                      ? nullptr
                      : a.selected + (int64_t)(t.row * a.kv_heads + t.head) * a.select;
  auto put = [&](int place, int block) {
    int split = place % t.splits;
    if (split >= t.first_split && split < t.end_split) {
      list[(split - t.first_split) * t.longest + place / t.splits] = block;
    }
    if (selected != nullptr) selected[t.listed - 1 - place] = block;
  };
  for (int place = threadIdx.x; place < t.listed; place += kDecodeConsumers) {
    int block = t.certain_block(a, place);
    if (block >= 0) put(place, block);
  }
  if (t.wanted > 0) {
    Choice choice = choose(scoring.keys, t.open, t.wanted, bins, shared.choice);
    for_chosen(scoring.keys, t.open, choice, shared.choice.sums, [&](int i, int rank) {
      put(t.listed - 1 - a.init_blocks - rank, a.init_blocks + i);
    });
  }
}

template <int D, int C>
__device__ __forceinline__ void produce(const DecodeArguments& a, const Task<C>& t, int free_pages,
                                        Ring ring, const int* list, uint64_t* list_here) {
  int lane = threadIdx.x % 32;
  auto fetch = [&](int page, int count) {   // pages that the lanes hold
    for (int i = 0; i < count; i++) {
      int from = __shfl_sync(kWarp, page, i);
      fetch_page<D>(ring, a.cache + page_offset(from, t.head, a.kv_heads, D));
    }
  };
  // The first pages of the first split, as far as they are certain.
  int early = 0;
  if (t.first_split < t.end_split) {
    bool open = lane < min(free_pages, t.count(t.first_split));
    int block = open ? t.certain_block(a, t.first_split + lane * t.splits) : -1;
    early = __ffs(~__ballot_sync(kWarp, block >= 0)) - 1;
    fetch(block >= 0 ? t.pages[block] : 0, early);
  }
  Cluster<C>::wait();
  wait_phase(list_here, 0);
  for (int split = t.first_split; split < t.end_split; split++) {
    const int* blocks = list + (split - t.first_split) * t.longest;
    for (int i = early; i < t.count(split); i += 32) {
      int count = min(32, t.count(split) - i);
      fetch(lane < count ? t.pages[blocks[i + lane]] : 0, count);
    }
    early = 0;
  }
  if constexpr (C > 1) {
    Cluster<C>::arrive();
    Cluster<C>::wait();
  }
}

template <int D, int C>
__device__ __forceinline__ void select_and_attend(const DecodeArguments& a) {
  extern __shared__ __align__(128) bf16 dynamic[];  // ring of pages, result of a split, list
  __shared__ Shared shared;
  if (a.positions[blockIdx.z] < 0 || a.sparse[blockIdx.z] == 0) return;
  Task<C> t(a);
  Scoring<D, C> scoring(a, t, dynamic);
  Partial<D>& partial = *reinterpret_cast<Partial<D>*>(dynamic + a.stages * 2 * page_tile(D));
  int* list = reinterpret_cast<int*>(&partial + 1);
  if (threadIdx.x == kDecodeConsumers) {
    if (t.wanted > 0) {
      Cluster<C>::expect(&shared.normalisers_here, kShares * kGroupRows * sizeof(float2));
      Cluster<C>::expect(&shared.keys_here, t.open * sizeof(uint32_t));
    }
    barrier_init(&shared.list_here, kDecodeConsumers);
    init_ring(&shared.barriers);
  }
  __syncthreads();
  Cluster<C>::start();

  Ring ring = {dynamic, &shared.barriers, a.stages};
  if (threadIdx.x >= kDecodeConsumers) {
    int free_pages = t.wanted > 0 ? scoring.free_pages : a.stages;
    produce<D, C>(a, t, free_pages, ring, list, &shared.list_here);
    return;
  }
  int group = a.heads / a.kv_heads;
  Queries<D> q;
  q.load(query_heads<D>(a, t.row, t.head), group);
  if (t.wanted > 0) {
    score<D, C>(a, t, scoring, shared, q);
  } else {
    Cluster<C>::wait();
  }
  make_list<D, C>(a, t, scoring, shared, reinterpret_cast<int*>(&partial), list);
#if __CUDA_ARCH__ >= 900
  async_proxy_fence();  // pages come to where the scores were
#endif
  barrier_arrive(&shared.list_here);

  WarpAttention<D> attention;
  for (int split = t.first_split; split < t.end_split; split++) {
    int keys = split == 0 ? t.position % kPage + 1 : kPage;
    attention.attend(q, ring, t.count(split), keys, a.scale, [] {});
    attention.merge(shared.warps, partial);
    store_split(a, t.row, t.head, split, partial);
  }
  // The splits are in memory; they are visible to the cluster after the barrier.
  if constexpr (C > 1) {
    Cluster<C>::arrive();
    Cluster<C>::wait();
  } else {
    consumer_sync();
  }
  for (int i = t.rank + threadIdx.x / 32 * C; i < group; i += kDecodeWarps * C) {
    int head = t.head * group + i;
    int64_t place = ((int64_t)t.row * a.heads + head) * a.max_splits;
    HeadSum<D> sum;
    sum.load(a, place, t.splits, false);
    for (int first = kSplitGroup; first < t.splits; first += kSplitGroup) {
      HeadSum<D> more;
      more.load(a, place + first, t.splits - first, false);
      sum.add(more);
    }
    sum.store(a, t.row, head);
  }
}

}  // namespace

// Grid (C, kv_heads, rows), block 160. Dynamic shared memory: stages (2 to 8) times 256 D bytes,
// 64 D + 640 bytes, and 4 bytes times select + 64. Where blocks are chosen, stages - stages / 3 of
// the stages must hold the scores of the longest row, 4 (n + 2 (ceil(n / C) + 1)) + 16 bytes for n
// blocks, and 128 D bytes.
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

// Decode attention of dense rows: one query token per sequence over all pages of its cache.
//
// Work items are (row, split or run of splits of its pages, KV head), in this order. Persistent CTAs
// draw them from a counter, because some multiprocessors get more of the memory's bandwidth than
// others. Lengths, page tables and methods come from device memory, so that a launch can be recorded
// once and replayed for any lengths. The items' results go to memory; a second kernel adds them up.
// Both do nothing for sparse rows and for rows that are not there.
//
// With much work an item is a run, whose splits are added up in one place: among the reads of the
// cache a write that reaches memory costs several times its own bytes.
#include "decode.cuh"

using namespace longspan;

namespace {

constexpr int kTogether = 1;    // pages that a warp takes at a time: more would keep others waiting
constexpr int kRunSplits = 12;   // for each CTA, from which on items are runs

// What the rows of the step come to: row r has the items from start[r] * kv_heads on.
struct Schedule {
  int start[kDecodeRows + 1];
  int position[kDecodeRows];
  int run;
};

struct Item {
  int row;
  int head;       // KV head
  int position;   // of the row
  int first;      // split
  int end;        // split

  __device__ int pages() const { return position / kPage + 1; }
  __device__ int splits() const { return split_count(pages()); }

  // Pages of a split.
  __device__ int count(int split) const { return (pages() - 1 - split) / splits() + 1; }

  // Keys of its first page.
  __device__ int keys(int split) const { return split == 0 ? position % kPage + 1 : kPage; }
};

// The position of a dense row; -1 for others.
__device__ int dense_position(const DecodeArguments& a, int row) {
  if (row >= a.rows) return -1;
  int position = a.positions[row], sparse = a.sparse[row];
  return sparse == 0 ? position : -1;
}

// Makes the schedule with the first warp.
__device__ void schedule_rows(const DecodeArguments& a, Schedule& schedule) {
  if (threadIdx.x < 32) {
    int lane = threadIdx.x;
    int first = dense_position(a, 2 * lane), second = dense_position(a, 2 * lane + 1);
    int some = first >= 0 ? split_count(first / kPage + 1) : 0;
    int more = second >= 0 ? split_count(second / kPage + 1) : 0;
    int splits = __reduce_add_sync(kWarp, some + more) * a.kv_heads;
    int run = splits >= kRunSplits * (int)gridDim.x ? kRun : 1;
    some = (some + run - 1) / run;
    more = (more + run - 1) / run;
    int end = some + more;
    for (int d = 1; d < 32; d *= 2) {
      int other = __shfl_up_sync(kWarp, end, d);
      end += lane >= d ? other : 0;
    }
    schedule.position[2 * lane] = first;
    schedule.position[2 * lane + 1] = second;
    schedule.start[2 * lane] = end - some - more;
    schedule.start[2 * lane + 1] = end - more;
    if (lane == 31) {
      schedule.start[kDecodeRows] = end;
      schedule.run = run;
      if (blockIdx.x == 0) a.counter[1] = run;
    }
  }
  __syncthreads();
}

__device__ Item item_at(const DecodeArguments& a, const Schedule& schedule, int index) {
  Item item;
  item.head = index % a.kv_heads;
  index /= a.kv_heads;
  item.row = 0;
  for (int step = kDecodeRows / 2; step > 0; step /= 2) {
    if (schedule.start[item.row + step] <= index) item.row += step;
  }
  item.position = schedule.position[item.row];
  item.first = (index - schedule.start[item.row]) * schedule.run;
  item.end = min(item.splits(), item.first + schedule.run);
  return item;
}

// The items that the producer has drawn, on their way to the consumers.
struct Drawn {
  uint64_t full[2];
  uint64_t empty[2];
  int item[2];
};

// A warp's place among them.
struct DrawnPlace {
  int index = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ void next() {
    index ^= 1;
    phase ^= index == 0;
  }
};

// The next item after the CTA's first; `items` or more if there is none. The one who draws last makes
// the counter 0 again.
__device__ int draw(const DecodeArguments& a, int items) {
  int grid = gridDim.x;
  if (items <= grid) return items;
  int drawn = 0;
  if (threadIdx.x % 32 == 0) {
    drawn = atomicAdd(a.counter, 1);
    if (drawn == items - 1) *a.counter = 0;  // items - grid are drawn, and each CTA draws in vain once
  }
  return grid + __shfl_sync(kWarp, drawn, 0);
}

__device__ void pass(Drawn& drawn, DrawnPlace& place, int item) {
  wait_phase(drawn.empty + place.index, place.phase ^ 1);
  if (threadIdx.x % 32 == 0) {
    drawn.item[place.index] = item;
    barrier_arrive(drawn.full + place.index);
  }
  __syncwarp();
  place.next();
}

__device__ int take(Drawn& drawn, DrawnPlace& place) {
  wait_phase(drawn.full + place.index, place.phase);
  int item = drawn.item[place.index];
  __syncwarp();
  if (threadIdx.x % 32 == 0) barrier_arrive(drawn.empty + place.index);
  place.next();
  return item;
}

template <int D>
__device__ void produce(const DecodeArguments& a, const Schedule& schedule, int items, Ring ring,
                        Drawn& drawn) {
  DrawnPlace place;
  int lane = threadIdx.x % 32;
  for (int i = blockIdx.x; i < items;) {
    Item item = item_at(a, schedule, i);
    for (int split = item.first; split < item.end; split++) {
      const int* pages = a.page_table + a.tables[item.row] + item.pages() - 1 - split;
      int count = item.count(split), splits = item.splits(), page = 0;
      for (int p = 0; p < count; p++) {
        if (p % 32 == 0) page = p + lane < count ? pages[-(p + lane) * splits] : 0;
        int from = __shfl_sync(kWarp, page, p % 32);
        fetch_page<D>(ring, a.cache + page_offset(from, item.head, a.kv_heads, D));
      }
    }
    i = draw(a, items);
    pass(drawn, place, i);
  }
}

template <int D>
__device__ void consume(const DecodeArguments& a, const Schedule& schedule, int items, Ring ring,
                        Drawn& drawn, WarpWeights (&weights)[2]) {
  DrawnPlace place;
  int group = a.heads / a.kv_heads;
  Queries<D> q;
  auto load_queries = [&](const Item& item) {
    q.load(query_heads<D>(a, item.row, item.head), group);
  };
  if ((int)blockIdx.x < items) load_queries(item_at(a, schedule, blockIdx.x));
  WarpAttention<D> attention;
  int turn = 0;
  for (int i = blockIdx.x; i < items;) {
    Item item = item_at(a, schedule, i);
    for (int split = item.first; split < item.end; split++) {
      attention.template attend<kTogether>(q, ring, item.count(split), item.keys(split), a.scale, [&] {
        if (split + 1 < item.end) return;
        i = take(drawn, place);
        if (i < items) load_queries(item_at(a, schedule, i));
      });
      attention.publish(ring.page<D>(), weights[turn]);
      store_split<D>(a, item.row, item.head, item.first, split > item.first, weights[turn], ring);
      turn ^= 1;
    }
  }
}

template <int D>
__device__ void attend(const DecodeArguments& a) {
  extern __shared__ __align__(128) bf16 shared[];
  __shared__ RingBarriers barriers;
  __shared__ Drawn drawn;
  __shared__ Schedule schedule;
  __shared__ WarpWeights weights[2];
  if (threadIdx.x == kDecodeConsumers) {
    for (int i = 0; i < 2; i++) {
      barrier_init(drawn.full + i, 1);
      barrier_init(drawn.empty + i, kDecodeWarps);
    }
    init_ring(&barriers);
  }
  schedule_rows(a, schedule);
  int items = schedule.start[kDecodeRows] * a.kv_heads;
  Ring ring = {shared, &barriers, a.stages};
  if (threadIdx.x < kDecodeConsumers) {
    consume<D>(a, schedule, items, ring, drawn, weights);
  } else {
    produce<D>(a, schedule, items, ring, drawn);
  }
}

constexpr int kSumWarps = 4;   // at most
constexpr int kSplitGroups = kMaxSplits / kSplitGroup;

template <int D>
__device__ void add_splits(const DecodeArguments& a) {
  __shared__ HeadSum<D> sums[kSplitGroups][32];
  int head = blockIdx.x, row = blockIdx.y, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int run = a.counter[1], position = dense_position(a, row);
  if (position < 0) return;
  int splits = split_count(position / kPage + 1);
  int groups = (splits + kSplitGroup - 1) / kSplitGroup;
  int64_t place = ((int64_t)row * a.heads + head) * a.max_splits;
  for (int i = warp; i < groups; i += blockDim.x / 32) {
    int64_t first = place + i * kSplitGroup;
    sums[i][lane].template load<false>(a.partial + first * D, a.weight + first,
                                       splits - i * kSplitGroup, run > 1);
  }
  __syncthreads();
  if (warp > 0) return;
  HeadSum<D> sum = sums[0][lane];
  for (int i = 1; i < groups; i++) sum.add(sums[i][lane]);
  sum.store(a, row, head);
}

}  // namespace

// The splits' sums. Grid: any number of CTAs, best two for each multiprocessor. Block: 160. Dynamic
// shared memory: stages (2 to 8) times a page's K and V of a head, 256 D bytes.
#define ATTENTION_DECODE(D)                                                                    \
  extern "C" __global__ void __launch_bounds__(kDecodeThreads, 2)                              \
      attention_decode_##D(const __grid_constant__ DecodeArguments a) {                        \
    attend<D>(a);                                                                              \
  }
ATTENTION_DECODE(64)
ATTENTION_DECODE(128)

// Adds the splits up. Grid (heads, rows), block 32 to 128, best 2 for each of max_splits.
#define ATTENTION_DECODE_SUM(D)                                                                \
  extern "C" __global__ void __launch_bounds__(32 * kSumWarps, 5)                             \
      attention_decode_sum_##D(const __grid_constant__ DecodeArguments a) {                    \
    add_splits<D>(a);                                                                          \
  }
ATTENTION_DECODE_SUM(64)
ATTENTION_DECODE_SUM(128)

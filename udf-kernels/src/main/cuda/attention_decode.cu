// Decode attention of dense rows: one query token per sequence over all pages of its cache.
//
// Work items are (row, split of its pages, KV head), in this order. Persistent CTAs draw them from a
// counter, because some multiprocessors get more of the memory's bandwidth than others. Lengths, page
// tables and methods come from device memory, so that a launch can be recorded once and replayed for
// any lengths. The splits' results go to memory; a second kernel adds them up. Both do nothing for
// sparse rows and for rows that are not there.
#include "decode.cuh"

using namespace longspan;

namespace {

// What the rows of the step come to: row r has the items from start[r] * kv_heads on.
struct Schedule {
  int start[kDecodeRows + 1];
  int position[kDecodeRows];
};

struct Item {
  int row;
  int head;     // KV head
  int split;
  int stride;   // from page to page: the number of splits
  int first;    // page
  int count;    // pages
  int keys;     // of the first page
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
    int splits = first >= 0 ? split_count(first / kPage + 1) : 0;
    int both = splits + (second >= 0 ? split_count(second / kPage + 1) : 0);
    int end = both;
    for (int d = 1; d < 32; d *= 2) {
      int other = __shfl_up_sync(kWarp, end, d);
      end += lane >= d ? other : 0;
    }
    schedule.position[2 * lane] = first;
    schedule.position[2 * lane + 1] = second;
    schedule.start[2 * lane] = end - both;
    schedule.start[2 * lane + 1] = end - both + splits;
    if (lane == 31) schedule.start[kDecodeRows] = end;
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
  int position = schedule.position[item.row], pages = position / kPage + 1;
  item.split = index - schedule.start[item.row];
  item.stride = schedule.start[item.row + 1] - schedule.start[item.row];
  item.first = pages - 1 - item.split;
  item.count = item.first / item.stride + 1;
  item.keys = item.split == 0 ? position % kPage + 1 : kPage;
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
    const int* pages = a.page_table + a.tables[item.row] + item.first;
    int page = 0;
    for (int p = 0; p < item.count; p++) {
      if (p % 32 == 0) page = p + lane < item.count ? pages[-(p + lane) * item.stride] : 0;
      int from = __shfl_sync(kWarp, page, p % 32);
      fetch_page<D>(ring, a.cache + page_offset(from, item.head, a.kv_heads, D));
    }
    i = draw(a, items);
    pass(drawn, place, i);
  }
}

template <int D>
__device__ void consume(const DecodeArguments& a, const Schedule& schedule, int items, Ring ring,
                        Drawn& drawn, float2 (*warps)[kGroupRows], Partial<D>& partial) {
  if ((int)blockIdx.x >= items) return;
  DrawnPlace place;
  int group = a.heads / a.kv_heads;
  Item item = item_at(a, schedule, blockIdx.x);
  Queries<D> q;
  q.load(query_heads<D>(a, item.row, item.head), group);
  WarpAttention<D> attention;
  for (bool more = true; more;) {
    Item next = item;
    attention.attend(q, ring, item.count, item.keys, a.scale, [&] {
      int i = take(drawn, place);
      more = i < items;
      if (more) {
        next = item_at(a, schedule, i);
        q.load(query_heads<D>(a, next.row, next.head), group);
      }
    });
    attention.merge(warps, partial);
    store_split(a, item.row, item.head, item.split, partial);
    item = next;
  }
}

template <int D>
__device__ void attend(const DecodeArguments& a) {
  extern __shared__ __align__(128) bf16 shared[];
  __shared__ RingBarriers barriers;
  __shared__ Drawn drawn;
  __shared__ Schedule schedule;
  __shared__ float2 warps[kDecodeWarps][kGroupRows];
  __shared__ Partial<D> partial;
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
    consume<D>(a, schedule, items, ring, drawn, warps, partial);
  } else {
    produce<D>(a, schedule, items, ring, drawn);
  }
}

constexpr int kSumWarps = kMaxSplits / kSplitGroup;

template <int D>
__device__ void add_splits(const DecodeArguments& a) {
  __shared__ HeadSum<D> sums[kSumWarps][32];
  int head = blockIdx.x, row = blockIdx.y, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int position = dense_position(a, row);
  if (position < 0) return;
  int splits = split_count(position / kPage + 1);
  HeadSum<D> sum;
  if (warp * kSplitGroup < splits) {
    sum.load(a, (int64_t)row * a.heads + head, warp * kSplitGroup, splits);
    sums[warp][lane] = sum;
  }
  __syncthreads();
  if (warp > 0) return;
  for (int w = 1; w * kSplitGroup < splits; w++) sum.add(sums[w][lane]);
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

// Adds the splits up. Grid (heads, rows), block 256.
#define ATTENTION_DECODE_SUM(D)                                                                \
  extern "C" __global__ void __launch_bounds__(32 * kSumWarps)                                          \
      attention_decode_sum_##D(const __grid_constant__ DecodeArguments a) {                    \
    add_splits<D>(a);                                                                          \
  }
ATTENTION_DECODE_SUM(64)
ATTENTION_DECODE_SUM(128)

// Tokens and log-probabilities from logits: fp32 [rows, pitch], pitch a multiple of 4.
//
// Nothing is sorted: a token's rank is its key, the distance of its logit from the best one and then
// its id. Filters and draw look for the key at which the count or the probability of all better ones
// passes a limit, nine bits at a time through a histogram. Probabilities are integers: their sums
// depend on no order, and so neither does a draw.
#include <cooperative_groups.h>
#include <stdint.h>

namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / 32;
constexpr int kBits = 9;              // of a key that one histogram takes
constexpr int kBins = 1 << kBits;     // one per thread
constexpr int kIdBits = 18;           // vocabularies up to 262,144
constexpr int kFractionBits = 39;     // of a distance in powers of two, which is below 64
constexpr int kKeyBits = 6 + kFractionBits + kIdBits;
constexpr int kUnitBits = 44;         // the best token's probability is 2^44, the smallest 1
constexpr int kTeam = 4;              // blocks that share a row where there are clusters
constexpr int kVectors = 2;           // float4 loads that a thread has under way
constexpr int kChunk = 128;           // tokens that a warp reads at once
constexpr int kMaxChunks = (1 << kIdBits) / kChunk;
static_assert(kKeyBits % kBits == 0, "histograms take whole keys");
constexpr int kOwnChunks = kMaxChunks / kThreads;  // chunks that a thread scans

// The blocks that share a row: a cluster, or one block on GPUs that have none (before Hopper). All
// of them do the same with what they have found together.
struct Team {
#if __CUDA_ARCH__ >= 900
  static constexpr int size = kTeam;
  __device__ static int rank() { return blockIdx.x % kTeam; }
  __device__ static void sync() { cooperative_groups::this_cluster().sync(); }
  // Where another block has what this one has at `p` in shared memory.
  template <class T>
  __device__ static const T* of(const T* p, int rank) {
    return cooperative_groups::this_cluster().map_shared_rank(p, rank);
  }
#else
  static constexpr int size = 1;
  __device__ static int rank() { return 0; }
  __device__ static void sync() { __syncthreads(); }
  template <class T>
  __device__ static const T* of(const T* p, int) {
    return p;
  }
#endif
};

// What a histogram knows of a bin.
struct Bin {
  uint64_t mass;
  uint32_t count;
  int id;  // a token of the bin
};

struct Shared {
  union {
    struct {
      uint64_t mass[kBins];  // the histogram of this block's tokens
      uint32_t count[kBins];
      int id_of[kBins];
    };
    uint64_t chunks[kMaxChunks];
  };
  uint64_t of_block;  // this block's share of a maximum or a sum over the team
  uint64_t part[kWarps];
  uint32_t part_count[kWarps];
  int bin;  // what a search has found
  int id;
  bool single;
  uint32_t count_before;
  uint64_t mass_before;
  uint64_t mass_to;
};

// Floats in the order of unsigned numbers.
__device__ uint32_t ordered(float v) {
  uint32_t bits = __float_as_uint(v);
  return bits ^ (bits >> 31 != 0 ? 0xFFFFFFFFu : 0x80000000u);
}

__device__ float from_ordered(uint32_t o) {
  return __uint_as_float(o ^ (o >> 31 != 0 ? 0x80000000u : 0xFFFFFFFFu));
}

template <class T>
__device__ T warp_sum(T v) {
#pragma unroll
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(~0u, v, d);
  return v;
}

// The sum over this lane and those before it.
template <class T>
__device__ T warp_scan(T v) {
#pragma unroll
  for (int d = 1; d < 32; d *= 2) {
    T left = __shfl_up_sync(~0u, v, d);
    if (threadIdx.x % 32 >= d) v += left;
  }
  return v;
}

// The sum over this thread and those before it; `all` becomes the sum over the block.
template <class T>
__device__ T block_scan(T (&part)[kWarps], T v, T& all) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  v = warp_scan(v);
  __syncthreads();
  if (lane == 31) part[warp] = v;
  __syncthreads();
  T of_warp = lane < kWarps ? part[lane] : 0;
  all = warp_sum(of_warp);
  return v + warp_sum(lane < warp ? of_warp : 0);
}

// A row's logits after the repetition penalty.
struct Logits {
  const float* row;
  int vocab;
  double penalty;
  const uint32_t* seen;  // null without penalty

  // The logits of tokens id .. id + 3, id a multiple of 4; negative infinity beyond the vocabulary.
  __device__ void adjust(int id, float4 raw, float (&v)[4]) const {
    v[0] = raw.x, v[1] = raw.y, v[2] = raw.z, v[3] = raw.w;
    uint32_t marks = seen != nullptr && id < vocab ? seen[id / 32] >> (id % 32) & 15 : 0;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if ((marks >> i & 1) != 0) v[i] = (float)(v[i] > 0 ? v[i] / penalty : v[i] * penalty);
      // Negative zero equals zero but has bits of another rank.
      v[i] = id + i < vocab ? v[i] + 0.0f : -INFINITY;
    }
  }

  __device__ float4 load(int id) const {
    return id < vocab ? *reinterpret_cast<const float4*>(row + id) : make_float4(0, 0, 0, 0);
  }

  // Calls f(id, logits of id .. id + 3) for this block's share of the vocabulary and some more; the
  // threads of a warp together, with adjacent ids.
  template <class F>
  __device__ void each(F f) const {
    constexpr int step = Team::size * 4 * kThreads;
    int own = 4 * (Team::rank() * kThreads + (int)threadIdx.x);
    for (int base = 0; base < vocab; base += kVectors * step) {
      float4 raw[kVectors];
#pragma unroll
      for (int k = 0; k < kVectors; k++) raw[k] = load(base + k * step + own);
#pragma unroll
      for (int k = 0; k < kVectors; k++) {
        int id = base + k * step + own;
        float v[4];
        adjust(id, raw[k], v);
        f(id, v);
      }
    }
  }
};

// The best token, the lowest of equals, and its logit; -1 where the logits are none to choose by:
// one is NaN or positive infinity, or all are negative infinity.
__device__ int best(Shared& s, const Logits& logits, float& top) {
  uint64_t best = 0;
  logits.each([&](int id, const float(&v)[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint64_t rank = v[i] < INFINITY ? (uint64_t)ordered(v[i]) << 32 | (uint32_t)~(id + i) : ~0ull;
      best = max(best, rank);
    }
  });
  for (int turn = 0; turn < 2; turn++) {  // over the warp, then over the warps
#pragma unroll
    for (int d = 16; d > 0; d /= 2) best = max(best, __shfl_xor_sync(~0u, best, d));
    if (turn == 1) break;
    if (threadIdx.x % 32 == 0) s.part[threadIdx.x / 32] = best;
    __syncthreads();
    best = s.part[threadIdx.x % kWarps];
  }
  if (threadIdx.x == 0) s.of_block = best;
  Team::sync();
#pragma unroll
  for (int r = 0; r < Team::size; r++) best = max(best, *Team::of(&s.of_block, r));
  top = from_ordered((uint32_t)(best >> 32));
  return best == ~0ull || top == -INFINITY ? -1 : (int)~(uint32_t)best;
}

// Ranks and probabilities of a row.
struct Distribution {
  double top;
  double scale;  // from logits to distances

  __device__ Distribution(float top, double temperature)
      : top(top), scale(fmin(0x1p39 * 1.4426950408889634 / temperature, 1e300)) {}

  // How far a logit is from the best, in powers of two of probability, times 2^39.
  __device__ uint64_t distance(float v) const {
    double d = (top - v) * scale;
    return d < 0x1p45 ? (uint64_t)d : (1ull << 45) - 1;
  }

  // The less, the better.
  __device__ static uint64_t key(uint64_t distance, int id) { return distance << kIdBits | id; }

  __device__ static uint64_t mass(uint64_t distance) {
    int whole = (int)(distance >> kFractionBits);
    float fraction = (float)(distance >> (kFractionBits - 24) & 0xFFFFFF) * -0x1p-24f;
    float p;
    asm("ex2.approx.f32 %0, %1;" : "=f"(p) : "f"(fraction));
    return (uint64_t)(uint32_t)(p * 0x1p24f) << (kUnitBits - 24) >> whole;
  }
};

// Adds a token to a bin, for every thread with a mass. A warp whose tokens all have one bin, as
// where logits are equal, adds them up first.
__device__ void add(Shared& s, int bin, uint64_t mass, int id) {
  unsigned who = __ballot_sync(~0u, mass != 0);
  if (who == 0) return;
  int leader = __ffs(who) - 1;
  int common = __shfl_sync(~0u, bin, leader);
  if (__all_sync(~0u, mass == 0 || bin == common)) {
    mass = warp_sum(mass);
    if (threadIdx.x % 32 != leader) return;
    atomicAdd(&s.count[bin], __popc(who));
  } else {
    if (mass == 0) return;
    atomicAdd(&s.count[bin], 1);
  }
  atomicAdd(reinterpret_cast<unsigned long long*>(&s.mass[bin]), mass);
  atomicExch(&s.id_of[bin], id);  // whichever comes last
}

// Makes the histogram of the tokens whose keys begin with `prefix`, by the kBits behind it, of which
// `shift` bits follow; returns the thread's bin. Tokens without probability are left out.
__device__ Bin histogram(Shared& s, const Logits& logits, const Distribution& d, uint64_t prefix,
                         int shift) {
  Team::sync();  // the others have read the histogram before
  s.mass[threadIdx.x] = 0;
  s.count[threadIdx.x] = 0;
  __syncthreads();
  logits.each([&](int id, const float(&v)[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint64_t distance = d.distance(v[i]);
      uint64_t key = Distribution::key(distance, id + i);
      bool inside = key >> shift >> kBits == prefix;
      add(s, (int)(key >> shift & (kBins - 1)), inside ? Distribution::mass(distance) : 0, id + i);
    }
  });
  Team::sync();
  Bin bin{};
#pragma unroll 4
  for (int r = 0; r < Team::size; r++) {
    uint32_t count = Team::of(s.count, r)[threadIdx.x];
    bin.mass += Team::of(s.mass, r)[threadIdx.x];
    bin.count += count;
    if (count != 0) bin.id = Team::of(s.id_of, r)[threadIdx.x];
  }
  return bin;
}

// Finds the best-ranked token at which the number of tokens (or, without `by_count`, their mass) from
// the best to it reaches `limit`, which is at least 1 and at most that of all. Leaves the token in
// s.id, and the mass from the best to it in s.mass_to.
//   bin  of the histogram of all tokens by the highest bits of their keys
__device__ void find(Shared& s, const Logits& logits, const Distribution& d, Bin bin, bool by_count,
                     uint64_t limit) {
  uint64_t prefix = 0, mass_before = 0, all;
  uint32_t count_before = 0, all_count;
  for (int shift = kKeyBits - kBits;;) {
    uint64_t mass_to = mass_before + block_scan(s.part, bin.mass, all);
    uint32_t count_to = count_before + block_scan(s.part_count, bin.count, all_count);
    uint64_t to = by_count ? count_to : mass_to;
    if (to >= limit && to - (by_count ? bin.count : bin.mass) < limit) {
      s.bin = threadIdx.x;
      s.id = bin.id;
      s.single = bin.count == 1;
      s.count_before = count_to - bin.count;
      s.mass_before = mass_to - bin.mass;
      s.mass_to = mass_to;
    }
    __syncthreads();
    if (s.single) return;
    prefix = prefix << kBits | s.bin;
    count_before = s.count_before;
    mass_before = s.mass_before;
    shift -= kBits;
    bin = histogram(s, logits, d, prefix, shift);
  }
}

// The mass of all tokens up to a distance from the best.
__device__ uint64_t mass_within(Shared& s, const Logits& logits, const Distribution& d,
                                uint64_t farthest) {
  uint64_t mass = 0, sum;
  logits.each([&](int id, const float(&v)[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint64_t distance = d.distance(v[i]);
      if (distance <= farthest) mass += Distribution::mass(distance);
    }
  });
  block_scan(s.part, mass, sum);
  if (threadIdx.x == 0) s.of_block = sum;
  Team::sync();
  sum = 0;
#pragma unroll
  for (int r = 0; r < Team::size; r++) sum += *Team::of(&s.of_block, r);
  return sum;
}

// How much mass may pass before the drawn token: uniform times all, and less than all.
__device__ uint64_t draw_limit(double uniform, uint64_t all) {
  uint64_t target = (uint64_t)(uniform * (double)all);
  return target < all ? target : all - 1;
}

// The token at which the sum of masses in the order of ids passes uniform times the sum of all.
__device__ int pick_by_id(Shared& s, const Logits& logits, const Distribution& d, double uniform) {
  auto masses = [&](const float(&v)[4], uint64_t(&mass)[4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) mass[i] = Distribution::mass(d.distance(v[i]));
    return mass[0] + mass[1] + mass[2] + mass[3];
  };
  logits.each([&](int id, const float(&v)[4]) {
    uint64_t mass[4];
    uint64_t sum = warp_sum(masses(v, mass));
    if (threadIdx.x % 32 == 0 && id < logits.vocab) s.chunks[id / kChunk] = sum;
  });
  Team::sync();
  int first = kOwnChunks * threadIdx.x;
  const uint64_t* sums = Team::of(s.chunks, first / kWarps % Team::size);  // a warp had a chunk
  uint64_t own[kOwnChunks];
  uint64_t sum = 0, all;
#pragma unroll
  for (int i = 0; i < kOwnChunks; i++) {
    own[i] = (first + i) * kChunk < logits.vocab ? sums[first + i] : 0;
    sum += own[i];
  }
  uint64_t before = block_scan(s.part, sum, all) - sum;
  uint64_t target = draw_limit(uniform, all);
#pragma unroll
  for (int i = 0; i < kOwnChunks; i++) {
    if (before <= target && before + own[i] > target) {
      s.bin = first + i;
      s.mass_before = before;
    }
    before += own[i];
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    int id = s.bin * kChunk + 4 * threadIdx.x;
    float v[4];
    logits.adjust(id, logits.load(id), v);
    uint64_t mass[4];
    uint64_t sum = masses(v, mass);
    uint64_t to = s.mass_before + warp_scan(sum) - sum;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (to <= target && to + mass[i] > target) s.id = id + i;
      to += mass[i];
    }
  }
  __syncthreads();
  return s.id;
}

// How a row's token is chosen: sampling.Filters, and what the draw takes beside them.
struct SampleRow {
  double temperature;  // 0 for greedy
  double top_p;        // 1 for all
  double min_p;        // 0 for all
  double penalty;      // 1 for none
  double uniform;      // random number in [0, 1)
  int top_k;           // 0 for all
  int seen;            // number of the sequence's bitmap of seen tokens; -1 for none
};

// The steps and their order are those of sampling.Sampler.
__device__ int draw(Shared& s, const Logits& logits, float top, const SampleRow& p) {
  Distribution d(top, p.temperature);
  bool all_ranks = p.top_k == 0 || p.top_k >= logits.vocab;
  if (all_ranks && p.top_p == 1 && p.min_p == 0) return pick_by_id(s, logits, d, p.uniform);
  Bin bin = histogram(s, logits, d, 0, kKeyBits - kBits);
  uint64_t kept;
  uint32_t count;
  block_scan(s.part, bin.mass, kept);
  block_scan(s.part_count, bin.count, count);
  if (!all_ranks && p.top_k < count) {
    find(s, logits, d, bin, true, p.top_k);
    kept = s.mass_to;
  }
  if (p.top_p < 1) {
    uint64_t enough = (uint64_t)ceil(p.top_p * (double)kept);
    find(s, logits, d, bin, false, min(max(enough, (uint64_t)1), kept));
    kept = s.mass_to;
  }
  if (p.min_p > 0) {
    // What is left and what min_p keeps are both the best so many: the fewer count.
    kept = min(kept, mass_within(s, logits, d, (uint64_t)fmin(-log2(p.min_p) * 0x1p39, 0x1p45)));
  }
  find(s, logits, d, bin, false, draw_limit(p.uniform, kept) + 1);
  return s.id;
}

}  // namespace

// Chooses a token of every row and marks it as seen.
//   params  SampleRow [rows]
//   seen    uint32 [bitmaps, words], words at least ceil(vocab / 32): which tokens a sequence holds
//   tokens  int [rows]: the token, or -1 where a logit is NaN or positive infinity or all are
//           negative infinity
// Grid 4 rows, block 512.
#if __CUDA_ARCH__ >= 900
extern "C" __global__ void __cluster_dims__(kTeam, 1, 1) __launch_bounds__(kThreads, 1)
#else
extern "C" __global__ void __launch_bounds__(kThreads, 1)
#endif
    sample(const float* logits, int64_t pitch, int vocab, const SampleRow* params, uint32_t* seen,
           int words, int* tokens) {
  if (blockIdx.x % kTeam >= Team::size) return;
  __shared__ Shared s;
  int r = blockIdx.x / kTeam;
  const SampleRow& p = params[r];
  uint32_t* marks = p.seen < 0 ? nullptr : seen + (int64_t)p.seen * words;
  Logits row{logits + r * pitch, vocab, p.penalty, p.penalty == 1 ? nullptr : marks};
  float top;
  int token = best(s, row, top);
  if (token >= 0 && p.temperature > 0) token = draw(s, row, top, p);
  Team::sync();  // no block may leave while another reads its memory, nor mark what another reads
  if (Team::rank() == 0 && threadIdx.x == 0) {
    tokens[r] = token;
    if (marks != nullptr && token >= 0) marks[token / 32] |= 1u << (token % 32);
  }
}

// The natural log-probability of one token of every row; NaN where the logits are not finite.
//   targets  int [rows]
//   out      double [rows]
// Grid rows, block 256.
extern "C" __global__ void __launch_bounds__(256)
    log_probability(const float* logits, int64_t pitch, int vocab, const int* targets,
                    double* out) {
  __shared__ float tops[8];
  __shared__ double sums[8];
  const float* row = logits + blockIdx.x * pitch;
  float top = -INFINITY, sum = 0;
  constexpr int step = 4 * 4 * 256;
  for (int base = 0; base < vocab; base += step) {
    float4 raw[4];
    float now = top;
#pragma unroll
    for (int k = 0; k < 4; k++) {
      int id = base + 4 * (k * 256 + threadIdx.x);
      raw[k] = make_float4(-INFINITY, -INFINITY, -INFINITY, -INFINITY);
      if (id < vocab) raw[k] = *reinterpret_cast<const float4*>(row + id);
      if (id + 1 >= vocab) raw[k].y = -INFINITY;
      if (id + 2 >= vocab) raw[k].z = -INFINITY;
      if (id + 3 >= vocab) raw[k].w = -INFINITY;
      now = fmaxf(now, fmaxf(fmaxf(raw[k].x, raw[k].y), fmaxf(raw[k].z, raw[k].w)));
    }
    // A NaN passes the maximum but not the sum; infinity less infinity is NaN too.
    auto e = [&](float v) { return v == -INFINITY ? 0.0f : __expf(v - now); };
    sum *= e(top);
#pragma unroll
    for (int k = 0; k < 4; k++) sum += (e(raw[k].x) + e(raw[k].y)) + (e(raw[k].z) + e(raw[k].w));
    top = now;
  }
  float warp_top = top;
#pragma unroll
  for (int d = 16; d > 0; d /= 2) warp_top = fmaxf(warp_top, __shfl_xor_sync(~0u, warp_top, d));
  if (threadIdx.x % 32 == 0) tops[threadIdx.x / 32] = warp_top;
  __syncthreads();
  float best = tops[threadIdx.x % 8];
#pragma unroll
  for (int d = 4; d > 0; d /= 2) best = fmaxf(best, __shfl_xor_sync(~0u, best, d));
  double total = top == -INFINITY ? sum : sum * exp((double)top - best);
#pragma unroll
  for (int d = 16; d > 0; d /= 2) total += __shfl_xor_sync(~0u, total, d);
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = total;
  __syncthreads();
  if (threadIdx.x == 0) {
    total = 0;
    for (int w = 0; w < 8; w++) total += sums[w];
    out[blockIdx.x] = (double)row[targets[blockIdx.x]] - best - log(total);
  }
}

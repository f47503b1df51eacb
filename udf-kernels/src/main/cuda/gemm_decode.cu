// The GEMMs of 1 to 64 answer rows on Hopper, which are bound by reading the weights: y = a W^T.
//
// The operands are swapped: up to 128 rows of W are the tensor cores' left operand and the few
// activation rows the right one. Four CTAs of a cluster share a tile: each reads a quarter of k,
// and each writes a quarter of the tile's rows after they have exchanged their sums through
// distributed shared memory. The rows of W are dealt evenly to the clusters.
//
// One launch runs a chain of products that depend on each other, with a grid-wide hand-over between
// them. The weights do not depend on anything: while the last results of one product are written,
// the rings fill with the weights of the next, and memory does not idle. RMSNorm between two
// products takes no pass of its own either: where a product adds to the residual stream it also
// writes the new values times the norm's weights, and the sums of their squares; the next product
// scales its rows by the inverse root, which commutes with it.
//
// Every element is the sum of four quarters of k, each summed in ascending steps of 16: a row's
// bits depend neither on the number of rows nor on the number of SMs.
//
// architectures: 90a
#include "arithmetic.cuh"
#include "hopper.cuh"
#include "layout.cuh"

using namespace longspan;

// What becomes of v = scale * (f * a w^T + bias), where f is 1 or the inverse root mean square.
enum Epilogue {
  kStore = 0,     // out[r][c] = bf16(v), row-major [rows][pitch]
  kFloat = 1,     // out[r][c] = v, row-major [rows][pitch]
  kAdd = 2,       // out[r][c] += v, fp32 row-major [rows][pitch]; see norm
  kSwiglu = 3     // out(r, c) = bf16(silu(f * gate) * f * up), panel matrix of n / 2 columns;
                  // W's rows are 8 of gate and 8 of up by turns; neither scale nor bias
};

// A product of a chain. Panel matrices of activations have as many rows as the kernel is for.
struct DecodeGemm {
  const bf16* w;             // panel matrix [w_rows, k]; w_rows = n padded with zeros to 128
  const bf16* a;             // panel matrix of k columns
  void* out;
  const float* bias;         // [n], or null
  const float* norm;         // kAdd: weights [n] of the RMSNorm of the sum, or null
  bf16* normed;              // kAdd with norm: panel matrix of n columns: bf16(new out * norm)
  float* squares;            // kAdd with norm: [64][4 ceil(n / 64)] sums of 16 squares of new out
  const float* row_squares;  // such sums of what `a` was made of, [64][4 ceil(k / 64)]; null: f = 1
  int n, k, w_rows, epilogue;
  int pitch;                 // elements from row to row of a row-major `out`
  float scale, eps;
  int reserved;
};

// Products that depend on each other, each reading what earlier ones wrote.
struct DecodeChain {
  DecodeGemm products[4];
  int count;
  int rows;   // that are written
  int* sync;  // 4 ints, zero before the first launch and left zero
};

namespace {

constexpr int kCluster = 4;
constexpr int kGroup = 16;                       // rows of W that one warp writes
constexpr int kTileGroups = 8;
constexpr int kConsumers = 128;
constexpr int kStageBytes = kTileGroups * kGroup * kPanel * 2;
constexpr int kSharedBytes = 232448;             // what a CTA can have

// Shared memory of the kernel for N rows.
template <int N>
struct Layout {
  static constexpr int kChunk = N <= 16 ? 4 : 64 / N;  // panels of activations at a time
  static constexpr int kChunkBytes = kChunk * N * kPanel * 2;
  static constexpr int kChunks = N < 64 ? 4 : 8;
  static constexpr int kPatches = (N / 4 + 3) / 4;     // that a warp writes of a tile, at most
  static constexpr int kPart = N / 8 * 32;             // float4 of a warp's sums of half a tile
  static constexpr int kExchange = kCluster * 2 * kPart * 16;
  static constexpr int kRest = kChunks * kChunkBytes + kExchange + N * 4 + 512;
  static constexpr int kStages = (kSharedBytes - kRest) / kStageBytes;
  static constexpr int kInFlight = (N < 64 ? 64 : 48) * 1024;  // bytes of W under way to an SM

  alignas(1024) char weights[kStages][kStageBytes];
  char activations[kChunks][kChunkBytes];
  float4 exchange[kCluster][2][kPart];  // sums over the quarters, of the rows that this CTA writes
  float factor[N];
  uint64_t weights_full[kStages], weights_empty[kStages];
  uint64_t activations_full[kChunks], activations_empty[kChunks];
  uint64_t exchange_full, exchange_empty;
  uint64_t ready;  // the product before is done
};

// What a CTA does of a product: which rows with its cluster, and which columns.
struct Share {
  int group, groups, tiles, panel, panels;

  __device__ explicit Share(const DecodeGemm& g) {
    int clusters = gridDim.x / kCluster, cluster = blockIdx.x / kCluster;
    int rank = blockIdx.x % kCluster;
    // With the padding of the panels that are written.
    int all = (g.epilogue == kSwiglu ? g.w_rows : (g.n + 63) / 64 * 64) / kGroup;
    group = (int)((int64_t)all * cluster / clusters);
    groups = (int)((int64_t)all * (cluster + 1) / clusters) - group;
    tiles = (groups + kTileGroups - 1) / kTileGroups;
    int k = (g.k + kPanel - 1) / kPanel;
    panel = k * rank / kCluster;
    panels = k * (rank + 1) / kCluster - panel;
  }
  // First group of a tile; of the tile after the last one, the end.
  __device__ int tile_group(int tile) const { return group + groups * tile / tiles; }
};

// Streams the weights of the whole chain, as far ahead as the ring allows, but few at a time: what
// is in flight beyond the need of memory only makes everybody's other requests wait.
template <int N>
__device__ void load_weights(const DecodeChain& chain, Layout<N>& s) {
  uint64_t once = evict_first_policy();
  RingPlace<Layout<N>::kStages> to, arriving;
  int flying = 0;
  for (int p = 0; p < chain.count; p++) {
    const DecodeGemm& g = chain.products[p];
    Share share(g);
    int64_t step = (int64_t)g.w_rows * kPanel;
    for (int tile = 0; tile < share.tiles; tile++) {
      int group = share.tile_group(tile);
      uint32_t bytes = (share.tile_group(tile + 1) - group) * (kGroup * kPanel * 2);
      int limit = min(Layout<N>::kInFlight / bytes, Layout<N>::kStages - 1);
      const bf16* w = g.w + (int64_t)group * (kGroup * kPanel) + share.panel * step;
      for (int i = 0; i < share.panels; i++, w += step) {
        for (; flying >= limit; flying--, arriving.next()) {
          barrier_wait(s.weights_full + arriving.index, arriving.phase);
        }
        barrier_wait(s.weights_empty + to.index, to.phase ^ 1);
        barrier_expect(s.weights_full + to.index, bytes);
        bulk_load(s.weights[to.index], w, bytes, s.weights_full + to.index, once);
        to.next();
        flying++;
      }
    }
  }
}

// Waits for each product's turn, says so to the CTA and brings the activations.
template <int N>
__device__ void load_activations(const DecodeChain& chain, const int* done, Layout<N>& s) {
  constexpr int kChunk = Layout<N>::kChunk;
  RingPlace<Layout<N>::kChunks> to;
  for (int p = 0; p < chain.count; p++) {
    const DecodeGemm& g = chain.products[p];
    Share share(g);
    const bf16* a = g.a + share.panel * (N * kPanel);
    if (p > 0) {
      while (load_acquire(done + p - 1) < (int)gridDim.x) {
      }
      proxy_fence();
    }
    barrier_arrive(&s.ready);
    for (int tile = 0; tile < share.tiles; tile++) {
      for (int i = 0; i < share.panels; i += kChunk) {
        uint32_t bytes = min(kChunk, share.panels - i) * (N * kPanel * 2);
        barrier_wait(s.activations_empty + to.index, to.phase ^ 1);
        barrier_expect(s.activations_full + to.index, bytes);
        bulk_load(s.activations[to.index], a + i * (N * kPanel), bytes, s.activations_full + to.index);
        to.next();
      }
    }
  }
}

// The inverse root mean squares of the rows that `a` was made of; warp w computes w, w + 4, ...
template <int N>
__device__ void row_factors(const DecodeGemm& g, float* factor) {
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (g.row_squares == nullptr) {
    if (threadIdx.x < N) factor[threadIdx.x] = 1;
    return;
  }
  int vectors = (g.k + 63) / 64;
  const float4* from = reinterpret_cast<const float4*>(g.row_squares) + warp * vectors;
  float sum[N / 4] = {};
  for (int j = lane; j < vectors; j += 32) {
#pragma unroll
    for (int i = 0; i < N / 4; i++) {
      float4 v = __ldcg(from + 4 * i * vectors + j);
      sum[i] += (v.x + v.y) + (v.z + v.w);
    }
  }
  float mine = 0;
#pragma unroll
  for (int d = 16; d > 0; d /= 2) {
#pragma unroll
    for (int i = 0; i < N / 4; i++) sum[i] += __shfl_xor_sync(~0u, sum[i], d);
  }
#pragma unroll
  for (int i = 0; i < N / 4; i++) mine = lane == i ? sum[i] : mine;
  if (lane < N / 4) factor[4 * lane + warp] = rsqrtf(mine / g.k + g.eps);
}

// Sixteen columns and eight rows of a product: lane t has the columns t / 4 and 8 further, and the
// rows 2 (t % 4) and 1 further.
struct Patch {
  int row, column;
  float x[4], bias[2], norm[2];

  // Fetches what the epilogue needs, early.
  __device__ __forceinline__ void fetch(const DecodeGemm& g, int rows, int group, int first_row) {
    int lane = threadIdx.x % 32;
    row = first_row + 2 * (lane % 4);
    column = group * kGroup + lane / 4;
#pragma unroll
    for (int j = 0; j < 2; j++) {
      int c = min(column + 8 * j, g.n - 1);
      bias[j] = g.bias != nullptr ? __ldg(g.bias + c) : 0;
      norm[j] = g.norm != nullptr ? __ldg(g.norm + c) : 0;
#pragma unroll
      for (int i = 0; i < 2; i++) {
        int64_t at = (int64_t)min(row + i, rows - 1) * g.pitch + c;
        x[2 * j + i] = g.epilogue == kAdd ? __ldcg(static_cast<const float*>(g.out) + at) : 0;
      }
    }
  }

  // Writes; v[2 j + i] belongs to row i and column j.
  template <int N>
  __device__ __forceinline__ void write(const DecodeGemm& g, int rows, const float (&v)[4],
                                        const float* factor) const {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int r = row + i;
      bool valid = r < rows;
      float f = factor[r];
      if (g.epilogue == kSwiglu) {
        bf16 y = __float2bfloat16_rn(silu(f * v[i]) * (f * v[2 + i]));
        int c = column / kGroup * 8 + column % kGroup;
        if (valid) static_cast<bf16*>(g.out)[panel_index(N, r, c)] = y;
        continue;
      }
      float squares = 0;
#pragma unroll
      for (int j = 0; j < 2; j++) {
        int c = column + 8 * j;
        int64_t at = (int64_t)r * g.pitch + c;
        float y = x[2 * j + i] + g.scale * (f * v[2 * j + i] + bias[j]);
        if (c >= g.n) y = 0;
        squares = fmaf(y, y, squares);
        if (valid && c < g.n) {
          if (g.epilogue == kStore) {
            static_cast<bf16*>(g.out)[at] = __float2bfloat16_rn(y);
          } else {
            static_cast<float*>(g.out)[at] = y;
          }
        }
        if (valid && g.norm != nullptr) {
          g.normed[panel_index(N, r, c)] = __float2bfloat16_rn(y * norm[j]);
        }
      }
      if (g.norm != nullptr) {
#pragma unroll
        for (int d = 4; d < 32; d *= 2) squares += __shfl_xor_sync(~0u, squares, d);
        if (valid && threadIdx.x % 32 < 4) {
          g.squares[r * ((g.n + 63) / 64 * 4) + column / kGroup] = squares;
        }
      }
    }
  }
};

// Sends this warp's sums to the CTA that writes these rows, the one with the warp's number; adds up
// what came for this CTA, in the order of k, and writes it, both together with the other warps.
template <int N>
__device__ __forceinline__ void exchange(const DecodeGemm& g, int rows, int group, int end,
                                         const float (&d)[2][N / 2],
                                         const Patch (&patch)[Layout<N>::kPatches],
                                         uint32_t phase, Layout<N>& s) {
  constexpr int kPatches = Layout<N>::kPatches;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int rank = blockIdx.x % kCluster;
  int halves = end - group > kTileGroups / 2 ? 2 : 1;
  barrier_wait(&s.exchange_empty, phase ^ 1);
#pragma unroll
  for (int h = 0; h < 2; h++) {
    if (h >= halves) break;
#pragma unroll
    for (int i = 0; i < N / 8; i++) {
      const float* v = d[h] + 4 * i;
      store_remote(&s.exchange[rank][h][i * 32 + lane], make_float4(v[0], v[1], v[2], v[3]), warp,
                   &s.exchange_full);
    }
  }
  if (threadIdx.x == 0) barrier_expect(&s.exchange_full, Layout<N>::kExchange / 2 * halves);

  barrier_wait(&s.exchange_full, phase);
  float v[kPatches][4];
#pragma unroll
  for (int k = 0; k < kPatches; k++) {
    int i = warp + 4 * k;
    float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll
    for (int q = 0; q < kCluster; q++) {
      float4 part = s.exchange[q][i / (N / 8) % 2][i % (N / 8) * 32 + lane];
      sum.x += part.x, sum.y += part.y, sum.z += part.z, sum.w += part.w;
    }
    v[k][0] = sum.x, v[k][1] = sum.y, v[k][2] = sum.z, v[k][3] = sum.w;
  }
  __syncwarp();
  if (lane < kCluster) barrier_arrive_remote(&s.exchange_empty, lane);
#pragma unroll
  for (int k = 0; k < kPatches; k++) {
    int i = warp + 4 * k;
    if (i / (N / 8) < 2 && group + rank + i / (N / 8) * 4 < end) {
      patch[k].template write<N>(g, rows, v[k], s.factor);
    }
  }
}

// Multiplies: the four warps of a warpgroup.
template <int N>
__device__ void consume(const DecodeChain& chain, int* done, Layout<N>& s) {
  constexpr int kChunk = Layout<N>::kChunk;
  int lane = threadIdx.x % 32;
  int rank = blockIdx.x % kCluster;
  RingPlace<Layout<N>::kStages> weights;
  RingPlace<Layout<N>::kChunks> activations;
  uint32_t exchange_phase = 0;
  for (int p = 0; p < chain.count; p++) {
    const DecodeGemm& g = chain.products[p];
    Share share(g);
    barrier_wait(&s.ready, p % 2);
    row_factors<N>(g, s.factor);
    for (int tile = 0; tile < share.tiles; tile++) {
      int group = share.tile_group(tile), end = share.tile_group(tile + 1);
      Patch patch[Layout<N>::kPatches];
#pragma unroll
      for (int k = 0; k < Layout<N>::kPatches; k++) {
        int i = threadIdx.x / 32 + 4 * k;
        patch[k].fetch(g, chain.rows, group + rank + i / (N / 8) * 4, i % (N / 8) * 8);
      }
      float d[2][N / 2] = {};
      int last = 0, last_chunk = 0;
      for (int i = 0; i < share.panels; i++) {
        if (i % kChunk == 0) barrier_wait(s.activations_full + activations.index, activations.phase);
        barrier_wait(s.weights_full + weights.index, weights.phase);
        uint64_t w = panel_descriptor(s.weights[weights.index]);
        uint64_t a = panel_descriptor(s.activations[activations.index] + i % kChunk * (N * 128));
        constexpr uint64_t kHalf = kStageBytes / 2 / 16;
        wgmma_fence_registers(d[0]);
        wgmma_fence_registers(d[1]);
        wgmma_fence();
#pragma unroll
        for (int j = 0; j < kPanel / 16; j++) {
          Wgmma<N>::ss(d[0], w + j * kColumns16, a + j * kColumns16, true);
        }
#pragma unroll
        for (int j = 0; j < kPanel / 16; j++) {  // of a small tile on what lies there, unused
          Wgmma<N>::ss(d[1], w + kHalf + j * kColumns16, a + j * kColumns16, true);
        }
        wgmma_commit();
        wgmma_fence_registers(d[0]);
        wgmma_fence_registers(d[1]);
        if (i > 0) {
          wgmma_wait<1>();
          if (lane == 0) barrier_arrive(s.weights_empty + last);
          if (lane == 0 && i % kChunk == 0) barrier_arrive(s.activations_empty + last_chunk);
        }
        last = weights.index;
        last_chunk = activations.index;
        weights.next();
        if (i % kChunk == kChunk - 1 || i == share.panels - 1) activations.next();
      }
      wgmma_wait<0>();
      wgmma_fence_registers(d[0]);
      wgmma_fence_registers(d[1]);
      if (lane == 0 && share.panels > 0) {
        barrier_arrive(s.weights_empty + last);
        barrier_arrive(s.activations_empty + last_chunk);
      }
      named_barrier_sync(1, kConsumers);  // the factors are there
      exchange<N>(g, chain.rows, group, end, d, patch, exchange_phase, s);
      exchange_phase ^= 1;
    }
    if (p + 1 < chain.count) {
      named_barrier_sync(1, kConsumers);
      if (threadIdx.x == 0) {
        __threadfence();
        atomicAdd(done + p, 1);
      }
    }
  }
}

template <int N>
__device__ void run(const DecodeChain& chain) {
  extern __shared__ __align__(1024) char shared[];
  Layout<N>& s = *reinterpret_cast<Layout<N>*>(shared);
  static_assert(sizeof(Layout<N>) <= kSharedBytes, "does not fit");
  int* done = chain.sync + 1;
  if (threadIdx.x == 0) {
    for (int i = 0; i < Layout<N>::kStages; i++) {
      barrier_init(s.weights_full + i, 1);
      barrier_init(s.weights_empty + i, kConsumers / 32);
    }
    for (int i = 0; i < Layout<N>::kChunks; i++) {
      barrier_init(s.activations_full + i, 1);
      barrier_init(s.activations_empty + i, kConsumers / 32);
    }
    barrier_init(&s.exchange_full, 1);
    barrier_init(&s.exchange_empty, kCluster * kConsumers / 32);
    barrier_init(&s.ready, 1);
    barrier_init_fence();
  }
  __syncthreads();
  cluster_arrive();
  if (threadIdx.x < kConsumers) {
    cluster_wait();  // the barriers of the others are there
    consume<N>(chain, done, s);
  } else {
    if (threadIdx.x == kConsumers) load_weights<N>(chain, s);
    if (threadIdx.x == kConsumers + 32) load_activations<N>(chain, done, s);
    cluster_wait();
  }
  __syncthreads();
  cluster_arrive();
  if (threadIdx.x == 0 && chain.count > 1 && atomicAdd(chain.sync, 1) == (int)gridDim.x - 1) {
    // The last CTA lowers the flags for the next launch.
    for (int p = 0; p + 1 < chain.count; p++) done[p] = 0;
    *chain.sync = 0;
  }
  cluster_wait();  // the others may still send to this CTA
}

}  // namespace

// gemm_decode_ROWS: a chain of products for up to ROWS (8, 16, 32 or 64) rows.
// Grid: a multiple of 4, as many CTAs as can be at work at once, one per SM; a chain of more than
// one product must be launched cooperatively. Block 192. Dynamic shared memory 232,448 bytes.
#define GEMM_DECODE(N)                                                                  \
  extern "C" __global__ void __cluster_dims__(kCluster, 1, 1) __launch_bounds__(192, 1) \
      gemm_decode_##N(const __grid_constant__ DecodeChain chain) {                      \
    run<N>(chain);                                                                      \
  }

GEMM_DECODE(8)
GEMM_DECODE(16)
GEMM_DECODE(32)
GEMM_DECODE(64)

// The GEMMs of a prompt's rows on Hopper: C = A W^T, bf16 with fp32 accumulation, and what follows.
//
// A persistent CTA has a producer warp that streams tiles of A and W through a ring of stages in
// shared memory, and one or two warpgroups that multiply, 64 rows each; the producer fills the ring
// for the next tile while they write their results. Clusters that share W by multicast were
// measured and did not pay.
//
// Every element is summed over k in steps of 16 in ascending order by one accumulator, whatever the
// tile's size: a row's bits depend neither on the number of rows nor on the tiles chosen for it.
//
// architectures: 90a
#include "arithmetic.cuh"
#include "hopper.cuh"
#include "layout.cuh"

using namespace longspan;

namespace {

// What becomes of v = scale * (a w^T + bias).
enum class Epilogue {
  kStore,  // out[r][c] = bf16(v), row-major
  kFloat,  // out[r][c] = v, row-major
  kAdd,    // out[r][c] += v, fp32 row-major
  kSwiglu  // out(r, c) = bf16(silu(gate) * up), panel matrix; W's rows are 8 of gate and 8 of up by
           // turns; neither scale nor bias
};

template <int warpgroups, int tile_n, Epilogue epilogue>
struct Config {
  static constexpr int kRows = 64 * warpgroups;
  static constexpr int kColumns = tile_n;
  static constexpr int kABytes = kRows * kPanel * 2;
  static constexpr int kWBytes = tile_n * kPanel * 2;
  static constexpr int kStageBytes = kABytes + kWBytes;
  static constexpr int kPitch = 144;  // bytes of a staged row: 128 and 16 against bank conflicts
  static constexpr int kStaging = 4 * warpgroups * 16 * kPitch;
  static constexpr int kRoom = 232448 - kStaging - 256;
  static constexpr int kStages = kRoom / kStageBytes < 12 ? kRoom / kStageBytes : 12;
  static constexpr bool kSwiglu = epilogue == Epilogue::kSwiglu;
  static constexpr bool kF32 = epilogue == Epilogue::kFloat || epilogue == Epilogue::kAdd;
  static constexpr int kOut = kSwiglu ? tile_n / 2 : tile_n;       // columns that a tile writes
  static constexpr int kChunk = kF32 || kOut % 64 != 0 ? 32 : 64;  // columns staged at a time
};

constexpr int kBandRows = 2048;

// Tiles in an order in which the CTAs at work at one time span about as many rows as columns, so
// that L2 holds what they share: bands of rows, in a band column by column.
struct Raster {
  int band, row_tiles, column_tiles;

  __device__ void place(int tile, int& row, int& column) const {
    int above = tile / (band * column_tiles) * band;
    int inside = tile - above * column_tiles;
    int height = min(band, row_tiles - above);
    row = above + inside % height;
    column = inside / height;
  }
};

struct Arguments {
  const bf16* w;
  int w_rows;
  const bf16* a;
  int ld, rows, n, k;
  void* out;
  int64_t out_ld;
  const float* bias;
  float scale;
};

// Adds four floats to memory. Each element is added to once in a launch, so that there is no order
// that could differ; to load, add and store instead was measured slower.
__device__ __forceinline__ void add4(float* to, float4 v) {
  asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(v.x), "f"(v.y),
               "f"(v.z), "f"(v.w)
               : "memory");
}

// Writes the 16 rows of a warp from row `row0` on, and the tile's columns from `column0` on.
template <typename C, Epilogue epilogue>
__device__ __forceinline__ void write_rows(float (&d)[C::kColumns / 2], const Arguments& g,
                                           int row0, int column0, char* staged) {
  int lane = threadIdx.x % 32;
  if (g.bias != nullptr && !C::kSwiglu) {
#pragma unroll
    for (int i = 0; i < C::kColumns / 8; i++) {
      int c = column0 + 8 * i + 2 * (lane % 4);
      float b0 = c < g.n ? __ldg(g.bias + c) : 0, b1 = c + 1 < g.n ? __ldg(g.bias + c + 1) : 0;
      d[4 * i] += b0, d[4 * i + 1] += b1, d[4 * i + 2] += b0, d[4 * i + 3] += b1;
    }
  }
  constexpr int kElement = C::kF32 ? 4 : 2;
  constexpr int kVectors = C::kChunk * kElement / 16;  // 16-byte vectors of a staged row
  constexpr int kRowsAtOnce = 32 / kVectors;
  int vector = lane % kVectors;
  int out_columns = C::kSwiglu ? g.w_rows / 2 : g.n;  // a panel's padding columns are written too
  int first = C::kSwiglu ? column0 / 2 : column0;
#pragma unroll
  for (int chunk = 0; chunk < C::kOut / C::kChunk; chunk++) {
    if constexpr (C::kF32) {
#pragma unroll
      for (int i = 0; i < C::kChunk / 8; i++) {
        const float* f = d + 4 * (chunk * C::kChunk / 8 + i);
        char* to = staged + lane / 4 * C::kPitch + (8 * i + 2 * (lane % 4)) * 4;
        *reinterpret_cast<float2*>(to) = make_float2(f[0] * g.scale, f[1] * g.scale);
        *reinterpret_cast<float2*>(to + 8 * C::kPitch) =
            make_float2(f[2] * g.scale, f[3] * g.scale);
      }
    } else {
      char* to = staged + lane % 16 * C::kPitch + lane / 16 * 16;
#pragma unroll
      for (int i = 0; i < C::kChunk / 16; i++) {
        uint32_t m[4];
#pragma unroll
        for (int j = 0; j < 2; j++) {  // 8 columns each
          int block = chunk * C::kChunk / 8 + 2 * i + j;
          if constexpr (C::kSwiglu) {
            const float* gate = d + 8 * block;
            const float* up = gate + 4;
            m[2 * j] = pack_bf16(silu(gate[0]) * up[0], silu(gate[1]) * up[1]);
            m[2 * j + 1] = pack_bf16(silu(gate[2]) * up[2], silu(gate[3]) * up[3]);
          } else {
            const float* f = d + 4 * block;
            m[2 * j] = pack_bf16(f[0] * g.scale, f[1] * g.scale);
            m[2 * j + 1] = pack_bf16(f[2] * g.scale, f[3] * g.scale);
          }
        }
        store_matrices(to + 32 * i, m);
      }
    }
    __syncwarp();
    int column = first + chunk * C::kChunk + vector * (16 / kElement);
    bool whole = column + 16 / kElement <= out_columns && g.out_ld % (16 / kElement) == 0;
#pragma unroll
    for (int i = 0; i < 16 / kRowsAtOnce; i++) {
      int r = i * kRowsAtOnce + lane / kVectors;
      const char* from = staged + r * C::kPitch + vector * 16;
      int row = row0 + r;
      if (row >= g.rows) continue;
      if constexpr (C::kSwiglu) {
        if (column < out_columns) {
          bf16* to = static_cast<bf16*>(g.out) + panel_index(g.out_ld, row, column);
          *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(from);
        }
      } else if constexpr (C::kF32) {
        float* to = static_cast<float*>(g.out) + row * g.out_ld + column;
        float4 v = *reinterpret_cast<const float4*>(from);
        const float e[4] = {v.x, v.y, v.z, v.w};
        if (whole) {
          if constexpr (epilogue == Epilogue::kAdd) {
            add4(to, v);
          } else {
            *reinterpret_cast<float4*>(to) = v;
          }
        } else {
          for (int j = 0; j < 4; j++) {
            if (column + j < g.n) to[j] = epilogue == Epilogue::kAdd ? to[j] + e[j] : e[j];
          }
        }
      } else {
        bf16* to = static_cast<bf16*>(g.out) + row * g.out_ld + column;
        if (whole) {
          *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(from);
        } else {
          for (int j = 0; j < 8; j++) {
            if (column + j < g.n) to[j] = reinterpret_cast<const bf16*>(from)[j];
          }
        }
      }
    }
    __syncwarp();
  }
}

template <int warpgroups, int tile_n, Epilogue epilogue>
__device__ __forceinline__ void gemm(const Arguments& g) {
  using C = Config<warpgroups, tile_n, epilogue>;
  extern __shared__ __align__(1024) char shared[];
  char* staging = shared + C::kStages * C::kStageBytes;
  uint64_t* full = reinterpret_cast<uint64_t*>(staging + C::kStaging);
  uint64_t* empty = full + C::kStages;

  if (threadIdx.x == 0) {
    for (int s = 0; s < C::kStages; s++) {
      barrier_init(full + s, 1);
      barrier_init(empty + s, 4 * warpgroups);
    }
    barrier_init_fence();
  }
  __syncthreads();

  int columns = C::kSwiglu ? g.w_rows : g.n;  // with the padding of the panels that SwiGLU writes
  Raster raster{kBandRows / C::kRows, (g.rows + C::kRows - 1) / C::kRows,
                (columns + tile_n - 1) / tile_n};
  int tiles = raster.row_tiles * raster.column_tiles;
  int panels = (g.k + kPanel - 1) / kPanel;
  int group = threadIdx.x / 128;

  if (group == warpgroups) {
    give_registers<40>();
    if (threadIdx.x == 128 * warpgroups) {
      int stage = 0;
      uint32_t phase = 0;
      for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        int row, column;
        raster.place(tile, row, column);
        uint32_t w_bytes = min(tile_n, g.w_rows - column * tile_n) * kPanel * 2;
        const bf16* a = g.a + (int64_t)row * C::kRows * kPanel;
        const bf16* w = g.w + (int64_t)column * tile_n * kPanel;
        for (int p = 0; p < panels; p++) {
          char* to = shared + stage * C::kStageBytes;
          barrier_wait(empty + stage, phase ^ 1);
          barrier_expect(full + stage, C::kABytes + w_bytes);
          bulk_load(to, a, C::kABytes, full + stage);
          bulk_load(to + C::kABytes, w, w_bytes, full + stage);
          a += (int64_t)g.ld * kPanel;
          w += (int64_t)g.w_rows * kPanel;
          if (++stage == C::kStages) stage = 0, phase ^= 1;
        }
      }
    }
  } else {
    take_registers<232>();
    int warp = threadIdx.x / 32;
    auto release = [&](int stage) {
      if (threadIdx.x % 32 == 0) barrier_arrive(empty + stage);
    };
    float d[tile_n / 2];
    int stage = 0;
    uint32_t phase = 0;
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
      int last = 0;
      for (int p = 0; p < panels; p++) {
        barrier_wait(full + stage, phase);
        const char* from = shared + stage * C::kStageBytes;
        uint64_t a = panel_descriptor(from + group * 64 * kPanel * 2);
        uint64_t w = panel_descriptor(from + C::kABytes);
        wgmma_fence_registers(d);
        wgmma_fence();
#pragma unroll
        for (int i = 0; i < kPanel / 16; i++) {
          Wgmma<tile_n>::ss(d, a + i * kColumns16, w + i * kColumns16, p > 0 || i > 0);
        }
        wgmma_commit();
        wgmma_fence_registers(d);
        if (p > 0) {
          wgmma_wait<1>();
          release(last);
        }
        last = stage;
        if (++stage == C::kStages) stage = 0, phase ^= 1;
      }
      wgmma_wait<0>();
      wgmma_fence_registers(d);
      release(last);
      int row, column;
      raster.place(tile, row, column);
      write_rows<C, epilogue>(d, g, row * C::kRows + 16 * warp, column * tile_n,
                              staging + warp * 16 * C::kPitch);
    }
  }
}

}  // namespace

// gemm_prefill_EPILOGUE_TILE: v = scale * (A W^T + bias) for `rows` rows.
//   w       panel matrix [w_rows, k]; w_rows = n padded with zeros to a multiple of 128
//   a       panel matrix [ld, k]; ld a multiple of 128, at least `rows`
//   out     store      bf16 [rows][out_ld]
//           float      fp32 [rows][out_ld]
//           add        fp32 [rows][out_ld], v is added
//           swiglu     panel matrix [out_ld, n / 2] of silu(gate) * up; no scale, no bias
//   bias    fp32 [n], or null
// Grid: any number of CTAs, one per SM to be fast. Block and dynamic shared memory by tile (see
// Config): 384 threads and 215,296 bytes (128x256), 223,488 (128x192), 215,296 (128x128); 256
// threads and 206,080 bytes (64x64).
#define GEMM_PREFILL(name, epilogue, rows_, columns, warpgroups)                                   \
  extern "C" __global__ void __launch_bounds__(128 * (warpgroups + 1), 1)                          \
      gemm_prefill_##name##_##rows_##x##columns(const bf16* w, int w_rows, const bf16* a, int ld,  \
                                                int rows, int n, int k, void* out, int64_t out_ld, \
                                                const float* bias, float scale) {                  \
    gemm<warpgroups, columns, Epilogue::epilogue>(                                                 \
        {w, w_rows, a, ld, rows, n, k, out, out_ld, bias, scale});                                 \
  }

#define GEMM_PREFILL_TILES(name, epilogue)    \
  GEMM_PREFILL(name, epilogue, 128, 256, 2)   \
  GEMM_PREFILL(name, epilogue, 128, 192, 2)   \
  GEMM_PREFILL(name, epilogue, 128, 128, 2)   \
  GEMM_PREFILL(name, epilogue, 64, 64, 1)

GEMM_PREFILL_TILES(store, kStore)
GEMM_PREFILL_TILES(float, kFloat)
GEMM_PREFILL_TILES(add, kAdd)
GEMM_PREFILL_TILES(swiglu, kSwiglu)

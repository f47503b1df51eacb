// Y = X W^T for every GPU since sm_80, on mma.sync. X and W are panel matrices (layout.cuh).
//
// Prompts take tiles that cp.async brings: a tile of rows of one panel lies in global memory exactly
// as ldmatrix wants it in shared memory. An element of Y is the sum over k in ascending steps of 16.
//
// Up to 64 rows take a kernel that reads the weights once, straight into fragments: as long as both
// operands agree, k may be in any order, and so a thread's 16-byte chunk serves four products. Eight
// warps take the panels by turns; their sums are added in the order of the warps.
//
// In both, a row's bits depend neither on the number of rows nor on its place among them.
#include "portable.cuh"

using namespace longspan;

namespace {

// ---- what becomes of v = scale (y + bias), element (r, c) ----------------------------------------

struct Store {  // out = v, bf16, row-major
  static constexpr bool kGated = false;
  __device__ static void put(void* out, int64_t pitch, int r, int c, float v) {
    static_cast<bf16*>(out)[r * pitch + c] = __float2bfloat16_rn(v);
  }
  __device__ static void put2(void* out, int64_t pitch, int r, int c, float v, float next) {
    *reinterpret_cast<uint32_t*>(static_cast<bf16*>(out) + r * pitch + c) = pack_bf16(v, next);
  }
};

struct StoreFloat {  // out = v, fp32, row-major
  static constexpr bool kGated = false;
  __device__ static void put(void* out, int64_t pitch, int r, int c, float v) {
    static_cast<float*>(out)[r * pitch + c] = v;
  }
  __device__ static void put2(void* out, int64_t pitch, int r, int c, float v, float next) {
    *reinterpret_cast<float2*>(static_cast<float*>(out) + r * pitch + c) = make_float2(v, next);
  }
};

struct Add {  // out += v, fp32, row-major
  static constexpr bool kGated = false;
  __device__ static void put(void* out, int64_t pitch, int r, int c, float v) {
    static_cast<float*>(out)[r * pitch + c] += v;
  }
  __device__ static void put2(void* out, int64_t pitch, int r, int c, float v, float next) {
    float2* to = reinterpret_cast<float2*>(static_cast<float*>(out) + r * pitch + c);
    *to = make_float2(to->x + v, to->y + next);
  }
};

struct SwiGlu {  // out = silu(gate) up, bf16, panel matrix; without scale and bias
  static constexpr bool kGated = true;
  __device__ static float of(float gate, float up) { return gate / (1.0f + __expf(-gate)) * up; }
  __device__ static void put(void* out, int64_t pitch, int r, int c, float v) {
    static_cast<bf16*>(out)[panel_index(pitch, r, c)] = __float2bfloat16_rn(v);
  }
  __device__ static void put2(void* out, int64_t pitch, int r, int c, float v, float next) {
    *reinterpret_cast<uint32_t*>(static_cast<bf16*>(out) + panel_index(pitch, r, c)) =
        pack_bf16(v, next);
  }
};

// What epilogues other than SwiGlu do to a sum first.
__device__ float scaled(float y, int c, float scale, const float* bias) {
  return scale * (bias == nullptr ? y : y + bias[c]);
}

// ---- prompts ---------------------------------------------------------------------------------

constexpr int kTile = 128;      // rows and columns of Y that a block computes
constexpr int kStages = 3;
constexpr int kWarpRows = 64;
constexpr int kWarpColumns = 32;

template <class Epilogue>
__device__ void tiles(const bf16* x, int64_t ldx, int rows, const bf16* w, int64_t ldw, int n,
                      int panels, const float* bias, float scale, void* out, int64_t pitch) {
  constexpr int threads = 256;
  constexpr int tile_elements = kTile * kPanel;
  extern __shared__ __align__(128) bf16 shared[];  // [kStages][X, W][kTile][kPanel]
  int first_row = blockIdx.x * kTile, first_col = blockIdx.y * kTile;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int warp_row = warp % (kTile / kWarpRows) * kWarpRows;
  int warp_col = warp / (kTile / kWarpRows) * kWarpColumns;

  auto fetch = [&](int panel) {
    bf16* to = shared + panel % kStages * 2 * tile_elements;
    const bf16* from_x = x + (panel * ldx + first_row) * kPanel;
    const bf16* from_w = w + (panel * ldw + first_col) * kPanel;
#pragma unroll
    for (int i = threadIdx.x; i < tile_elements / 8; i += threads) {
      bool valid = first_row + i / 8 < ldx;
      async_copy16(to + i * 8, valid ? from_x + i * 8 : x, valid);
      async_copy16(to + tile_elements + i * 8, from_w + i * 8);
    }
  };

  float acc[kWarpRows / 16][kWarpColumns / 8][4] = {};
#pragma unroll
  for (int p = 0; p < kStages - 1; p++) {
    if (p < panels) fetch(p);
    async_commit();
  }
  for (int p = 0; p < panels; p++) {
    async_wait<kStages - 2>();
    __syncthreads();
    if (p + kStages - 1 < panels) fetch(p + kStages - 1);
    async_commit();
    bf16* tile_x = shared + p % kStages * 2 * tile_elements;
    bf16* tile_w = tile_x + tile_elements;
#pragma unroll
    for (int k = 0; k < kPanel / 16; k++) {
      uint32_t a[kWarpRows / 16][4], b[kWarpColumns / 16][4];
#pragma unroll
      for (int i = 0; i < kWarpRows / 16; i++) {
        load_matrices(a[i], panel_chunk(tile_x, warp_row + 16 * i + lane % 16, 2 * k + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < kWarpColumns / 16; j++) {
        load_matrices(b[j], panel_chunk(tile_w, warp_col + 16 * j + lane / 16 * 8 + lane % 8,
                                        2 * k + lane / 8 % 2));
      }
#pragma unroll
      for (int i = 0; i < kWarpRows / 16; i++) {
#pragma unroll
        for (int j = 0; j < kWarpColumns / 8; j++) {
          mma(acc[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < kWarpRows / 16; i++) {
#pragma unroll
    for (int h = 0; h < 2; h++) {
      int r = first_row + warp_row + 16 * i + lane / 4 + 8 * h;
      if (r >= rows) continue;
#pragma unroll
      for (int j = 0; j < kWarpColumns / 8; j++) {
        const float* y = acc[i][j] + 2 * h;
        int c = first_col + warp_col + 8 * j + lane % 4 * 2;
        if constexpr (Epilogue::kGated) {
          const float* up = acc[i][j | 1] + 2 * h;
          int column = (first_col + warp_col + 8 * j) / 2 + lane % 4 * 2;
          if (j % 2 == 0 && c < n) {
            Epilogue::put2(out, pitch, r, column, Epilogue::of(y[0], up[0]),
                           Epilogue::of(y[1], up[1]));
          }
        } else if (c + 1 < n && pitch % 2 == 0) {
          Epilogue::put2(out, pitch, r, c, scaled(y[0], c, scale, bias),
                         scaled(y[1], c + 1, scale, bias));
        } else {
          if (c < n) Epilogue::put(out, pitch, r, c, scaled(y[0], c, scale, bias));
          if (c + 1 < n) Epilogue::put(out, pitch, r, c + 1, scaled(y[1], c + 1, scale, bias));
        }
      }
    }
  }
}

// ---- up to 64 rows -----------------------------------------------------------------------------

constexpr int kSplits = 8;  // warps that share the panels of k

// Up to 8 T rows of X by 16 M rows of W. Of Y transposed, lane l holds W rows l / 4 and 8 further and
// X rows 2 (l % 4) + {0, 1} in each of M x T fragments.
template <int T, int M, class Epilogue>
__device__ void few_rows(const bf16* x, int64_t ldx, int rows, const bf16* w, int64_t ldw, int n,
                         int panels, const float* bias, float scale, void* out, int64_t pitch) {
  extern __shared__ __align__(128) float4 parts[];  // [kSplits][M][T][32]
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int row = lane / 4, chunk = lane % 4;
  int first_col = blockIdx.x * 16 * M;
  // Chunks `chunk` and `chunk + 4` of a row whose number is `row` modulo 8.
  int low = (chunk ^ row) * 8, high = ((chunk + 4) ^ row) * 8;
  auto load = [](const bf16* from) { return __ldg(reinterpret_cast<const uint4*>(from)); };

  float acc[M][T][4] = {};
#pragma unroll 2
  for (int p = warp; p < panels; p += kSplits) {
    uint4 a[M][4];
#pragma unroll
    for (int i = 0; i < M; i++) {
      const bf16* from = w + (p * ldw + first_col + 16 * i + row) * kPanel;
      a[i][0] = load(from + low);
      a[i][1] = load(from + 8 * kPanel + low);
      a[i][2] = load(from + high);
      a[i][3] = load(from + 8 * kPanel + high);
    }
#pragma unroll
    for (int j = 0; j < T; j++) {
      uint4 b0{}, b1{};
      if (8 * j < ldx) {
        const bf16* from = x + (p * ldx + 8 * j + row) * kPanel;
        b0 = load(from + low);
        b1 = load(from + high);
      }
#pragma unroll
      for (int i = 0; i < M; i++) {
        mma(acc[i][j], {a[i][0].x, a[i][1].x, a[i][2].x, a[i][3].x}, b0.x, b1.x);
        mma(acc[i][j], {a[i][0].y, a[i][1].y, a[i][2].y, a[i][3].y}, b0.y, b1.y);
        mma(acc[i][j], {a[i][0].z, a[i][1].z, a[i][2].z, a[i][3].z}, b0.z, b1.z);
        mma(acc[i][j], {a[i][0].w, a[i][1].w, a[i][2].w, a[i][3].w}, b0.w, b1.w);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < M; i++) {
#pragma unroll
    for (int j = 0; j < T; j++) {
      parts[((warp * M + i) * T + j) * 32 + lane] =
          make_float4(acc[i][j][0], acc[i][j][1], acc[i][j][2], acc[i][j][3]);
    }
  }
  __syncthreads();
  for (int item = threadIdx.x; item < M * T * 32; item += kSplits * 32) {
    float4 sum = parts[item];
#pragma unroll
    for (int s = 1; s < kSplits; s++) {
      float4 part = parts[s * M * T * 32 + item];
      sum.x += part.x, sum.y += part.y, sum.z += part.z, sum.w += part.w;
    }
    int r = item / 32 % T * 8 + lane % 4 * 2;
    int c = first_col + item / (32 * T) * 16 + lane / 4;
    const float y[2][2] = {{sum.x, sum.z}, {sum.y, sum.w}};
#pragma unroll
    for (int i = 0; i < 2; i++, r++) {
      if (r >= rows) break;
      if constexpr (Epilogue::kGated) {
        int column = (first_col + item / (32 * T) * 16) / 2 + lane / 4;
        if (c < n) Epilogue::put(out, pitch, r, column, Epilogue::of(y[i][0], y[i][1]));
      } else {
        if (c < n) Epilogue::put(out, pitch, r, c, scaled(y[i][0], c, scale, bias));
        if (c + 8 < n) Epilogue::put(out, pitch, r, c + 8, scaled(y[i][1], c + 8, scale, bias));
      }
    }
  }
}

}  // namespace

// Block 256.
//   portable_gemm_E       any number of rows: grid (ceil(rows / 128), ceil(n / 128)), 98,304 bytes of
//                         dynamic shared memory
//   portable_gemm_E_R     up to R = 8, 16, 32, 64 rows: grid ceil(n / C), 512 R C / 16 bytes, with
//                         C = 16 columns for 8 and 16 rows and C = 32 for 32 and 64
// E is what becomes of the products: store, float, add, swiglu (see above).
//   x      panel matrix [ldx, 64 panels], ldx a multiple of 8; rows from `rows` on may hold anything
//   w      panel matrix [ldw, 64 panels], ldw a multiple of 128
//   n      columns of the product that are wanted; for swiglu ldw, gate and up together
//   bias   fp32 [n] or null
//   out    [rows, pitch], or for swiglu a panel matrix [pitch, ldw / 2]
#define PORTABLE_GEMM(name, Epilogue, call)                                                       \
  extern "C" __global__ void __launch_bounds__(256) portable_gemm_##name(                         \
      const bf16* x, int64_t ldx, int rows, const bf16* w, int64_t ldw, int n, int panels,        \
      const float* bias, float scale, void* out, int64_t pitch) {                                 \
    call(x, ldx, rows, w, ldw, n, panels, bias, scale, out, pitch);                               \
  }
#define PORTABLE_GEMMS(name, Epilogue)                          \
  PORTABLE_GEMM(name, Epilogue, tiles<Epilogue>)                \
  PORTABLE_GEMM(name##_8, Epilogue, (few_rows<1, 1, Epilogue>)) \
  PORTABLE_GEMM(name##_16, Epilogue, (few_rows<2, 1, Epilogue>)) \
  PORTABLE_GEMM(name##_32, Epilogue, (few_rows<4, 2, Epilogue>)) \
  PORTABLE_GEMM(name##_64, Epilogue, (few_rows<8, 2, Epilogue>))
PORTABLE_GEMMS(store, Store)
PORTABLE_GEMMS(float, StoreFloat)
PORTABLE_GEMMS(add, Add)
PORTABLE_GEMMS(swiglu, SwiGlu)

// Y = X W^T for every GPU since sm_80: mma.sync on tiles that cp.async brings.
//
// X and W are panel matrices (layout.cuh), so that a tile of rows of one panel lies in global memory
// exactly as ldmatrix wants it in shared memory. Every element of Y is the sum over k in ascending
// steps of 16 in one accumulator, whatever the tile: a row's bits depend neither on the number of
// rows nor on the tile size.
#include "portable.cuh"

using namespace longspan;

namespace {

struct Store {  // bf16, row-major [rows, pitch], after adding the bias
  static constexpr bool kGated = false;
  __device__ static void put(void* out, int64_t pitch, int r, int c, int n, float a, float b,
                             float, const float* bias) {
    if (bias != nullptr) {
      a += bias[c];
      if (c + 1 < n) b += bias[c + 1];
    }
    bf16* to = static_cast<bf16*>(out) + r * pitch + c;
    if (c + 1 < n && pitch % 2 == 0) {
      *reinterpret_cast<uint32_t*>(to) = pack_bf16(a, b);
    } else {
      to[0] = __float2bfloat16_rn(a);
      if (c + 1 < n) to[1] = __float2bfloat16_rn(b);
    }
  }
};

struct StoreFloat {  // fp32, row-major [rows, pitch], times scale
  static constexpr bool kGated = false;
  __device__ static void put(void* out, int64_t pitch, int r, int c, int n, float a, float b,
                             float scale, const float*) {
    float* to = static_cast<float*>(out) + r * pitch + c;
    if (c + 1 < n && pitch % 2 == 0) {
      *reinterpret_cast<float2*>(to) = make_float2(a * scale, b * scale);
    } else {
      to[0] = a * scale;
      if (c + 1 < n) to[1] = b * scale;
    }
  }
};

struct AddScaled {  // out += scale * (y + bias), fp32, row-major [rows, pitch]
  static constexpr bool kGated = false;
  __device__ static void put(void* out, int64_t pitch, int r, int c, int n, float a, float b,
                             float scale, const float* bias) {
    float* to = static_cast<float*>(out) + r * pitch + c;
    to[0] = fmaf(scale, bias == nullptr ? a : a + bias[c], to[0]);
    if (c + 1 < n) to[1] = fmaf(scale, bias == nullptr ? b : b + bias[c + 1], to[1]);
  }
};

struct SwiGlu {  // silu(gate) up, bf16, panel matrix [pitch, n / 2]
  static constexpr bool kGated = true;
  __device__ static float activate(float gate, float up) {
    return gate / (1.0f + __expf(-gate)) * up;
  }
  __device__ static void put(void* out, int64_t pitch, int r, int c, float a, float b) {
    *reinterpret_cast<uint32_t*>(static_cast<bf16*>(out) + panel_index(pitch, r, c)) =
        pack_bf16(a, b);
  }
};

// Tiles of BM x BN outputs and 64 k, in `stages` buffers; warps of WM x WN outputs.
template <int BM, int BN, int WM, int WN, int stages, class Epilogue>
__device__ void gemm(const bf16* x, int64_t ldx, int rows, const bf16* w, int64_t ldw, int n,
                     int panels, const float* bias, float scale, void* out, int64_t pitch) {
  constexpr int threads = BM / WM * (BN / WN) * 32;
  constexpr int stage = (BM + BN) * kPanel;
  extern __shared__ __align__(128) bf16 shared[];
  int first_row = blockIdx.x * BM, first_col = blockIdx.y * BN;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int warp_row = warp % (BM / WM) * WM, warp_col = warp / (BM / WM) * WN;

  auto fetch = [&](int panel) {
    bf16* to = shared + panel % stages * stage;
    const bf16* from_x = x + (panel * ldx + first_row) * kPanel;
    const bf16* from_w = w + (panel * ldw + first_col) * kPanel;
    for (int i = threadIdx.x; i < BM * 8; i += threads) {
      bool valid = first_row + i / 8 < ldx;
      async_copy16(to + i * 8, valid ? from_x + i * 8 : x, valid);
    }
    for (int i = threadIdx.x; i < BN * 8; i += threads) {
      async_copy16(to + BM * kPanel + i * 8, from_w + i * 8);
    }
  };

  float acc[WM / 16][WN / 8][4] = {};
#pragma unroll
  for (int p = 0; p < stages - 1; p++) {
    if (p < panels) fetch(p);
    async_commit();
  }
  for (int p = 0; p < panels; p++) {
    async_wait<stages - 2>();
    __syncthreads();
    if (p + stages - 1 < panels) fetch(p + stages - 1);
    async_commit();
    bf16* tile_x = shared + p % stages * stage;
    bf16* tile_w = tile_x + BM * kPanel;
#pragma unroll
    for (int k = 0; k < kPanel / 16; k++) {
      uint32_t a[WM / 16][4], b[WN / 16][4];
#pragma unroll
      for (int i = 0; i < WM / 16; i++) {
        load_matrices(a[i], panel_chunk(tile_x, warp_row + 16 * i + lane % 16, 2 * k + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < WN / 16; j++) {
        load_matrices(b[j], panel_chunk(tile_w, warp_col + 16 * j + lane / 16 * 8 + lane % 8,
                                        2 * k + lane / 8 % 2));
      }
#pragma unroll
      for (int i = 0; i < WM / 16; i++) {
#pragma unroll
        for (int j = 0; j < WN / 8; j++) {
          mma(acc[i][j], a[i], b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]);
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < WM / 16; i++) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int r = first_row + warp_row + 16 * i + lane / 4 + 8 * half;
      if (r >= rows) continue;
      if constexpr (Epilogue::kGated) {
#pragma unroll
        for (int j = 0; j < WN / 8; j += 2) {
          const float* g = acc[i][j] + 2 * half;
          const float* u = acc[i][j + 1] + 2 * half;
          int c = (first_col + warp_col + 8 * j) / 2 + lane % 4 * 2;
          if (c < n / 2) {
            Epilogue::put(out, pitch, r, c, Epilogue::activate(g[0], u[0]),
                          Epilogue::activate(g[1], u[1]));
          }
        }
      } else {
#pragma unroll
        for (int j = 0; j < WN / 8; j++) {
          int c = first_col + warp_col + 8 * j + lane % 4 * 2;
          if (c < n) {
            Epilogue::put(out, pitch, r, c, n, acc[i][j][2 * half], acc[i][j][2 * half + 1], scale,
                          bias);
          }
        }
      }
    }
  }
}

}  // namespace

// For each epilogue a kernel for prompts (tile 128 x 128, block 256, 98,304 bytes of dynamic shared
// memory) and one for up to 64 rows, where weights are all that counts (tile 64 x 64, block 128,
// 65,536 bytes). Grid (ceil(rows / tile rows), ceil(n / tile columns)).
//   x      panel matrix [ldx, 64 panels]; rows from `rows` on may hold anything
//   w      panel matrix [ldw, 64 panels], ldw a multiple of 128
//   n      columns of the product that are wanted, for swiglu those of gate and up together
//   bias   fp32 [n], or null; not for float and swiglu
//   scale  for float and add
//   out    store: bf16 [rows, pitch]; float, add: fp32 [rows, pitch]; swiglu: panel matrix
//          [pitch, n / 2], with n the padded number, so that padding columns become zero
#define PORTABLE_GEMM(name, Epilogue)                                                            \
  extern "C" __global__ void __launch_bounds__(256)                                              \
      portable_gemm_##name(const bf16* x, int64_t ldx, int rows, const bf16* w, int64_t ldw,     \
                           int n, int panels, const float* bias, float scale, void* out,         \
                           int64_t pitch) {                                                      \
    gemm<128, 128, 64, 32, 3, Epilogue>(x, ldx, rows, w, ldw, n, panels, bias, scale, out,       \
                                        pitch);                                                  \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(128)                                              \
      portable_gemm_##name##_64(const bf16* x, int64_t ldx, int rows, const bf16* w,             \
                                int64_t ldw, int n, int panels, const float* bias, float scale,  \
                                void* out, int64_t pitch) {                                      \
    gemm<64, 64, 64, 16, 4, Epilogue>(x, ldx, rows, w, ldw, n, panels, bias, scale, out, pitch); \
  }
PORTABLE_GEMM(store, Store)
PORTABLE_GEMM(float, StoreFloat)
PORTABLE_GEMM(add, AddScaled)
PORTABLE_GEMM(swiglu, SwiGlu)

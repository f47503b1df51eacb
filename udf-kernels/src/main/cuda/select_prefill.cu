// InfLLM-V2 selection for prefill on Hopper: from queries and compressed keys to each token's blocks.
//
// For a token and KV head: p[h][j] = exp2(a q_h k1_j - lse_h) over the visible fine windows j, where
// lse_h is the base-2 logarithm of the sum of exp2(a q_h k) over the visible coarse windows (or, in
// exact mode, the fine ones) and a = log2(e) / sqrt(D); a window's score is the sum over the heads of
// the group, a block's score the largest of the five windows that overlap it; the best blocks join
// those that are always taken. Window scores live in registers only, block scores in a scratch of
// each CTA that stays in the L2 cache.
//
// A job is 256 / group adjacent tokens and one KV head; a CTA works through jobs. One warp copies tiles
// of 128 compressed keys to shared memory, two warpgroups score half of the tokens each, three warps
// meanwhile choose the blocks of the job before and fetch the queries of the job after.
//
// Pass 1 (lse) computes Q K^T, so that a thread's sums belong to few rows of Q. Pass 2 computes K Q^T
// with the queries ordered by head, then token: a thread's accumulators then are two windows x two
// tokens x all heads of the group, and the sum over the heads needs no exchange between threads.
// Windows are ordered so that a thread gets all four that start in a block; the fifth, the first one
// of the next block, comes from the neighbour.
//
// A row's bits depend on its own query and keys only: tiles start at fixed windows, every sum has
// one order, and running maxima are integers, so that rescaling is exact.
//
// architectures: 90a
#include "hopper.cuh"
#include "portable.cuh"
#include "select.cuh"

namespace longspan {
namespace {

constexpr int kStages = 3;
constexpr int kScorers = 2;           // warpgroups that score
constexpr int kChoosers = 3;          // warps that choose
constexpr int kThreads = 128 * (kScorers + 1);
constexpr int kRows = 128;            // query rows (heads x tokens) of a scoring warpgroup
constexpr int kScoreRegisters = 216;
constexpr int kOtherRegisters = 72;

#ifndef LONGSPAN_SELECT_POLYNOMIALS
#define LONGSPAN_SELECT_POLYNOMIALS 4
#endif
constexpr int kPolynomials = LONGSPAN_SELECT_POLYNOMIALS;  // exponentials in 16 off the special-function unit

template <int D>
struct Shared {
  __nv_bfloat16 query[2][kScorers][kRows * D];
  __nv_bfloat16 keys[kStages][kTileWindows * D];
  float lse[kScorers][kRows];
  uint32_t chosen[kChoosers][kSelectScratch];
  uint64_t full[kStages], empty[kStages];
  uint64_t query_full[2], scored[2];
};

struct Arguments {
  const bf16* qkv;
  int qkv_stride;
  int group;
  int kv_heads;
  const bf16* panels;
  const SelectTile* tiles;
  int jobs;
  float* scratch;
  int blocks;
  int init_blocks;
  int local_blocks;
  int count;
  int exact;
  int round;
  uint32_t* mask;
  int rows;
  int words;
};

// A token's part of the scratch: the scores of `blocks` blocks, then the scores of the first window of
// every eighth block. [CTAs][2][tokens of a job][blocks + blocks / 8]
__device__ __forceinline__ float* scratch_row(const Arguments& a, int buffer, int tokens, int token) {
  return a.scratch + (int64_t)((2 * blockIdx.x + buffer) * tokens + token) * (a.blocks + a.blocks / 8);
}

__device__ __forceinline__ float exp2_unit(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// 2^x on the multiply-add units: error 2e-7, as that of the special-function unit.
__device__ __forceinline__ float exp2_polynomial(float x) {
  x = fminf(fmaxf(x, -126.f), 127.f);
  float shifted = x + 12582912.f;  // 1.5 * 2^23: the nearest integer ends up in the low bits
  float f = x - (shifted - 12582912.f);
  float p = fmaf(f, 0x1.5c08e6p-10f, 0x1.3d0c52p-7f);
  p = fmaf(p, f, 0x1.c6b6e4p-5f);
  p = fmaf(p, f, 0x1.ebf918p-3f);
  p = fmaf(p, f, 0x1.62e428p-1f);
  p = fmaf(p, f, 0x1.000002p+0f);
  return __int_as_float(__float_as_int(p) + (__float_as_int(shifted) << 23));
}

// 2^x for column or head `i` of an unrolled loop. The way depends on `i` only, so that all tokens are
// treated alike.
__device__ __forceinline__ float exp2_at(int i, float x) {
  bool polynomial = (i + 1) * kPolynomials / 16 != i * kPolynomials / 16;
  return polynomial ? exp2_polynomial(x) : exp2_unit(x);
}

// The jobs of a CTA: longest first, every other round backwards, so that all CTAs get equal work.
__device__ __forceinline__ int job_of(int round) {
  int place = round % 2 == 0 ? blockIdx.x : gridDim.x - 1 - blockIdx.x;
  return round * gridDim.x + place;
}

// What a job has to look at.
struct Job {
  SelectTile tile;
  int head;
  int normaliser_tiles;  // of pass 1
  int fine_tiles;        // of pass 2

  __device__ __forceinline__ Job(const Arguments& a, int index) {
    int4 words = __ldg(reinterpret_cast<const int4*>(a.tiles) + index / a.kv_heads);
    tile = {words.x, words.y, words.z, words.w};
    head = index % a.kv_heads;
    int last = tile.position + tile.tokens - 1;
    int windows = a.exact ? fine_windows(last) + 1 : coarse_windows(last);
    normaliser_tiles = max(1, (windows + kTileWindows - 1) / kTileWindows);
    fine_tiles = max(0, candidate_end(last, a.local_blocks)) / kTileBlocks + 1;
  }
};

// ---- the copying warp ------------------------------------------------------------------------

template <int D>
__device__ void copy_keys(const Arguments& a, Shared<D>& shared) {
  constexpr int bytes = kTileWindows * D * sizeof(bf16);
  int stage = 0;
  uint32_t parity = 1;
  auto copy = [&](int64_t tile, int head) {
    barrier_wait(&shared.empty[stage], parity);
    barrier_expect(&shared.full[stage], bytes);
    bulk_load(shared.keys[stage], a.panels + (tile * a.kv_heads + head) * (kTileWindows * D), bytes,
              &shared.full[stage]);
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
  };
  for (int round = 0; job_of(round) < a.jobs; round++) {
    Job job(a, job_of(round));
    for (int t = 0; t < job.normaliser_tiles; t++) {
      copy(a.exact ? fine_tile(job.tile.group, t) : coarse_tile(job.tile.group, t), job.head);
    }
    for (int t = 0; t < job.fine_tiles; t++) {
      copy(fine_tile(job.tile.group, t), job.head);
    }
  }
}

// ---- the choosing warps ----------------------------------------------------------------------

// Fetches the queries of a job with one of the warps: row 8 i + t % 8 of a warpgroup's part,
// i = head + Gp * (t / 8), is that head of its token t.
template <int D, int Gp>
__device__ __forceinline__ void load_queries(const Arguments& a, const Job& job,
                                             bf16 (&to)[kScorers][kRows * D], int warp, int lane) {
  constexpr int chunks = D / 8;           // of 16 bytes
  constexpr int heads = 32 / chunks;      // that a warp copies at once
  constexpr int tokens = kRows / Gp;
  int head = lane / chunks, column = lane % chunks * 8;
  for (int token = warp; token < kScorers * tokens; token += kChoosers) {
    int local = token % tokens;
    int row = job.tile.row + min(token, job.tile.tokens - 1);
    const bf16* q =
        a.qkv + (int64_t)row * a.qkv_stride + (job.head * a.group + head) * D + column;
    bf16* at = &to[token / tokens][panel_index(kRows, 8 * (head + Gp * (local / 8)) + local % 8,
                                               column)];
#pragma unroll
    for (int h = 0; h < Gp; h += heads) {
      bool valid = head + h < a.group;
      async_copy16(at + 8 * h * kPanel, valid ? q + h * D : a.qkv, valid);
    }
  }
  async_commit();
  async_wait<0>();
  async_proxy_fence();
}

template <int D, int Gp>
__device__ void choose(const Arguments& a, Shared<D>& shared, int warp, int lane) {
  constexpr int tokens = kScorers * kRows / Gp;
  for (int round = 0; round < 2 && job_of(round) < a.jobs; round++) {
    load_queries<D, Gp>(a, Job(a, job_of(round)), shared.query[round], warp, lane);
    barrier_arrive(&shared.query_full[round]);
  }
  for (int round = 0; job_of(round) < a.jobs; round++) {
    int buffer = round % 2;
    Job job(a, job_of(round));
    barrier_wait(&shared.scored[buffer], round / 2 % 2);
    for (int token = warp; token < job.tile.tokens; token += kChoosers) {
      float* score = scratch_row(a, buffer, tokens, token);
      int position = job.tile.position + token;
      int end = candidate_end(position, a.local_blocks);
      // The last block of each eight still lacks the first window of the next.
      const float* first = score + a.blocks;
      for (int i = lane + 1; 8 * i <= end; i += 32) {
        score[8 * i - 1] = fmaxf(score[8 * i - 1], first[i]);
      }
      __syncwarp();
      uint32_t* mask = a.mask + ((int64_t)job.head * a.rows + job.tile.row + token) * a.words;
      select_blocks(score, a.init_blocks, end, position / kPage, a.count, shared.chosen[warp], mask,
                    a.words);
    }
    if (job_of(round + 2) < a.jobs) {
      load_queries<D, Gp>(a, Job(a, job_of(round + 2)), shared.query[buffer], warp, lane);
      barrier_arrive(&shared.query_full[buffer]);
    }
  }
}

// ---- the scoring warpgroups ------------------------------------------------------------------

// d = the 64 rows of `a` times the 128 rows of `b`, both [128, D] panel matrices.
template <int D>
__device__ __forceinline__ void product(float (&d)[64], uint64_t a, uint64_t b) {
  constexpr uint64_t panel = kTileWindows * kPanel * sizeof(bf16) / 16;
  wgmma_fence();
#pragma unroll
  for (int k = 0; k < D / 16; k++) {
    uint64_t offset = k / 4 * panel + k % 4 * kColumns16;
    Wgmma<128>::ss(d, a + offset, b + offset, k > 0);
  }
  wgmma_commit();
}

constexpr uint64_t kSecondHalf = 64 * 128 / 16;  // descriptor step to rows 64 to 127

// Adds a tile's windows to the running maximum and sum of two rows. Windows of the tile outside
// [from, to) are left out if `masked`.
template <bool masked>
__device__ __forceinline__ void normalise(float (&s)[64], float (&max)[2], float (&sum)[2],
                                          float scale, int lane, int from, const int (&to)[2]) {
  if constexpr (masked) {
    int first = 8 * (lane % 4);
#pragma unroll
    for (int i = 0; i < 64; i++) {
      int window = first + tile_window(i / 4 * 8) + 4 * (i % 2);
      bool visible = window >= from && window < to[i / 2 % 2];
      s[i] = visible ? s[i] : -INFINITY;
    }
  }
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float top = -INFINITY;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      top = fmaxf(top, fmaxf(s[4 * i + 2 * r], s[4 * i + 2 * r + 1]));
    }
    top = fmaxf(max[r], ceilf(top * scale));
    float part[2] = {sum[r] * exp2_unit(max[r] - top), 0.f};
    max[r] = top;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      part[0] += exp2_at(i, fmaf(s[4 * i + 2 * r], scale, -top));
      part[1] += exp2_at(i, fmaf(s[4 * i + 2 * r + 1], scale, -top));
    }
    sum[r] = part[0] + part[1];
  }
}

// Sums exp2(scale s - lse) over the heads: score[r][n] for the thread's window r and token n.
template <int Gp>
__device__ __forceinline__ void score_windows(const float (&s)[64], const float (&minus_lse)[32],
                                              float scale, float (&score)[2][32 / Gp]) {
#pragma unroll
  for (int i = 0; i < 16; i++) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float p = exp2_at(i, fmaf(s[4 * i + 2 * r + e], scale, minus_lse[2 * i + e]));
        float& sum = score[r][i / Gp * 2 + e];
        sum = i % Gp == 0 ? p : sum + p;
      }
    }
  }
}

// Keeps the compiler from moving the computation of scores past this point.
template <int n>
__device__ __forceinline__ void hold(float (&score)[2][n]) {
#pragma unroll
  for (int i = 0; i < 2 * n; i++) {
    asm volatile("" : "+f"(score[i / n][i % n])::"memory");
  }
}

__device__ __forceinline__ float rounded(float x, bool to_bf16) {
  return to_bf16 ? __bfloat162float(__float2bfloat16_rn(x)) : x;
}

template <int D, int Gp>
__device__ void score(const Arguments& a, Shared<D>& shared, int scorer, int warp, int lane) {
  constexpr int tokens = kRows / Gp;     // of this warpgroup
  constexpr int own = 32 / Gp;           // of this thread: 2 (lane % 4) + {0, 1} + 8 n
  constexpr float scale = 1.44269504088896341f / (D == 64 ? 8.f : 11.3137084989847604f);
  float s0[64], s1[64];
  int stage = 0;
  uint32_t parity = 0;

  auto keys = [&](int stage) { return panel_descriptor(shared.keys[stage]); };
  auto queries = [&](int round) { return panel_descriptor(shared.query[round % 2][scorer]); };
  auto finish = [](float(&s)[64]) {
    wgmma_wait<0>();
    wgmma_fence_registers(s);
  };
  auto await_next_stage = [&] {
    if (++stage == kStages) {
      stage = 0;
      parity ^= 1;
    }
    barrier_wait(&shared.full[stage], parity);
  };
  auto release = [&](int stage) {
    if (warp == 0 && lane == 0) {
      barrier_arrive(&shared.empty[stage]);
    }
  };

  barrier_wait(&shared.query_full[0], 0);
  barrier_wait(&shared.full[0], 0);
  product<D>(s0, queries(0), keys(0));
  finish(s0);
  for (int round = 0; job_of(round) < a.jobs; round++) {
    Job job(a, job_of(round));
    uint64_t query = queries(round);
    int position = job.tile.position + scorer * tokens;  // of this warpgroup's first token

    // Pass 1. Rows 16 warp + lane / 4 + {0, 8} (+ 64) of the queries.
    float max[2][2] = {{-65536.f, -65536.f}, {-65536.f, -65536.f}};
    float sum[2][2] = {};
    auto windows = [&](int p) { return a.exact ? fine_windows(p) + 1 : coarse_windows(p); };
    int all_visible = windows(position);
    for (int t = 0; t < job.normaliser_tiles; t++) {
      product<D>(s1, query + kSecondHalf, keys(stage));
      int used = stage;
      await_next_stage();
      int base = t * kTileWindows;
      int from = a.exact ? 1 - base : 0;
      bool masked = from > 0 || base + kTileWindows > all_visible;
      auto add = [&](float(&s)[64], int half) {
        if (masked) {
          int to[2];
          for (int r = 0; r < 2; r++) {
            to[r] = windows(position + lane / 4 + 8 * ((8 * half + 2 * warp + r) / Gp)) - base;
          }
          normalise<true>(s, max[half], sum[half], scale, lane, from, to);
        } else {
          normalise<false>(s, max[half], sum[half], scale, lane, 0, {});
        }
      };
      add(s0, 0);
      finish(s1);
      release(used);
      bool last = t + 1 == job.normaliser_tiles;
      product<D>(s0, last ? keys(stage) : query, last ? query : keys(stage));
      add(s1, 1);
      finish(s0);
    }
#pragma unroll
    for (int r = 0; r < 4; r++) {
      float top = max[r / 2][r % 2];
      top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, 1));
      top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, 2));
      float z = sum[r / 2][r % 2] * exp2_unit(max[r / 2][r % 2] - top);
      z += __shfl_xor_sync(0xFFFFFFFFu, z, 1);
      z += __shfl_xor_sync(0xFFFFFFFFu, z, 2);
      int i = 8 * (r / 2) + 2 * warp + r % 2;
      if (lane % 4 == 0) {
        // Heads that only fill up the group, and tokens that see no window, score zero.
        bool none = i % Gp >= a.group || z == 0.f;
        shared.lse[scorer][8 * i + lane / 4] = none ? -INFINITY : -(top + log2f(z));
      }
    }
    named_barrier_sync(1 + scorer, 128);
    float minus_lse[32];
#pragma unroll
    for (int i = 0; i < 16; i++) {
      float2 two = *reinterpret_cast<const float2*>(&shared.lse[scorer][8 * i + 2 * (lane % 4)]);
      minus_lse[2 * i] = two.x;
      minus_lse[2 * i + 1] = two.y;
    }
    named_barrier_sync(1 + scorer, 128);

    // Pass 2. Windows of block 8 warp + lane / 4 of the tile.
    int first_token = 2 * (lane % 4);
    int row_size = a.blocks + a.blocks / 8;
    float* scratch = scratch_row(a, round % 2, kScorers * tokens, scorer * tokens + first_token);
    int block = 8 * warp + lane / 4;
    bool more = job_of(round + 1) < a.jobs;
    all_visible = fine_windows(position);
    for (int t = 0; t < job.fine_tiles; t++, block += kTileBlocks) {
      product<D>(s1, keys(stage) + kSecondHalf, query);
      // Next comes this job's next tile, the next job's first, or at the end anything.
      bool last = t + 1 == job.fine_tiles;
      int used = stage;
      if (!last) {
        await_next_stage();
      } else if (more) {
        await_next_stage();
        barrier_wait(&shared.query_full[(round + 1) % 2], (round + 1) / 2 % 2);
      }
      float first[2][own], second[2][own], best[own];
      wgmma_fence_registers(s0);
      score_windows<Gp>(s0, minus_lse, scale, first);
      bool masked = t == 0 || (t + 1) * kTileWindows > all_visible + 1;
      auto mask = [&](float(&score)[2][own], int window) {
#pragma unroll
        for (int n = 0; n < own; n++) {
          int visible = fine_windows(position + first_token + 8 * (n / 2) + n % 2);
#pragma unroll
          for (int r = 0; r < 2; r++) {
            bool seen = window + r > 0 && window + r <= visible;
            score[r][n] = seen ? score[r][n] : -INFINITY;
          }
        }
      };
      if (masked) {
        mask(first, 4 * block);
        hold(first);
      }
      finish(s1);
      release(used);
      uint64_t q = last ? queries(round + 1) : query;
      product<D>(s0, last ? q : keys(stage), last ? keys(stage) : q);

#pragma unroll
      for (int n = 0; n < own; n++) {
        float next_block = __shfl_down_sync(0xFFFFFFFFu, first[0][n], 4);
        best[n] = fmaxf(fmaxf(first[0][n], first[1][n]), lane < 28 ? next_block : -INFINITY);
        if (lane < 4) {
          scratch[(8 * (n / 2) + n % 2) * row_size + a.blocks + block / 8] =
              rounded(first[0][n], a.round);
        }
      }
      wgmma_fence_registers(s1);
      score_windows<Gp>(s1, minus_lse, scale, second);
      if (masked) {
        mask(second, 4 * block + 2);
        hold(second);
      }
      finish(s0);
#pragma unroll
      for (int n = 0; n < own; n++) {
        scratch[(8 * (n / 2) + n % 2) * row_size + block] =
            rounded(fmaxf(best[n], fmaxf(second[0][n], second[1][n])), a.round);
      }
    }
    barrier_arrive(&shared.scored[round % 2]);
  }
}

template <int D, int Gp>
__device__ void select_prefill(const Arguments& a) {
  extern __shared__ __align__(1024) char memory[];
  Shared<D>& shared = *reinterpret_cast<Shared<D>*>(memory);
  if (threadIdx.x == 0) {
    for (int s = 0; s < kStages; s++) {
      barrier_init(&shared.full[s], 1);
      barrier_init(&shared.empty[s], kScorers);
    }
    for (int b = 0; b < 2; b++) {
      barrier_init(&shared.query_full[b], 32 * kChoosers);
      barrier_init(&shared.scored[b], 128 * kScorers);
    }
    barrier_init_fence();
  }
  __syncthreads();
  int warp_of_all = __shfl_sync(0xFFFFFFFFu, threadIdx.x / 32, 0);  // so that it is known to be uniform
  int warpgroup = warp_of_all / 4;
  int warp = warp_of_all % 4;
  int lane = threadIdx.x % 32;
  if (warpgroup == kScorers) {
    give_registers<kOtherRegisters>();
    if (warp == kChoosers) {
      if (lane == 0) {
        copy_keys<D>(a, shared);
      }
    } else {
      choose<D, Gp>(a, shared, warp, lane);
    }
  } else {
    take_registers<kScoreRegisters>();
    score<D, Gp>(a, shared, warpgroup, warp, lane);
  }
}

}  // namespace

}  // namespace longspan

// select_prefill_d{D}_g{Gp}: grid min(SMs, jobs), block 384, dynamic shared memory
// sizeof(Shared<D>); see the head of the file and select.cuh.
//   qkv            bf16 [rows][qkv_stride]: the rotated queries first
//   group          query heads of a KV head, at most Gp
//   panels         what select_gather wrote
//   tiles          SelectTile [jobs / kv_heads], the longest first
//   scratch        float, see scratch_row; blocks: a multiple of 32, more than all candidates
//   init_blocks, local_blocks: always taken, beside the token's own; count: how many others
//   exact          whether the normaliser is over the fine windows
//   round          whether scores are rounded to bf16
//   mask           uint64 [kv_heads][rows][words / 2]; `words` counts 32 blocks each
#define LONGSPAN_SELECT(D, Gp)                                                                     \
  extern "C" __global__ void __launch_bounds__(longspan::kThreads, 1) select_prefill_d##D##_g##Gp( \
      const longspan::bf16* qkv, int qkv_stride, int group, int kv_heads,                          \
      const longspan::bf16* panels, const longspan::SelectTile* tiles, int jobs, float* scratch,   \
      int blocks, int init_blocks, int local_blocks, int count, int exact, int round,              \
      uint32_t* mask, int rows, int words) {                                                       \
    longspan::select_prefill<D, Gp>({qkv, qkv_stride, group, kv_heads, panels, tiles, jobs,        \
                                     scratch, blocks, init_blocks, local_blocks, count, exact,     \
                                     round, mask, rows, words});                                   \
  }
LONGSPAN_SELECT(128, 16)
#ifndef LONGSPAN_SELECT_ONE
LONGSPAN_SELECT(128, 8)
LONGSPAN_SELECT(128, 4)
LONGSPAN_SELECT(64, 16)
LONGSPAN_SELECT(64, 8)
LONGSPAN_SELECT(64, 4)
#endif

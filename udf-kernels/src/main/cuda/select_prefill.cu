// InfLLM-V2 selection for prefill on Hopper: from queries and compressed keys to the blocks of
// each token.
//
// For a token and KV head: p[h][j] = exp2(a q_h k1_j - lse_h) over the visible fine windows j,
// where lse_h is the base-2 logarithm of the sum of exp2(a q_h k) over the visible coarse windows
// (or, in exact mode, the fine ones) and a = log2(e) / sqrt(D); a window's score is the sum over
// the heads of the group, a block's score the largest of the five windows that overlap it; the
// best blocks join those that are always taken. Window scores live in registers only, block scores
// in a scratch of each CTA that stays in the L2 cache.
//
// A job is 256 / group adjacent tokens and one KV head; a CTA works through jobs. One warp copies
// tiles of 128 compressed keys to shared memory, two warpgroups score half of the tokens each,
// three warps meanwhile choose the blocks of the job before and fetch the queries of the job
// after.
//
// Pass 1 (lse) computes Q K^T, so that a thread's sums belong to few rows of Q. Pass 2 computes K
// Q^T with the queries ordered by head, then token: a thread's accumulators then are two windows x
// two tokens x all heads of the group, and the sum over the heads needs no exchange between
// threads. Windows are ordered so that a thread gets all four of a block's own; the fifth, the
// first one of the next block, comes from the neighbour. Both passes take the product of one half
// of a tile while the exponentials of the other half are computed.
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
constexpr int kScoreRegisters = 224;
constexpr int kOtherRegisters = 56;

template <int D>
struct Shared {
  bf16 query[2][kScorers][kRows * D];
  bf16 keys[kStages][kTileWindows * D];
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

// A token's part of the scratch: the scores of `blocks` blocks, then the scores of the first window
// of every eighth block. [CTAs][2][tokens of a job][blocks + blocks / 8]
__device__ __forceinline__ float* scratch_row(const Arguments& a, int buffer, int tokens,
                                              int token) {
  int64_t row = (2 * blockIdx.x + buffer) * tokens + token;
  return a.scratch + row * (a.blocks + a.blocks / 8);
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

// Hides the windows of a tile that lie outside [from, to[r]) from rows r = 0, 1 of the products.
__device__ __forceinline__ void hide_windows(float (&s)[64], int lane, int from,
                                             const int (&to)[2]) {
#pragma unroll
  for (int i = 0; i < 64; i++) {
    int window = tile_window(i / 4 * 8) + 4 * (2 * (lane % 4) + i % 2);
    bool visible = window >= from && window < to[i / 2 % 2];
    s[i] = visible ? s[i] : -INFINITY;
  }
}

// Adds a tile's windows to the running maximum and sum of two rows.
__device__ __forceinline__ void normalise(const float (&s)[64], float scale, float (&max)[2],
                                          float (&sum)[2]) {
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float top = -INFINITY;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      top = fmaxf(top, fmaxf(s[4 * i + 2 * r], s[4 * i + 2 * r + 1]));
    }
    top = fmaxf(max[r], ceilf(top * scale));
    float part[2] = {sum[r] * exp2_approx(max[r] - top), 0.f};
    max[r] = top;
#pragma unroll
    for (int i = 0; i < 16; i++) {
      part[0] += exp2_approx(fmaf(s[4 * i + 2 * r], scale, -top));
      part[1] += exp2_approx(fmaf(s[4 * i + 2 * r + 1], scale, -top));
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
        float p = exp2_approx(fmaf(s[4 * i + 2 * r + e], scale, minus_lse[2 * i + e]));
        float& sum = score[r][i / Gp * 2 + e];
        sum = i % Gp == 0 ? p : sum + p;
      }
    }
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

  const uint64_t first_keys = panel_descriptor(shared.keys[0]);
  const uint64_t first_query = panel_descriptor(shared.query[0][scorer]);
  auto keys = [&](int stage) { return first_keys + stage * sizeof(shared.keys[0]) / 16; };
  auto queries = [&](int round) { return first_query + round % 2 * sizeof(shared.query[0]) / 16; };
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
      int base = t * kTileWindows;
      int from = a.exact ? 1 - base : 0;
      bool masked = from > 0 || base + kTileWindows > all_visible;
      auto hide = [&](float(&s)[64], int half) {
        if (masked) {
          int to[2];
          for (int r = 0; r < 2; r++) {
            to[r] = windows(position + lane / 4 + 8 * ((8 * half + 2 * warp + r) / Gp)) - base;
          }
          hide_windows(s, lane, from, to);
        }
      };
      int used = stage;
      await_next_stage();
      hide(s0, 0);
      product<D>(s1, query + kSecondHalf, keys(used));
      normalise(s0, scale, max[0], sum[0]);
      finish(s1);
      release(used);
      hide(s1, 1);
      bool last = t + 1 == job.normaliser_tiles;
      product<D>(s0, last ? keys(stage) : query, last ? query : keys(stage));
      normalise(s1, scale, max[1], sum[1]);
      finish(s0);
    }
#pragma unroll
    for (int r = 0; r < 4; r++) {
      float top = max[r / 2][r % 2];
      top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, 1));
      top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, 2));
      float z = sum[r / 2][r % 2] * exp2_approx(max[r / 2][r % 2] - top);
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
    int block = 8 * warp + lane / 4;
    float* scores =
        scratch_row(a, round % 2, kScorers * tokens, scorer * tokens + first_token) + block;
    all_visible = fine_windows(position);
    for (int t = 0; t < job.fine_tiles; t++) {
      // Next comes this job's next tile, the next job's first, or at the end anything.
      bool last = t + 1 == job.fine_tiles;
      bool more = job_of(round + 1) < a.jobs;
      int used = stage;
      if (!last || more) {
        await_next_stage();
      }
      if (last && more) {
        barrier_wait(&shared.query_full[(round + 1) % 2], (round + 1) / 2 % 2);
      }
      float first[2][own], second[2][own];
      product<D>(s1, keys(used) + kSecondHalf, query);
      score_windows<Gp>(s0, minus_lse, scale, first);
      finish(s1);
      release(used);
      uint64_t q = last ? queries(round + 1) : query;
      product<D>(s0, last ? q : keys(stage), last ? keys(stage) : q);
      score_windows<Gp>(s1, minus_lse, scale, second);
      finish(s0);

      bool masked = t == 0 || (t + 1) * kTileWindows > all_visible + 1;
#pragma unroll
      for (int n = 0; n < own; n++) {
        int token = 8 * (n / 2) + n % 2;
        if (masked) {
          int visible = fine_windows(position + first_token + token);
#pragma unroll
          for (int r = 0; r < 2; r++) {
            int slot = 4 * block + r;
            first[r][n] = slot > 0 && slot <= visible ? first[r][n] : 0.f;
            second[r][n] = slot + 2 <= visible ? second[r][n] : 0.f;
          }
        }
        float next_block = __shfl_down_sync(0xFFFFFFFFu, first[0][n], 4);
        float best = fmaxf(fmaxf(first[0][n], first[1][n]), fmaxf(second[0][n], second[1][n]));
        best = fmaxf(best, lane < 28 ? next_block : 0.f);
        scores[token * row_size] = rounded(best, a.round);
        if (lane < 4) {
          scores[token * row_size + a.blocks - block + block / 8] = rounded(first[0][n], a.round);
        }
      }
      block += kTileBlocks;
      scores += kTileBlocks;
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
  // The shuffle tells the compiler that a warp has one value.
  int warp_of_all = __shfl_sync(0xFFFFFFFFu, threadIdx.x / 32, 0);
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
//   scratch        float, see scratch_row; blocks: a multiple of 128, more than all candidates
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
LONGSPAN_SELECT(128, 8)
LONGSPAN_SELECT(128, 4)
LONGSPAN_SELECT(64, 16)
LONGSPAN_SELECT(64, 8)
LONGSPAN_SELECT(64, 4)

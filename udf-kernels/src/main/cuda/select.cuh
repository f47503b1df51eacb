// What the selection kernels of prefill share: the order of work, the gathered compressed keys, and
// the choice of the best blocks of a row.
#pragma once
#include <stdint.h>

#include "layout.cuh"

namespace longspan {

// Adjacent tokens of one sequence, all of which select blocks: the unit of work of the selection.
struct SelectTile {
  int row;       // first row of the step
  int position;  // position of that row in its sequence
  int tokens;    // number of rows, at most tokens_per_job()
  int group;     // first group of its sequence in the gathered keys
};

// A group of the gathered keys covers 128 pages = 8,192 tokens of a sequence.
struct SelectGroup {
  int table;  // entry of its first page in the step's page tables
  int pages;  // pages of the sequence from there on, those of later groups included
};

// Gathered keys of a group and KV head: five tiles of 128 windows, each a panel matrix
// [128, head_dim]. Tile 0 holds coarse windows 128 g .. 128 g + 127, tiles 1 to 4 hold fine slots
// 512 g .. 512 g + 511. [groups][5][kv_heads][head_dim / 64][128][64]
constexpr int kTileWindows = 128;
constexpr int kTileBlocks = kTileWindows / kFinePerPage;
constexpr int kFineTiles = 4;
constexpr int kGroupTiles = 1 + kFineTiles;

// Tile `tile` of the fine or the coarse keys of the sequence whose first group is `group`.
__host__ __device__ inline int64_t fine_tile(int group, int tile) {
  return (int64_t)(group + tile / kFineTiles) * kGroupTiles + 1 + tile % kFineTiles;
}
__host__ __device__ inline int64_t coarse_tile(int group, int tile) {
  return (int64_t)(group + tile) * kGroupTiles;
}

// Windows within a tile are permuted so that one thread of a warpgroup gets all four windows that
// belong to a block: block 8 w + t has its windows in rows 16 w + t, 16 w + t + 8 (warp w) of the
// first 64 rows and the same two of the second 64.
__host__ __device__ inline int tile_row(int window) {
  int block = window / 4, quarter = window % 4;
  return (quarter / 2) * 64 + (block / 8) * 16 + (quarter % 2) * 8 + block % 8;
}
__host__ __device__ inline int tile_window(int row) {
  int half = row / 64, warp = row / 16 % 4, second = row / 8 % 2, t = row % 8;
  return (8 * warp + t) * 4 + 2 * half + second;
}

// How many blocks of a row are scored: those before the local ones.
__host__ __device__ inline int candidate_end(int position, int local_blocks) {
  return position / kPage - local_blocks;
}

#if defined(__CUDACC__)

constexpr int kSelectBins = 128;
constexpr int kSelectScratch = kSelectBins + 4;
constexpr int kScoresAtOnce = 128;  // of a warp: a row of scores is read in such pieces

// The blocks of [begin, end) that lie in word `word` of a bitmask, as its bits.
__device__ __forceinline__ uint32_t blocks_of_word(int begin, int end, int word) {
  int from = min(max(begin - 32 * word, 0), 32);
  int to = min(max(end - 32 * word, from), 32);
  return (uint32_t)((1ull << to) - (1ull << from));
}

// Calls f(bits) for this lane's share of the scores [0, end), `end` a multiple of kScoresAtOnce.
template <class F>
__device__ __forceinline__ void each_score(const float* score, int end, F f) {
  for (int b = 4 * (threadIdx.x % 32); b < end; b += 2 * kScoresAtOnce) {
    uint4 four[2] = {};
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (b + i * kScoresAtOnce < end) {
        four[i] = *reinterpret_cast<const uint4*>(score + b + i * kScoresAtOnce);
      }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
      f(four[i].x);
      f(four[i].y);
      f(four[i].z);
      f(four[i].w);
    }
  }
}

// Chooses, with one warp, the `count` best of the blocks [begin, end) by score, equal ones by the
// lower block, and writes the row's bitmask: those, the blocks before `begin` and the blocks
// [end, current]. Scores are not negative: their bits order as unsigned integers do.
//
// score: shared or global, room for a multiple of kScoresAtOnce, what lies outside [begin, end) is
// overwritten; scratch: [kSelectScratch], shared; mask: `words` words of 32 blocks;
// count < end - begin.
__device__ __forceinline__ void select_blocks(float* score, int begin, int end, int current,
                                              int count, uint32_t* scratch, uint32_t* mask,
                                              int words) {
  const uint32_t all = 0xFFFFFFFFu;
  const int lane = threadIdx.x % 32;
  const int padded = (end + kScoresAtOnce - 1) / kScoresAtOnce * kScoresAtOnce;
  for (int b = lane; b < begin; b += 32) {
    score[b] = 0.f;
  }
  for (int b = end + lane; b < padded; b += 32) {
    score[b] = 0.f;
  }
  __syncwarp();

  // [low, high] starts as the range of all scores above zero and is narrowed, 128-fold in each
  // turn, until it holds exactly the blocks that are missing, or one value only.
  uint32_t low = all, high = 0;
  bool tied = false;
  if (count > 0) {
    each_score(score, padded, [&](uint32_t bits) {
      low = min(low, bits - 1);
      high = max(high, bits);
    });
    low = __reduce_min_sync(all, low) + 1;
    high = __reduce_max_sync(all, high);
    for (bool searching = true; searching;) {
      // At least 128 values (modulo 2^32), so that what is above `high` is in none of the bins.
      low = high - max(high - low, kSelectBins - 1);
      int shift = 32 - __clz(high - low) - 7;
      *reinterpret_cast<uint4*>(scratch + 4 * lane) = make_uint4(0, 0, 0, 0);
      __syncwarp();
      each_score(score, padded, [&](uint32_t bits) {
        // The last bin takes what lies outside.
        atomicAdd(scratch + min((bits - low) >> shift, kSelectBins), 1);
      });
      __syncwarp();
      // Lane 0 gets the four highest bins.
      uint4 four = *reinterpret_cast<const uint4*>(scratch + kSelectBins - 4 - 4 * lane);
      int sum = four.x + four.y + four.z + four.w;
      int before = sum;
      for (int step = 1; step < 32; step *= 2) {
        int other = __shfl_up_sync(all, before, step);
        before += lane >= step ? other : 0;
      }
      uint32_t reached = __ballot_sync(all, before >= count);
      if (reached == 0) {  // all that is above zero, and the first zeros
        count -= __shfl_sync(all, before, 31);
        low = 0;
        tied = true;
        break;
      }
      int owner = __ffs(reached) - 1;
      before -= sum;
      // The owner's four bins: the first in which the count is reached.
      int bin = kSelectBins - 1 - 4 * lane, in = four.w;
      if (before + in < count) before += in, bin--, in = four.z;
      if (before + in < count) before += in, bin--, in = four.y;
      if (before + in < count) before += in, bin--, in = four.x;
      bin = __shfl_sync(all, bin, owner);
      in = __shfl_sync(all, in, owner);
      count -= __shfl_sync(all, before, owner);
      low += (uint32_t)bin << shift;
      high = min(high, low + ((1u << shift) - 1));
      tied = in != count;
      searching = tied && shift > 0;
      __syncwarp();
    }
  }

  // Every block that scores `low` or more; of those that score `low` the first `count` if `tied`.
  uint32_t threshold = tied ? low + 1 : low;
  for (int base = 0; base < words; base += 32) {
    uint32_t word = 0;
    for (int w = 0; w < 32 && 32 * (base + w) < padded; w += 4) {
      const float* at = score + 32 * (base + w) + lane;
#pragma unroll
      for (int i = 0; i < 4; i++) {
        uint32_t taken = __ballot_sync(all, __float_as_uint(at[32 * i]) >= threshold);
        word = lane == w + i ? taken : word;
      }
    }
    word &= blocks_of_word(begin, end, base + lane);
    for (int w = 0; tied && count > 0 && w < 32 && 32 * (base + w) < end; w++) {
      int b = 32 * (base + w) + lane;
      bool equal = b >= begin && b < end && __float_as_uint(score[b]) == low;
      uint32_t equals = __ballot_sync(all, equal);
      int rank = __popc(equals & ((1u << lane) - 1));
      uint32_t taken = __ballot_sync(all, equal && rank < count);
      word |= lane == w ? taken : 0;
      count -= min(count, __popc(equals));
    }
    word |= blocks_of_word(0, begin, base + lane) | blocks_of_word(end, current + 1, base + lane);
    if (base + lane < words) {
      mask[base + lane] = word;
    }
  }
}

#endif

}  // namespace longspan

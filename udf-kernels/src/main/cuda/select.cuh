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
// [128, head_dim]. Tile 0 holds coarse windows 128 g .. 128 g + 127, tiles 1 to 4 hold the fine slots
// 512 g .. 512 g + 511. [groups][5][kv_heads][head_dim / 64][128][64]
constexpr int kTileWindows = 128;
constexpr int kTileBlocks = kTileWindows / kFinePerPage;
constexpr int kFineTiles = 4;
constexpr int kGroupTiles = 1 + kFineTiles;
constexpr int kGroupPages = kTileWindows;

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
constexpr int kScoresAtOnce = 8;

// Loads score[first + 32 i] for i = 0, 1, .. as bits, 0 from `end` on. Scores are not negative: their
// bits order as unsigned integers do.
__device__ __forceinline__ void load_scores(uint32_t (&bits)[kScoresAtOnce], const float* score,
                                            int first, int end) {
#pragma unroll
  for (int i = 0; i < kScoresAtOnce; i++) {
    bits[i] = first + 32 * i < end ? __float_as_uint(score[first + 32 * i]) : 0;
  }
}

// The blocks of [begin, end) that lie in word `word` of a bitmask, as its bits.
__device__ __forceinline__ uint32_t blocks_of_word(int begin, int end, int word) {
  int from = min(max(begin - 32 * word, 0), 32);
  int to = min(max(end - 32 * word, from), 32);
  return (uint32_t)((1ull << to) - (1ull << from));
}

// Chooses, with one warp, the `count` best of the blocks [begin, end) by score, equal ones by the
// lower block, and writes the row's bitmask: those, the blocks before `begin` and the blocks
// [end, current]. score: [end], shared or global; scratch: [kSelectScratch], shared; mask: `words`
// words of 32 blocks; count < end - begin.
__device__ __forceinline__ void select_blocks(const float* score, int begin, int end, int current,
                                              int count, uint32_t* scratch, uint32_t* mask,
                                              int words) {
  const uint32_t all = 0xFFFFFFFFu;
  const int lane = threadIdx.x % 32;
  const int stride = 32 * kScoresAtOnce;
  uint32_t bits[kScoresAtOnce];

  // [low, high] is narrowed, 128-fold in each turn, until it holds exactly the `count` best that are
  // not above it, or one value only.
  uint32_t low = all, high = 0;
  bool tied = false;
  if (count > 0) {
    for (int base = begin; base < end; base += stride) {
      load_scores(bits, score, base + lane, end);
#pragma unroll
      for (int i = 0; i < kScoresAtOnce; i++) {
        low = min(low, base + lane + 32 * i < end ? bits[i] : all);
        high = max(high, bits[i]);
      }
    }
    low = __reduce_min_sync(all, low);
    high = __reduce_max_sync(all, high);
    for (bool searching = true; searching;) {
      // At least 128 values (modulo 2^32), so that what is above `high` is in none of the bins.
      low = high - max(high - low, kSelectBins - 1);
      int shift = 32 - __clz(high - low) - 7;
      *reinterpret_cast<uint4*>(scratch + 4 * lane) = make_uint4(0, 0, 0, 0);
      __syncwarp();
      for (int base = begin; base < end; base += stride) {
        load_scores(bits, score, base + lane, end);
#pragma unroll
        for (int i = 0; i < kScoresAtOnce; i++) {
          // Bin 128 takes what lies outside; zeros from beyond `end` may at worst be taken for ties.
          atomicAdd(scratch + min((bits[i] - low) >> shift, kSelectBins), 1);
        }
      }
      __syncwarp();
      // Lane 0 gets the four highest bins.
      uint4 four = *reinterpret_cast<const uint4*>(scratch + kSelectBins - 4 - 4 * lane);
      int sum = four.x + four.y + four.z + four.w;
      int before = sum;
      for (int step = 1; step < 32; step *= 2) {
        int other = __shfl_up_sync(all, before, step);
        before += lane >= step ? other : 0;
      }
      int owner = __ffs(__ballot_sync(all, before >= count)) - 1;
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
    for (int w = 0; w < 32 && 32 * (base + w) < end; w += kScoresAtOnce) {
      load_scores(bits, score, 32 * (base + w) + lane, end);
#pragma unroll
      for (int i = 0; i < kScoresAtOnce; i++) {
        uint32_t taken = __ballot_sync(all, bits[i] >= threshold);
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

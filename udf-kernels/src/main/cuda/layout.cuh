// How matrices and cache pages lie in device memory.
//
// Everything that tensor cores read is stored the way shared memory wants it: as panels of 64
// columns whose 16-byte chunks are swizzled. A tile of rows of one panel is one contiguous piece of
// memory, so that one linear bulk copy brings it (no tensor maps), and in shared memory it is at
// once the 128-byte swizzle of wgmma and a layout without bank conflicts for ldmatrix.
//
// Panel matrix [rows, cols], bf16, `rows` a multiple of 8, `cols` padded with zeros to 64:
//     element (r, c) is at   (c / 64) * rows * 64 + r * 64 + (((c % 64) / 8) ^ (r % 8)) * 8 + c % 8
//
// KV cache of a layer: page (64 tokens) x KV head -> a K tile and a V tile, each a panel matrix
// [64, D]. Token t of a sequence is row t % 64 of page t / 64 of its page table.
//
// Compressed keys: window j of stride S ends with token S j + 2 S - 1 (fine: S = 16) or, coarse, is
// 128 tokens long with stride 64. It lives in the page of its last token, so that a page depends on
// earlier pages only and can be shared. With slot s = j + 1 this is page s / 4, row s % 4 for the
// fine windows and page s, row 0 for the coarse ones; slot 0 exists and is never read. Rows are
// swizzled by the low three bits of the slot, so that consecutive pages, laid one after another,
// form a panel matrix.
#pragma once
#include <cuda_bf16.h>
#include <stdint.h>

namespace longspan {

constexpr int kPanel = 64;            // columns of a panel
constexpr int kPage = 64;             // tokens of a page = the sparse block
constexpr int kFinePerPage = 4;       // fine windows that end in a page
constexpr int kFineStride = 16;
constexpr int kFineSize = 32;
constexpr int kCoarseStride = 64;
constexpr int kCoarseSize = 128;

using bf16 = __nv_bfloat16;

// Index of element (r, c) of a panel matrix with `rows` rows.
__host__ __device__ inline int64_t panel_index(int64_t rows, int64_t r, int c) {
  return (c / kPanel) * rows * kPanel + r * kPanel +
         ((((c % kPanel) / 8) ^ (int)(r % 8)) * 8) + c % 8;
}

// Elements of one head's K tile (or V tile) in a page.
__host__ __device__ constexpr int page_tile(int head_dim) { return kPage * head_dim; }

// First element of the K tile of (page, head); V follows after page_tile(head_dim) elements.
// `layer` points to the layer's part of the cache: [pages][kv_heads][K, V][head_dim / 64][64][64].
__host__ __device__ inline int64_t page_offset(int page, int head, int kv_heads, int head_dim) {
  return ((int64_t)page * kv_heads + head) * 2 * page_tile(head_dim);
}

// First element of the fine keys of (page, head): [head_dim / 64][4][64].
__host__ __device__ inline int64_t fine_offset(int page, int head, int kv_heads, int head_dim) {
  return ((int64_t)page * kv_heads + head) * kFinePerPage * head_dim;
}

// First element of the coarse key of (page, head): [head_dim / 64][64].
__host__ __device__ inline int64_t coarse_offset(int page, int head, int kv_heads, int head_dim) {
  return ((int64_t)page * kv_heads + head) * head_dim;
}

// Element (slot, c) of the fine keys, relative to fine_offset of page slot / 4.
__host__ __device__ inline int fine_index(int slot, int c) {
  return (c / kPanel) * kFinePerPage * kPanel + (slot % kFinePerPage) * kPanel +
         ((((c % kPanel) / 8) ^ (slot % 8)) * 8) + c % 8;
}

// Element (slot, c) of the coarse key, relative to coarse_offset of page `slot`.
__host__ __device__ inline int coarse_index(int slot, int c) {
  return (c / kPanel) * kPanel + ((((c % kPanel) / 8) ^ (slot % 8)) * 8) + c % 8;
}

// Windows that end at or before the token at `position`: slots 1 to this number.
__host__ __device__ inline int fine_windows(int position) {
  int tokens = position + 1;
  return tokens < kFineSize ? 0 : (tokens - kFineSize) / kFineStride + 1;
}
__host__ __device__ inline int coarse_windows(int position) {
  int tokens = position + 1;
  return tokens < kCoarseSize ? 0 : (tokens - kCoarseSize) / kCoarseStride + 1;
}

// Consecutive tokens of one sequence's prompt in a prefill step.
struct Segment {
  int first_row;    // first row of the step
  int rows;         // number of rows
  int start;        // position of the first row in its sequence
  int table;        // first entry of its page table in the step's page tables
  int sparse;       // whether it selects blocks where it sees more than `select` of them
  int reserved[3];
};

// Eight (at head group 16) adjacent tokens of a segment: the unit of work of prefill attention.
struct Tile {
  int segment;
  int first;        // first token of the tile, relative to the segment
};

}  // namespace longspan

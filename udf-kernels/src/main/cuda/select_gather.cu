// Lays the compressed keys of a step's sequences out for the selection: from pages to tiles.
#include "select.cuh"

namespace longspan {
namespace {

constexpr int kThreads = 256;

// One tile of one KV head.
template <int D>
__device__ __forceinline__ void gather(const bf16* fine, const bf16* coarse, const int* page_table,
                                       const SelectGroup* groups, bf16* panels) {
  constexpr int chunks = D / 8;  // of 16 bytes
  constexpr int turns = kTileWindows * chunks / kThreads;
  int part = blockIdx.x % kGroupTiles;
  int head = blockIdx.y, kv_heads = gridDim.y;
  int column = threadIdx.x % chunks * 8;
  SelectGroup group = groups[blockIdx.x / kGroupTiles];
  uint4 values[turns];
#pragma unroll
  for (int i = 0; i < turns; i++) {
    int window = tile_window((i * kThreads + threadIdx.x) / chunks);
    // Coarse window j ends in page j + 1; fine slot s ends in page s / 4.
    int page = part == 0 ? window + 1 : (part - 1) * kTileBlocks + window / kFinePerPage;
    values[i] = make_uint4(0, 0, 0, 0);
    if (page < group.pages) {
      int at = __ldg(page_table + group.table + page);
      const bf16* from = part == 0 ? coarse + coarse_offset(at, head, kv_heads, D) +
                                         coarse_index(page, column)
                                   : fine + fine_offset(at, head, kv_heads, D) +
                                         fine_index(kFinePerPage * page + window % 4, column);
      values[i] = __ldg(reinterpret_cast<const uint4*>(from));
    }
  }
  bf16* to = panels + ((int64_t)blockIdx.x * kv_heads + head) * (kTileWindows * D);
#pragma unroll
  for (int i = 0; i < turns; i++) {
    int row = (i * kThreads + threadIdx.x) / chunks;
    *reinterpret_cast<uint4*>(to + panel_index(kTileWindows, row, column)) = values[i];
  }
}

}  // namespace
}  // namespace longspan

// select_gather_d{D}: grid (groups * 5, kv_heads), block 256.
//   fine, coarse   the layer's compressed keys (layout.cuh)
//   page_table     int: the pages of all sequences of the step
//   groups         SelectGroup: the sequences' groups, those of a sequence one after another
//   panels         bf16 [groups][5][kv_heads][D / 64][128][64] (select.cuh)
#define LONGSPAN_SELECT_GATHER(D)                                                            \
  extern "C" __global__ void __launch_bounds__(256) select_gather_d##D(                      \
      const longspan::bf16* fine, const longspan::bf16* coarse, const int* page_table,       \
      const longspan::SelectGroup* groups, longspan::bf16* panels) {                         \
    longspan::gather<D>(fine, coarse, page_table, groups, panels);                           \
  }
LONGSPAN_SELECT_GATHER(128)
LONGSPAN_SELECT_GATHER(64)

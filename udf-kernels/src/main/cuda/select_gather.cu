// Lays the compressed keys of a step's sequences out for the selection: from pages to tiles.
#include "select.cuh"

namespace longspan {

// Gathers the compressed keys of the step's sequences from their pages into tiles (select.cuh).
template <int D>
__device__ __forceinline__ void gather(const bf16* fine, const bf16* coarse, const int* page_table,
                                       const SelectGroup* groups, bf16* panels) {
  int index = blockIdx.x / kGroupTiles;
  int part = blockIdx.x % kGroupTiles;
  int head = blockIdx.y, kv_heads = gridDim.y;
  SelectGroup group = groups[index];
  uint4* to = reinterpret_cast<uint4*>(panels + ((int64_t)blockIdx.x * kv_heads + head) *
                                                    (kTileWindows * D));
  for (int i = threadIdx.x; i < kTileWindows * D / 8; i += blockDim.x) {
    int chunk = i % (D / 8);
    int row = i / (D / 8);
    int window = tile_window(row);
    // Coarse window j ends in page j + 1; fine slot s ends in page s / 4.
    int page = part == 0 ? window + 1 : (part - 1) * kTileBlocks + window / kFinePerPage;
    uint4 value = make_uint4(0, 0, 0, 0);
    if (page < group.pages) {
      int at = page_table[group.table + page];
      const bf16* from =
          part == 0
              ? coarse + coarse_offset(at, head, kv_heads, D) + coarse_index(page, chunk * 8)
              : fine + fine_offset(at, head, kv_heads, D) + fine_index(4 * page + window % 4, chunk * 8);
      value = *reinterpret_cast<const uint4*>(from);
    }
    to[panel_index(kTileWindows, row, chunk * 8) / 8] = value;
  }
}

}  // namespace longspan

// select_gather_d{D}: grid (groups * 5, kv_heads), block 128.
//   fine, coarse   the layer's compressed keys (layout.cuh)
//   page_table     int: the pages of all sequences of the step
//   groups         SelectGroup: the sequences' groups, those of a sequence one after another
//   panels         bf16 [groups][5][kv_heads][D / 64][128][64] (select.cuh)
extern "C" __global__ void __launch_bounds__(128)
    select_gather_d128(const longspan::bf16* fine, const longspan::bf16* coarse,
                       const int* page_table, const longspan::SelectGroup* groups,
                       longspan::bf16* panels) {
  longspan::gather<128>(fine, coarse, page_table, groups, panels);
}
extern "C" __global__ void __launch_bounds__(128)
    select_gather_d64(const longspan::bf16* fine, const longspan::bf16* coarse,
                      const int* page_table, const longspan::SelectGroup* groups,
                      longspan::bf16* panels) {
  longspan::gather<64>(fine, coarse, page_table, groups, panels);
}

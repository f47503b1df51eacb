// What a step needs beside the model's arithmetic: pages for sequences, and the tokens drawn last.
//
// A running sequence has a slot. The slot's row of the page tables and its last drawn token stay on
// the device, so that a step brings what is new and nothing else.
#include "layout.cuh"

using namespace longspan;

namespace {

constexpr int kThreads = 256;

// A page that a sequence has got.
struct Assignment {
  int entry;  // in the page tables
  int page;
  int fresh;  // whether it holds nothing yet
  int reserved;
};

}  // namespace

// Enters pages into the page tables, and clears V of fresh ones in all layers: attention multiplies
// keys that are not there by a probability of zero, and what a page was used for before may have been
// infinite.
//   assignments   [count]
//   cache         [layers], layer_elements apart
// Grid (count, layers, kv_heads), block 256.
extern "C" __global__ void __launch_bounds__(kThreads)
    assign_pages(const Assignment* assignments, int* page_table, bf16* cache,
                 int64_t layer_elements, int head_dim) {
  Assignment a = assignments[blockIdx.x];
  if (blockIdx.y == 0 && blockIdx.z == 0 && threadIdx.x == 0) page_table[a.entry] = a.page;
  if (a.fresh == 0) return;
  bf16* values = cache + blockIdx.y * layer_elements +
                 page_offset(a.page, blockIdx.z, gridDim.z, head_dim) + page_tile(head_dim);
  for (int i = threadIdx.x; 8 * i < page_tile(head_dim); i += kThreads) {
    reinterpret_cast<uint4*>(values)[i] = make_uint4(0, 0, 0, 0);
  }
}

// The tokens of answers: those that the host knows, and for the others what was drawn last for their
// sequence. Padding rows stay negative.
//   known      [rows]: token, or -1 for the drawn one
//   positions  [rows]: negative for padding
//   slots      [rows]
//   drawn      [slots]
// Grid 1, block rows.
extern "C" __global__ void answer_tokens(const int* known, const int* positions, const int* slots,
                                         const int* drawn, int* tokens) {
  int r = threadIdx.x;
  int token = known[r];
  // Logits that are no numbers draw -1: the host gives that answer up, the row may be anything.
  if (positions[r] >= 0 && token < 0) token = max(0, drawn[slots[r]]);
  tokens[r] = token;
}

// Keeps the tokens drawn for sequences; a negative slot stands for a row that drew none.
// Grid ceil(count / 256), block 256.
extern "C" __global__ void keep_drawn(const int* tokens, const int* slots, int count, int* drawn) {
  int i = blockIdx.x * kThreads + threadIdx.x;
  if (i < count && slots[i] >= 0) drawn[slots[i]] = tokens[i];
}

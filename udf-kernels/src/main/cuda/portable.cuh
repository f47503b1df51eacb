// The tensor core instructions that every GPU since Ampere (sm_80) has: cp.async, ldmatrix, mma.sync.
#pragma once
#include "arithmetic.cuh"
#include "layout.cuh"

namespace longspan {

// ---- copies from global to shared memory that do not hold the thread up -----------------------

// Copies 16 bytes to an address in shared memory; writes zeros instead where `valid` is false.
__device__ __forceinline__ void async_copy16(uint32_t to, const void* from, bool valid = true) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to),
               "l"(__cvta_generic_to_global(from)), "r"(valid ? 16 : 0)
               : "memory");
}
__device__ __forceinline__ void async_copy16(void* to, const void* from, bool valid = true) {
  async_copy16((uint32_t)__cvta_generic_to_shared(to), from, valid);
}

__device__ __forceinline__ void async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until at most `pending` of this thread's groups are under way.
template <int pending>
__device__ __forceinline__ void async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// Arrives at an mbarrier when all of this thread's copies before are there.
__device__ __forceinline__ void async_arrive(uint64_t* barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(
                   (uint32_t)__cvta_generic_to_shared(barrier))
               : "memory");
}

// ---- fragments ---------------------------------------------------------------------------------

// Loads four 8 x 8 matrices; lane 8 i + j gives the address of row j of matrix i. Thread t gets of
// each the elements (t / 4, 2 (t % 4) + {0, 1}).
__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], const bf16* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((uint32_t)__cvta_generic_to_shared(row))
               : "memory");
}

// As above, each matrix transposed.
__device__ __forceinline__ void load_matrices_transposed(uint32_t (&r)[4], const bf16* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((uint32_t)__cvta_generic_to_shared(row))
               : "memory");
}

// d [16, 8] += a [16, 16] b [16, 8]. Of d, thread t holds (t / 4, 2 (t % 4) + {0, 1}) in d[0], d[1]
// and the same columns 8 rows below in d[2], d[3].
__device__ __forceinline__ void mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                    uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
      "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The 16-byte chunk that holds columns 8 c .. 8 c + 7 of row r in a panel in shared memory.
__device__ __forceinline__ bf16* panel_chunk(bf16* panel, int r, int c) {
  return panel + r * kPanel + ((c ^ (r & 7)) * 8);
}

}  // namespace longspan

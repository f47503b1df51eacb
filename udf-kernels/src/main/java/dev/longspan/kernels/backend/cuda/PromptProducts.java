package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.backend.cuda.device.Stream;

/** Matrix products of rows of prompts. */
interface PromptProducts {
  /**
   * Enqueues a product and what becomes of it.
   *
   * @param x panel matrix [ld, k]
   * @param ld a multiple of 128
   * @param bias fp32 [n], or null
   * @param out as the epilogue says; elements from row to row are n, or for SWIGLU {@code ld} rows
   */
  void multiply(
      Stream stream,
      PortableGemm.Epilogue epilogue,
      DeviceBuffer x,
      int ld,
      int rows,
      Matrix w,
      DeviceBuffer bias,
      float scale,
      DeviceBuffer out,
      long pitch);

  /** Returns the products that every GPU has. */
  static PromptProducts portable(PortableGemm gemm) {
    return (stream, epilogue, x, ld, rows, w, bias, scale, out, pitch) ->
        gemm.many(
            stream,
            epilogue,
            x,
            ld,
            rows,
            w.data(),
            w.paddedRows(),
            epilogue == PortableGemm.Epilogue.SWIGLU ? (int) w.paddedRows() : w.n(),
            w.k(),
            bias,
            scale,
            out,
            pitch);
  }
}

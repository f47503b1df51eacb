package dev.longspan.kernels.attention;

/** Read access to one layer of one sequence's cache, for plain references. */
public interface KvView {
  /** Returns the query heads. */
  int heads();

  /** Returns the KV heads. */
  int kvHeads();

  /** Returns the elements of one head. */
  int headDim();

  /** Copies the rotated key of {@code kvHead} at token {@code position} to {@code to}. */
  void key(int kvHead, int position, float[] to);

  /** Copies the value of {@code kvHead} at token {@code position} to {@code to}. */
  void value(int kvHead, int position, float[] to);

  /** Copies fine compressed key {@code window} (mean of kernelSize keys) to {@code to}. */
  void fineKey(int kvHead, int window, float[] to);

  /** Copies coarse compressed key {@code window} to {@code to}. */
  void coarseKey(int kvHead, int window, float[] to);
}

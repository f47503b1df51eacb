package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.L;

import dev.longspan.kernels.model.RopeConfig;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Cosines and sines of a model's rotary embedding, computed once per position when first needed.
 */
final class RopeTable {
  private static final int BLOCK = 64;

  private final RopeConfig rope;
  private final int half;
  private float[][] blocks = new float[16][];

  RopeTable(RopeConfig rope, int headDim) {
    this.rope = rope;
    this.half = headDim / 2;
  }

  /** Returns whether this is the table of {@code rope}. */
  boolean isOf(RopeConfig other) {
    return rope == other;
  }

  /** Computes what is missing below {@code positions}; before {@link #rotate}, by one thread. */
  void grow(int positions) {
    int count = (positions + BLOCK - 1) / BLOCK;
    if (blocks.length < count) {
      blocks = Arrays.copyOf(blocks, Math.max(count, 2 * blocks.length));
    }
    for (int b = count - 1; b >= 0 && blocks[b] == null; b--) {
      blocks[b] = block(b * BLOCK);
    }
  }

  /** Returns [position, cos then sin] of 64 positions. */
  private float[] block(int first) {
    float[] table = new float[BLOCK * 2 * half];
    for (int p = 0; p < BLOCK; p++) {
      for (int i = 0; i < half; i++) {
        double angle = rope.angle(first + p, i);
        table[(2 * p) * half + i] = (float) (Math.cos(angle) * rope.attentionScale());
        table[(2 * p + 1) * half + i] = (float) (Math.sin(angle) * rope.attentionScale());
      }
    }
    return table;
  }

  /** Rotates a head in place. */
  void rotate(float[] x, int at, int position) {
    rotate(x, at, blocks[position / BLOCK], position % BLOCK * 2 * half, half);
  }

  private static void rotate(float[] x, int at, float[] table, int cosAt, int half) {
    int i = 0;
    for (; i + L <= half; i += L) {
      FloatVector cos = FloatVector.fromArray(F, table, cosAt + i);
      FloatVector sin = FloatVector.fromArray(F, table, cosAt + half + i);
      FloatVector a = FloatVector.fromArray(F, x, at + i);
      FloatVector b = FloatVector.fromArray(F, x, at + half + i);
      a.mul(cos).sub(b.mul(sin)).intoArray(x, at + i);
      b.mul(cos).add(a.mul(sin)).intoArray(x, at + half + i);
    }
    for (; i < half; i++) {
      float cos = table[cosAt + i];
      float sin = table[cosAt + half + i];
      float a = x[at + i];
      float b = x[at + half + i];
      x[at + i] = a * cos - b * sin;
      x[at + half + i] = b * cos + a * sin;
    }
  }
}

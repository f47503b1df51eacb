package dev.longspan.kernels.backend.vector;

import static dev.longspan.kernels.backend.vector.VectorMath.F;
import static dev.longspan.kernels.backend.vector.VectorMath.L;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
  private static float vector(float x) {
    float[] lanes = new float[L];
    VectorMath.exp2(FloatVector.broadcast(F, x)).intoArray(lanes, 0);
    return lanes[L - 1];
  }

  private static float negative(float x) {
    float[] lanes = new float[L];
    VectorMath.exp2Negative(FloatVector.broadcast(F, x)).intoArray(lanes, 0);
    return lanes[0];
  }

  @Test
  void exp2IsAccurate() {
    Random random = new Random(1);
    double worst = 0;
    for (int i = 0; i < 200_000; i++) {
      float x = (float) (random.nextDouble() * 253 - 125);
      double exact = Math.pow(2, x);
      worst = Math.max(worst, Math.abs(vector(x) - exact) / exact);
    }
    assertTrue(worst < 2.4e-7, "largest relative error " + worst);
  }

  @Test
  void exp2IsExactAtIntegers() {
    for (int n = -125; n < 128; n++) {
      assertEquals(Math.scalb(1f, n), vector(n), "2^" + n);
    }
  }

  @Test
  void exp2HasTheRightEnds() {
    assertEquals(0f, vector(-126f));
    assertEquals(0f, vector(-1e30f));
    assertEquals(0f, vector(Float.NEGATIVE_INFINITY));
    assertEquals(Float.POSITIVE_INFINITY, vector(128f));
    assertEquals(Float.POSITIVE_INFINITY, vector(Float.POSITIVE_INFINITY));
    assertTrue(Float.isNaN(vector(Float.NaN)));
    assertEquals(1f, vector(-0f));
    assertEquals(0f, negative(Float.NEGATIVE_INFINITY));
    assertEquals(0f, negative(-1e30f));
  }

  @Test
  void allFormsGiveTheSameBits() {
    Random random = new Random(2);
    for (int i = 0; i < 50_000; i++) {
      float x = (float) (random.nextDouble() * 300 - 150);
      assertEquals(vector(x), VectorMath.exp2(x), () -> "2^" + x);
      if (x < 0) {
        assertEquals(vector(x), negative(x), () -> "2^" + x);
      }
    }
    assertEquals(0f, VectorMath.exp2(Float.NEGATIVE_INFINITY));
    assertTrue(Float.isNaN(VectorMath.exp2(Float.NaN)));
  }
}

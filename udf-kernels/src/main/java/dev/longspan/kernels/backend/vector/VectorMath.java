package dev.longspan.kernels.backend.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shape of this machine and the functions that the Vector API computes slowly or not in
 * the same way everywhere.
 *
 * <p>Everything here is built from operations that round the same on every machine and in
 * interpreted as in compiled code, so results depend on nothing but the lane count.
 */
final class VectorMath {
  /** The widest shape of the machine, at most 512 bits: panels are 64 columns. */
  static final VectorSpecies<Float> F =
      FloatVector.SPECIES_PREFERRED.length() <= 16
          ? FloatVector.SPECIES_PREFERRED
          : FloatVector.SPECIES_512;

  /** The same shape for int lanes. */
  static final VectorSpecies<Integer> I =
      IntVector.SPECIES_PREFERRED.length() <= 16
          ? IntVector.SPECIES_PREFERRED
          : IntVector.SPECIES_512;

  /** Lanes of a vector. */
  static final int L = F.length();

  static final float LOG2_E = 1.4426950408889634f;

  // Adding this rounds to an integer and leaves n + 126 in the low bits: 1.5 * 2^23 + 126.
  private static final float ROUND = 12582912f + 126f;
  private static final float LOWEST = -126f;
  private static final float HIGHEST = 128f;
  private static final int LOWEST_BITS = Float.floatToRawIntBits(LOWEST);

  // 2 * 2^f on [-0.5, 0.5], exact at 0, relative error below 9.2e-8 (least maximum, by Lawson's
  // iteration). The factor 2 is taken back by the scale 2^(n-1): so no product is ever subnormal,
  // which would be a hundred times slower.
  private static final float C0 = 2f;
  private static final float C1 = 2 * 0.6931469774692074f;
  private static final float C2 = 2 * 0.24022242003134983f;
  private static final float C3 = 2 * 0.05550733987147952f;
  private static final float C4 = 2 * 0.00967151900441292f;
  private static final float C5 = 2 * 0.0013264651591721234f;

  private VectorMath() {}

  /** Returns 2^x: within 2 ulp, 0 below -125.5, infinity from 128, NaN for NaN. */
  static FloatVector exp2(FloatVector x) {
    return exp2Clamped(x.max(LOWEST).min(HIGHEST));
  }

  /**
   * Returns 2^x for negative x, as {@link #exp2}.
   *
   * <p>The clamp is an integer minimum, one instruction where a float maximum takes six: the bits
   * of negative floats, read as int, grow with the magnitude.
   */
  static FloatVector exp2Negative(FloatVector x) {
    return exp2Clamped(x.reinterpretAsInts().min(LOWEST_BITS).reinterpretAsFloats());
  }

  private static FloatVector exp2Clamped(FloatVector x) {
    FloatVector t = x.add(ROUND);
    FloatVector f = x.sub(t.sub(ROUND));
    FloatVector p = FloatVector.broadcast(F, C5);
    p = p.fma(f, FloatVector.broadcast(F, C4));
    p = p.fma(f, FloatVector.broadcast(F, C3));
    p = p.fma(f, FloatVector.broadcast(F, C2));
    p = p.fma(f, FloatVector.broadcast(F, C1));
    p = p.fma(f, FloatVector.broadcast(F, C0));
    // The shift leaves n + 126 as the exponent field: 2^(n-1), and 0 for the lowest n.
    return p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
  }

  /** Returns 2^x, the same bits as a lane of {@link #exp2(FloatVector)}. */
  static float exp2(float x) {
    float clamped = Math.min(Math.max(x, LOWEST), HIGHEST);
    float t = clamped + ROUND;
    float f = clamped - (t - ROUND);
    float p = Math.fma(C5, f, C4);
    p = Math.fma(p, f, C3);
    p = Math.fma(p, f, C2);
    p = Math.fma(p, f, C1);
    p = Math.fma(p, f, C0);
    return p * Float.intBitsToFloat(Float.floatToRawIntBits(t) << 23);
  }

  /**
   * Returns the sum of the L elements of {@code lanes} from {@code at}, first to last.
   *
   * <p>The order of reduceLanes(ADD) is not specified: it may change when the JIT compiles.
   */
  static float sum(float[] lanes, int at) {
    float sum = 0;
    for (int i = 0; i < L; i++) {
      sum += lanes[at + i];
    }
    return sum;
  }
}

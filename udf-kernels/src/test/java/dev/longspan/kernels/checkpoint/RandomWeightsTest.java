package dev.longspan.kernels.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomWeightsTest {
  private static float[] read(WeightSource source, String name, long... shape) {
    Tensor tensor = source.tensor(name, shape);
    float[] values = new float[(int) tensor.elements()];
    tensor.read(0, values, 0, values.length);
    return values;
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void dependsOnSeedAndNameOnly(Dtype dtype) {
    WeightSource source = new RandomWeights(7, dtype);
    float[] values = read(source, "a.weight", 30, 20);

    assertArrayEquals(values, read(new RandomWeights(7, dtype), "a.weight", 30, 20));
    assertFalse(Arrays.equals(values, read(source, "b.weight", 30, 20)));
    assertFalse(Arrays.equals(values, read(new RandomWeights(8, dtype), "a.weight", 30, 20)));
    float[] part = new float[12];
    source.tensor("a.weight", 30, 20).read(333, part, 2, 10);
    assertArrayEquals(Arrays.copyOfRange(values, 333, 343), Arrays.copyOfRange(part, 2, 12));
  }

  @Test
  void keepsTheScaleOfActivations() {
    WeightSource source = new RandomWeights(1, Dtype.F32);
    float[] matrix = read(source, "model.layers.0.mlp.up_proj.weight", 100, 400);
    double squares = 0;
    for (float v : matrix) {
      squares += v * v;
    }
    assertEquals(1 / 20.0, Math.sqrt(squares / matrix.length), 1e-3);
    double sum = 0;
    for (float v : read(source, "model.norm.weight", 10000)) {
      sum += v;
    }
    assertEquals(1, sum / 10000, 0.01);
  }

  @Test
  void hasValuesThatItsTypeCanHold() {
    for (float v : read(new RandomWeights(3, Dtype.BF16), "w.weight", 1000)) {
      assertEquals(0, Float.floatToRawIntBits(v) & 0xffff);
    }
    boolean small = false;
    for (float v : read(new RandomWeights(3, Dtype.F16), "w.weight", 100, 1000)) {
      assertEquals(0, Float.floatToRawIntBits(v) & 0x1fff, "13 bits fewer than float32");
      assertEquals(0, Math.abs(v) * 0x1p24 % 1, "no smaller than the subnormal step");
      small |= v != 0 && Math.abs(v) < 1e-4;
    }
    assertTrue(small, "some values are subnormal in half precision or close to it");
  }

  @Test
  void readsRawBitsOfBfloat16Only() {
    float[] values = read(new RandomWeights(5, Dtype.BF16), "w", 17);
    short[] bits = new short[20];
    new RandomWeights(5, Dtype.BF16).tensor("w", 17).readBf16(3, bits, 1, 14);
    for (int i = 0; i < 14; i++) {
      assertEquals(values[3 + i], Dtype.fromBf16(bits[1 + i]));
    }
    Tensor other = new RandomWeights(5, Dtype.F16).tensor("w", 17);
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> other.readBf16(0, bits, 0, 1));
    assertEquals("tensor w is F16, not BF16", e.getMessage());
  }

  @Test
  void roundsToBfloat16WithTiesToEven() {
    assertEquals(1f, Dtype.fromBf16(Dtype.bf16(1.00390625f)), "halfway, down to even");
    assertEquals(1.015625f, Dtype.fromBf16(Dtype.bf16(1.01171875f)), "halfway, up to even");
    assertEquals(1.0078125f, Dtype.fromBf16(Dtype.bf16(1.004f)));
    assertEquals(-0f, Dtype.fromBf16(Dtype.bf16(-0f)));
    assertEquals(Float.POSITIVE_INFINITY, Dtype.fromBf16(Dtype.bf16(Float.MAX_VALUE)), "rounds up");
    assertTrue(Float.isNaN(Dtype.fromBf16(Dtype.bf16(Float.intBitsToFloat(0x7f800001)))));
  }
}

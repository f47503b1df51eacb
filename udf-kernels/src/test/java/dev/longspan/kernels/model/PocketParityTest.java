package dev.longspan.kernels.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.backend.TestBackends;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The default model against its reference run, in every stored prompt and mode. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PocketParityTest {
  private static final float TOLERANCE = 5e-3f;

  private final PocketReference reference = new PocketReference();

  PocketParityTest() throws IOException {}

  Stream<Arguments> runs() {
    // The oracle takes half a minute for 3,000 tokens: unless told otherwise, it repeats the run
    // that
    // selects blocks.
    boolean all = Boolean.getBoolean("longspan.parity.all");
    return TestBackends.all()
        .flatMap(
            backend ->
                reference
                    .runs()
                    .filter(
                        run ->
                            all
                                || !backend.equals("scalar")
                                || run.ids().length < 1000
                                || run.ids().length < 4000 && run.mode().equals("sparse_forced"))
                    .map(run -> Arguments.of(backend, run)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("runs")
  void agreesWithTheReference(String backendName, PocketReference.Run expected) {
    PocketReference.Run run;
    try (Backend backend = Backends.open(backendName)) {
      run = expected.on(backend);
    }
    float worst = expected.worstLogit(run);
    System.out.printf(
        "parity %s, %s: largest logit difference %.2e%n", backendName, expected, worst);
    assertTrue(worst <= TOLERANCE, "largest logit difference " + worst);
    assertArrayEquals(expected.argmax(), run.argmax(), "argmax of the last positions");
    assertArrayEquals(expected.greedy(), run.greedy(), "greedy tokens");
    assertEquals(expected.sparse(), run.sparse(), "sparse is active");
    expected
        .blocks()
        .forEach(
            (place, blocks) ->
                assertArrayEquals(
                    blocks, run.blocks().get(place), "blocks of layer.head " + place));
  }
}

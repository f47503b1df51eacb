package dev.longspan.kernels.model;

import java.util.stream.Stream;

/** The backends that tests run on. */
public final class TestBackends {
  private TestBackends() {}

  /** Returns the names of the backends that work here, the oracle first. */
  public static Stream<String> names() {
    return Stream.of("scalar");
  }
}

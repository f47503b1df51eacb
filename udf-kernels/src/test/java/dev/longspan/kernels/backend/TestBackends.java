package dev.longspan.kernels.backend;

import dev.longspan.kernels.backend.host.HostBackend;
import java.util.List;
import java.util.stream.Stream;

/** The backends that tests run on; a new backend is added here and nowhere else. */
public final class TestBackends {
  private static final List<String> NAMES = List.of("scalar", "vector");

  private TestBackends() {}

  /** Returns the names of all backends, the oracle first. */
  public static Stream<String> all() {
    return NAMES.stream();
  }

  /** Opens a backend whose operations are tested one by one. */
  public static HostBackend host(String name) {
    return (HostBackend) Backends.open(name);
  }

  /** Returns the names of the backends that are held against the oracle. */
  public static Stream<String> others() {
    return NAMES.stream().skip(1);
  }
}

package dev.longspan.kernels.bench;

import dev.longspan.kernels.backend.Backends;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.SparseConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Runs a bench where there is no Spark and no command line library: the options of {@code
 * bin/longspan bench}, each as {@code --name value}.
 */
public final class BenchMain {
  private final Map<String, String> options = new LinkedHashMap<>();

  private BenchMain(String[] args) {
    int i = 1;
    while (i < args.length) {
      String name = args[i++];
      boolean valued = i < args.length && !args[i].startsWith("--");
      options.put(name, valued ? args[i++] : "");
    }
  }

  /**
   * Prints a JSON line for each case of {@code args[0]}: prefill, decode, engine or load of a
   * model; attention, gemm or crossover of kernels.
   */
  public static void main(String[] args) {
    BenchMain main = new BenchMain(args);
    Peers peers =
        main.options.containsKey("--peers")
            ? Peers.read(Path.of(main.options.remove("--peers")))
            : Peers.NONE;
    StringBuilder command = new StringBuilder("bin/longspan bench ").append(args[0]);
    main.options.forEach(
        (name, value) -> command.append((" " + name + " " + value).stripTrailing()));
    main.run(args[0], command.toString(), line -> System.out.println(peers.addTo(line).toJson()));
  }

  private void run(String bench, String command, Consumer<BenchRecord> sink) {
    switch (bench) {
      case "attention" -> AttentionBench.run(attention(command), sink);
      case "gemm" -> GemmBench.run(gemm(command), sink);
      case "crossover" -> CrossoverBench.run(crossover(command), sink);
      case "load" -> LoadBench.run(load(command), sink);
      default -> model(bench, command, sink);
    }
  }

  private AttentionBench.Options attention(String command) {
    return new AttentionBench.Options(
        texts("--phases", "prefill,decode"),
        heads(),
        sparse(),
        options.containsKey("--lengths") ? numbers("--lengths", "") : null,
        numbers("--batches", "1,8,32"),
        texts("--inputs", "random,clustered"),
        number("--runs", 5),
        number("--warmups", 2),
        text("--gpu", "0"),
        command);
  }

  private ModelConfig shape() {
    return BenchModel.config(text("--shape", "minicpm4.1-8b"));
  }

  private HeadLayout heads() {
    return options.containsKey("--heads")
        ? HeadLayout.parse(text("--heads", ""))
        : HeadLayout.of(shape());
  }

  private SparseConfig sparse() {
    return options.containsKey("--heads") ? SparseConfig.MINICPM4 : shape().sparseOrDefault();
  }

  private GemmBench.Options gemm(String command) {
    return new GemmBench.Options(
        shape(),
        numbers("--rows", "1,8,32,64,4096,32768"),
        number("--runs", 5),
        number("--warmups", 2),
        text("--gpu", "0"),
        command);
  }

  private CrossoverBench.Options crossover(String command) {
    return new CrossoverBench.Options(
        heads(),
        sparse(),
        number("--longest", 131072),
        numbers("--batches", "1,8"),
        texts("--inputs", "clustered"),
        number("--runs", 5),
        number("--warmups", 2),
        text("--gpu", "0"),
        command);
  }

  private LoadBench.Options load(String command) {
    return new LoadBench.Options(
        folder(), text("--backend", "auto"), number("--runs", 5), number("--warmups", 2), command);
  }

  private Path folder() {
    return Path.of(text("--model", "../datasets/models/pocket"));
  }

  private void model(String bench, String command, Consumer<BenchRecord> sink) {
    String backend = text("--backend", "auto");
    List<String> methods = texts("--attention", "dense,infllm-v2");
    int runs = number("--runs", 5);
    int warmups = number("--warmups", 2);
    try (BenchModel subject =
        options.containsKey("--random-weights")
            ? BenchModel.random(text("--shape", "pocket"), backend)
            : BenchModel.open(folder(), Backends.open(backend))) {
      subject.setDenseLength(optional("--dense-len"));
      switch (bench) {
        case "prefill" ->
            PrefillBench.run(
                subject,
                new PrefillBench.Options(
                    numbers("--lengths", "4096,16384"),
                    methods,
                    runs,
                    warmups,
                    texts("--inputs", "random"),
                    optional("--chunk-tokens"),
                    command),
                sink);
        case "decode" ->
            DecodeBench.run(
                subject,
                new DecodeBench.Options(
                    numbers("--depths", "0,4096"),
                    numbers("--batches", "1"),
                    methods,
                    number("--tokens", 256),
                    runs,
                    warmups,
                    command),
                sink);
        case "engine" ->
            EngineBench.run(
                subject,
                new EngineBench.Options(
                    number("--requests", 32),
                    number("--input-tokens", 4096),
                    number("--output-tokens", 256),
                    methods,
                    runs,
                    warmups,
                    optional("--chunk-tokens"),
                    optional("--max-sequences"),
                    command),
                sink);
        default ->
            throw new IllegalArgumentException(
                "bench '"
                    + bench
                    + "' is unknown; use prefill, decode, engine, load, attention, gemm or crossover");
      }
    }
  }

  private String text(String name, String otherwise) {
    return options.getOrDefault(name, otherwise);
  }

  private int number(String name, int otherwise) {
    return Integer.parseInt(text(name, Integer.toString(otherwise)));
  }

  private Integer optional(String name) {
    return options.containsKey(name) ? number(name, 0) : null;
  }

  private List<String> texts(String name, String otherwise) {
    return List.of(text(name, otherwise).split(","));
  }

  private List<Integer> numbers(String name, String otherwise) {
    return Arrays.stream(text(name, otherwise).split(",")).map(Integer::valueOf).toList();
  }
}

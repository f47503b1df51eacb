package dev.longspan.eval.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.eval.Generation;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.score.SuiteScorers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** A made-up run of any size to lay reports out with: none of its numbers was measured. */
final class SyntheticRun {
  private static final List<String> TASKS =
      List.of(
          "niah_single_1",
          "niah_single_2",
          "niah_single_3",
          "niah_multikey_1",
          "niah_multikey_2",
          "niah_multikey_3",
          "niah_multivalue",
          "niah_multiquery",
          "vt",
          "cwe",
          "fwe",
          "qa_1",
          "qa_2");

  final List<SampleSummary> samples = new ArrayList<>();
  final List<Generation> generations = new ArrayList<>();
  private final List<String> methods;
  private final SplittableRandom random = new SplittableRandom(7);

  SyntheticRun(int tasks, List<Integer> lengths, int samplesPerCell, List<String> methods) {
    this.methods = methods;
    for (int length : lengths) {
      for (String task : TASKS.subList(TASKS.size() - tasks, TASKS.size())) {
        for (int i = 0; i < samplesPerCell; i++) {
          add(task, length, i);
        }
      }
    }
  }

  private void add(String task, int length, int index) {
    String id = task + "-" + index;
    List<String> references =
        IntStream.range(0, task.contains("multi") ? 4 : 1)
            .mapToObj(i -> String.valueOf(random.nextInt(1_000_000, 10_000_000)))
            .toList();
    samples.add(
        new SampleSummary(
            "ruler",
            task,
            length,
            id,
            "The ledger of the harbour office was kept by three clerks in turn. In the spring of"
                + " 1871 Ines Korhonen recorded the arrival of the brig Aurora from Bergen.",
            "Which number was noted for the harbour of Bergen? The number noted was",
            references,
            Map.of("haystack", "chronicle")));
    double hardness = TASKS.indexOf(task) / 14.0 * Math.log(length / 512.0) / Math.log(256);
    double luck = random.nextDouble();
    for (int m = 0; m < methods.size(); m++) {
      boolean right =
          luck + random.nextDouble(0.12) > hardness + (m == 2 ? hardness / 2 : 0.02 * m);
      double speed = m == 0 ? 9e6 / (2500 + length) : 4000;
      if (m == 1 && random.nextInt(200) == 0) {
        generations.add(
            row(
                task,
                length,
                id,
                m,
                "",
                "out_of_pages",
                "needs 130 pages of 64 tokens, 128 exist"));
      } else {
        String text =
            right
                ? " " + String.join(", ", references) + "."
                : " " + references.get(0).substring(0, 3) + "0000, as the second clerk wrote.";
        Generation row = row(task, length, id, m, text, null, null);
        double prefill = row.promptTokens() / (speed * random.nextDouble(0.9, 1.1));
        double decode = 11 / ((m == 0 ? 1e6 / (1300 + length) : 420) * random.nextDouble(0.9, 1.1));
        generations.add(timed(row, prefill, decode));
      }
    }
  }

  private Generation row(
      String task, int length, String id, int m, String text, String code, String message) {
    String finish = code != null ? "error" : random.nextInt(9) == 0 ? "length" : "stop";
    String key = "k" + generations.size();
    return new Generation(
        key,
        "ruler",
        task,
        length,
        id,
        0,
        methods.get(m),
        text,
        length - 40,
        12,
        finish,
        code,
        message,
        0,
        0);
  }

  private static Generation timed(Generation row, double prefill, double decode) {
    return new Generation(
        row.key(),
        row.suite(),
        row.task(),
        row.length(),
        row.sampleId(),
        row.attempt(),
        row.method(),
        row.text(),
        row.promptTokens(),
        row.newTokens(),
        row.finishReason(),
        row.errorCode(),
        row.errorMessage(),
        prefill,
        decode);
  }

  static ObjectNode manifest() throws IOException {
    return (ObjectNode)
        new ObjectMapper()
            .readTree(
                """
                {"version":1,
                 "command":["bin/longspan","evaluate","--suite","ruler","--out","a folder"],
                 "model":{"name":"pocket","path":"datasets/models/pocket",
                  "digest":"9f2c61a4c1c0b6ae4c6c1f3a8e1d5b7790aa3e51c2f04d88b6e7a1f2c3d4e5f6",
                  "architecture":"MiniCPMForCausalLM","parameters":8400000},
                 "methods":[{"name":"dense","settings":{}},
                  {"name":"infllm-v2","settings":{"block_size":64,"topk":16,"lse":"exact"}}],
                 "suites":[{"name":"ruler","version":"1","tasks":["vt","cwe","fwe","qa_1","qa_2"],
                  "lengths":[1024,8192],"samples":8,"seed":42,"haystack":"chronicle",
                  "templates":"default"}],
                 "sampling":{"temperature":0,"max_new_tokens":128},
                 "software":{"longspan":"0.1.0","spark":"4.1.1","java":"17.0.12","os":"Linux"},
                 "hardware":{"cpu":"AMD EPYC","cores":2,"backend":"vector","heap_bytes":4294967296},
                 "times":{"started":"2026-11-24T14:00:00Z","finished":"2026-11-24T14:03:20Z",
                  "wall_seconds":200.4},
                 "counts":{"rows":160,"errors":0,"reused":0}}
                """);
  }

  List<ScoredSuite> suites() {
    return ScoredSuite.of(samples, generations, "dense", SuiteScorers.standard());
  }

  Scores scores() {
    return Scoring.score(suites(), "dense", 42);
  }

  Path write(Path folder) throws IOException {
    Reports.write(folder, manifest(), scores(), suites());
    return folder;
  }

  /** Writes reports of three sizes into the folder given, to look at them in a browser. */
  public static void main(String[] args) throws IOException {
    Path out = Path.of(args[0]);
    List<String> two = List.of("dense", "infllm-v2");
    SyntheticRun small = new SyntheticRun(5, List.of(1024, 8192), 8, two);
    small.write(out.resolve("small"));
    System.out.println(Reports.consoleTable(small.scores()));
    List<Integer> lengths = List.of(4096, 8192, 16384, 32768, 65536, 131072);
    SyntheticRun large =
        new SyntheticRun(13, lengths, 50, List.of("dense", "infllm-v2", "sliding-window"));
    large.write(out.resolve("large"));
    System.out.println(Reports.consoleTable(large.scores()));
    SyntheticRun one = new SyntheticRun(3, List.of(2048), 4, List.of("infllm-v2"));
    one.write(out.resolve("one"));
    System.out.println(Reports.consoleTable(one.scores()));
  }
}

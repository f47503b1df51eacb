package dev.longspan.spark.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.run.GenerationTable;
import dev.longspan.spark.run.SampleTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tasks share an engine, and outlive one that fails. */
class SharedEngineTest {
  @TempDir private static Path temp;
  private static final Configuration CONFIGURATION = new Configuration();
  private static SparkContext context;
  private static Path model;

  @BeforeAll
  static void start() throws IOException {
    model = TinyModel.write(temp.resolve("model"), 1024, 5);
    context =
        SparkContext.getOrCreate(
            new SparkConf()
                .setMaster("local[1]")
                .setAppName("test")
                .set("spark.ui.enabled", "false"));
  }

  @AfterAll
  static void stop() {
    context.stop();
  }

  @AfterEach
  void closeEngines() {
    Engines.closeIdle();
    assertEquals(0, Engines.open(), "an engine is still leased");
  }

  private static EngineSpec engine(Integer maxSequences) {
    return new EngineSpec(model.toString(), "digest", "vector", null, maxSequences);
  }

  private static JobSpec job(EngineSpec engine) {
    return new JobSpec(
        engine,
        List.of(
            new MethodSpec("dense", null, null, null),
            new MethodSpec("infllm-v2", null, null, null)),
        new SamplingSpec(0, 0, 1, 0, 1, List.of(), 1),
        1,
        PromptFormat.PLAIN,
        false,
        0,
        5);
  }

  private static List<Row> work(int rows) {
    List<Row> work = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      Sample sample =
          new Sample(
              "s",
              "t",
              0,
              "" + i,
              List.of(Message.user("Number " + i + ", please. ".repeat(1 + i % 30))),
              "",
              List.of(),
              20,
              Map.of());
      Row columns = SampleTable.row(sample, 10);
      Object[] input = new Object[columns.length() + 1];
      for (int c = 0; c < columns.length(); c++) {
        input[c] = columns.get(c);
      }
      work.add(Work.row(RowFactory.create(input), "key-" + i, i % 2, 0, 1));
    }
    return work;
  }

  private static Set<String> keys(List<Row> answers) {
    Set<String> keys = new HashSet<>();
    answers.forEach(row -> assertTrue(keys.add(row.getString(0)), () -> row + " comes twice"));
    return keys;
  }

  private static Answers answers(List<Row> work, JobSpec job, Set<String> done) {
    return new Answers(
        work.iterator(),
        Engines.acquire(job.engine(), CONFIGURATION),
        job,
        done,
        Counters.register(context));
  }

  @Test
  void equalSpecsShareAnEngineUntilAnotherIsWanted() {
    EngineLease first = Engines.acquire(engine(4), CONFIGURATION);
    EngineLease second = Engines.acquire(engine(4), CONFIGURATION);
    assertSame(first.shared(), second.shared());
    first.close();
    first.close();
    second.close();
    try (EngineLease third = Engines.acquire(engine(4), CONFIGURATION)) {
      assertSame(first.shared(), third.shared(), "an idle engine was not kept");
      assertEquals(1, Engines.open());
      try (EngineLease other = Engines.acquire(engine(2), CONFIGURATION)) {
        assertNotSame(third.shared(), other.shared());
        assertEquals(2, Engines.open(), "an engine in use was closed");
      }
    }
    try (EngineLease again = Engines.acquire(engine(2), CONFIGURATION)) {
      assertEquals("vector", again.backend());
    }
  }

  @Test
  void rowsComeBackOnceWhateverTheWindow() {
    for (Integer window : new Integer[] {1, 3, null}) {
      List<Row> rows = new ArrayList<>();
      try (Answers answers = answers(work(11), job(engine(window)), Set.of("key-4"))) {
        answers.forEachRemaining(rows::add);
      }
      Set<String> keys = keys(rows);
      assertEquals(10, keys.size());
      assertFalse(keys.contains("key-4"), "an answer that was written before is computed again");
      rows.forEach(row -> assertEquals(null, GenerationTable.generation(row).errorCode()));
    }
  }

  @Test
  void anEngineThatStopsIsReplacedAndItsRowsAskedAgain() {
    JobSpec job = job(engine(4));
    List<Row> undisturbed = new ArrayList<>();
    try (Answers answers = answers(work(12), job, Set.of())) {
      answers.forEachRemaining(undisturbed::add);
    }
    List<Row> rows = new ArrayList<>();
    try (Answers answers = answers(work(12), job, Set.of());
        EngineLease saboteur = Engines.acquire(job.engine(), CONFIGURATION)) {
      rows.add(answers.next());
      saboteur.shared().running().engine().close();
      answers.forEachRemaining(rows::add);
    }
    assertEquals(12, keys(rows).size());
    Map<String, String> expected = texts(undisturbed);
    assertEquals(expected, texts(rows));
  }

  private static Map<String, String> texts(List<Row> rows) {
    Map<String, String> texts = new HashMap<>();
    for (Row row : rows) {
      assertEquals(null, GenerationTable.generation(row).errorCode());
      texts.put(row.getString(0), GenerationTable.generation(row).text());
    }
    return texts;
  }
}

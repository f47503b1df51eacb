package dev.longspan.datasets.ruler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.TokenCounter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RulerTest {
  static Stream<Arguments> cells() {
    return Ruler.TASKS.stream()
        .flatMap(
            task ->
                Stream.of(512, 1024, 4096, 16_384)
                    .flatMap(
                        length ->
                            Stream.of(Counters.values())
                                .map(counter -> Arguments.of(task, length, counter))));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("cells")
  void promptsFillTheirLengthAndNeverExceedIt(String task, int length, Counters counter) {
    int samples = length > 10_000 ? 2 : 8;
    List<Sample> cell = Ruler.of(options(samples)).cell(task, length, counter);
    assertEquals(samples, cell.size());
    double sum = 0;
    for (Sample sample : cell) {
      double fill = counter.fill(sample);
      assertTrue(fill <= 1, () -> "sample " + sample.id() + " fills " + fill);
      assertEquals("%.3f".formatted(fill), sample.info().get("fill"));
      sum += fill;
    }
    double mean = sum / samples;
    assertTrue(mean >= 0.95, () -> "the mean fill is " + mean);
  }

  @Test
  void countingIsRare() {
    AtomicLong counted = new AtomicLong();
    TokenCounter counter =
        (messages, prefix) -> {
          int tokens = Counters.PIECES.count(messages, prefix);
          counted.addAndGet(tokens);
          return tokens;
        };
    Ruler ruler = Ruler.of(options(1));
    for (String task : Ruler.TASKS) {
      counted.set(0);
      ruler.sample(task, 16_384, 0, counter);
      long passes = counted.get() / 16_384;
      assertTrue(passes <= 3, () -> task + " counts its tokens " + passes + " times");
    }
  }

  @ParameterizedTest
  @EnumSource(Counters.class)
  void aSampleDependsOnItsNameAlone(Counters counter) {
    List<Sample> inOrder = Ruler.generate(options(3), counter);
    Ruler ruler = Ruler.of(options(5));
    List<Sample> alone =
        IntStream.range(0, inOrder.size())
            .parallel()
            .mapToObj(
                i -> {
                  Sample sample = inOrder.get(inOrder.size() - 1 - i);
                  int index = Integer.parseInt(sample.id());
                  return ruler.sample(sample.task(), sample.length(), index, counter);
                })
            .toList();
    List<Sample> reversed = new ArrayList<>(alone);
    Collections.reverse(reversed);
    assertEquals(inOrder, reversed);
  }

  @Test
  void everyPartOfTheNameMatters() {
    for (String task : Ruler.TASKS) {
      Set<List<String>> references = new HashSet<>();
      Set<Object> prompts = new HashSet<>();
      for (long seed : new long[] {1, 2}) {
        Ruler ruler = Ruler.of(RulerOptions.of(List.of(task), List.of(512), 2, seed));
        for (int length : new int[] {1024, 1025}) {
          for (int index : new int[] {0, 1}) {
            Sample sample = ruler.sample(task, length, index, Counters.WORDS);
            references.add(sample.references());
            prompts.add(sample.messages());
          }
        }
      }
      assertEquals(8, prompts.size(), task);
      assertTrue(references.size() > 4, () -> task + " has the answers " + references);
    }
  }

  @Test
  void aSampleSaysWhatItIs() {
    Sample sample =
        Ruler.generate(
                RulerOptions.of(List.of("niah_single_2"), List.of(512), 1, 7), Counters.WORDS)
            .get(0);
    assertEquals("ruler", sample.suite());
    assertEquals("niah_single_2", sample.task());
    assertEquals(512, sample.length());
    assertEquals("0", sample.id());
    assertEquals(128, sample.maxNewTokens());
    Map<String, String> info = sample.info();
    assertEquals("generated-v1", info.get("haystack"));
    assertEquals("own-v1", info.get("templates"));
    assertEquals("all", info.get("metric"));
    assertTrue(info.get("depth").matches("\\d+%"), info.get("depth"));
    int tokens = Counters.WORDS.count(sample.messages(), sample.answerPrefix());
    assertEquals(String.valueOf(tokens), info.get("prompt_tokens"));
  }

  @Test
  void onlyQuestionsAreScoredByTheirBestReference() {
    assertEquals("part", Ruler.metric("qa_1"));
    assertEquals("part", Ruler.metric("qa_2"));
    assertEquals("all", Ruler.metric("cwe"));
    assertRefused(
        () -> Ruler.metric("niah"),
        "RULER has no task niah; its tasks are niah_single_1, niah_single_2, niah_single_3,"
            + " niah_multikey_1, niah_multikey_2, niah_multikey_3, niah_multivalue,"
            + " niah_multiquery, vt, cwe, fwe, qa_1, qa_2");
  }

  @Test
  void whatCannotFitSaysWhatWould() {
    Ruler ruler = Ruler.of(options(1));
    for (String task : Ruler.TASKS) {
      String message =
          assertThrows(DatasetException.class, () -> ruler.sample(task, 140, 0, Counters.PIECES))
              .getMessage();
      assertTrue(
          message.startsWith("RULER " + task + " does not fit into 140 tokens: sample 0 needs "),
          message);
      int enough = Integer.parseInt(message.substring(message.lastIndexOf(' ') + 1));
      assertTrue(enough > 140, message);
      assertTrue(enough <= 512, message);
    }
  }

  @Test
  void theNamedLengthIsEnough() {
    Ruler ruler = Ruler.of(options(1));
    DatasetException refused =
        assertThrows(
            DatasetException.class, () -> ruler.sample("niah_multikey_3", 200, 0, Counters.PIECES));
    String message = refused.getMessage();
    int enough = Integer.parseInt(message.substring(message.lastIndexOf(' ') + 1));
    Sample sample = ruler.sample("niah_multikey_3", enough, 0, Counters.PIECES);
    assertTrue(Counters.PIECES.fill(sample) <= 1);
  }

  @Test
  void aCounterThatIgnoresTheTextEndsTheSearch() {
    Sample sample = Ruler.of(options(1)).sample("niah_single_1", 512, 0, (messages, prefix) -> 100);
    assertEquals("0.445", sample.info().get("fill"));
  }

  @Test
  void optionsAreChecked() {
    assertRefused(
        () -> Ruler.of(RulerOptions.of(List.of("vt"), List.of(1024, 0), 1, 1)),
        "A RULER length of 0 tokens; use 512 or more");
    assertRefused(
        () -> Ruler.of(RulerOptions.of(List.of("vt"), List.of(1024), 0, 1)),
        "0 samples per RULER task and length; use at least 1");
  }

  @Test
  void longPromptsOfTheSameTaskHoldOtherSamples() {
    Ruler ruler = Ruler.of(options(1));
    Sample small = ruler.sample("niah_single_1", 512, 0, Counters.WORDS);
    Sample large = ruler.sample("niah_single_1", 4096, 0, Counters.WORDS);
    assertNotEquals(small.references(), large.references());
  }

  private static RulerOptions options(int samples) {
    return RulerOptions.of(Ruler.TASKS, List.of(512, 1024), samples, 42);
  }

  private static void assertRefused(Executable action, String message) {
    assertEquals(message, assertThrows(DatasetException.class, action).getMessage());
  }
}

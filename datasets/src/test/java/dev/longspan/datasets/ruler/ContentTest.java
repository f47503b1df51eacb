package dev.longspan.datasets.ruler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands in the prompts: answers where they belong and as often as they should. */
class ContentTest {
  private static final Pattern NEEDLE = Pattern.compile("The magic \\w+ for (\\S+) is (\\S+)\\.");

  @ParameterizedTest
  @CsvSource({
    "niah_single_1, 1, 1, 1, '\\d{7}'",
    "niah_single_2, 1, 1, 1, '\\d{7}'",
    "niah_single_3, 1, 1, 1, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'",
    "niah_multikey_1, 4, 1, 1, '\\d{7}'",
    "niah_multivalue, 1, 4, 1, '\\d{7}'",
    "niah_multiquery, 4, 1, 4, '\\d{7}'"
  })
  void needlesAreHiddenOnce(String task, int keys, int values, int queries, String form) {
    for (Sample sample : samples(task, 2048, 20)) {
      List<MatchResult> needles = needles(sample);
      assertEquals(keys * values, needles.size());
      Set<String> distinct = needles.stream().map(n -> n.group(1)).collect(Collectors.toSet());
      assertEquals(keys, distinct.size());
      assertEquals(queries * values, sample.references().size());
      for (String reference : sample.references()) {
        assertTrue(reference.matches(form), reference);
        assertEquals(1, count(text(sample), reference));
      }
      String question = question(sample);
      List<String> asked = new ArrayList<>();
      for (MatchResult needle : needles) {
        if (question.contains(needle.group(1))) {
          asked.add(needle.group(2));
        }
      }
      assertEquals(new TreeSet<>(asked), new TreeSet<>(sample.references()));
    }
  }

  @Test
  void severalKeysAreAskedForInTheOrderOfTheAnswers() {
    for (Sample sample : samples("niah_multiquery", 1024, 10)) {
      Map<String, String> values = new HashMap<>();
      needles(sample).forEach(needle -> values.put(needle.group(1), needle.group(2)));
      List<String> keys = List.of(question(sample).split("for |, and |, |\\?"));
      List<String> answers = keys.subList(1, 5).stream().map(values::get).toList();
      assertEquals(answers, sample.references());
      assertTrue(question(sample).matches("What are all the magic numbers for .*, .*, .*, and .*"));
    }
  }

  @Test
  void oneValueIsAskedForInTheSingular() {
    Sample sample = samples("niah_single_3", 512, 1).get(0);
    assertTrue(question(sample).startsWith("What is the magic uuid for "), question(sample));
  }

  @ParameterizedTest
  @ValueSource(strings = {"niah_multikey_2", "niah_multikey_3"})
  void distractorsAreNeedlesOfTheirOwn(String task) {
    for (Sample sample : samples(task, 4096, 5)) {
      List<MatchResult> needles = needles(sample);
      assertTrue(needles.size() > 20, () -> "only " + needles.size());
      Set<String> keys = new HashSet<>();
      Set<String> values = new HashSet<>();
      for (MatchResult needle : needles) {
        assertTrue(keys.add(needle.group(1)), needle.group());
        assertTrue(values.add(needle.group(2)), needle.group());
      }
      assertEquals(1, count(text(sample), sample.references().get(0)));
    }
  }

  @Test
  void keysDoNotRunOut() {
    Set<String> taken = new HashSet<>();
    Random random = new Random(1);
    for (int i = 0; i < 40_000; i++) {
      String key = Draws.fresh("words", random, taken);
      assertTrue(key.matches("[a-z]+(-[a-z]+)+"), key);
    }
    assertEquals(40_000, taken.size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"niah_single_1", "niah_single_2"})
  void fortySamplesCoverAllDepths(String task) {
    Set<String> depths = new HashSet<>();
    for (Sample sample : samples(task, 2048, 40)) {
      String depth = sample.info().get("depth");
      depths.add(depth);
      String hay = text(sample).split("\n", 2)[1].split("\n\n")[0];
      double place = (double) hay.indexOf("The magic") / hay.length();
      int percent = Integer.parseInt(depth.replace("%", ""));
      assertEquals(percent, 100 * place, 8, "sample " + sample.id());
    }
    assertEquals(40, depths.size());
    assertTrue(depths.containsAll(Set.of("0%", "3%", "51%", "97%", "100%")), depths.toString());
  }

  @Test
  void noiseRepeatsFiveLines() {
    for (Sample sample : samples("niah_single_1", 2048, 3)) {
      List<String> lines =
          text(sample).lines().filter(line -> !line.contains("magic")).skip(1).toList();
      Set<String> distinct = new HashSet<>(lines);
      distinct.remove("");
      assertEquals(5, distinct.size());
    }
  }

  @Test
  void chainsLeadFromTheValueToEveryVariable() {
    Pattern assignment = Pattern.compile("VAR ([A-Z]{5}) = (?:VAR )?(\\w+)\\.");
    for (Sample sample : samples("vt", 1024, 20)) {
      assertEquals("yes", sample.info().get("example"));
      String text = text(sample);
      String asked = question(sample).replaceAll("\\D", "");
      List<String> chain = new ArrayList<>();
      String link = asked;
      for (MatchResult step : assignment.matcher(text).results().toList()) {
        if (step.group(2).equals(link)) {
          link = step.group(1);
          chain.add(link);
        }
      }
      assertEquals(chain, sample.references());
      assertEquals(5, chain.size());
      assertEquals(10, assignment.matcher(text).results().count());
      assertTrue(sample.answerPrefix().contains(" 5 variables have the value " + asked));
    }
  }

  @Test
  void theExampleOfTheChainsIsSolved() {
    Sample sample = samples("vt", 1024, 1).get(0);
    MatchResult solved =
        Pattern.compile("these 5 variables have the value (\\d+): ([A-Z ]+)\n")
            .matcher(text(sample))
            .results()
            .findFirst()
            .orElseThrow();
    List<String> names = List.of(solved.group(2).split(" "));
    assertEquals(5, new HashSet<>(names).size());
    assertTrue(text(sample).contains("VAR " + names.get(0) + " = " + solved.group(1) + "."));
    assertFalse(sample.references().stream().anyMatch(names::contains));
  }

  @ParameterizedTest
  @CsvSource({"4096, 30, 3, yes", "16384, 30, 3, yes", "1024, 6, 1, yes", "512, 3, 1, no"})
  void commonWordsOccurOftenAndOthersSeldom(int length, int often, int seldom, String example) {
    for (Sample sample : samples("cwe", length, 4)) {
      assertEquals(often + "/" + seldom, sample.info().get("frequencies"));
      assertEquals(example, sample.info().get("example"));
      String[] tasks = text(sample).split("Below is a long list");
      String list = tasks[tasks.length - 1].split("\n")[1];
      Map<String, Long> counts =
          Arrays.stream(list.split(" ?\\d+\\. "))
              .filter(word -> !word.isEmpty())
              .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
      assertEquals(10, sample.references().size());
      for (String reference : sample.references()) {
        assertEquals(often, counts.remove(reference).intValue(), reference);
      }
      assertTrue(counts.size() >= 10);
      assertEquals(Set.of((long) seldom), new HashSet<>(counts.values()));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 8192})
  void codeWordsFallInFrequency(int length) {
    for (Sample sample : samples("fwe", length, 5)) {
      String coded = text(sample).lines().skip(1).findFirst().orElseThrow();
      Map<String, Long> counts =
          Arrays.stream(coded.split(" "))
              .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
      List<String> order = new ArrayList<>(counts.keySet());
      order.sort((a, b) -> Long.compare(counts.get(b), counts.get(a)));
      assertEquals("...", order.get(0));
      assertEquals(order.subList(1, 4), sample.references());
      for (int rank = 1; rank < 4; rank++) {
        assertTrue(counts.get(order.get(rank)) > counts.get(order.get(rank + 1)));
      }
      assertTrue(order.subList(1, order.size()).stream().allMatch(w -> w.matches("[a-z]{6}")));
    }
  }

  @Test
  void aQuestionIsAnsweredByTheArticleOnItsPerson() {
    Pattern name = Pattern.compile("([A-Z]\\w+ [A-Z]\\w+)(?! *=)");
    for (Sample sample : samples("qa_1", 2048, 30)) {
      String hero =
          name.matcher(question(sample).replaceFirst("Question: \\w+ ", ""))
              .results()
              .findFirst()
              .orElseThrow()
              .group(1);
      List<String> articles =
          documents(sample).stream().filter(document -> document.startsWith(hero + "\n")).toList();
      assertEquals(1, articles.size(), hero);
      assertTrue(articles.get(0).contains(sample.references().get(0)), question(sample));
    }
  }

  @Test
  void twoArticlesLeadToTheMayor() {
    for (Sample sample : samples("qa_2", 2048, 30)) {
      String hero = question(sample).replaceFirst(".*where (.*) lives.*", "$1");
      String person = document(sample, hero);
      String town = person.replaceFirst("(?s).* lives in ([^.]*)\\..*", "$1");
      String mayor = sample.references().get(0);
      assertTrue(document(sample, town).contains("The mayor of " + town + " is " + mayor + "."));
      assertFalse(person.contains(mayor), "one article must not do");
      long mayors = count(text(sample), "The mayor of ");
      assertTrue(mayors > 3, () -> "there are only " + mayors + " towns to choose from");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qa_1", "qa_2"})
  void theAnswerIsNotAlwaysInTheSamePlace(String task) {
    Set<Integer> places = new HashSet<>();
    for (Sample sample : samples(task, 2048, 20)) {
      places.add(text(sample).lastIndexOf(sample.references().get(0)) * 5 / text(sample).length());
    }
    assertTrue(places.size() >= 4, places.toString());
  }

  private static List<Sample> samples(String task, int length, int count) {
    RulerOptions options = RulerOptions.of(List.of(task), List.of(length), count, 42);
    return Ruler.generate(options, Counters.PIECES);
  }

  private static String text(Sample sample) {
    return sample.messages().get(0).content();
  }

  private static String question(Sample sample) {
    return text(sample).substring(text(sample).lastIndexOf("\n\n") + 2);
  }

  private static List<MatchResult> needles(Sample sample) {
    return NEEDLE.matcher(text(sample)).results().toList();
  }

  private static List<String> documents(Sample sample) {
    List<String> parts = List.of(text(sample).split("\n\n(Document \\d+:\n|Question: )"));
    return parts.subList(1, parts.size() - 1);
  }

  private static String document(Sample sample, String title) {
    return documents(sample).stream()
        .filter(document -> document.startsWith(title + "\n"))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no document on " + title));
  }

  private static long count(String text, String part) {
    return Pattern.compile(Pattern.quote(part)).matcher(text).results().count();
  }
}

package dev.longspan.datasets.prose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChronicleTest {
  /** About 150,000 words, more than 200,000 tokens of a usual tokenizer. */
  private static final int LONG = 10_000;

  @Test
  void equalSeedsTellTheSameStory() {
    assertEquals(tell(5, 300), tell(5, 300));
    assertNotEquals(tell(5, 300), tell(6, 300));
  }

  @Test
  void theRecordCanBeReadInAnyOrder() {
    Chronicle late = new Chronicle(9);
    String last = late.sentence(200);
    assertEquals(tell(9, 201), IntStream.rangeClosed(0, 200).mapToObj(late::sentence).toList());
    assertEquals(last, late.sentence(200));
  }

  @Test
  void noSentenceOccursTwice() {
    List<String> sentences = tell(1, LONG);
    assertEquals(LONG, new HashSet<>(sentences).size());
    int words = sentences.stream().mapToInt(s -> s.split(" ").length).sum();
    assertTrue(words > 130_000, () -> "only " + words + " words");
  }

  @Test
  void sentencesAreWellFormed() {
    for (String sentence : tell(2, 4000)) {
      assertTrue(sentence.matches("[A-Z0-9].*[^ ,]\\."), sentence);
      assertFalse(
          sentence.matches(".*([\\[\\]{}|]|  | [.,]|\\.\\.|=>| an [^aeiou]| a [aeiou]).*"),
          sentence);
    }
  }

  @Test
  void noNumberCouldBeTakenForANeedle() {
    for (String sentence : tell(3, 4000)) {
      assertFalse(sentence.matches(".*\\d{5}.*"), sentence);
    }
  }

  @Test
  void peopleKeepTheirTrades() {
    Pattern role = Pattern.compile("([A-Z]\\w+ [A-Z]\\w+), the (\\w+ of [A-Z]\\w+)[,.]");
    Map<String, Set<String>> roles = new HashMap<>();
    Map<String, Integer> mentions = new HashMap<>();
    for (String sentence : tell(4, 4000)) {
      for (MatchResult match : role.matcher(sentence).results().toList()) {
        if (!match.group(2).startsWith("mayor")) {
          roles.computeIfAbsent(match.group(1), n -> new HashSet<>()).add(match.group(2));
          mentions.merge(match.group(1), 1, Integer::sum);
        }
      }
    }
    assertTrue(roles.size() > 50, () -> "only " + roles.size() + " people");
    roles.forEach((name, trades) -> assertEquals(1, trades.size(), name + " is " + trades));
    assertTrue(mentions.values().stream().filter(n -> n > 3).count() > 50, mentions.toString());
  }

  @Test
  void laterEntriesReferToEarlierOnes() {
    List<String> sentences = tell(8, 3000);
    Pattern bought = Pattern.compile("the (\\w+) that (\\w+ \\w+) had bought from (\\w+ \\w+), ");
    int found = 0;
    for (int i = 0; i < sentences.size(); i++) {
      for (MatchResult recall : bought.matcher(sentences.get(i)).results().toList()) {
        String deed =
            recall.group(2)
                + ".* bought an? "
                + recall.group(1)
                + " from "
                + recall.group(3)
                + " .*";
        assertTrue(sentences.subList(0, i).stream().anyMatch(s -> s.matches(deed)), deed);
        found++;
      }
    }
    assertTrue(found >= 10, "only " + found + " references");
  }

  @Test
  void namesDoNotRunOut() {
    World world = new World(7);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < 20_000; i++) {
      assertTrue(names.add(world.person(i).name()));
    }
    for (int i = 0; i < 3000; i++) {
      assertTrue(names.add(world.town(i).name()));
      assertTrue(names.add(world.mayor(world.town(i)).name()));
    }
  }

  @Test
  void aWorldDoesNotDependOnTheOrderOfQuestions() {
    World forward = new World(3);
    World backward = new World(3);
    backward.town(20);
    Person last = backward.person(90);
    for (int i = 0; i <= 90; i++) {
      assertEquals(forward.person(i), backward.person(i));
    }
    assertEquals(last, forward.person(90));
    assertEquals(forward.mayor(forward.town(20)), backward.mayor(backward.town(20)));
  }

  @Test
  void unknownListsAreRefused() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Words.list("verbs")).getMessage();
    assertTrue(message.startsWith("No word list is called verbs; there are ["), message);
  }

  private static List<String> tell(long seed, int sentences) {
    Chronicle chronicle = new Chronicle(seed);
    return IntStream.range(0, sentences).mapToObj(chronicle::sentence).toList();
  }
}

package dev.longspan.datasets.ruler;

import dev.longspan.datasets.ruler.Question.Document;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The tasks {@code qa_1} and {@code qa_2}: a question whose answer stands in one or two of many
 * documents.
 *
 * <p>The documents that hold the answer are whole. Others join them as long as there is room, in
 * shuffled order; the last of them may be cut, so that short prompts are full too.
 */
final class Documents implements Task {
  private final String name;
  private final Wording wording;
  private final Questions questions;

  Documents(String name, Wording wording, Questions questions) {
    this.name = name;
    this.wording = wording;
    this.questions = questions;
  }

  @Override
  public List<Draft> drafts(long seed, int length, int index) {
    Random random = new Random(Draws.seed(seed, name, length, index));
    return List.of(new Pile(questions.at(index, random), random));
  }

  private record Placed(double place, String text) {}

  /** One sample; its units are words of documents without the answer. */
  private final class Pile implements Draft {
    private final Question question;
    private final Random random;
    private final List<Placed> needed;
    private final List<Document> others = new ArrayList<>();
    private final List<Double> places = new ArrayList<>();
    // wordsBefore[i] words precede document i of the others.
    private final List<Integer> wordsBefore = new ArrayList<>(List.of(0));

    Pile(Question question, Random random) {
      this.question = question;
      this.random = random;
      needed =
          question.needed().stream()
              .map(document -> new Placed(random.nextDouble(), document.title() + document.text()))
              .toList();
    }

    @Override
    public int smallest() {
      return 0;
    }

    @Override
    public int largest() {
      return question.otherWords();
    }

    @Override
    public Prompt at(int words) {
      draw(words);
      List<Placed> pile = new ArrayList<>(needed);
      for (int i = 0; i < others.size() && wordsBefore.get(i) < words; i++) {
        boolean whole = wordsBefore.get(i + 1) <= words;
        Document other = others.get(i);
        String text = whole ? other.text() : Essay.cut(other.text(), words - wordsBefore.get(i));
        pile.add(new Placed(places.get(i), other.title() + text));
      }
      pile.sort(Comparator.comparingDouble(Placed::place));
      String context =
          IntStream.range(0, pile.size())
              .mapToObj(i -> "Document " + (i + 1) + ":\n" + pile.get(i).text())
              .collect(Collectors.joining("\n\n"));
      Map<String, String> slots = Map.of("context", context, "query", question.text());
      return new Prompt(
          Wording.fill(wording.template(name), slots),
          Wording.fill(wording.answerPrefix(name), slots),
          question.answers(),
          Map.of("haystack", questions.id(), "documents", String.valueOf(pile.size())));
    }

    /** Draws documents until they hold so many words. */
    private void draw(int words) {
      while (wordsBefore.get(others.size()) < words && question.others().hasNext()) {
        Document document = question.others().next();
        wordsBefore.add(wordsBefore.get(others.size()) + Essay.words(document.text()));
        others.add(document);
        places.add(random.nextDouble());
      }
    }
  }
}

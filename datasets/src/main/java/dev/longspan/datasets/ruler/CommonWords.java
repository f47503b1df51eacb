package dev.longspan.datasets.ruler;

import dev.longspan.datasets.prose.Words;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The task {@code cwe}: a numbered list in which a few words occur often and many others seldom.
 *
 * <p>Below 4,096 tokens the words are repeated less, as the official generator does; where even
 * that leaves no room for other words, the example goes first and then more of the repetitions.
 */
final class CommonWords implements Task {
  private static final int LONG = 4096;
  private static final List<String> PLAIN = plain();

  private final String name;
  private final Wording wording;
  private final int common;
  private final int often;
  private final int seldom;

  CommonWords(String name, Wording wording) {
    this.name = name;
    this.wording = wording;
    common = wording.arguments(name).number("num_cw", 1);
    often = wording.arguments(name).number("freq_cw", 2);
    seldom = wording.arguments(name).number("freq_ucw", 1);
  }

  @Override
  public List<Draft> drafts(long seed, int length, int index) {
    Pool pool = new Pool(new Random(Draws.seed(seed, name, length, index)));
    List<Draft> forms = new ArrayList<>();
    if (length >= LONG) {
      forms.add(exampled(new Counted(pool, 0, 10, 3), 3 * common, often, seldom));
    }
    forms.add(exampled(new Counted(pool, 0, 3, 1), common, 6, 1));
    forms.add(new Counted(pool, 0, 6, 1));
    forms.add(new Counted(pool, 0, 3, 1));
    forms.add(new Counted(pool, 0, 2, 1));
    return forms;
  }

  private Draft exampled(Counted example, int others, int often, int seldom) {
    String solved = Exampled.solved(example.at(others), numbered(example.answer()));
    return new Exampled(solved, new Counted(example.pool, common + others, often, seldom));
  }

  private static String numbered(List<String> words) {
    return IntStream.range(0, words.size())
        .mapToObj(i -> (i + 1) + ". " + words.get(i))
        .collect(Collectors.joining(" "));
  }

  private static List<String> plain() {
    Set<String> words = new LinkedHashSet<>(Words.list("common"));
    words.addAll(Words.list("adjectives"));
    words.addAll(Words.list("nouns"));
    return List.copyOf(words);
  }

  /** Words in random order without end: those of the lists, then pairs of them. */
  private static final class Pool {
    private final Random random;
    private final long order;
    private final List<String> words = new ArrayList<>(PLAIN);
    private final Set<String> taken = new HashSet<>();

    Pool(Random random) {
      this.random = random;
      order = random.nextLong();
      Collections.shuffle(words, random);
    }

    String get(int index) {
      while (words.size() <= index) {
        words.add(Draws.fresh("words", random, taken));
      }
      return words.get(index);
    }
  }

  /** A list of words; its units are the words that occur seldom. */
  private final class Counted implements Draft {
    private final Pool pool;
    private final int first;
    private final int often;
    private final int seldom;

    /**
     * Creates a list of words from word {@code first} of {@code pool} on, the common ones first.
     */
    Counted(Pool pool, int first, int often, int seldom) {
      this.pool = pool;
      this.first = first;
      this.often = often;
      this.seldom = seldom;
    }

    List<String> answer() {
      return IntStream.range(first, first + common).mapToObj(pool::get).toList();
    }

    @Override
    public int smallest() {
      return common;
    }

    @Override
    public Prompt at(int others) {
      List<String> list = new ArrayList<>();
      for (int i = 0; i < common + others; i++) {
        list.addAll(Collections.nCopies(i < common ? often : seldom, pool.get(first + i)));
      }
      Collections.shuffle(list, new Random(pool.order));
      Map<String, String> slots =
          Map.of("context", numbered(list), "query", "", "num_cw", String.valueOf(common));
      return new Prompt(
          Wording.fill(wording.template(name), slots),
          Wording.fill(wording.answerPrefix(name), slots),
          answer(),
          Map.of("haystack", "words", "frequencies", often + "/" + seldom, "example", "no"));
    }
  }
}

package dev.longspan.datasets.ruler;

import dev.longspan.datasets.prose.Chronicle;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Prose without end that can be cut after any word. */
final class Essay {
  private final IntFunction<String> sentences;
  private final List<String> read = new ArrayList<>();
  // wordsBefore[i] words precede sentence i.
  private final List<Integer> wordsBefore = new ArrayList<>(List.of(0));

  /** Opens prose whose sentence {@code i} is {@code sentences.apply(i)}. */
  Essay(IntFunction<String> sentences) {
    this.sentences = sentences;
  }

  /** Opens the generated record of {@code seed}. */
  static Essay generated(long seed) {
    return new Essay(new Chronicle(seed)::sentence);
  }

  /** Returns the sentences of the first {@code words} words; the last one may be cut. */
  List<String> first(int words) {
    while (wordsBefore.get(read.size()) < words) {
      String sentence = sentences.apply(read.size());
      wordsBefore.add(wordsBefore.get(read.size()) + words(sentence));
      read.add(sentence);
    }
    List<String> result = new ArrayList<>();
    for (int i = 0; wordsBefore.get(i) < words; i++) {
      int left = words - wordsBefore.get(i);
      boolean whole = wordsBefore.get(i + 1) <= words;
      result.add(whole ? read.get(i) : cut(read.get(i), left));
    }
    return result;
  }

  /** Returns how many words {@code text} has, separated by single spaces. */
  static int words(String text) {
    return 1 + (int) text.chars().filter(c -> c == ' ').count();
  }

  /** Returns the first {@code words} words of a longer {@code text}. */
  static String cut(String text, int words) {
    int end = -1;
    for (int i = 0; i < words; i++) {
      end = text.indexOf(' ', end + 1);
    }
    return text.substring(0, end);
  }
}

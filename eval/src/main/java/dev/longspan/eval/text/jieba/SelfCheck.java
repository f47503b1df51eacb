package dev.longspan.eval.text.jieba;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Sentences of our own and the words that Python's jieba 0.42.1 makes of them. */
final class SelfCheck {
  private static final List<List<String>> CASES = cases();

  private SelfCheck() {}

  /** Returns how many of the cases {@code jieba} cuts as Python does, as "passed/all". */
  static String run(Jieba jieba) {
    long passed = CASES.stream().filter(words -> cut(jieba, words).equals(words)).count();
    return passed + "/" + CASES.size();
  }

  /**
   * Checks that all cases pass.
   *
   * @throws IllegalStateException for the first that does not, with both lists of words
   */
  static void require(Jieba jieba) {
    for (List<String> words : CASES) {
      if (!cut(jieba, words).equals(words)) {
        throw new IllegalStateException(
            "Chinese text is cut otherwise than by jieba 0.42.1: expected "
                + words
                + ", found "
                + cut(jieba, words)
                + "; scores would not be comparable. Please report this with your Java version "
                + Runtime.version());
      }
    }
  }

  private static List<String> cut(Jieba jieba, List<String> words) {
    return jieba.cut(String.join("", words));
  }

  private static List<List<String>> cases() {
    try (InputStream in = SelfCheck.class.getResourceAsStream("self-check.txt")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.lines().map(line -> List.of(line.split("\\|"))).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the self-check of the segmenter", e);
    }
  }
}

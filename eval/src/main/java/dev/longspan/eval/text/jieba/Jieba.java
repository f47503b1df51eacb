package dev.longspan.eval.text.jieba;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts Chinese text into words: the most probable path through the words of a dictionary, and a
 * hidden Markov model where the dictionary has none.
 *
 * <p>The method is that of the Python package jieba (github.com/fxsjy/jieba), version 0.42.1, in
 * its precise mode. Instances are immutable and may be shared between threads.
 */
public final class Jieba {
  private static final Pattern WORD_RUN = Pattern.compile("[\u4e00-\u9fd5a-zA-Z0-9+#&._%\\-]+");
  private static final Pattern UNKNOWN_RUN =
      Pattern.compile("[\u4e00-\u9fd5]+|[a-zA-Z0-9]+(?:\\.[0-9]+)?%?|[^\u4e00-\u9fd5a-zA-Z0-9]+");

  private final Dictionary dictionary;
  private final HiddenMarkovModel model;
  private final String digest;
  private final String selfCheck;

  private Jieba(Dictionary dictionary, String digest) {
    this.dictionary = dictionary;
    this.digest = digest;
    model = JiebaTables.model();
    selfCheck = SelfCheck.run(this);
  }

  /**
   * Returns the segmenter with the dictionary of jieba 0.42.1, loaded once.
   *
   * @throws IllegalStateException if the dictionary on the class path is another one, or if the
   *     stored cases come out otherwise than in Python
   */
  public static Jieba standard() {
    return Standard.INSTANCE;
  }

  /**
   * Returns a segmenter with the dictionary in {@code file}, in the layout of jieba's dict.txt.
   *
   * <p>{@link #describe} says how many of the stored cases come out as with jieba's own dictionary.
   *
   * @throws IllegalArgumentException if a line of the file is not in that layout
   */
  public static Jieba of(Path file) throws IOException {
    return new Jieba(
        Dictionary.parse(Files.readAllLines(file), file.toString()),
        JiebaTables.sha256(Files.readAllBytes(file)));
  }

  /** Returns a short name of the dictionary, with the head of its SHA-256. */
  public String id() {
    return "jieba:" + digest.substring(0, 12);
  }

  /** Returns the digests of both tables and how many of the stored cases came out as in Python. */
  public String describe() {
    return "jieba dictionary sha256 "
        + digest
        + ", hidden Markov model sha256 "
        + JiebaTables.MODEL_DIGEST
        + ", self-check "
        + selfCheck;
  }

  /** Returns the words of {@code text} in order; joined, they give the text again. */
  public List<String> cut(String text) {
    List<String> words = new ArrayList<>();
    Matcher runs = WORD_RUN.matcher(text);
    int start = 0;
    while (runs.find()) {
      single(text, start, runs.start(), words);
      cutRun(runs.group(), words);
      start = runs.end();
    }
    single(text, start, text.length(), words);
    return words;
  }

  /** Adds each character by itself, but a carriage return with its line feed. */
  private static void single(String text, int start, int end, List<String> words) {
    for (int i = start; i < end; ) {
      boolean pair = text.startsWith("\r\n", i) && i + 1 < end;
      int next = pair ? i + 2 : text.offsetByCodePoints(i, 1);
      words.add(text.substring(i, next));
      i = next;
    }
  }

  private void cutRun(String run, List<String> words) {
    int[] ends = mostProbableEnds(run);
    int loose = 0; // Start of the single characters not yet given out.
    for (int i = 0; i < run.length(); i = ends[i]) {
      if (ends[i] > i + 1) {
        cutLoose(run.substring(loose, i), words);
        words.add(run.substring(i, ends[i]));
        loose = ends[i];
      }
    }
    cutLoose(run.substring(loose), words);
  }

  /** Returns for each position where the word that starts there ends on the best path. */
  private int[] mostProbableEnds(String run) {
    int length = run.length();
    double[] best = new double[length + 1];
    int[] ends = new int[length];
    for (int i = length - 1; i >= 0; i--) {
      int at = i;
      best[i] = Double.NEGATIVE_INFINITY;
      dictionary.wordsAt(
          run,
          i,
          (end, logProbability) -> {
            double p = logProbability + best[end];
            if (p >= best[at]) {
              best[at] = p;
              ends[at] = end;
            }
          });
      if (ends[i] == 0) {
        best[i] = dictionary.logOfUnknown() + best[i + 1];
        ends[i] = i + 1;
      }
    }
    return ends;
  }

  private void cutLoose(String characters, List<String> words) {
    if (characters.length() < 2 || dictionary.contains(characters)) {
      characters.chars().forEach(c -> words.add(String.valueOf((char) c)));
      return;
    }
    Matcher pieces = UNKNOWN_RUN.matcher(characters);
    while (pieces.find()) {
      if (isChinese(characters.charAt(pieces.start()))) {
        model.cut(pieces.group(), words);
      } else {
        words.add(pieces.group());
      }
    }
  }

  private static boolean isChinese(char c) {
    return c >= '\u4e00' && c <= '\u9fd5';
  }

  private static final class Standard {
    static final Jieba INSTANCE = load();

    private static Jieba load() {
      Jieba jieba =
          new Jieba(
              Dictionary.parse(JiebaTables.dictionary(), "dict.txt"),
              JiebaTables.DICTIONARY_DIGEST);
      SelfCheck.require(jieba);
      return jieba;
    }
  }
}

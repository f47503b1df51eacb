package dev.longspan.datasets.livecodebench;

import dev.longspan.datasets.DatasetException;
import java.io.Serializable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which increments of the data are wanted. Increment n is the file {@code testN.jsonl}; the first
 * is {@code test.jsonl}.
 *
 * @param first increment
 * @param last increment
 */
public record Releases(int first, int last) implements Serializable {
  /** Every increment, whatever the files are called. */
  public static final Releases ALL = new Releases(1, Integer.MAX_VALUE);

  private static final Pattern NAME = Pattern.compile("(release_)?v(\\d+)(?:_v(\\d+))?");
  private static final Pattern FILE =
      Pattern.compile("(?:.*[/\\\\])?test(\\d*)\\.jsonl(?:\\.\\w+)?");

  /**
   * Returns what a name stands for: {@code release_v5} the first five increments, {@code v5} the
   * fifth, {@code v3_v5} the third to the fifth.
   *
   * @throws DatasetException if it is no such name
   */
  public static Releases parse(String name) {
    Matcher matcher = NAME.matcher(name);
    if (matcher.matches()) {
      int one = Integer.parseInt(matcher.group(2));
      boolean whole = matcher.group(1) != null;
      int last = matcher.group(3) == null ? one : Integer.parseInt(matcher.group(3));
      if (one >= 1 && last >= one && !(whole && matcher.group(3) != null)) {
        return new Releases(whole ? 1 : one, last);
      }
    }
    throw new DatasetException(
        "LiveCodeBench has no release '"
            + name
            + "'; use release_v5 (increments 1 to 5), v5 (the fifth) or v3_v5 (3 to 5)");
  }

  /**
   * Returns whether the rows of a file are wanted.
   *
   * @throws DatasetException if that depends on the file's increment, which its name does not tell
   */
  boolean wants(String file) {
    if (equals(ALL)) {
      return true;
    }
    Matcher matcher = FILE.matcher(file);
    if (!matcher.matches()) {
      throw new DatasetException(
          file
              + " does not say which increment of LiveCodeBench it is: test.jsonl, test2.jsonl and so"
              + " on were expected; leave the release out to take every row");
    }
    int increment = matcher.group(1).isEmpty() ? 1 : Integer.parseInt(matcher.group(1));
    return increment >= first && increment <= last;
  }
}

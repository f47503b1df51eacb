package dev.longspan.eval.text.jieba;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

/**
 * The tables of the Python package jieba 0.42.1, out of the Java library jieba-analysis.
 *
 * <p>That library segments otherwise than the Python package and is only a carrier here. Its
 * dictionary lacks one line, its probabilities are rounded; both are made good, and the digests
 * prove it. The tables are under jieba's MIT licence, the library is under the Apache licence.
 */
final class JiebaTables {
  /** SHA-256 of the file dict.txt of jieba 0.42.1. */
  static final String DICTIONARY_DIGEST =
      "7197c3211ddd98962b036cdf40324d1ea2bfaa12bd028e68faa70111a88e12a8";

  /** SHA-256 of {@link HiddenMarkovModel#canonical} for the probabilities of jieba 0.42.1. */
  static final String MODEL_DIGEST =
      "95824702aedd5c94f6e2a689563012136ccc51fe8d2663bd17cac136a8b750ca";

  private static final int LINE_INDEX = 76_274;
  private static final String LINE = "\u5409\u6797 89 ns";

  private JiebaTables() {}

  /** Returns the lines of dict.txt. */
  static List<String> dictionary() {
    return find(
        "dict.txt",
        text -> {
          List<String> lines = new ArrayList<>(text.lines().toList());
          if (lines.size() > LINE_INDEX) {
            lines.add(LINE_INDEX, LINE);
          }
          byte[] whole = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
          return sha256(whole).equals(DICTIONARY_DIGEST) ? lines : null;
        });
  }

  /** Returns the hidden Markov model, read once. */
  static HiddenMarkovModel model() {
    return Model.INSTANCE;
  }

  static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** Makes a table of a resource, or null if the resource is another one of the same name. */
  private interface Reader<T> {
    T read(String text);
  }

  private static <T> T find(String name, Reader<T> reader) {
    try {
      // Other libraries have files of these names too: take the one with the right content.
      List<URL> candidates =
          Collections.list(JiebaTables.class.getClassLoader().getResources(name));
      for (URL candidate : candidates) {
        try (InputStream in = candidate.openStream()) {
          T table = reader.read(new String(in.readAllBytes(), StandardCharsets.UTF_8));
          if (table != null) {
            return table;
          }
        }
      }
      throw new IllegalStateException(
          name
              + " of jieba 0.42.1 is not on the class path (found "
              + candidates
              + "): put com.huaban:jieba-analysis:1.0.2 there, or name a dictionary file");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + name + " from the class path", e);
    }
  }

  private static final class Model {
    static final HiddenMarkovModel INSTANCE =
        find(
            "prob_emit.txt",
            text -> {
              HiddenMarkovModel model =
                  HiddenMarkovModel.parse(text.lines().toList(), "prob_emit.txt");
              String digest = sha256(model.canonical().getBytes(StandardCharsets.UTF_8));
              return digest.equals(MODEL_DIGEST) ? model : null;
            });
  }
}

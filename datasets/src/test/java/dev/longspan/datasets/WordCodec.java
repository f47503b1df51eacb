package dev.longspan.datasets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;

/** A tokenizer for tests: one token a word, and a special one in front. */
public final class WordCodec implements TextCodec {
  private final List<String> words = new ArrayList<>(List.of("<s>"));

  @Override
  public int[] encode(String text) {
    List<Integer> tokens = new ArrayList<>(List.of(0));
    for (String word : text.split(" ")) {
      if (!words.contains(word)) {
        words.add(word);
      }
      tokens.add(words.indexOf(word));
    }
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  @Override
  public String decode(int[] tokens) {
    StringJoiner text = new StringJoiner(" ");
    Arrays.stream(tokens).filter(token -> token != 0).forEach(token -> text.add(words.get(token)));
    return text.toString();
  }
}

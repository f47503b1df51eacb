package dev.longspan.eval.longppl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.TextCodec;
import dev.longspan.eval.Crosscheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LongPplTest {
  private static final LongPplSettings SMALL = new LongPplSettings(2, -2, 4, 3);

  @Test
  void passesScoreEveryTokenAfterTheShortContextOnce() {
    assertEquals(List.of(), ShortPass.over(4, SMALL));
    assertEquals(List.of(new ShortPass(0, 4, 5)), ShortPass.over(5, SMALL));
    // The last pass is shorter, so that it ends with the document.
    assertEquals(
        List.of(new ShortPass(0, 4, 7), new ShortPass(3, 7, 10), new ShortPass(6, 10, 11)),
        ShortPass.over(11, SMALL));
  }

  @Test
  void keyTokensLoseMuchWithoutTheLongContextAndAreLikelyWithIt() {
    float nan = Float.NaN;
    float[] ofLong = {nan, 0, 0, 0, -1, -1, -1.99f, -2, -3};
    float[] ofShort = {nan, nan, nan, nan, -3.5f, -3, -4, -9, -9};
    // 5 loses just alpha, 7 is just as unlikely as beta.
    assertArrayEquals(new int[] {4, 6}, KeyTokens.select(ofLong, ofShort, SMALL));
  }

  @Test
  void missingProbabilitiesAreRefused() {
    float[] five = {0, 0, 0, 0, Float.NaN};
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> KeyTokens.select(five, new float[5], SMALL))
            .getMessage();
    assertTrue(message.contains("token 4 is not a number"), message);
    message =
        assertThrows(
                IllegalArgumentException.class, () -> KeyTokens.select(five, new float[4], SMALL))
            .getMessage();
    assertTrue(message.contains("5 from the long and 4 from the short"), message);
    message =
        assertThrows(
                IllegalArgumentException.class,
                () -> DocumentPerplexity.of(new float[1], new int[0]))
            .getMessage();
    assertTrue(message.contains("at least 2 tokens"), message);
    message =
        assertThrows(IllegalArgumentException.class, () -> new LongPplSettings(2, -2, 0, 1))
            .getMessage();
    assertTrue(message.contains("at least 1 token, but they are 0 and 1"), message);
  }

  @Test
  void touchingTokensMakeOneSpan() {
    TextSpan[] offsets = {span(0, 0), span(0, 2), span(2, 5), span(5, 9), span(9, 10)};
    assertArrayEquals(
        new TextSpan[] {span(0, 5), span(9, 10)}, TextSpan.of(offsets, new int[] {1, 2, 4}));
    assertArrayEquals(new TextSpan[0], TextSpan.of(offsets, new int[0]));
  }

  @Test
  void tokensOfAnotherTokenizerCountIfTheyLieWithinASpan() {
    TextSpan[] spans = {span(0, 4), span(6, 9), span(9, 12)};
    TextSpan[] offsets = {
      span(0, 2), span(2, 4), span(4, 7), span(7, 9), span(9, 9), span(9, 13), span(13, 14)
    };
    // The first token has no probability; two tokens reach over an end of a span.
    assertArrayEquals(new int[] {1, 3, 4}, KeyTokens.within(offsets, spans));
    assertArrayEquals(new int[0], KeyTokens.within(offsets, new TextSpan[0]));
  }

  @Test
  void offsetsAreFoundByDecodingNeighbours() {
    List<String> pieces = List.of("Ein", " Haus", "\ud83d\ude00", " am");
    TextCodec codec =
        new TextCodec() {
          @Override
          public int[] encode(String text) {
            throw new AssertionError("offsets need no encoding");
          }

          @Override
          public String decode(int[] tokens) {
            StringBuilder text = new StringBuilder();
            Arrays.stream(tokens).forEach(token -> text.append(pieces.get(token)));
            return text.toString().stripLeading(); // As sentencepiece does.
          }
        };
    assertArrayEquals(
        new TextSpan[] {span(0, 3), span(3, 8), span(8, 9), span(9, 12)},
        TokenOffsets.of(codec, new int[] {0, 1, 2, 3}));
  }

  @Test
  void documentsWithoutKeyTokensHaveNoLongPpl() {
    DocumentPerplexity none = DocumentPerplexity.of(new float[] {0, -1, -3}, new int[0]);
    assertEquals(OptionalDouble.empty(), none.longPpl());
    assertEquals(Math.exp(2), none.perplexity(), 1e-12);
    DocumentPerplexity some = DocumentPerplexity.of(new float[] {0, -1, -2, -6}, new int[] {1, 2});
    assertEquals(Math.exp(1.5), some.longPpl().getAsDouble(), 1e-12);
    assertEquals(some, DocumentPerplexity.parse("answer", some.text()));
    String message =
        assertThrows(DatasetException.class, () -> DocumentPerplexity.parse("answer", "{}"))
            .getMessage();
    assertEquals("answer: field \"tokens\": expected number, found nothing", message);
  }

  @Test
  void spansSurviveAsText() {
    TextSpan[] spans = {span(3, 9), span(9, 10), span(700, 712)};
    assertEquals("[3, 9];[9, 10];[700, 712]", KeyText.format(spans));
    assertArrayEquals(spans, KeyText.parse("f", "[3, 9];[9, 10];[700, 712]\n"));
    assertEquals("", KeyText.format(new TextSpan[0]));
    assertArrayEquals(new TextSpan[0], KeyText.parse("f", ""));
    String message =
        assertThrows(DatasetException.class, () -> KeyText.parse("f", "[3, 9];[8, 10]"))
            .getMessage();
    assertEquals(
        "f: span 2 is '[8, 10]'; expected [start, end] with a start of at least 9", message);
    message =
        assertThrows(DatasetException.class, () -> KeyText.parse("f", "[3, 9];")).getMessage();
    assertTrue(message.contains("span 2 is ''"), message);
  }

  @Test
  void publishedFilesAreReadAndWrittenAsTheyAre() throws IOException {
    int compared = 0;
    try (Stream<Path> files = Files.walk(Crosscheck.path("longppl/key_text"))) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        String text = Files.readString(file).strip();
        assertEquals(text, KeyText.format(KeyText.parse(file.toString(), text)));
        compared++;
      }
    }
    assertEquals(50, compared);
  }

  /**
   * A document whose facts come back hundreds of words later, an evaluator that counts words and a
   * model that counts groups of three letters. The expected figures are those of a program written
   * from the definition in another language, which shares no code with this one.
   */
  @Test
  void wholeComputationAgreesWithAnIndependentOne() {
    List<String> words = words();
    String text = String.join(" ", words);
    List<String> evaluator = new ArrayList<>(List.of("<s>"));
    TextSpan[] evaluatorOffsets = new TextSpan[words.size() + 1];
    evaluatorOffsets[0] = span(0, 0);
    for (int i = 0; i < words.size(); i++) {
      String token = i == 0 ? words.get(i) : " " + words.get(i);
      evaluator.add(token);
      int start = evaluatorOffsets[i].end();
      evaluatorOffsets[i + 1] = span(start, start + token.length());
    }
    List<String> model = new ArrayList<>();
    List<TextSpan> modelOffsets = new ArrayList<>();
    for (int i = 0; i < text.length(); i += 3) {
      modelOffsets.add(span(i, Math.min(text.length(), i + 3)));
      model.add(text.substring(i, Math.min(text.length(), i + 3)));
    }

    LongPplSettings settings = new LongPplSettings(2, -2, 96, 32);
    float[] ofShort = new float[evaluator.size()];
    for (ShortPass pass : ShortPass.over(evaluator.size(), settings)) {
      float[] scored = score(evaluator, pass.start(), pass.scored(), pass.end());
      System.arraycopy(scored, 0, ofShort, pass.scored(), scored.length);
    }
    int[] keys = KeyTokens.select(whole(evaluator), ofShort, settings);
    TextSpan[] spans = TextSpan.of(evaluatorOffsets, keys);
    int[] modelKeys = KeyTokens.within(modelOffsets.toArray(TextSpan[]::new), spans);
    DocumentPerplexity perplexity = DocumentPerplexity.of(whole(model), modelKeys);

    assertEquals(24, keys.length);
    assertEquals(22, spans.length);
    assertEquals(span(1147, 1154), spans[0]);
    assertEquals(48, perplexity.keyTokens());
    assertEquals(1800, perplexity.tokens());
    assertEquals(7.057242333172832, perplexity.longPpl().getAsDouble(), 1e-6);
    assertEquals(13.349836896193704, perplexity.perplexity(), 1e-6);
  }

  private static List<String> words() {
    long[] state = {12345};
    List<String> words = new ArrayList<>();
    List<List<String>> facts = new ArrayList<>();
    for (int i = 0; i < 700; i++) {
      if (i % 25 == 0) {
        facts.add(List.of("name%03d".formatted(i), "value%03d".formatted(draw(state, 1000))));
        words.addAll(facts.get(facts.size() - 1));
      } else if (i % 25 == 12 && facts.size() > 6) {
        words.addAll(facts.get(draw(state, facts.size() - 5)));
      } else {
        words.add("word%02d".formatted(draw(state, 30)));
      }
    }
    return words;
  }

  private static int draw(long[] state, int bound) {
    state[0] = (state[0] * 1103515245 + 12345) % (1L << 31);
    return (int) ((state[0] >> 16) % bound);
  }

  private static float[] whole(List<String> tokens) {
    float[] rest = score(tokens, 0, 1, tokens.size());
    float[] all = new float[tokens.size()];
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }

  /** ln of 0.8 bigram + 0.15 unigram + 0.05 uniform, counted in the context from start on. */
  private static float[] score(List<String> tokens, int start, int scored, int end) {
    int vocabulary = new HashSet<>(tokens).size();
    float[] result = new float[end - scored];
    for (int t = scored; t < end; t++) {
      String token = tokens.get(t);
      String before = tokens.get(t - 1);
      int unigrams = 0;
      int befores = 0;
      int bigrams = 0;
      for (int i = start; i < t; i++) {
        unigrams += tokens.get(i).equals(token) ? 1 : 0;
        if (i + 1 < t && tokens.get(i).equals(before)) {
          befores++;
          bigrams += tokens.get(i + 1).equals(token) ? 1 : 0;
        }
      }
      double bigram = befores == 0 ? 0 : (double) bigrams / befores;
      double unigram = (double) unigrams / (t - start);
      result[t - scored] = (float) Math.log(0.8 * bigram + 0.15 * unigram + 0.05 / vocabulary);
    }
    return result;
  }

  private static TextSpan span(int start, int end) {
    return new TextSpan(start, end);
  }
}

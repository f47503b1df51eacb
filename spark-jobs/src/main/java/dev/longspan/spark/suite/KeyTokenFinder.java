package dev.longspan.spark.suite;

import dev.longspan.datasets.DatasetException;
import dev.longspan.eval.longppl.KeyTokens;
import dev.longspan.eval.longppl.LongPplSettings;
import dev.longspan.eval.longppl.ShortPass;
import dev.longspan.eval.longppl.TextSpan;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.job.EngineLease;
import dev.longspan.spark.job.MethodSpec;
import dev.longspan.spark.job.Requests;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Finds the key tokens of documents with an evaluator model: one pass over the whole document, and
 * one over each short piece of it, as requests that the engine batches.
 */
final class KeyTokenFinder {
  private final EngineLease lease;
  private final AttentionMethod method;
  private final LongPplSettings settings;

  /** Finds with the model of {@code lease}, which attends densely. */
  KeyTokenFinder(EngineLease lease, LongPplSettings settings) {
    this.lease = lease;
    this.settings = settings;
    method = new MethodSpec("dense", null, null, null).method(lease.config());
  }

  /**
   * Returns the characters of the key tokens.
   *
   * @param id names the document in messages
   * @throws DatasetException if the evaluator can't score the document
   */
  TextSpan[] find(String id, String text) {
    Tokenizer.Encoding plain = lease.tokenizer().encodeWithOffsets(text);
    int[] tokens = lease.tokenizer().prompt(List.of(), text);
    // Special tokens stand in front, and for no character.
    int special = tokens.length - plain.ids().length;
    TextSpan[] offsets = new TextSpan[tokens.length];
    Arrays.fill(offsets, 0, special, new TextSpan(0, 0));
    System.arraycopy(
        TextSpan.of(plain.starts(), plain.ends()), 0, offsets, special, plain.ids().length);
    List<ShortPass> passes = ShortPass.over(tokens.length, settings);
    if (passes.isEmpty()) {
      return new TextSpan[0];
    }
    float[] ofLong = new float[tokens.length];
    float[] ofShort = new float[tokens.length];
    Deque<ShortPass> waiting = new ArrayDeque<>(passes);
    waiting.addFirst(new ShortPass(0, 1, tokens.length));
    boolean longSent = false;
    try (Requests<Target> requests = new Requests<>(lease)) {
      while (!waiting.isEmpty() || requests.count() > 0) {
        while (!waiting.isEmpty() && requests.count() < lease.window()) {
          ShortPass pass = waiting.remove();
          float[] into = longSent ? ofShort : ofLong;
          longSent = true;
          requests.send(new Target(pass, into), request(id, tokens, pass));
        }
        Requests.Answered<Target> one = requests.await();
        if (one.response().failed()) {
          throw new DatasetException(
              "The evaluator can't find the key tokens of document "
                  + id
                  + ": "
                  + one.response().errorMessage());
        }
        float[] scored = one.response().logProbs();
        System.arraycopy(scored, 0, one.what().into(), one.what().pass().scored(), scored.length);
      }
    }
    return TextSpan.of(offsets, KeyTokens.select(ofLong, ofShort, settings));
  }

  /** Where the log-probabilities of a pass go. */
  private record Target(ShortPass pass, float[] into) {}

  private Request request(String id, int[] tokens, ShortPass pass) {
    return Request.score(
        "longppl " + id + " " + pass.start() + "-" + pass.end(),
        Arrays.copyOfRange(tokens, pass.start(), pass.end()),
        method,
        pass.scored() - pass.start());
  }
}

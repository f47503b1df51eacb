package dev.longspan.kernels.engine;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * One request on its way through the engine.
 *
 * <p>A task without a sequence waits; one with a sequence runs and holds pages. What it has
 * generated survives the loss of its pages, and with the number of the next token its place in the
 * random stream. Only the future and the cancel flag are for other threads than the scheduler's.
 */
final class Task {
  private static final int[] NO_TOKENS = {};
  private static final float[] NO_LOG_PROBS = {};

  /** Stands for the replacement character, which a decoder gives for half a character. */
  private static final char REPLACEMENT = '\uFFFD';

  private final Request request;
  private final Detokenizer text;
  private final int limit;
  private final CompletableFuture<Response> future = new CompletableFuture<>();
  private final long submitted = System.nanoTime();
  private volatile boolean cancelled;

  private Draws draws;
  private StopStrings stops;
  private BitSet seen;
  private Sequence sequence;
  private PagePool.Prefix prefix;
  private int[] generated = NO_TOKENS;
  private int count;
  private float[] logProbs = NO_LOG_PROBS;
  private int launched;
  private long started;
  private double prefillSeconds;
  private double decodeSeconds;
  private Response response;

  /** Creates a task for a request that {@link Problem} found fit to run. */
  Task(Request request, Detokenizer text, int maxPositions) {
    this.request = request;
    this.text = text;
    limit = newTokens(request, maxPositions);
  }

  /** Returns the most tokens that {@code request} ever has in the cache. */
  static int cachedTokens(Request request, int maxPositions) {
    // Nothing attends to the last token: it is never fed to the model.
    return request.tokens().length + newTokens(request, maxPositions) - 1;
  }

  private static int newTokens(Request request, int maxPositions) {
    return request.kind() == Request.Kind.SCORE
        ? 0
        : Math.min(request.sampling().maxNewTokens(), maxPositions - request.tokens().length);
  }

  String key() {
    return request.key();
  }

  CompletableFuture<Response> future() {
    return future;
  }

  void cancel() {
    cancelled = true;
  }

  boolean cancelled() {
    return cancelled;
  }

  /** Returns the answer, or null while there is none. */
  Response response() {
    return response;
  }

  /** Returns the place in the cache, or null while the task waits. */
  Sequence sequence() {
    return sequence;
  }

  /** Returns the prompt, or the tokens to score. */
  int[] prompt() {
    return request.tokens();
  }

  /** Returns how the task attends. */
  AttentionMethod method() {
    return request.method();
  }

  /** Returns the first tokens whose logits are not needed. */
  int reusable() {
    return isScore() ? request.scoreFrom() - 1 : request.tokens().length - 1;
  }

  /**
   * Starts, for the first time or after the pages were lost.
   *
   * @param sequence the place in the cache, with what was found there
   * @param prefix what was found
   */
  void start(Sequence sequence, PagePool.Prefix prefix) {
    this.sequence = sequence;
    this.prefix = prefix;
    if (started != 0) {
      if (count == 0) {
        prefillSeconds = 0;
      }
      return;
    }
    started = System.nanoTime();
    if (isScore()) {
      logProbs = new float[request.tokens().length - request.scoreFrom()];
      return;
    }
    draws = new Draws(request.sampling().seed(), request.key());
    stops = new StopStrings(request.sampling().stopStrings(), text);
    if (request.sampling().repetitionPenalty() != 1) {
      seen = new BitSet();
      for (int token : request.tokens()) {
        seen.set(token);
      }
    }
  }

  /** Returns how far the prompt is known to the cache. */
  PagePool.Prefix prefix() {
    return prefix;
  }

  /** Gives the cache up; {@link #start} begins again. */
  void stop() {
    sequence = null;
    prefix = null;
    launched = 0;
  }

  /** Returns how many tokens are there before the next can be drawn, or all scored. */
  private int known() {
    return isScore()
        ? request.tokens().length - 1
        : request.tokens().length + Math.max(count, launched);
  }

  /** Returns the most tokens that will ever be in the cache. */
  int mostCached() {
    return request.tokens().length + limit - 1;
  }

  /** Returns how many tokens belong into the cache now. */
  int cached() {
    return Math.min(known(), mostCached());
  }

  /** Returns the tokens that belong into the cache and are not there. */
  int remaining() {
    return cached() - sequence.length();
  }

  /** Returns how many of the {@link #remaining} tokens are of the prompt. */
  int remainingPrompt() {
    return Math.min(remaining(), Math.max(0, request.tokens().length - sequence.length()));
  }

  /** Returns whether the next step only continues the answer by one token. */
  boolean decoding() {
    return !isScore() && known() > request.tokens().length && remaining() == 1;
  }

  /** Returns the token at {@code position}; {@link Step#DRAWN} if no step brought it yet. */
  int token(int position) {
    int[] prompt = request.tokens();
    if (position < prompt.length) {
      return prompt[position];
    }
    return position - prompt.length < count ? generated[position - prompt.length] : Step.DRAWN;
  }

  /** Returns what to do with the logits after {@code position}, or null for nothing. */
  Pick pick(int position, int row) {
    int next = position + 1;
    if (isScore()) {
      return next < request.scoreFrom() ? null : new Pick.Score(row, token(next));
    }
    int index = next - request.tokens().length;
    return next == known()
        ? new Pick.Draw(row, request.sampling().filters(), seen, draws.uniform(index))
        : null;
  }

  /** Notes that a step with the pick after {@code position} is on its way. */
  void launched(int position) {
    if (!isScore()) {
      launched = position + 2 - request.tokens().length;
    }
  }

  /** Adds its share of a step's time; what is computed again after a loss of pages is no part. */
  void spend(boolean decode, double seconds) {
    if (decode) {
      decodeSeconds += seconds;
    } else if (count == 0) {
      prefillSeconds += seconds;
    }
  }

  /**
   * Takes the result of the pick after {@code position}; afterwards there may be a {@link
   * #response}.
   *
   * <p>What is known already is ignored: the surplus row of an answer that has ended meanwhile, or
   * a draw that is repeated because the pages were lost while it was on its way.
   *
   * @param token drawn token, for generate requests
   * @param logProb of the token after the position, for score requests
   */
  void take(int position, int token, float logProb, Set<Integer> endIds) {
    int next = position + 1;
    if (response != null || !isScore() && next - request.tokens().length < count) {
      return;
    }
    if (isScore() ? Float.isNaN(logProb) : token == Results.NOT_FINITE) {
      fail(
          Response.NOT_FINITE,
          String.format(
              Locale.ROOT,
              "request %s: the logits after token %d are not finite numbers: check the weights for"
                  + " NaN, or run the same request on the scalar backend",
              key(),
              position));
    } else if (!isScore()) {
      append(token, endIds);
    } else {
      logProbs[next - request.scoreFrom()] = logProb;
      if (next == request.tokens().length - 1) {
        finish("scored", null);
      }
    }
  }

  private void append(int drawn, Set<Integer> endIds) {
    if (endIds.contains(drawn) || request.sampling().stopTokens().contains(drawn)) {
      finish("stop", answer());
      return;
    }
    if (count == generated.length) {
      generated = Arrays.copyOf(generated, Math.min(limit, Math.max(16, 2 * count)));
    }
    generated[count++] = drawn;
    if (seen != null) {
      seen.set(drawn);
    }
    if (stops.in(generated, count)) {
      finish("stop", answer());
    } else if (count == limit) {
      finish("length", withoutHalfCharacter(answer()));
    }
  }

  private String answer() {
    return stops.cut(text.decode(Arrays.copyOf(generated, count)));
  }

  private static String withoutHalfCharacter(String answer) {
    int end = answer.length();
    while (end > 0 && answer.charAt(end - 1) == REPLACEMENT) {
      end--;
    }
    return answer.substring(0, end);
  }

  private void finish(String reason, String answer) {
    response =
        new Response(
            key(),
            Arrays.copyOf(generated, count),
            answer,
            logProbs,
            reason,
            null,
            null,
            request.tokens().length,
            seconds(submitted, started),
            prefillSeconds,
            decodeSeconds);
  }

  /** Ends the task with an error. */
  void fail(String code, String message) {
    long start = started == 0 ? System.nanoTime() : started;
    response =
        failure(request, code, message, seconds(submitted, start), prefillSeconds, decodeSeconds);
  }

  /** Returns the response to a request that was refused. */
  static Response refusal(Request request, Problem problem) {
    return failure(request, problem.code(), problem.message(), 0, 0, 0);
  }

  private static Response failure(
      Request request, String code, String message, double queue, double prefill, double decode) {
    return new Response(
        request.key(),
        NO_TOKENS,
        null,
        NO_LOG_PROBS,
        code.equals(Response.CANCELLED) ? "cancelled" : "error",
        code,
        message,
        request.tokens() == null ? 0 : request.tokens().length,
        queue,
        prefill,
        decode);
  }

  private boolean isScore() {
    return request.kind() == Request.Kind.SCORE;
  }

  private static double seconds(long from, long to) {
    return (to - from) * 1e-9;
  }
}

package dev.longspan.kernels.engine;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.model.Model;
import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import dev.longspan.kernels.sampling.Sampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/** Answers one request with the plainest use of the model: what the engine must agree with. */
final class Direct {
  private final Model model;
  private final Utf8Text text;

  Direct(Model model, Utf8Text text) {
    this.model = model;
    this.text = text;
  }

  /** Returns the generated tokens: the prompt in one pass, then token by token. */
  int[] generate(Request request) {
    int[] prompt = request.tokens();
    Sampling sampling = request.sampling();
    Sequence sequence = sequence(request);
    BitSet seen = new BitSet();
    Arrays.stream(prompt).forEach(seen::set);
    Draws draws = new Draws(sampling.seed(), request.key());
    Sampler sampler = new Sampler(model.config().vocabSize());
    List<Integer> answer = new ArrayList<>();
    try (KvStore kv = model.kvStore(sequence.pageCount())) {
      int[] rows = prompt;
      int limit = Math.min(sampling.maxNewTokens(), model.config().maxPositions() - prompt.length);
      while (answer.size() < limit) {
        float[] logits = forward(rows, sequence, new int[] {rows.length - 1}, kv)[0];
        int token = sampler.next(logits, 0, sampling.filters(), seen, draws.uniform(answer.size()));
        if (text.endIds().contains(token) || sampling.stopTokens().contains(token)) {
          break;
        }
        answer.add(token);
        seen.set(token);
        String so = text.decode(answer.stream().mapToInt(i -> i).toArray());
        if (sampling.stopStrings().stream().anyMatch(so::contains)) {
          break;
        }
        rows = new int[] {token};
      }
    }
    return answer.stream().mapToInt(i -> i).toArray();
  }

  /** Returns log-probabilities from all logits of one pass over the tokens. */
  double[] score(Request request) {
    int[] tokens = request.tokens();
    Sequence sequence = sequence(request);
    float[][] logits;
    try (KvStore kv = model.kvStore(sequence.pageCount())) {
      logits = forward(tokens, sequence, IntStream.range(0, tokens.length).toArray(), kv);
    }
    double[] logProbs = new double[tokens.length - request.scoreFrom()];
    for (int i = request.scoreFrom(); i < tokens.length; i++) {
      double sum = 0;
      for (float logit : logits[i - 1]) {
        sum += Math.exp(logit);
      }
      logProbs[i - request.scoreFrom()] = logits[i - 1][tokens[i]] - Math.log(sum);
    }
    return logProbs;
  }

  private Sequence sequence(Request request) {
    Sequence sequence = new Sequence(request.method(), request.tokens().length);
    for (int page = 0; page < PagePool.pagesFor(model.config().maxPositions()); page++) {
      sequence.addPage(page);
    }
    return sequence;
  }

  private float[][] forward(int[] tokens, Sequence sequence, int[] logitRows, KvStore kv) {
    float[][] rows = new float[logitRows.length][model.config().vocabSize()];
    List<Pick> reads =
        IntStream.range(0, rows.length)
            .<Pick>mapToObj(i -> new Pick.Read(logitRows[i], rows[i], 0))
            .toList();
    var segment = new Step.Segment(sequence, 0, tokens.length, sequence.length());
    model.forward(new Step(tokens, List.of(segment), reads), kv);
    return rows;
  }
}

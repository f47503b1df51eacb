package dev.longspan.kernels.backend.host;

import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Results;
import dev.longspan.kernels.sampling.LogProbs;
import dev.longspan.kernels.sampling.Sampler;
import java.util.Arrays;
import java.util.List;

/** Draws and scores from logits on the host, for backends that have them there. */
public final class HostPicks {
  /** Rows of logits at a time: a long scored text times a big vocabulary is too much. */
  private static final int ROWS = 64;

  private float[] logits = new float[0];
  private Sampler sampler;
  private int vocab;

  /** Computes logits of rows. */
  @FunctionalInterface
  public interface Head {
    /**
     * Writes the logits of {@code rows}.
     *
     * @param rows rows of the step
     * @param logits [rows, vocab]
     */
    void logits(int[] rows, float[] logits);
  }

  /** Computes the logits of all picks, some rows at a time, and does what they say. */
  public Results run(List<Pick> picks, int vocab, Head head) {
    if (sampler == null || this.vocab != vocab) {
      sampler = new Sampler(vocab);
      this.vocab = vocab;
    }
    int batch = Math.min(ROWS, picks.size());
    if (logits.length < batch * vocab) {
      logits = new float[batch * vocab];
    }
    Results results = new Results(new int[picks.size()], new float[picks.size()]);
    Arrays.fill(results.tokens(), -1);
    for (int first = 0; first < picks.size(); first += batch) {
      List<Pick> some = picks.subList(first, Math.min(picks.size(), first + batch));
      head.logits(some.stream().mapToInt(Pick::row).toArray(), logits);
      for (int i = 0; i < some.size(); i++) {
        pick(some.get(i), i * vocab, first + i, results);
      }
    }
    return results;
  }

  private void pick(Pick pick, int offset, int index, Results results) {
    if (pick instanceof Pick.Draw draw) {
      results.tokens()[index] =
          sampler.next(logits, offset, draw.filters(), draw.seen(), draw.uniform());
    } else if (pick instanceof Pick.Score score) {
      results.logProbs()[index] = (float) LogProbs.of(logits, offset, vocab, score.token());
    } else if (pick instanceof Pick.Read read) {
      System.arraycopy(logits, offset, read.to(), read.at(), vocab);
    }
  }
}

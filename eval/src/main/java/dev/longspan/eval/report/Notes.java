package dev.longspan.eval.report;

import dev.longspan.eval.stats.Bootstrap;
import java.util.List;

/** How the figures are computed, in the words of both forms of the report. */
final class Notes {
  static final List<String> ALL =
      List.of(
          "Scores are percentages of the suite's own metric, the mean over samples (over a sample's"
              + " attempts first, where there are several). For RULER that is the share of"
              + " references found in the answer; for its question tasks one reference is enough.",
          "LongPPL is e to the power of the mean loss of the key tokens, those that a model predicts"
              + " well with a long context only; lower is better. Its difference is tested on the"
              + " losses of the documents.",
          "A row that failed scores 0 and is counted as an error, apart from wrong answers; it is"
              + " left out of a LongPPL. A sample without any row enters no value and is counted as"
              + " missing. † marks cells with either.",
          "The mean of a length weighs all tasks alike, the average all lengths. In the weighted"
              + " averages the n-th shortest (to long) or n-th longest (to short) length weighs n. The"
              + " effective length is the longest up to which every length scores above 85.6, the"
              + " mark that RULER sets.",
          String.format(
              "Intervals are 95 %% bootstrap percentiles of %,d resamples of the samples, within"
                  + " each task. An interval without width means that all samples scored alike, not"
                  + " that the value is certain. For speeds, medians over the answers, it is the"
                  + " distribution-free interval of the median.",
              Bootstrap.RESAMPLES),
          "Methods are compared on the samples that both answered, pair by pair: McNemar's exact"
              + " test where all differences have one size, as those of 0/1 scores do, otherwise a"
              + " sign-flip permutation test. Samples +a −b: the method did better on a of them"
              + " and worse on b. Where few samples differ the test is stricter than the interval;"
              + " the verdict follows the test.",
          "p Holm is corrected for the number of tasks at the length, or of lengths in the rows"
              + " over all tasks. Better and worse: p Holm below 0.05. Too few samples: even if"
              + " all had changed in one direction, the test could not have shown it. Detectable:"
              + " the smallest true difference that this many samples show four times in five at"
              + " p < 0.05.",
          "Prefill speed is prompt tokens over the time that the engine spent on them, decode speed"
              + " the tokens after the first over theirs. Of a step that serves several requests"
              + " each has the share of its rows: compare methods of one run, not machines.");

  private Notes() {}
}

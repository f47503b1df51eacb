package dev.longspan.eval;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.LiveCodeBench;
import java.util.List;
import java.util.Map;

/**
 * What scoring and reports need of a sample: a prompt of a million characters is not among it.
 *
 * @param suite benchmark
 * @param task task within the suite
 * @param length target length in tokens
 * @param id name within suite, task and length
 * @param promptHead the first characters of the last user turn
 * @param promptTail its last characters; empty if the head holds it all
 * @param references accepted answers; of LiveCodeBench the names of the tests
 * @param info what else the report shows
 */
public record SampleSummary(
    String suite,
    String task,
    int length,
    String id,
    String promptHead,
    String promptTail,
    List<String> references,
    Map<String, String> info) {
  private static final int HEAD = 400;
  private static final int TAIL = 400;

  /** Returns the summary of {@code sample}. */
  public static SampleSummary of(Sample sample) {
    // A prompt without a conversation is the answer prefix alone.
    boolean bare = sample.messages().isEmpty();
    String text =
        bare
            ? sample.answerPrefix()
            : sample.messages().get(sample.messages().size() - 1).content();
    boolean whole = text.length() <= HEAD + TAIL;
    String head = whole ? text : text.substring(0, HEAD);
    String tail = whole ? "" : text.substring(text.length() - TAIL);
    return new SampleSummary(
        sample.suite(),
        sample.task(),
        sample.length(),
        sample.id(),
        head,
        bare ? tail : tail + sample.answerPrefix(),
        // Tests are run elsewhere, and can be a hundred megabytes: their name is enough here.
        LiveCodeBench.SUITE.equals(sample.suite())
            ? sample.references().stream().map(CodeTests::label).toList()
            : sample.references(),
        sample.info());
  }
}

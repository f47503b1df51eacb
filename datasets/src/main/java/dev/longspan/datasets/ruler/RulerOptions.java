package dev.longspan.datasets.ruler;

import java.nio.file.Path;
import java.util.List;

/**
 * What to generate.
 *
 * @param tasks names out of {@link Ruler#TASKS}
 * @param lengths target lengths in tokens, prompt and answer together
 * @param samples samples per task and length
 * @param seed decides all random choices
 * @param templates file with the wording in the layout of the official one; null for our own
 * @param haystack text file, JSON file with a {@code text} field, or folder of text files; null for
 *     generated prose
 * @param squad SQuAD 2.0 file for {@code qa_1}; null for questions on generated documents
 * @param hotpot HotpotQA distractor file for {@code qa_2}; null for generated ones
 */
public record RulerOptions(
    List<String> tasks,
    List<Integer> lengths,
    int samples,
    long seed,
    Path templates,
    Path haystack,
    Path squad,
    Path hotpot) {

  /** Freezes the lists. */
  public RulerOptions {
    tasks = List.copyOf(tasks);
    lengths = List.copyOf(lengths);
  }

  /** Returns options that need no files: our own wording, generated prose and documents. */
  public static RulerOptions of(List<String> tasks, List<Integer> lengths, int samples, long seed) {
    return new RulerOptions(tasks, lengths, samples, seed, null, null, null, null);
  }

  /** Returns these options with the wording of {@code file}. */
  public RulerOptions withTemplates(Path file) {
    return new RulerOptions(tasks, lengths, samples, seed, file, haystack, squad, hotpot);
  }

  /** Returns these options with the text of {@code fileOrFolder} as haystack. */
  public RulerOptions withHaystack(Path fileOrFolder) {
    return new RulerOptions(tasks, lengths, samples, seed, templates, fileOrFolder, squad, hotpot);
  }

  /** Returns these options with the questions of {@code squad} and {@code hotpot}. */
  public RulerOptions withQuestions(Path squad, Path hotpot) {
    return new RulerOptions(tasks, lengths, samples, seed, templates, haystack, squad, hotpot);
  }
}

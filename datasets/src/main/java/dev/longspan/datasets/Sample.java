package dev.longspan.datasets;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One question to a model: what to ask, what counts as right, and how long the answer may be.
 *
 * @param suite benchmark, for example {@code ruler}
 * @param task task within the suite, for example {@code niah_single_1}
 * @param length target length in tokens, prompt and answer together; 0 where the suite has none
 * @param id name of the sample, unique within suite, task and length, and stable between runs
 * @param messages the conversation that the chat template renders; none for a prompt that goes to
 *     the model as it is, without the template, which then is the answer prefix
 * @param answerPrefix text that opens the assistant's turn, after the template; may be empty
 * @param references the accepted answers, as the task's metric reads them
 * @param maxNewTokens limit of the answer in tokens; 0 for a text whose own tokens are scored
 *     instead of being continued
 * @param info what else the report shows, for example {@code haystack} or {@code depth}
 */
public record Sample(
    String suite,
    String task,
    int length,
    String id,
    List<Message> messages,
    String answerPrefix,
    List<String> references,
    int maxNewTokens,
    Map<String, String> info) {

  /** Checks that nothing is missing and freezes the collections. */
  public Sample {
    Objects.requireNonNull(suite, "suite");
    Objects.requireNonNull(task, "task");
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(answerPrefix, "answerPrefix");
    messages = List.copyOf(messages);
    references = List.copyOf(references);
    info = Map.copyOf(info);
  }

  /** Returns the sample with more information about it. */
  public Sample withInfo(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(info);
    all.putAll(more);
    return new Sample(
        suite, task, length, id, messages, answerPrefix, references, maxNewTokens, all);
  }

  /** Returns the sample with another answer prefix. */
  public Sample withAnswerPrefix(String other) {
    return new Sample(suite, task, length, id, messages, other, references, maxNewTokens, info);
  }

  /** Returns the sample with other references. */
  public Sample withReferences(List<String> others) {
    return new Sample(suite, task, length, id, messages, answerPrefix, others, maxNewTokens, info);
  }
}

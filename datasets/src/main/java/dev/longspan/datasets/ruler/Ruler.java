package dev.longspan.datasets.ruler;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.TokenCounter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Generates the thirteen RULER tasks at any length from 512 tokens.
 *
 * <p>What the tasks are follows Hsieh et al., <i>RULER: What's the Real Context Size of Your
 * Long-Context Language Models?</i> (2024). A sample depends on seed, task, length and index alone,
 * not on its neighbours, so cells and samples can be prepared in any order and in parallel. It
 * never exceeds its length and comes close to it. Immutable; safe for use by several threads if the
 * token counter is.
 */
public final class Ruler {
  /** Name of the suite in samples. */
  public static final String SUITE = "ruler";

  /** Version of the generated samples; changes whenever equal options give other samples. */
  public static final String VERSION = "1";

  /** Names of the tasks, in the order of reports. */
  public static final List<String> TASKS =
      List.of(
          "niah_single_1",
          "niah_single_2",
          "niah_single_3",
          "niah_multikey_1",
          "niah_multikey_2",
          "niah_multikey_3",
          "niah_multivalue",
          "niah_multiquery",
          "vt",
          "cwe",
          "fwe",
          "qa_1",
          "qa_2");

  private final RulerOptions options;
  private final Wording wording;
  private final Haystack haystack;
  private final Questions oneHop;
  private final Questions twoHop;

  private Ruler(RulerOptions options) {
    this.options = options;
    wording = Wording.of(options.templates());
    haystack = Haystack.of(options.haystack());
    oneHop =
        options.squad() == null
            ? new GeneratedQuestions(false)
            : QuestionFiles.squad(options.squad());
    twoHop =
        options.hotpot() == null
            ? new GeneratedQuestions(true)
            : QuestionFiles.hotpot(options.hotpot());
  }

  /**
   * Reads the files that {@code options} name.
   *
   * @throws DatasetException if one cannot be used, or a task or length does not exist
   */
  public static Ruler of(RulerOptions options) {
    for (String task : options.tasks()) {
      metric(task);
    }
    for (int length : options.lengths()) {
      if (length < 1) {
        throw new DatasetException("A RULER length of " + length + " tokens; use 512 or more");
      }
    }
    if (options.samples() < 1) {
      throw new DatasetException(
          options.samples() + " samples per RULER task and length; use at least 1");
    }
    return new Ruler(options);
  }

  /**
   * Returns all samples of {@code options}: tasks in the given order, within each the lengths.
   *
   * @throws DatasetException if a file cannot be used or a task does not fit into a length
   */
  public static List<Sample> generate(RulerOptions options, TokenCounter counter) {
    Ruler ruler = of(options);
    List<Sample> samples = new ArrayList<>();
    for (String task : options.tasks()) {
      for (int length : options.lengths()) {
        samples.addAll(ruler.cell(task, length, counter));
      }
    }
    return samples;
  }

  /**
   * Returns the metric of {@code task}: {@code all} for the fraction of the references that the
   * answer contains, {@code part} for 1 if it contains any.
   *
   * @throws DatasetException if RULER has no such task
   */
  public static String metric(String task) {
    if (!TASKS.contains(task)) {
      throw new DatasetException(
          "RULER has no task " + task + "; its tasks are " + String.join(", ", TASKS));
    }
    return task.startsWith("qa_") ? "part" : "all";
  }

  /** Returns the samples of one task and length. */
  public List<Sample> cell(String task, int length, TokenCounter counter) {
    List<Sample> samples = new ArrayList<>();
    for (int index = 0; index < options.samples(); index++) {
      samples.add(sample(task, length, index, counter));
    }
    return samples;
  }

  /**
   * Returns sample {@code index} of {@code task} at {@code length} tokens.
   *
   * @throws DatasetException if the task does not fit; the message names a length at which it does
   */
  public Sample sample(String task, int length, int index, TokenCounter counter) {
    String metric = metric(task);
    int newTokens = wording.newTokens(task);
    List<Draft> forms = task(task).drafts(options.seed(), length, index);
    Fit.Fitted fitted;
    try {
      fitted =
          Fit.longest(
              forms,
              length - newTokens,
              prompt -> counter.count(List.of(Message.user(prompt.text())), prompt.answerPrefix()));
    } catch (Fit.TooSmall e) {
      throw new DatasetException(
          "RULER %s does not fit into %d tokens: sample %d needs %d for its smallest prompt and %d"
                  .formatted(task, length, index, e.tokens, newTokens)
              + " for the answer; use a length of at least "
              + (e.tokens + newTokens));
    }
    Prompt prompt = fitted.prompt();
    Map<String, String> info = new LinkedHashMap<>(prompt.info());
    int filled = fitted.tokens() + newTokens;
    info.put("metric", metric);
    info.put("templates", wording.id());
    info.put("version", VERSION);
    info.put("prompt_tokens", String.valueOf(fitted.tokens()));
    info.put("fill", String.format(Locale.ROOT, "%.3f", (double) filled / length));
    return new Sample(
        SUITE,
        task,
        length,
        String.valueOf(index),
        List.of(Message.user(prompt.text())),
        prompt.answerPrefix(),
        prompt.references(),
        newTokens,
        info);
  }

  private Task task(String name) {
    String base = wording.base(name);
    return switch (base) {
      case "niah" -> new Needles(name, wording, haystack);
      case "variable_tracking" -> new Variables(name, wording, haystack);
      case "common_words_extraction" -> new CommonWords(name, wording);
      case "freq_words_extraction" -> new FrequentWords(name, wording);
      default -> {
        String questions = wording.choice(name, "dataset", List.of("squad", "hotpotqa"));
        yield new Documents(name, wording, questions.equals("squad") ? oneHop : twoHop);
      }
    };
  }
}

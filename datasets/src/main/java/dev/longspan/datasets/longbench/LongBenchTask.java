package dev.longspan.datasets.longbench;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One of the 21 sets of LongBench: how it is asked and how it is scored.
 *
 * @param id name of the set, as its file and the official results have it
 * @param group the group of sets whose scores are averaged
 * @param language {@code en}, {@code zh} or {@code code}
 * @param metric what answers are scored by
 * @param maxNewTokens limit of the answer in tokens
 * @param chat whether the prompt goes through the chat template
 * @param firstLine whether only the answer's first line counts
 * @param buckets whether LongBench-E has the set, with its rows in three ranges of length
 */
public record LongBenchTask(
    String id,
    String group,
    String language,
    LongBenchMetric metric,
    int maxNewTokens,
    boolean chat,
    boolean firstLine,
    boolean buckets) {
  private static final String SINGLE = "single-doc";
  private static final String MULTI = "multi-doc";
  private static final String SUMMARY = "summary";
  private static final String FEW_SHOT = "few-shot";
  private static final String SYNTHETIC = "synthetic";
  private static final String CODE = "code";

  private static final List<LongBenchTask> ALL =
      List.of(
          en("narrativeqa", SINGLE, LongBenchMetric.QA_F1, 128, false),
          en("qasper", SINGLE, LongBenchMetric.QA_F1, 128, true),
          en("multifieldqa_en", SINGLE, LongBenchMetric.QA_F1, 64, true),
          zh("multifieldqa_zh", SINGLE, LongBenchMetric.QA_F1_ZH, 64),
          en("hotpotqa", MULTI, LongBenchMetric.QA_F1, 32, true),
          en("2wikimqa", MULTI, LongBenchMetric.QA_F1, 32, true),
          en("musique", MULTI, LongBenchMetric.QA_F1, 32, false),
          zh("dureader", MULTI, LongBenchMetric.ROUGE_ZH, 128),
          en("gov_report", SUMMARY, LongBenchMetric.ROUGE, 512, true),
          en("qmsum", SUMMARY, LongBenchMetric.ROUGE, 512, false),
          en("multi_news", SUMMARY, LongBenchMetric.ROUGE, 512, true),
          zh("vcsum", SUMMARY, LongBenchMetric.ROUGE_ZH, 512),
          fewShot("trec", "en", LongBenchMetric.CLASSIFICATION, 64, true),
          fewShot("triviaqa", "en", LongBenchMetric.QA_F1, 32, true),
          fewShot("samsum", "en", LongBenchMetric.ROUGE, 128, true),
          fewShot("lsht", "zh", LongBenchMetric.CLASSIFICATION, 64, false),
          en("passage_count", SYNTHETIC, LongBenchMetric.COUNT, 32, true),
          en("passage_retrieval_en", SYNTHETIC, LongBenchMetric.RETRIEVAL, 32, true),
          zh("passage_retrieval_zh", SYNTHETIC, LongBenchMetric.RETRIEVAL_ZH, 32),
          code("lcc"),
          code("repobench-p"));

  private static LongBenchTask en(
      String id, String group, LongBenchMetric metric, int maxNewTokens, boolean buckets) {
    return new LongBenchTask(id, group, "en", metric, maxNewTokens, true, false, buckets);
  }

  private static LongBenchTask zh(
      String id, String group, LongBenchMetric metric, int maxNewTokens) {
    return new LongBenchTask(id, group, "zh", metric, maxNewTokens, true, false, false);
  }

  private static LongBenchTask fewShot(
      String id, String language, LongBenchMetric metric, int maxNewTokens, boolean buckets) {
    return new LongBenchTask(id, FEW_SHOT, language, metric, maxNewTokens, false, true, buckets);
  }

  private static LongBenchTask code(String id) {
    return new LongBenchTask(id, CODE, "code", LongBenchMetric.CODE_SIM, 64, false, false, true);
  }

  /** Returns all sets, group by group. */
  public static List<LongBenchTask> all() {
    return ALL;
  }

  /** Returns the groups in the order of the sets. */
  public static List<String> groups() {
    return ALL.stream().map(LongBenchTask::group).distinct().toList();
  }

  /** Returns the set of that name, if there is one. */
  public static Optional<LongBenchTask> find(String id) {
    return ALL.stream().filter(task -> task.id.equals(id)).findFirst();
  }

  /**
   * Returns the set of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists the names
   */
  public static LongBenchTask of(String id) {
    return find(id)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "LongBench has no set '"
                        + id
                        + "'; its sets are "
                        + ALL.stream().map(LongBenchTask::id).collect(Collectors.joining(", "))));
  }
}

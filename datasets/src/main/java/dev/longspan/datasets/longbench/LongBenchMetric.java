package dev.longspan.datasets.longbench;

import java.util.Locale;

/** The measures that LongBench's sets are scored by. */
public enum LongBenchMetric {
  /** F1 of the words of normalised English text. */
  QA_F1,
  /** F1 of the words that a segmenter finds in Chinese text. */
  QA_F1_ZH,
  /** ROUGE-L of English text. */
  ROUGE,
  /** ROUGE-L of the words that a segmenter finds in Chinese text. */
  ROUGE_ZH,
  /** Whether the answer names the right class, shared among the classes it names. */
  CLASSIFICATION,
  /** The share of the numbers in the answer that are the right count. */
  COUNT,
  /** The share of the numbers in the answer that are the right paragraph's. */
  RETRIEVAL,
  /** As {@link #RETRIEVAL}, for Chinese. */
  RETRIEVAL_ZH,
  /** Similarity of the first line of code. */
  CODE_SIM;

  /** Returns the name that reports show, in lower case. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}

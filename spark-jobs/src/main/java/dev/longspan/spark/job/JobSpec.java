package dev.longspan.spark.job;

import java.io.Serializable;
import java.util.List;

/**
 * What a job does to each sample.
 *
 * @param engine where answers come from
 * @param methods attention methods; every sample is answered by each
 * @param sampling how answers are drawn
 * @param attempts answers to each sample and method
 * @param format of the prompts
 * @param retryErrors whether rows that an earlier run answered with an error are tried again
 * @param partitions number of Spark partitions; 0 to choose by rows and cores
 * @param flushSeconds how often finished rows are committed
 */
public record JobSpec(
    EngineSpec engine,
    List<MethodSpec> methods,
    SamplingSpec sampling,
    int attempts,
    PromptFormat format,
    boolean retryErrors,
    int partitions,
    int flushSeconds)
    implements Serializable {

  /** Copies the list. */
  public JobSpec {
    methods = List.copyOf(methods);
  }
}

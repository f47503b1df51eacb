package dev.longspan.spark.job;

/** Where a job's progress is shown. */
public interface ProgressDisplay {
  /** Shows the newest state; called about once a second. */
  void show(String line);

  /** Shows the last state, and makes room for other output. */
  void end(String line);
}

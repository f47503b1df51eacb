package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.Engines;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * A Spark session of a command. It starts when it is asked for, after everything that can be
 * checked without it.
 */
final class Session implements AutoCloseable {
  private static final String HADOOP = "spark.hadoop.";

  private final SparkConf conf = new SparkConf();
  private SparkSession spark;

  Session(SparkOptions options, CommonOptions common) {
    if (options.master != null) {
      conf.setMaster(options.master);
    }
    options.settings.forEach(conf::set);
    conf.setIfMissing("spark.master", "local[*]");
    conf.setAppName("longspan");
    // A row's answer must be computed once: a second copy of a slow task would double the work.
    conf.set("spark.speculation", "false");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    conf.setIfMissing("spark.log.level", common.verbose ? "INFO" : "WARN");
    // Progress comes with the heartbeats.
    conf.setIfMissing("spark.executor.heartbeatInterval", "2s");
    // Spark warns of plans with more columns than this; an answer has a few dozen with its sample.
    conf.setIfMissing("spark.sql.debug.maxToStringFields", "100");
    conf.setIfMissing(
        "spark.sql.warehouse.dir",
        Path.of(System.getProperty("java.io.tmpdir"), "longspan-warehouse").toUri().toString());
    if (local()) {
      conf.setIfMissing("spark.ui.enabled", "false");
      conf.setIfMissing("spark.driver.host", "localhost");
      conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
      conf.setIfMissing("spark.sql.shuffle.partitions", "8");
    }
    if (common.verbose) {
      Configurator.setLevel("dev.longspan.kernels.attention", Level.INFO);
    }
  }

  /** Returns whether tasks run in this JVM. */
  boolean local() {
    String master = conf.get("spark.master");
    return master.equals("local") || master.startsWith("local[");
  }

  /** Returns whether tasks run on machines with disks of their own. */
  boolean distributed() {
    return !local() && !conf.get("spark.master").startsWith("local-cluster");
  }

  /** Returns Hadoop's settings as Spark will have them. */
  Configuration hadoop() {
    Configuration hadoop = new Configuration();
    for (Tuple2<String, String> entry : conf.getAllWithPrefix(HADOOP)) {
      hadoop.set(entry._1(), entry._2());
    }
    return hadoop;
  }

  /** Returns the session, which is started if it has not been. */
  SparkSession spark() {
    if (spark == null) {
      try {
        spark = SparkSession.builder().config(conf).getOrCreate();
      } catch (Exception e) { // Scala throws checked exceptions too, without declaring them.
        String message = String.valueOf(e.getMessage());
        if (message.contains("Master URL")) {
          throw new UsageException(
              "--master " + conf.get("spark.master") + " is no Spark master: " + message, e);
        }
        throw new IllegalStateException("Spark did not start: " + message, e);
      }
    }
    return spark;
  }

  @Override
  public void close() throws IOException {
    Engines.closeIdle();
    if (spark != null) {
      spark.close();
    }
  }
}

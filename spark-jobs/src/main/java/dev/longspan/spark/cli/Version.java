package dev.longspan.spark.cli;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** What is running. */
final class Version implements IVersionProvider {
  /** Returns the version of this program: that of its jar, which a build tree's classes lack. */
  static String longspan() {
    return Objects.requireNonNullElse(
        Version.class.getPackage().getImplementationVersion(), "development");
  }

  static String spark() {
    return org.apache.spark.package$.MODULE$.SPARK_VERSION();
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "longspan " + longspan(),
      "Spark " + spark(),
      "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"
    };
  }
}

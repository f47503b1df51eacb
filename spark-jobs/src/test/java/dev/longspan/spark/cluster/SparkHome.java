package dev.longspan.spark.cluster;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A Spark installation made of the jars on the class path. */
final class SparkHome {
  private SparkHome() {}

  /**
   * Makes one of the jars on {@code classPath} that do not belong to this project.
   *
   * @param name of its folder below target/
   */
  static Path assemble(String name, String classPath) throws IOException {
    Path home = Path.of(System.getProperty("longspan.home"), "spark-jobs", "target").resolve(name);
    Path jars = Files.createDirectories(home.resolve("jars"));
    for (String entry : classPath.split(File.pathSeparator)) {
      Path jar = Path.of(entry);
      String file = jar.getFileName().toString();
      if (file.endsWith(".jar") && !file.startsWith("longspan-") && Files.isRegularFile(jar)) {
        Path link = jars.resolve(file);
        if (!Files.exists(link)) {
          Files.createSymbolicLink(link, jar);
        }
      }
    }
    Files.writeString(home.resolve("RELEASE"), "Spark 4.1.1 of the build\n");
    return home;
  }

  /** Returns what Spark wants in the environment. */
  static Map<String, String> environment(Path home) {
    return Map.of(
        "SPARK_HOME",
        home.toString(),
        "SPARK_SCALA_VERSION",
        "2.13",
        "SPARK_LOCAL_IP",
        "127.0.0.1",
        "JAVA_HOME",
        System.getProperty("java.home"));
  }
}

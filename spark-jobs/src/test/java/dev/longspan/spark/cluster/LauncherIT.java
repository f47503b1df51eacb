package dev.longspan.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Child;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** bin/longspan with the packaged jars, with and without a Spark installation. */
@Tag("cluster")
class LauncherIT {
  private static final Path HOME = Path.of(System.getProperty("longspan.home"));
  @TempDir private Path temp;

  /** What spark-submit of a distribution does: the launcher's main class makes the command line. */
  private static final String SUBMIT =
      """
      #!/usr/bin/env bash
      {
        IFS= read -r _
        command=()
        while IFS= read -r -d '' word; do command+=("$word"); done
      } < <("$JAVA_HOME/bin/java" -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main \\
          org.apache.spark.deploy.SparkSubmit "$@")
      exec "${command[@]}"
      """;

  private Child launch(Path launcher, Map<String, String> environment, Object... words)
      throws IOException {
    Map<String, String> all = new HashMap<>(environment);
    all.putIfAbsent("LONGSPAN_HEAP", "1g");
    return Child.start(
        Files.createTempFile(temp, "log", ".txt"), all, List.of(launcher.toString()), words);
  }

  private static Path executable(Path file, String content) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Path link() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("with a space"));
    Path first = Files.createSymbolicLink(folder.resolve("one"), HOME.resolve("bin/longspan"));
    return Files.createSymbolicLink(folder.resolve("two"), first.getFileName());
  }

  private void evaluate(Path launcher, Map<String, String> environment) throws Exception {
    Path model = TinyModel.write(temp.resolve("a model"), 1024, 3);
    Path run = temp.resolve("a run");
    Child child =
        launch(
            launcher,
            environment,
            "evaluate",
            "--model",
            model,
            "--tasks",
            "niah_single_1",
            "--lengths",
            "512",
            "--samples",
            "2",
            "--out",
            run,
            "--master",
            "local[2]");
    assertEquals(0, child.await(), child.output());
    assertEquals(4, new HashSet<>(Rows.column(run, "key")).size());
    assertTrue(Files.exists(run.resolve("report.html")), child.output());
    assertFalse(child.output().contains(" INFO SparkContext"), child.output());
    Child missing =
        launch(launcher, environment, "evaluate", "--model", temp.resolve("nowhere"), "--out", "x");
    assertEquals(2, missing.await(), missing.output());
    assertTrue(missing.output().contains("does not exist"), missing.output());
    assertFalse(missing.output().contains("\tat "), missing.output());
  }

  @Test
  void withoutSparkThroughLinksAndBlanks() throws Exception {
    evaluate(link(), Map.of());
  }

  @Test
  void throughSparkSubmitWithTheShadedJar() throws Exception {
    String classPath =
        Files.readString(HOME.resolve("spark-jobs").resolve("target").resolve("classpath.txt"));
    Path spark = SparkHome.assemble("spark-of-launcher", classPath.trim());
    for (String ours : List.of("picocli", "jinjava", "tokenizers", "jackson-dataformat-yaml")) {
      try (var jars = Files.newDirectoryStream(spark.resolve("jars"), ours + "-*.jar")) {
        for (Path jar : jars) {
          Files.delete(jar);
        }
      }
    }
    executable(spark.resolve("bin").resolve("spark-submit"), SUBMIT);

    evaluate(HOME.resolve("bin").resolve("longspan"), SparkHome.environment(spark));
  }

  @Test
  void javaMustBeThereAndFit() throws Exception {
    Path launcher = HOME.resolve("bin").resolve("longspan");
    Child none = launch(launcher, Map.of("JAVA_HOME", temp.resolve("no").toString()), "--version");
    assertEquals(2, none.await(), none.output());
    assertTrue(none.output().contains("there is no bin/java in it"), none.output());

    Path old = temp.resolve("old");
    executable(
        old.resolve("bin").resolve("java"),
        "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n");
    Child eleven = launch(launcher, Map.of("JAVA_HOME", old.toString()), "--version");
    assertEquals(2, eleven.await(), eleven.output());
    assertTrue(eleven.output().contains("is Java 11; Spark 4.1 needs Java 17 to 21"));

    Child spark = launch(launcher, Map.of("SPARK_HOME", temp.toString()), "--version");
    assertEquals(2, spark.await(), spark.output());
    assertTrue(spark.output().contains("no bin/spark-submit in it"), spark.output());
  }
}

package dev.longspan.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Child;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two executors in JVMs of their own. */
@Tag("cluster")
class LocalClusterTest {
  @TempDir private Path temp;

  @Test
  void executorsPrepareAndAnswerAndTheDriverScores() throws Exception {
    Path model = TinyModel.write(temp.resolve("model"), 1024, 3);
    Path run = temp.resolve("run");
    String classPath = System.getProperty("java.class.path");
    Path home = SparkHome.assemble("spark-of-tests", classPath);

    Child child =
        Child.java(
            temp.resolve("log"),
            SparkHome.environment(home),
            "evaluate",
            "--model",
            model,
            "--tasks",
            "niah_single_1,vt",
            "--lengths",
            "512",
            "--samples",
            "3",
            "--out",
            run,
            "--master",
            "local-cluster[2,1,1024]",
            "--spark",
            "spark.executor.extraClassPath=" + classPath,
            "--spark",
            "spark.executor.memory=1g",
            "--spark",
            "spark.ui.enabled=false");
    int status = child.await();

    assertEquals(0, status, child.output());
    List<String> keys = Rows.column(run, "key");
    assertEquals(12, keys.size());
    assertEquals(12, new HashSet<>(keys).size());
    Rows.of(run).forEach(row -> assertEquals(null, Rows.errorCode(row)));
    assertTrue(Files.exists(run.resolve("report.html")), child.output());
    assertTrue(child.output().contains("12 of 12 rows"), child.output());
  }
}

package dev.longspan.spark.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Cli;
import dev.longspan.spark.TinyModel;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model, input and run folder on a real HDFS. */
@Tag("cluster")
class HdfsTest {
  @TempDir private static Path temp;
  private static MiniDFSCluster cluster;
  private static FileSystem files;
  private static String root;

  @BeforeAll
  static void start() throws IOException {
    Configuration configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, temp.resolve("hdfs").toString());
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    cluster.waitActive();
    files = cluster.getFileSystem();
    root = files.getUri().toString();
    Path model = TinyModel.write(temp.resolve("model"), 1024, 3);
    files.copyFromLocalFile(
        new org.apache.hadoop.fs.Path(model.toUri()),
        new org.apache.hadoop.fs.Path(root + "/models/tiny"));
  }

  @AfterAll
  static void stop() {
    cluster.shutdown();
  }

  private static Cli evaluate() {
    return Cli.run(
        "evaluate",
        "--model",
        root + "/models/tiny",
        "--tasks",
        "niah_single_1",
        "--lengths",
        "512",
        "--samples",
        "2",
        "--out",
        root + "/runs/one",
        "--master",
        "local[2]");
  }

  @Test
  void aRunOnHdfsIsCompleteAndTakenUpAgain() throws IOException {
    Cli first = evaluate();

    assertEquals(0, first.status(), first.err());
    assertTrue(first.out().contains("Report: " + root + "/runs/one/report.html"), first.out());
    for (String name : new String[] {"manifest.json", "scores.json", "report.html"}) {
      FileStatus status =
          files.getFileStatus(new org.apache.hadoop.fs.Path(root + "/runs/one/" + name));
      assertTrue(status.getLen() > 100, name);
    }

    Cli second = evaluate();

    assertEquals(0, second.status(), second.err());
    assertTrue(second.out().contains("4 rows, 4 of them from before."), second.out());
  }
}

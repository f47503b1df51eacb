package dev.longspan.spark.input;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.JsonLines;
import dev.longspan.datasets.SourceRow;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Locations;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/**
 * The rows of a benchmark's files, as they are published: JSON Lines, a JSON array or Parquet,
 * compressed or not, or a text file for each document; local or on any file system of Hadoop.
 */
public final class DataFiles {
  private static final String PARQUET = ".parquet";
  private static final String TEXT = ".txt";
  private static final List<String> ENDINGS = List.of(".jsonl", ".json", PARQUET, TEXT);

  private DataFiles() {}

  /**
   * Finds the files of a location, sorted.
   *
   * @param option names the location in messages
   * @param location a file, a folder with all below it, or a pattern; a URI or a local path
   * @throws UsageException if there are none of a known kind
   */
  public static List<String> find(String option, String location, Configuration configuration) {
    List<String> files = new ArrayList<>();
    try {
      Path path = Locations.path(location);
      FileSystem system = path.getFileSystem(configuration);
      FileStatus[] matches =
          system.exists(path)
              ? new FileStatus[] {system.getFileStatus(path)}
              : system.globStatus(path);
      if (matches == null || matches.length == 0) {
        throw new UsageException(option + " " + location + ": there is no such file or folder.");
      }
      for (FileStatus match : matches) {
        RemoteIterator<LocatedFileStatus> tree = system.listFiles(match.getPath(), true);
        while (tree.hasNext()) {
          Path found = tree.next().getPath();
          String file = found.toString();
          if (!found.getName().startsWith(".")
              && ENDINGS.stream().anyMatch(plain(file)::endsWith)) {
            files.add(file);
          }
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new UsageException(option + " " + location + " can't be read: " + e.getMessage(), e);
    }
    if (files.isEmpty()) {
      throw new UsageException(
          option
              + " "
              + location
              + " holds no data: files that end in "
              + String.join(", ", ENDINGS)
              + " were expected.");
    }
    files.sort(null);
    return files;
  }

  /** Returns the name of a file as its rows and messages have it. */
  public static String name(String file) {
    return Locations.name(new Path(file));
  }

  /** The name of a file as if it were not compressed. */
  private static String plain(String file) {
    return file.toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|bz2|zst)$", "");
  }

  /**
   * Opens the rows of a file; the stream must be closed.
   *
   * @throws dev.longspan.datasets.DatasetException by the stream, at a row that is no JSON object
   */
  public static Stream<SourceRow> rows(Configuration configuration, String file)
      throws IOException {
    Path path = new Path(file);
    String name = Locations.name(path);
    if (plain(file).endsWith(PARQUET)) {
      return SourceRow.number(name, ParquetRows.read(configuration, path, name));
    }
    if (plain(file).endsWith(TEXT)) {
      try (InputStream in = open(configuration, path)) {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        String id = path.getName().replaceFirst("\\.txt.*$", "");
        return Stream.of(
            new SourceRow(
                name,
                0,
                Json.of(
                    name, JsonNodeFactory.instance.objectNode().put("id", id).put("text", text))));
      }
    }
    return SourceRow.number(name, JsonLines.read(name, open(configuration, path)));
  }

  private static InputStream open(Configuration configuration, Path path) throws IOException {
    CompressionCodec codec = new CompressionCodecFactory(configuration).getCodec(path);
    InputStream raw = path.getFileSystem(configuration).open(path);
    return codec == null ? raw : codec.createInputStream(raw);
  }

  /** Returns a digest of the files' content. */
  public static String digest(Configuration configuration, List<String> files) throws IOException {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (String file : files) {
        Path path = new Path(file);
        InputStream raw = path.getFileSystem(configuration).open(path);
        try (DigestInputStream in = new DigestInputStream(raw, sha)) {
          in.transferTo(OutputStream.nullOutputStream());
        }
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}

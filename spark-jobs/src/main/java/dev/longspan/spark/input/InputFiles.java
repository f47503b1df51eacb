package dev.longspan.spark.input;

import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Locations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * The files that a user names, and what they hold.
 *
 * @param format how to read them
 * @param files complete paths, sorted
 */
public record InputFiles(Format format, List<String> files) {
  /** Kinds of input. */
  public enum Format {
    /** One JSON object a line. */
    JSONL,
    /** Apache Parquet. */
    PARQUET,
    /** Plain text: a file is a prompt. */
    TEXT
  }

  /**
   * Finds files.
   *
   * @param names files, folders or patterns; local, or URIs
   * @param format null to go by the files' endings
   * @throws UsageException if a name matches nothing, all files are empty, or their endings
   *     disagree
   */
  public static InputFiles find(List<String> names, Format format, Configuration configuration) {
    TreeMap<String, Long> found = new TreeMap<>();
    for (String name : names) {
      int before = found.size();
      try {
        add(Locations.path(name), configuration, found);
      } catch (IOException | IllegalArgumentException e) {
        throw new UsageException("--input " + name + " can't be read: " + e.getMessage(), e);
      }
      if (found.size() == before) {
        throw new UsageException(
            "--input " + name + ": no such file, or a folder or pattern without files.");
      }
    }
    if (found.values().stream().allMatch(length -> length == 0)) {
      throw new UsageException(
          "The input is empty: "
              + (found.size() == 1
                  ? Locations.name(new Path(found.firstKey())) + " has"
                  : "all " + found.size() + " files have")
              + " no content.");
    }
    return new InputFiles(
        format != null ? format : format(found.keySet()), new ArrayList<>(found.keySet()));
  }

  private static void add(Path path, Configuration configuration, TreeMap<String, Long> found)
      throws IOException {
    FileSystem files = path.getFileSystem(configuration);
    FileStatus[] matches =
        files.exists(path) ? new FileStatus[] {files.getFileStatus(path)} : files.globStatus(path);
    if (matches == null) {
      return;
    }
    for (FileStatus match : matches) {
      if (match.isFile()) {
        found.put(match.getPath().toString(), match.getLen());
        continue;
      }
      RemoteIterator<LocatedFileStatus> tree = files.listFiles(match.getPath(), true);
      while (tree.hasNext()) {
        LocatedFileStatus file = tree.next();
        String name = file.getPath().getName();
        if (!name.startsWith(".") && !name.startsWith("_")) {
          found.put(file.getPath().toString(), file.getLen());
        }
      }
    }
  }

  private static Format format(Iterable<String> files) {
    TreeSet<Format> formats = new TreeSet<>();
    for (String file : files) {
      String name = file.toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|bz2|zst)$", "");
      if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
        formats.add(Format.JSONL);
      } else if (name.endsWith(".parquet")) {
        formats.add(Format.PARQUET);
      } else if (name.endsWith(".txt") || name.endsWith(".md")) {
        formats.add(Format.TEXT);
      } else {
        throw new UsageException(
            "What "
                + Locations.name(new Path(file))
                + " holds can't be told from its name; say"
                + " --format jsonl, parquet or text.");
      }
    }
    if (formats.size() > 1) {
      throw new UsageException(
          "--input names files of several kinds, "
              + formats
              + "; run them one by one, or say --format.");
    }
    return formats.first();
  }
}

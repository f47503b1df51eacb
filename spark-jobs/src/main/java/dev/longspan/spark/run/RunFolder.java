package dev.longspan.spark.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;

/** The folder of one run, local or on any Hadoop file system. */
public final class RunFolder implements AutoCloseable {
  private static final String MANIFEST = "manifest.json";

  /** What a run folder holds; nothing else in it is ever removed. */
  private static final List<String> OWN =
      List.of(
          MANIFEST,
          "samples",
          "generations",
          "grades",
          "scores.json",
          "report.html",
          "report.md",
          "junit.xml");

  /** Parts of the manifest that decide what the answers are, or how fast they came. */
  private static final List<String> SETTINGS =
      List.of("model", "methods", "suites", "input", "sampling", "backend");

  private final Path root;
  private final Configuration configuration;
  private final FileSystem files;
  private FileChannel lock;

  private RunFolder(Path root, Configuration configuration) throws IOException {
    this.root = root;
    this.configuration = configuration;
    this.files = RowParquet.fileSystem(root, configuration);
  }

  /** Opens a folder, which need not exist: a local path, or a URI that Hadoop knows. */
  public static RunFolder open(String location, Configuration configuration) {
    try {
      return new RunFolder(Locations.path(location), configuration);
    } catch (IOException | IllegalArgumentException e) {
      throw new UsageException("The folder " + location + " can't be opened: " + e.getMessage(), e);
    }
  }

  /** Returns the folder itself, as users know it. */
  public String location() {
    return Locations.name(root);
  }

  /** Returns the folder of samples. */
  public Path samples() {
    return new Path(root, "samples");
  }

  /** Returns the folder of answers. */
  public Path generations() {
    return new Path(root, "generations");
  }

  /** Returns the folder of verdicts on programs. */
  public Path grades() {
    return new Path(root, "grades");
  }

  /** Returns the name of a file of the run, as users know it. */
  public String file(String name) {
    return Locations.name(new Path(root, name));
  }

  /** Returns manifest.json, or null where there is none. */
  public JsonNode manifest() throws IOException {
    Path path = new Path(root, MANIFEST);
    if (!files.exists(path)) {
      return null;
    }
    try (InputStream in = files.open(path)) {
      return Json.MAPPER.readTree(in);
    } catch (JsonProcessingException e) {
      throw new UsageException(
          file(MANIFEST) + " is no JSON: " + e.getOriginalMessage() + ". Repair or remove it.", e);
    }
  }

  /**
   * Makes the folder ready for a run with the settings of {@code manifest}: new, taken up again, or
   * emptied. It is locked until {@link #close}.
   *
   * @throws UsageException if the folder holds something else, or can't be written
   */
  public void prepare(ObjectNode manifest, boolean resume, boolean overwrite) throws IOException {
    boolean there = files.exists(root);
    if (there) {
      refuseForeign();
    }
    try {
      files.mkdirs(root);
      lock();
      JsonNode old = there ? manifest() : null;
      if (old != null && overwrite) {
        clear();
      } else if (old != null && !resume) {
        refuseDifferences(old, manifest);
      }
      writeManifest(manifest);
      files.mkdirs(generations());
    } catch (IOException e) {
      throw new UsageException(
          "Can't write to "
              + location()
              + ": "
              + e.getMessage()
              + ". Check its permissions, or name another folder with --out.",
          e);
    }
  }

  private void refuseForeign() throws IOException {
    if (!files.getFileStatus(root).isDirectory()) {
      throw new UsageException(location() + " is a file; --out names a folder.");
    }
    if (files.exists(new Path(root, MANIFEST))) {
      return;
    }
    for (FileStatus status : files.listStatus(root)) {
      if (!status.getPath().getName().startsWith(".")) {
        throw new UsageException(
            location()
                + " is not empty and holds no manifest.json, so it is no run folder. Name another"
                + " folder with --out.");
      }
    }
  }

  private void refuseDifferences(JsonNode old, JsonNode manifest) {
    List<String> differences = differences(old, manifest);
    if (!differences.isEmpty()) {
      throw new UsageException(
          location()
              + " holds a run with other settings:\n  "
              + String.join("\n  ", differences)
              + "\nName another folder with --out; or add --resume to go on there with the settings"
              + " asked (answers that they do not use are dropped); or add --overwrite to start it"
              + " anew.");
    }
  }

  /**
   * Keeps other processes out until {@link #close} or the end of this one, kill -9 included. Only a
   * local folder can be locked so; elsewhere two runs at once do the same work twice, no harm else.
   */
  private void lock() throws IOException {
    java.nio.file.Path local = Locations.local(location());
    if (local == null) {
      return;
    }
    lock =
        FileChannel.open(
            local.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (lock.tryLock() != null) {
        return;
      }
    } catch (OverlappingFileLockException e) {
      // This JVM itself holds the lock.
    }
    lock.close();
    throw new UsageException(
        "Another process is at work in "
            + location()
            + ". Wait for its end, or name another folder with --out.");
  }

  @Override
  public void close() throws IOException {
    if (lock != null) {
      lock.close();
    }
  }

  private static List<String> differences(JsonNode there, JsonNode here) {
    List<String> lines = new ArrayList<>();
    for (String part : SETTINGS) {
      lines.addAll(Json.differences(part, settings(there, part), settings(here, part)));
    }
    return lines;
  }

  private static JsonNode settings(JsonNode manifest, String part) {
    if (part.equals("backend")) {
      return manifest.path("hardware").path("backend");
    }
    JsonNode tree = manifest.path(part);
    if (part.equals("model") && tree instanceof ObjectNode model) {
      // The same files elsewhere, or under another name, are the same model.
      return model.deepCopy().remove(List.of("name", "path"));
    }
    return tree;
  }

  private void clear() throws IOException {
    for (String name : OWN) {
      files.delete(new Path(root, name), true);
    }
  }

  /** Writes manifest.json, whole or not at all. */
  public void writeManifest(JsonNode manifest) throws IOException {
    replace(MANIFEST, Json.MAPPER.writeValueAsBytes(manifest));
  }

  /** Copies the files of a local folder into the run, each whole or not at all. */
  public void publish(java.nio.file.Path folder) throws IOException {
    try (var list = Files.list(folder)) {
      for (java.nio.file.Path file : (Iterable<java.nio.file.Path>) list.sorted()::iterator) {
        replace(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
  }

  private void replace(String name, byte[] content) throws IOException {
    Path target = new Path(root, name);
    Path hidden = new Path(root, "." + name + "." + UUID.randomUUID() + ".tmp");
    try (OutputStream out = files.create(hidden, true)) {
      out.write(content);
    }
    // FileSystem.rename does not replace a file on HDFS.
    FileContext.getFileContext(root.toUri(), configuration)
        .rename(hidden, target, Options.Rename.OVERWRITE);
  }

  /** Returns the Parquet files of a folder of the run, by name. */
  public List<Path> parquet(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    if (files.exists(folder)) {
      for (FileStatus status : files.listStatus(folder)) {
        String name = status.getPath().getName();
        if (name.endsWith(".parquet") && !name.startsWith(".") && !name.startsWith("_")) {
          found.add(status.getPath());
        }
      }
    }
    found.sort(null);
    return found;
  }

  /** Removes half-written files that a killed run left in its folders. */
  public void sweep() throws IOException {
    for (Path folder : List.of(samples(), generations(), grades())) {
      if (!files.exists(folder)) {
        continue;
      }
      for (FileStatus status : files.listStatus(folder)) {
        String name = status.getPath().getName();
        if (name.startsWith(".") && name.endsWith(".tmp")) {
          files.delete(status.getPath(), false);
        }
      }
    }
  }

  /** Removes a file of the run. */
  public void delete(Path file) throws IOException {
    files.delete(file, false);
  }

  /** Puts a file that can't be read out of the readers' sight, and returns its new name. */
  public Path setAside(Path file) throws IOException {
    Path aside = new Path(file.getParent(), "_broken-" + file.getName());
    files.delete(aside, false);
    if (!files.rename(file, aside)) {
      throw new IOException("could not rename " + file + " to " + aside);
    }
    return aside;
  }
}

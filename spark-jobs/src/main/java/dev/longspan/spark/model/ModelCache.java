package dev.longspan.spark.model;

import dev.longspan.spark.UsageException;
import dev.longspan.spark.run.Locations;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Model folders of any Hadoop file system as local folders.
 *
 * <p>A copy lives under a name that is made of the URI and of the name, length and modification
 * time of each file: a model that changes is fetched again, and one that is half fetched is never
 * seen. Each node of a cluster keeps its own copy.
 */
public final class ModelCache {
  /** Environment variable that names another folder for the copies. */
  public static final String VARIABLE = "LONGSPAN_CACHE";

  private static final Logger LOG = LoggerFactory.getLogger(ModelCache.class);

  private final Path root;
  private final Configuration configuration;

  /** Caches under {@code root}, and reads with {@code configuration}. */
  public ModelCache(Path root, Configuration configuration) {
    this.root = root;
    this.configuration = configuration;
  }

  /** Returns the user's cache: ~/.cache/longspan/models unless {@link #VARIABLE} names a folder. */
  public static ModelCache ofUser(Configuration configuration) {
    String named = System.getenv(VARIABLE);
    Path root =
        named == null || named.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache", "longspan")
            : Path.of(named);
    return new ModelCache(root.resolve("models"), configuration);
  }

  /**
   * Returns a local folder with the files of a model folder.
   *
   * @param location a local folder, which is returned as it is, or a URI
   * @throws UsageException if there is no such folder
   */
  public Path localise(String location) {
    Path local = Locations.local(location);
    if (local != null) {
      if (!Files.isDirectory(local)) {
        throw new UsageException(
            "The model folder "
                + local
                + (Files.exists(local) ? " is a file" : " does not exist")
                + ". --model names a folder with config.json, tokenizer.json and safetensors"
                + " files.");
      }
      return local;
    }
    try {
      return fetch(location);
    } catch (IOException | IllegalArgumentException e) {
      throw new UsageException("The model " + location + " can't be fetched: " + e.getMessage(), e);
    }
  }

  private Path fetch(String location) throws IOException {
    org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(location);
    FileSystem files = remote.getFileSystem(configuration);
    if (!files.exists(remote) || !files.getFileStatus(remote).isDirectory()) {
      throw new IOException("there is no such folder");
    }
    List<FileStatus> wanted = new ArrayList<>();
    for (FileStatus status : files.listStatus(remote)) {
      if (status.isFile()) {
        wanted.add(status);
      }
    }
    if (wanted.isEmpty()) {
      throw new IOException("the folder holds no files");
    }
    wanted.sort(Comparator.comparing(status -> status.getPath().getName()));
    Path copy = root.resolve(fingerprint(location, wanted));
    Files.createDirectories(root);
    Path lockFile = root.resolve(copy.getFileName() + ".lock");
    // Tasks of this JVM wait for the monitor, other JVMs on the node for the lock on the file.
    synchronized (ModelCache.class) {
      try (FileChannel channel =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var lock = channel.lock()) {
        if (!complete(copy, wanted)) {
          delete(copy);
          copy(files, location, wanted, copy);
        }
      }
    }
    return copy;
  }

  private void copy(FileSystem files, String location, List<FileStatus> wanted, Path copy)
      throws IOException {
    long bytes = wanted.stream().mapToLong(FileStatus::getLen).sum();
    LOG.info("fetching {} files, {} bytes, of {} to {}", wanted.size(), bytes, location, copy);
    Path partial = root.resolve(copy.getFileName() + ".partial");
    delete(partial);
    Files.createDirectories(partial);
    for (FileStatus status : wanted) {
      try (InputStream in = files.open(status.getPath())) {
        Files.copy(in, partial.resolve(status.getPath().getName()));
      }
    }
    Files.move(partial, copy, StandardCopyOption.ATOMIC_MOVE);
  }

  private static boolean complete(Path copy, List<FileStatus> wanted) throws IOException {
    if (!Files.isDirectory(copy)) {
      return false;
    }
    for (FileStatus status : wanted) {
      Path file = copy.resolve(status.getPath().getName());
      if (!Files.isRegularFile(file) || Files.size(file) != status.getLen()) {
        return false;
      }
    }
    return true;
  }

  private static String fingerprint(String location, List<FileStatus> files) {
    StringBuilder text = new StringBuilder(location).append('\n');
    for (FileStatus status : files) {
      text.append(status.getPath().getName())
          .append('\t')
          .append(status.getLen())
          .append('\t')
          .append(status.getModificationTime())
          .append('\n');
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(text.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> tree = Files.walk(folder)) {
        for (Path path : (Iterable<Path>) tree.sorted(Comparator.reverseOrder())::iterator) {
          Files.delete(path);
        }
      }
    }
  }
}

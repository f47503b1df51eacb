package dev.longspan.spark.run;

import java.net.URI;
import java.nio.file.InvalidPathException;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/** Paths as users write them: a plain path is local, a URI belongs to the file system it names. */
public final class Locations {
  private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*");

  private Locations() {}

  /** Returns whether {@code location} names a file system of its own. */
  public static boolean isUri(String location) {
    return SCHEME.matcher(location).matches();
  }

  /** Returns the Hadoop path of {@code location}; a plain path becomes an absolute local one. */
  public static Path path(String location) {
    if (isUri(location)) {
      return new Path(location);
    }
    return new Path(java.nio.file.Path.of(location).toAbsolutePath().normalize().toUri());
  }

  /** Returns the local path of {@code location}, or null if it is on another file system. */
  public static java.nio.file.Path local(String location) {
    try {
      if (!isUri(location)) {
        return java.nio.file.Path.of(location).toAbsolutePath().normalize();
      }
      return location.startsWith("file:")
          ? java.nio.file.Path.of(new Path(location).toUri().getPath())
          : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  /** Returns {@code path} as a user would write it. */
  public static String name(Path path) {
    URI uri = path.toUri();
    return uri.getScheme() == null || uri.getScheme().equals("file")
        ? uri.getPath()
        : path.toString();
  }
}

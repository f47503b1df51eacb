package dev.longspan.kernels.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_16;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.longspan.kernels.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;

/**
 * The Rust tokenizer behind DJL, through its plain functions; thread safe.
 *
 * <p>DJL's own HuggingFaceTokenizer copies tokens, offsets and masks of every text into Java
 * objects, pads and truncates by default, and reports its use over the network; ids are all that is
 * needed here.
 */
final class NativeTokenizer implements AutoCloseable {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private long handle;

  /**
   * Creates a tokenizer.
   *
   * @param where names the source in messages
   * @param json content of a tokenizer.json
   */
  NativeTokenizer(String where, String json) {
    try {
      handle = Library.get().createTokenizerFromString(json);
    } catch (RuntimeException e) {
      throw new CheckpointException(
          where + " is refused by the tokenizers library: " + e.getMessage(), e);
    }
  }

  int[] encode(String text, boolean addSpecialTokens) {
    return encode(text, addSpecialTokens, encoding -> ints(Library.get().getTokenIds(encoding)));
  }

  /** Encodes plain text and tells which code points each id stands for. */
  Tokenizer.Encoding encodeWithOffsets(String text) {
    return encode(
        text,
        false,
        encoding -> {
          int[] ids = ints(Library.get().getTokenIds(encoding));
          CharSpan[] spans = Library.get().getTokenCharSpans(encoding);
          int[] starts = new int[ids.length];
          int[] ends = new int[ids.length];
          for (int i = 0; i < ids.length; i++) {
            starts[i] = spans[i] == null ? 0 : spans[i].getStart();
            ends[i] = spans[i] == null ? 0 : spans[i].getEnd();
          }
          return new Tokenizer.Encoding(ids, starts, ends);
        });
  }

  private <T> T encode(String text, boolean addSpecialTokens, LongFunction<T> use) {
    return withHandle(
        tokenizer -> {
          long encoding = Library.get().encode(tokenizer, wellFormed(text), addSpecialTokens);
          try {
            return use.apply(encoding);
          } finally {
            Library.get().deleteEncoding(encoding);
          }
        });
  }

  private static int[] ints(long[] longs) {
    int[] result = new int[longs.length];
    for (int i = 0; i < longs.length; i++) {
      result[i] = (int) longs[i];
    }
    return result;
  }

  /**
   * Replaces lone surrogates, which UTF-8 does not have; the library would garble the whole text.
   */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return new String(text.getBytes(UTF_16), UTF_16);
      }
    }
    return text;
  }

  String decode(int[] ids, int from, int to) {
    long[] longs = new long[to - from];
    for (int i = from; i < to; i++) {
      longs[i - from] = ids[i];
    }
    return withHandle(tokenizer -> Library.get().decode(tokenizer, longs, true));
  }

  private <T> T withHandle(LongFunction<T> use) {
    lock.readLock().lock();
    try {
      if (handle == 0) {
        throw new IllegalStateException("the tokenizer was used after it was closed");
      }
      return use.apply(handle);
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (handle != 0) {
        Library.get().deleteTokenizer(handle);
        handle = 0;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Loads the native library at first use. */
  private static final class Library {
    private static final TokenizersLibrary INSTANCE = load();

    static TokenizersLibrary get() {
      return INSTANCE;
    }

    private static TokenizersLibrary load() {
      // Offline: no download of a library for the GPU at hand, no usage report.
      setDefault("ai.djl.offline", "true");
      setDefault("OPT_OUT_TRACKING", "true");
      if (System.getenv("DJL_CACHE_DIR") == null && System.getenv("ENGINE_CACHE_DIR") == null) {
        setDefault("ENGINE_CACHE_DIR", cacheFolder().toString());
      }
      try {
        LibUtils.checkStatus();
        return TokenizersLibrary.LIB;
      } catch (LinkageError | RuntimeException e) {
        throw new IllegalStateException(
            "the native tokenizers library cannot be loaded ("
                + (e.getCause() == null ? e : e.getCause())
                + "): it runs on Linux x86-64 and aarch64 with glibc 2.34 or newer, on macOS with"
                + " Apple silicon and on Windows x86-64, and is unpacked to "
                + System.getProperty("ENGINE_CACHE_DIR")
                + ", which must be writable and allow execution; set ENGINE_CACHE_DIR to another"
                + " folder if it is not",
            e);
      }
    }

    private static void setDefault(String property, String value) {
      if (System.getProperty(property) == null) {
        System.setProperty(property, value);
      }
    }

    /** The user's cache, or a folder of the user's own below the temporary files. */
    private static Path cacheFolder() {
      String cache = System.getenv("XDG_CACHE_HOME");
      Path home = Path.of(System.getProperty("user.home", ""));
      Path folder = cache == null || cache.isEmpty() ? home.resolve(".cache") : Path.of(cache);
      boolean writable =
          Files.isDirectory(folder) ? Files.isWritable(folder) : Files.isWritable(home);
      return writable
          ? folder.resolve("longspan")
          : Path.of(System.getProperty("java.io.tmpdir"))
              .resolve("longspan-" + System.getProperty("user.name"));
    }
  }
}

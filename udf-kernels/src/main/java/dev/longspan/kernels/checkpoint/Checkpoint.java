package dev.longspan.kernels.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The weights of a Hugging Face model folder: {@code model.safetensors}, or shards that {@code
 * model.safetensors.index.json} lists.
 *
 * <p>Opening reads and checks every header; a tensor's bytes are mapped when it is asked for.
 * Shards may be symbolic links to anywhere, as in the hub's download cache, but the index must not
 * name a path outside the folder. Thread safe.
 */
public final class Checkpoint implements WeightSource, AutoCloseable {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  private record Place(SafetensorsFile file, SafetensorsFile.Entry entry) {}

  private final Path folder;
  private final List<Path> files;
  private final SortedMap<String, Place> places;
  private volatile boolean closed;
  private String digest;

  private Checkpoint(Path folder, List<Path> files, SortedMap<String, Place> places) {
    this.folder = folder;
    this.files = files;
    this.places = places;
  }

  /**
   * Opens a model folder.
   *
   * @throws CheckpointException if it holds no safetensors weights or damaged ones
   */
  public static Checkpoint open(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new CheckpointException(
          "model folder " + folder + " does not exist or is no folder; check the path");
    }
    if (Files.exists(folder.resolve(SINGLE))) {
      Path file = folder.resolve(SINGLE);
      return new Checkpoint(folder, List.of(file), index(List.of(file)));
    }
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      throw noWeights(folder);
    }
    SortedMap<String, String> shardOf = readIndex(index);
    SortedMap<String, Path> shards = new TreeMap<>();
    shardOf.values().forEach(shard -> shards.computeIfAbsent(shard, s -> shard(folder, index, s)));
    List<Path> files = List.copyOf(new TreeSet<>(shards.values()));
    SortedMap<String, Place> places = index(files);
    shardOf.forEach(
        (name, shard) -> {
          Place place = places.get(name);
          if (place == null || !place.file.path().equals(shards.get(shard))) {
            throw new CheckpointException(
                index
                    + " says that tensor "
                    + name
                    + " is in "
                    + shard
                    + ", which does not hold it"
                    + (place == null ? "" : " (" + place.file.path().getFileName() + " does)")
                    + "; the index belongs to other shards, fetch all files again");
          }
        });
    return new Checkpoint(folder, files, places);
  }

  private static CheckpointException noWeights(Path folder) {
    List<String> present;
    try (Stream<Path> list = Files.list(folder)) {
      present = list.map(p -> p.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      return new CheckpointException(folder + " cannot be listed: " + e, e);
    }
    List<String> shards = present.stream().filter(n -> n.endsWith(".safetensors")).toList();
    List<String> pickles = present.stream().filter(n -> n.matches(".*\\.(bin|pt|pth)")).toList();
    String why;
    if (!shards.isEmpty()) {
      why = "it holds " + brief(shards) + " but not the index that lists shards: fetch it too";
    } else if (!pickles.isEmpty()) {
      why =
          "it holds "
              + brief(pickles)
              + " in Python's pickle format, which can run code: convert the weights to safetensors";
    } else {
      why = "it holds " + (present.isEmpty() ? "nothing" : brief(present)) + ": check the path";
    }
    return new CheckpointException(
        folder + " has no weights: neither " + SINGLE + " nor " + INDEX + "; " + why);
  }

  private static String brief(List<String> names) {
    return String.join(", ", names.subList(0, Math.min(4, names.size())))
        + (names.size() > 4 ? " and " + (names.size() - 4) + " more" : "");
  }

  private static SortedMap<String, String> readIndex(Path index) {
    JsonNode map = JsonFiles.readObject(index).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new CheckpointException(
          index + " has no weight_map, expected an object from tensor names to file names");
    }
    SortedMap<String, String> shardOf = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      if (!field.getValue().isTextual()) {
        throw new CheckpointException(
            index
                + " maps tensor "
                + field.getKey()
                + " to "
                + field.getValue()
                + ", expected a file name");
      }
      shardOf.put(field.getKey(), field.getValue().textValue());
    }
    return shardOf;
  }

  private static Path shard(Path folder, Path index, String name) {
    Path file = null;
    try {
      Path relative = Path.of(name).normalize();
      if (!relative.isAbsolute() && !relative.startsWith("..") && !relative.toString().isEmpty()) {
        file = folder.resolve(relative);
      }
    } catch (InvalidPathException ignored) {
      // Refused below like every other path that is no file of the folder.
    }
    if (file == null) {
      throw new CheckpointException(
          index
              + " names the shard "
              + name
              + ", which leaves the model folder; expected a file beside the index:"
              + " do not use this checkpoint unless you trust where it comes from");
    }
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(
          index + " names the shard " + name + ", which is missing; fetch it");
    }
    return file;
  }

  private static SortedMap<String, Place> index(List<Path> files) {
    SortedMap<String, Place> places = new TreeMap<>();
    for (Path path : files) {
      SafetensorsFile file = SafetensorsFile.open(path);
      for (SafetensorsFile.Entry entry : file.entries()) {
        Place other = places.put(entry.name(), new Place(file, entry));
        if (other != null) {
          throw new CheckpointException(
              "tensor "
                  + entry.name()
                  + " is in both "
                  + other.file.path()
                  + " and "
                  + path
                  + ": the shards belong to different checkpoints, fetch all files again");
        }
      }
    }
    return places;
  }

  /** Returns the files that hold the weights, sorted. */
  public List<Path> files() {
    return files;
  }

  /** Returns the names of all tensors, sorted. */
  public SortedSet<String> names() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(places.keySet()));
  }

  /** Returns the number of elements of all tensors together. */
  public long parameters() {
    long sum = 0;
    for (Place place : places.values()) {
      sum += Arrays.stream(place.entry.shape()).reduce(1, (a, b) -> a * b);
    }
    return sum;
  }

  @Override
  public boolean has(String name) {
    return places.containsKey(name);
  }

  @Override
  public Tensor tensor(String name, long... shape) {
    if (closed) {
      throw new IllegalStateException(
          "tensor " + name + " was asked for after the checkpoint " + folder + " was closed");
    }
    Place place = places.get(name);
    if (place == null) {
      throw new CheckpointException(
          folder
              + " lacks tensor "
              + name
              + " "
              + Arrays.toString(shape)
              + "; it has "
              + places.size()
              + " tensors, among them "
              + brief(relatives(name))
              + ": check that config.json belongs to these weights");
    }
    if (!Arrays.equals(shape, place.entry.shape())) {
      throw new CheckpointException(
          place.file.path()
              + " holds tensor "
              + name
              + " with shape "
              + Arrays.toString(place.entry.shape())
              + ", expected "
              + Arrays.toString(shape)
              + " by config.json: they belong to different models");
    }
    Dtype dtype;
    try {
      dtype = Dtype.valueOf(place.entry.dtype());
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          place.file.path()
              + " holds tensor "
              + name
              + " as "
              + place.entry.dtype()
              + ", expected BF16, F16 or F32: use a checkpoint that is not quantised",
          e);
    }
    return new MappedTensor(place.file.path(), place.entry, dtype, () -> closed);
  }

  /** Names that end alike come first: a missing prefix is the usual cause. */
  private List<String> relatives(String name) {
    String tail = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
    List<String> alike = places.keySet().stream().filter(n -> n.endsWith(tail)).toList();
    return alike.isEmpty() ? List.copyOf(places.keySet()) : alike;
  }

  /**
   * Returns the SHA-256 of config.json and of all weight files, as 64 hexadecimal digits.
   *
   * <p>It is what {@code sha256sum config.json model*.safetensors | sha256sum} prints in the
   * folder. The first call reads every file, several at a time; later calls return the same value.
   */
  public synchronized String digest() {
    if (digest == null) {
      List<Path> all = new ArrayList<>(files);
      all.add(folder.resolve("config.json"));
      Map<String, String> hashes =
          all.parallelStream()
              .collect(
                  Collectors.toConcurrentMap(
                      p -> folder.relativize(p).toString().replace('\\', '/'), Sha256::of));
      StringBuilder lines = new StringBuilder();
      new TreeMap<>(hashes)
          .forEach((name, hash) -> lines.append(hash).append("  ").append(name).append('\n'));
      digest = Sha256.of(lines.toString().getBytes(StandardCharsets.UTF_8));
    }
    return digest;
  }

  /** Releases the headers; tensors that were handed out refuse to be read from now on. */
  @Override
  public void close() {
    closed = true;
  }
}

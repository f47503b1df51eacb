package dev.longspan.kernels.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.DenseAttention;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.Backend;
import dev.longspan.kernels.backend.KvStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The reference run of the default model (another implementation, float32 over the same bf16
 * weights): logits, greedy tokens and selected blocks of some prompts in several modes.
 */
public final class PocketReference {
  /** The model. */
  public static final Path FOLDER = Path.of("../datasets/models/pocket");

  private static final int CHUNK = 512;

  private final JsonNode reference;
  private final JsonNode index;
  private final byte[] data;

  /** Reads the reference. */
  public PocketReference() throws IOException {
    ObjectMapper json = new ObjectMapper();
    reference = json.readTree(FOLDER.resolve("reference/reference.json").toFile());
    byte[] file = Files.readAllBytes(FOLDER.resolve("reference/reference.safetensors"));
    int header = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    index = json.readTree(file, 8, header);
    data = Arrays.copyOfRange(file, 8 + header, file.length);
  }

  /**
   * One prompt in one mode.
   *
   * @param mode {@code dense}, {@code sparse} or {@code sparse_forced}
   * @param ids the prompt
   * @param logits of the last positions, [tail, vocab]
   * @param argmax of the last positions
   * @param greedy tokens, the first of them from the prompt's last position
   * @param sparse whether blocks are selected
   * @param blocks what the last position selects, by layer and KV head as {@code layer.head}
   */
  public record Run(
      String mode,
      int[] ids,
      float[] logits,
      int[] argmax,
      int[] greedy,
      boolean sparse,
      Map<String, int[]> blocks) {

    @Override
    public String toString() {
      return ids.length + " tokens, " + mode;
    }

    /** Returns how the mode attends. */
    public AttentionMethod method(ModelConfig config) {
      return switch (mode) {
        case "dense" -> new DenseAttention();
        case "sparse" -> new InfLlmV2(config.sparse());
        default -> new InfLlmV2(config.sparse().withDenseLength(0));
      };
    }

    /** Runs the prompt and as many greedy tokens as the reference has. */
    public Run on(Backend backend) {
      Map<String, int[]> selected = new ConcurrentHashMap<>();
      try (Model model = Model.load(FOLDER, backend);
          KvStore kv = model.kvStore((ids.length + greedy.length) / KvStore.PAGE + 1)) {
        Sequence sequence = sequence(model, kv);
        int vocab = model.config().vocabSize();
        int tail = logits.length / vocab;
        backend.onSelect(
            (s, layer, position, kvHead, chosen) -> {
              if (position == ids.length - 1) {
                selected.put(layer + "." + kvHead, chosen);
              }
            });
        float[] all = new float[logits.length];
        Prefill.run(model, kv, sequence, ids, CHUNK, tail, all);
        backend.onSelect(null);
        int[] best = new int[tail];
        for (int i = 0; i < tail; i++) {
          best[i] = Prefill.argmax(all, i * vocab, vocab);
        }
        int[] tokens = Prefill.greedy(model, kv, sequence, best[tail - 1], greedy.length);
        return new Run(mode, ids, all, best, tokens, !selected.isEmpty(), selected);
      }
    }

    /** Returns an empty sequence that has all pages of the cache. */
    private Sequence sequence(Model model, KvStore kv) {
      Sequence sequence = new Sequence(method(model.config()), ids.length);
      for (int page = 0; page < kv.pages(); page++) {
        sequence.addPage(page);
      }
      return sequence;
    }

    /**
     * Returns by how much the logit of each greedy token is below the largest one on a backend that
     * is fed these tokens.
     */
    public float[] shortfalls(Backend backend) {
      float[] below = new float[greedy.length];
      try (Model model = Model.load(FOLDER, backend);
          KvStore kv = model.kvStore((ids.length + greedy.length) / KvStore.PAGE + 1)) {
        Sequence sequence = sequence(model, kv);
        int vocab = model.config().vocabSize();
        float[] row = new float[vocab];
        Prefill.run(model, kv, sequence, ids, CHUNK, 1, row);
        for (int i = 0; i < greedy.length; i++) {
          if (i > 0) {
            Prefill.run(model, kv, sequence, new int[] {greedy[i - 1]}, 1, 1, row);
          }
          below[i] = row[Prefill.argmax(row, 0, vocab)] - row[greedy[i]];
        }
      }
      return below;
    }

    /** Returns the largest difference between logits of two runs. */
    public float worstLogit(Run other) {
      float worst = 0;
      for (int i = 0; i < logits.length; i++) {
        worst = Math.max(worst, Math.abs(logits[i] - other.logits[i]));
      }
      return worst;
    }
  }

  /** Returns every prompt in every mode, the shortest first. */
  public Stream<Run> runs() {
    return Stream.iterate(0, i -> i < reference.path("prompts").size(), i -> i + 1)
        .flatMap(
            i ->
                Stream.of("dense", "sparse", "sparse_forced")
                    .filter(mode -> reference.path("prompts").path(i).path("runs").has(mode))
                    .map(mode -> run(i, mode)));
  }

  private Run run(int prompt, String mode) {
    JsonNode node = reference.path("prompts").path(prompt);
    JsonNode run = node.path("runs").path(mode);
    Map<String, int[]> blocks = new TreeMap<>();
    run.path("blocks")
        .properties()
        .forEach(
            layer -> {
              for (int h = 0; h < layer.getValue().size(); h++) {
                blocks.put(layer.getKey() + "." + h, ints(layer.getValue().path(h)));
              }
            });
    return new Run(
        mode,
        ints(node.path("ids")),
        logits("p" + prompt + "." + mode + ".logits"),
        ints(run.path("argmax")),
        ints(run.path("greedy")),
        run.path("sparse_active").asBoolean(),
        blocks);
  }

  private float[] logits(String name) {
    JsonNode entry = index.path(name);
    int from = entry.path("data_offsets").path(0).asInt();
    float[] values = new float[(entry.path("data_offsets").path(1).asInt() - from) / 4];
    ByteBuffer.wrap(data, from, 4 * values.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.path(i).asInt();
    }
    return values;
  }
}

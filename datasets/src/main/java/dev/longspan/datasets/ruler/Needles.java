package dev.longspan.datasets.ruler;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The eight {@code niah} tasks: sentences that give keys their values, hidden in a haystack, and a
 * question for the values of some keys.
 *
 * <p>The haystack is prose ({@code essay}), a few lines over and over ({@code noise}), or other
 * needles ({@code needle}). Depths come from 40 evenly spaced places between beginning and end;
 * each is used once before any is used again, so that a few samples cover the whole range.
 */
final class Needles implements Task {
  private static final int DEPTHS = 40;

  private final String name;
  private final Wording wording;
  private final Haystack prose;
  private final String haystack;
  private final String keyType;
  private final String valueType;
  private final int keys;
  private final int values;
  private final int queries;

  Needles(String name, Wording wording, Haystack prose) {
    this.name = name;
    this.wording = wording;
    this.prose = prose;
    haystack = wording.choice(name, "type_haystack", List.of("essay", "noise", "needle"));
    keyType = wording.choice(name, "type_needle_k", List.of("words", "numbers", "uuids"));
    valueType = wording.choice(name, "type_needle_v", List.of("words", "numbers", "uuids"));
    queries = wording.arguments(name).number("num_needle_q", 1);
    keys = Math.max(queries, wording.arguments(name).number("num_needle_k", 1));
    values = wording.arguments(name).number("num_needle_v", 1);
  }

  @Override
  public List<Draft> drafts(long seed, int length, int index) {
    return List.of(new Hidden(seed, length, index));
  }

  /** One sample. */
  private final class Hidden implements Draft {
    private final Random random;
    private final Set<String> taken = new HashSet<>();
    private final String needle = wording.piece("niah", "needle");
    private final List<String> needles = new ArrayList<>();
    private final List<Integer> depths;
    private final List<String> references = new ArrayList<>();
    private final Map<String, String> slots = new LinkedHashMap<>();
    private final Map<String, String> info = new LinkedHashMap<>();
    private final Hay noise;
    private final Hay hay;
    private final List<String> distractors = new ArrayList<>();

    Hidden(long seed, int length, int index) {
      random = new Random(Draws.seed(seed, name, length, index));
      Map<String, List<Integer>> needlesOf = new LinkedHashMap<>();
      List<String> drawn = new ArrayList<>();
      for (int k = 0; k < keys; k++) {
        String key = Draws.fresh(keyType, random, taken);
        for (int v = 0; v < values; v++) {
          needlesOf.computeIfAbsent(key, x -> new ArrayList<>()).add(drawn.size());
          drawn.add(Draws.fresh(valueType, random, taken));
          needles.add(sentence(key, drawn.get(drawn.size() - 1)));
        }
      }
      depths = depths(seed, length, index, needles.size());
      List<String> asked = new ArrayList<>(needlesOf.keySet());
      Collections.shuffle(asked, random);
      asked = asked.subList(0, queries);
      List<Integer> at = asked.stream().flatMap(key -> needlesOf.get(key).stream()).toList();
      at.forEach(i -> references.add(drawn.get(i)));
      slots.put("type_needle_v", queries * values == 1 ? singular(valueType) : valueType);
      slots.put("query", enumerate(asked));
      info.put(
          "depth", at.stream().map(i -> depths.get(i) + "%").collect(Collectors.joining(", ")));
      noise = Hay.noise(wording.noise(), random);
      hay =
          switch (haystack) {
            case "essay" -> Hay.essay(prose, random);
            case "noise" -> noise;
            default -> new Hay("needles", "\n", 1, this::distractors);
          };
      info.put("haystack", hay.id());
    }

    @Override
    public int smallest() {
      return hay.smallest();
    }

    @Override
    public Prompt at(int units) {
      return prompt(units, 0);
    }

    @Override
    public Draft padded(int units) {
      if (!haystack.equals("needle")) {
        return null;
      }
      // A whole needle may be a tenth of a short prompt; lines of noise close such a gap.
      return new Draft() {
        @Override
        public int smallest() {
          return 0;
        }

        @Override
        public Prompt at(int lines) {
          return prompt(units, lines);
        }
      };
    }

    private Prompt prompt(int units, int noiseLines) {
      List<String> pieces = hay.pieces().apply(units);
      pieces.addAll(noise.pieces().apply(noiseLines));
      slots.put("context", String.join(hay.separator(), hide(pieces)));
      return new Prompt(
          Wording.fill(rewrite(wording.template(name)), slots),
          Wording.fill(rewrite(wording.answerPrefix(name)), slots),
          references,
          info);
    }

    private List<String> distractors(int count) {
      while (distractors.size() < count) {
        String key = Draws.fresh(keyType, random, taken);
        distractors.add(sentence(key, Draws.fresh(valueType, random, taken)));
      }
      return new ArrayList<>(distractors.subList(0, count));
    }

    private List<String> hide(List<String> pieces) {
      List<Integer> order =
          IntStream.range(0, needles.size())
              .boxed()
              .sorted((a, b) -> Integer.compare(depths.get(a), depths.get(b)))
              .toList();
      List<String> result = new ArrayList<>();
      int from = 0;
      for (int i : order) {
        int to = (int) ((long) pieces.size() * depths.get(i) / 100);
        result.addAll(pieces.subList(from, to));
        result.add(needles.get(i));
        from = to;
      }
      result.addAll(pieces.subList(from, pieces.size()));
      return result;
    }

    private String sentence(String key, String value) {
      return Wording.fill(
          needle,
          Map.of(
              "type_needle_v",
              valueType,
              "type_needle_v_singular",
              singular(valueType),
              "key",
              key,
              "value",
              value));
    }
  }

  /** Deals the places of one round through the grid to as many samples as it serves. */
  private List<Integer> depths(long seed, int length, int index, int count) {
    int samplesPerRound = Math.max(1, DEPTHS / count);
    int round = index / samplesPerRound;
    List<Integer> grid = new ArrayList<>();
    for (int i = 0; i < Math.max(DEPTHS, count); i++) {
      grid.add((int) Math.round(100.0 * i / (Math.max(DEPTHS, count) - 1)));
    }
    Collections.shuffle(grid, new Random(Draws.seed(seed, name + "/depths", length, round)));
    int from = index % samplesPerRound * count;
    return List.copyOf(grid.subList(from, from + count));
  }

  /**
   * Puts the template into the singular where one value is asked for.
   *
   * <p>The words and their order are those of the official rewriting, applied to whole words of the
   * task's template only: applied to everything it would also change chat templates.
   */
  private String rewrite(String template) {
    if (queries * values > 1) {
      return template;
    }
    return template
        .replaceAll("\\bSome\\b", "A")
        .replaceAll("\\bare all\\b", "is")
        .replaceAll("\\bare\\b", "is")
        .replaceAll("\\banswers\\b", "answer");
  }

  private static String singular(String type) {
    return type.substring(0, type.length() - 1);
  }

  /** Joins with commas, the last one before an {@code and}. */
  private static String enumerate(List<String> names) {
    int last = names.size() - 1;
    return last == 0
        ? names.get(0)
        : String.join(", ", names.subList(0, last)) + ", and " + names.get(last);
  }
}

package dev.longspan.datasets.ruler;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The task {@code vt}: chains of assignments hidden in a haystack, and the question which variables
 * hold the value of the first chain. A worked example of the same form precedes it where there is
 * room.
 */
final class Variables implements Task {
  private static final String BASE = "variable_tracking";
  private static final int LETTERS = 5;
  private static final int DIGITS = 5;

  /** The example holds one line of noise for so many tokens of the length ... */
  private static final int TOKENS_PER_EXAMPLE_LINE = 128;

  /** ... but no more lines than these. */
  private static final int MAX_EXAMPLE_LINES = 32;

  private final String name;
  private final Wording wording;
  private final Haystack prose;
  private final String haystack;
  private final int chains;
  private final int hops;

  Variables(String name, Wording wording, Haystack prose) {
    this.name = name;
    this.wording = wording;
    this.prose = prose;
    haystack = wording.choice(name, "type_haystack", List.of("noise", "essay"));
    chains = wording.arguments(name).number("num_chains", 1);
    hops = wording.arguments(name).number("num_hops", 1);
  }

  @Override
  public List<Draft> drafts(long seed, int length, int index) {
    Random random = new Random(Draws.seed(seed, name, length, index));
    Set<String> taken = new HashSet<>();
    Problem problem = new Problem(random, taken);
    int lines = Math.min(MAX_EXAMPLE_LINES, length / TOKENS_PER_EXAMPLE_LINE);
    Prompt example = new Problem(random, taken).at(lines);
    String solved = Exampled.solved(example, String.join(" ", example.references()));
    return List.of(new Exampled(solved, problem), problem);
  }

  /** Assignments in a haystack. */
  private final class Problem implements Draft {
    private final Hay hay;
    private final List<String> references = new ArrayList<>();
    private final String value;
    // Statements by their place in the haystack, from 0 (its beginning) to 1.
    private final List<Map.Entry<Double, String>> statements = new ArrayList<>();

    Problem(Random random, Set<String> taken) {
      List<String> values = new ArrayList<>();
      for (int chain = 0; chain < chains; chain++) {
        String number = Draws.distinct(() -> Draws.digits(DIGITS, random), taken);
        values.add(number);
        double[] places = random.doubles(hops + 1L).sorted().toArray();
        String previous = null;
        for (double place : places) {
          String variable = Draws.distinct(() -> Draws.letters(LETTERS, 'A', random), taken);
          statements.add(Map.entry(place, statement(variable, previous, number)));
          previous = variable;
          if (chain == 0) {
            references.add(variable);
          }
        }
      }
      statements.sort(Map.Entry.comparingByKey());
      value = values.get(0);
      hay =
          haystack.equals("noise") ? Hay.noise(wording.noise(), random) : Hay.essay(prose, random);
    }

    private String statement(String variable, String previous, String number) {
      return Wording.fill(
          wording.piece(BASE, previous == null ? "first" : "next"),
          Map.of("name", variable, "previous", previous == null ? "" : previous, "value", number));
    }

    @Override
    public int smallest() {
      return hay.smallest();
    }

    @Override
    public Prompt at(int units) {
      List<String> pieces = hay.pieces().apply(units);
      List<String> lines = new ArrayList<>();
      int from = 0;
      for (Map.Entry<Double, String> statement : statements) {
        int to = (int) (statement.getKey() * (pieces.size() + 1));
        lines.addAll(pieces.subList(from, to));
        lines.add(statement.getValue());
        from = to;
      }
      lines.addAll(pieces.subList(from, pieces.size()));
      Map<String, String> slots =
          Map.of(
              "context", String.join(hay.separator(), lines),
              "query", value,
              "num_v", String.valueOf(hops + 1));
      return new Prompt(
          Wording.fill(wording.template(name), slots),
          Wording.fill(wording.answerPrefix(name), slots),
          references,
          Map.of("haystack", hay.id(), "example", "no"));
    }
  }
}

package dev.longspan.kernels.engine;

import dev.longspan.kernels.model.Pick;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.List;

/** A step, and which task each of its picks belongs to. */
final class Rows {
  private final List<Part> parts;
  private final Step step;
  private final List<Part> owners = new ArrayList<>();
  private final List<Integer> positions = new ArrayList<>();

  /** Lines up the rows of {@code parts}, one part after another. */
  Rows(List<Part> parts) {
    this.parts = parts;
    int[] tokens = new int[parts.stream().mapToInt(Part::count).sum()];
    List<Step.Segment> segments = new ArrayList<>();
    List<Pick> picks = new ArrayList<>();
    int row = 0;
    for (Part part : parts) {
      Task task = part.task;
      segments.add(new Step.Segment(task.sequence(), row, part.count, part.start));
      for (int position = part.start; position < part.start + part.count; position++) {
        Pick pick = task.pick(position, row);
        if (pick != null) {
          picks.add(pick);
          owners.add(part);
          positions.add(position);
        }
        tokens[row++] = task.token(position);
      }
    }
    step = new Step(tokens, segments, picks);
  }

  List<Part> parts() {
    return parts;
  }

  Step step() {
    return step;
  }

  /** Returns the part that the pick with this index belongs to. */
  Part owner(int index) {
    return owners.get(index);
  }

  /** Returns the position in its sequence of the row of the pick with this index. */
  int position(int index) {
    return positions.get(index);
  }

  /** Returns the rows that continue an answer, or those of prompts. */
  int count(boolean decode) {
    return parts.stream().filter(part -> part.decode == decode).mapToInt(Part::count).sum();
  }

  /**
   * Consecutive tokens of one task.
   *
   * @param task whose tokens
   * @param start position of the first, the length of its sequence
   * @param count number of tokens
   * @param decode whether it is the one token that continues an answer
   */
  record Part(Task task, int start, int count, boolean decode) {}
}

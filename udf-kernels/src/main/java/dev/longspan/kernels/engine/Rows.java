package dev.longspan.kernels.engine;

import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A step, and which task each of its logits belongs to. */
final class Rows {
  private final Step step;
  private final List<Task> owners = new ArrayList<>();
  private final int[] positions;
  private int prefill;
  private int decode;

  /** Lines up the rows of {@code parts}, one part after another. */
  Rows(List<Part> parts) {
    int rows = parts.stream().mapToInt(Part::count).sum();
    int[] tokens = new int[rows];
    int[] logitRows = new int[rows];
    int[] wanted = new int[rows];
    List<Step.Segment> segments = new ArrayList<>();
    int row = 0;
    for (Part part : parts) {
      Task task = part.task;
      segments.add(new Step.Segment(task.sequence(), row, part.count, part.start));
      for (int position = part.start; position < part.start + part.count; position++) {
        if (task.wantsLogits(position)) {
          logitRows[owners.size()] = row;
          wanted[owners.size()] = position;
          owners.add(task);
        }
        tokens[row++] = task.token(position);
      }
      if (part.decode) {
        decode += part.count;
      } else {
        prefill += part.count;
      }
    }
    step = new Step(tokens, segments, Arrays.copyOf(logitRows, owners.size()));
    positions = wanted;
  }

  Step step() {
    return step;
  }

  /** Returns the task of the logits with that index in {@link Step#logitRows}. */
  Task owner(int index) {
    return owners.get(index);
  }

  /** Returns the position in its sequence of the row that gave the logits with that index. */
  int position(int index) {
    return positions[index];
  }

  /** Returns the rows of prompts. */
  int prefill() {
    return prefill;
  }

  /** Returns the rows that continue an answer. */
  int decode() {
    return decode;
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

package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.SelectionListener;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.model.ModelConfig;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.Step;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Reads the blocks that sparse rows have selected and tells a listener: for tests. */
final class Selections {
  private Selections() {}

  /**
   * Tells the selections of a group of prompts.
   *
   * @param mask uint64 [kvHeads][rows][words]
   * @param rows rows of the step
   */
  static void ofPrompts(
      ModelConfig config,
      PromptStep.Group group,
      int layer,
      DeviceBuffer mask,
      int rows,
      SelectionListener listener) {
    int words = group.step().words();
    long[] bits = new long[config.kvHeads() * rows * words];
    mask.copyTo(bits);
    for (Step.Segment segment : group.segments()) {
      if (PromptStep.settings(segment) == null) {
        continue;
      }
      for (int i = 0; i < segment.count(); i++) {
        int position = segment.start() + i;
        int blocks = position / KvStore.PAGE + 1;
        for (int head = 0; head < config.kvHeads(); head++) {
          int at = (head * rows + segment.firstRow() + i) * words;
          boolean selects = blocks > group.select();
          int[] selected =
              IntStream.range(0, blocks)
                  .filter(b -> !selects || (bits[at + b / 64] >>> b % 64 & 1) != 0)
                  .toArray();
          listener.selected(segment.sequence(), layer, position, head, selected);
        }
      }
    }
  }

  /**
   * Tells the selection of an answer's row.
   *
   * @param blocks int [kvHeads][select] of the row, in no order
   * @param select blocks that a row selects at most
   */
  static void ofAnswer(
      ModelConfig config,
      Sequence sequence,
      int layer,
      int position,
      int[] blocks,
      int select,
      SelectionListener listener) {
    int count = Math.min(select, position / KvStore.PAGE + 1);
    for (int head = 0; head < config.kvHeads(); head++) {
      int[] selected = Arrays.copyOfRange(blocks, head * select, head * select + count);
      Arrays.sort(selected);
      listener.selected(sequence, layer, position, head, selected);
    }
  }
}

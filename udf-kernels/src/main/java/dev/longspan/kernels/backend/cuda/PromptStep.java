package dev.longspan.kernels.backend.cuda;

import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.attention.InfLlmV2;
import dev.longspan.kernels.backend.KvStore;
import dev.longspan.kernels.backend.cuda.device.DeviceBuffer;
import dev.longspan.kernels.model.Sequence;
import dev.longspan.kernels.model.SparseConfig;
import dev.longspan.kernels.model.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A step of prompts on the device: its rows, and the groups of segments that attend in one launch.
 *
 * @param tokens int [rows]
 * @param all every segment, for what does not depend on the method
 * @param groups segments whose sparse ones have the same settings
 */
record PromptStep(DeviceBuffer tokens, PrefillStep all, List<Group> groups) {
  /** Tokens of a sequence that a group of a selection's plan covers. */
  static final int PLAN_GROUP_TOKENS = 8192;

  private static final int SEGMENT_INTS = PrefillStep.SEGMENT_BYTES / Integer.BYTES;

  /**
   * Segments that attend in one launch.
   *
   * @param segments of the step, in order
   * @param settings of the sparse ones; null where all are dense
   * @param step for the attention
   * @param plan which rows select blocks; empty where none does
   * @param planTiles the plan's tiles
   * @param planGroups the plan's groups
   */
  record Group(
      List<Step.Segment> segments,
      SparseConfig settings,
      PrefillStep step,
      SelectionPlan plan,
      DeviceBuffer planTiles,
      DeviceBuffer planGroups) {

    /** Returns the blocks that a row selects at most. */
    int select() {
      return settings == null ? Integer.MAX_VALUE : settings.selectedBlocks();
    }
  }

  /** Returns the settings by which a segment of a prompt selects blocks; null if it is dense. */
  static SparseConfig settings(Step.Segment segment) {
    return settings(segment.sequence(), segment.start());
  }

  /** Returns the settings by which a token selects blocks; null if it is dense. */
  static SparseConfig settings(Sequence sequence, int position) {
    AttentionMethod method = sequence.method();
    return method instanceof InfLlmV2 m && m.isSparse(sequence.decisionLength(position))
        ? m.config().withDenseLength(0)
        : null;
  }

  /**
   * Describes a step.
   *
   * @param group query heads of a KV head
   * @param maxGroups most groups of a selection's plan
   */
  static PromptStep of(Step step, CudaKvStore kv, Descriptors to, int group, int maxGroups) {
    DeviceBuffer tokens = to.add("tokens", step.tokens());
    List<List<Step.Segment>> lists = new ArrayList<>();
    List<SparseConfig> settings = new ArrayList<>();
    List<Integer> planGroups = new ArrayList<>();
    for (Step.Segment segment : step.segments()) {
      SparseConfig own = settings(segment);
      int end = segment.start() + segment.count();
      int size = own == null ? 0 : (end + PLAN_GROUP_TOKENS - 1) / PLAN_GROUP_TOKENS;
      int i =
          IntStream.range(0, lists.size())
              .filter(
                  g ->
                      (own == null || settings.get(g) == null || own.equals(settings.get(g)))
                          && planGroups.get(g) + size <= maxGroups)
              .findFirst()
              .orElse(lists.size());
      if (i == lists.size()) {
        lists.add(new ArrayList<>());
        settings.add(null);
        planGroups.add(0);
      }
      lists.get(i).add(segment);
      settings.set(i, settings.get(i) == null ? own : settings.get(i));
      planGroups.set(i, planGroups.get(i) + size);
    }
    List<Group> groups = new ArrayList<>();
    for (int i = 0; i < lists.size(); i++) {
      groups.add(group(lists.get(i), settings.get(i), kv, to, group));
    }
    PrefillStep all =
        groups.size() == 1 ? groups.get(0).step : describe(step.segments(), kv, to, group);
    return new PromptStep(tokens, all, groups);
  }

  private static Group group(
      List<Step.Segment> segments,
      SparseConfig settings,
      CudaKvStore kv,
      Descriptors to,
      int group) {
    SelectionPlan plan =
        settings == null
            ? new SelectionPlan(new int[0], new int[0])
            : SelectionPlan.of(
                records(segments, kv),
                settings.selectedBlocks(),
                PrefillSelection.tileTokens(group));
    return new Group(
        segments,
        settings,
        describe(segments, kv, to, group),
        plan,
        to.add("tiles of the selection", plan.tiles()),
        to.add("groups of the selection", plan.groups()));
  }

  private static PrefillStep describe(
      List<Step.Segment> segments, CudaKvStore kv, Descriptors to, int group) {
    List<int[]> tiles = new ArrayList<>();
    int tokens = PrefillAttention.tileTokens(group);
    int rows = 0;
    int longest = 0;
    int end = 0;
    for (int i = 0; i < segments.size(); i++) {
      Step.Segment segment = segments.get(i);
      for (int first = 0; first < segment.count(); first += tokens) {
        tiles.add(new int[] {i, first});
      }
      rows += segment.count();
      longest = Math.max(longest, segment.count());
      end = Math.max(end, segment.start() + segment.count());
    }
    // The tiles with the most work first: the last to finish keeps the step waiting.
    tiles.sort((a, b) -> segments.get(b[0]).start() + b[1] - segments.get(a[0]).start() - a[1]);
    return new PrefillStep(
        kv.slots().pageTable(),
        to.add("segments", records(segments, kv)),
        to.add("tiles", tiles.stream().flatMapToInt(IntStream::of).toArray()),
        segments.size(),
        tiles.size(),
        rows,
        longest,
        (end + KvStore.PAGE - 1) / KvStore.PAGE);
  }

  private static int[] records(List<Step.Segment> segments, CudaKvStore kv) {
    int[] records = new int[SEGMENT_INTS * segments.size()];
    for (int i = 0; i < segments.size(); i++) {
      Step.Segment segment = segments.get(i);
      int at = SEGMENT_INTS * i;
      records[at] = segment.firstRow();
      records[at + 1] = segment.count();
      records[at + 2] = segment.start();
      records[at + 3] = kv.slots().table(kv.slots().of(segment.sequence()));
      records[at + 4] = settings(segment) == null ? 0 : 1;
    }
    return records;
  }
}

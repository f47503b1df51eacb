package dev.longspan.kernels.backend.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The work of one prefill step's selection: which rows select, and whose keys they need.
 *
 * <p>Layouts are those of {@code select.cuh}. A row selects if its segment is sparse and it sees
 * more blocks than it may take.
 *
 * @param tiles {@code SelectTile} records of up to {@link PrefillSelection#tileTokens} rows, those
 *     furthest into their sequence first
 * @param groups {@code SelectGroup} records, one for each 128 pages of a sequence
 */
record SelectionPlan(int[] tiles, int[] groups) {
  /** Ints of a {@code SelectTile}. */
  static final int TILE_INTS = 4;

  /** Ints of a {@code SelectGroup}. */
  static final int GROUP_INTS = 2;

  private static final int PAGE = 64;
  private static final int GROUP_PAGES = 128;

  /**
   * Makes the plan of a step.
   *
   * @param segments the step's {@code Segment} records (layout.cuh), 8 ints each
   * @param select blocks that a row takes in all
   * @param tileTokens rows of a tile at most
   */
  static SelectionPlan of(int[] segments, int select, int tileTokens) {
    List<int[]> tiles = new ArrayList<>();
    List<Integer> groups = new ArrayList<>();
    for (int s = 0; s < segments.length; s += PrefillStep.SEGMENT_BYTES / Integer.BYTES) {
      int row = segments[s];
      int start = segments[s + 2];
      int end = start + segments[s + 1];
      int table = segments[s + 3];
      int first = Math.max(start, PAGE * select);
      if (segments[s + 4] == 0 || first >= end) {
        continue;
      }
      int group = groups.size() / GROUP_INTS;
      for (int p = first; p < end; p += tileTokens) {
        tiles.add(new int[] {row + p - start, p, Math.min(tileTokens, end - p), group});
      }
      int pages = (end + PAGE - 1) / PAGE;
      for (int page = 0; page < pages; page += GROUP_PAGES) {
        groups.add(table + page);
        groups.add(pages - page);
      }
    }
    tiles.sort(Comparator.comparingInt(tile -> -tile[1]));
    return new SelectionPlan(
        tiles.stream().flatMapToInt(java.util.Arrays::stream).toArray(),
        groups.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Returns whether any row selects. */
  boolean isEmpty() {
    return tiles.length == 0;
  }

  /** Returns the number of tiles. */
  int tileCount() {
    return tiles.length / TILE_INTS;
  }

  /** Returns the number of groups. */
  int groupCount() {
    return groups.length / GROUP_INTS;
  }
}

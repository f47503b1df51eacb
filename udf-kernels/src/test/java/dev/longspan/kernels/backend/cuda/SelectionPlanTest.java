package dev.longspan.kernels.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SelectionPlanTest {
  private static final int[] NO_INTS = {};

  @Test
  void onlyRowsThatSeeMoreBlocksThanTheyTakeAreInIt() {
    // The row at 64 * select is the first to see select + 1 blocks.
    SelectionPlan plan = SelectionPlan.of(segment(0, 10, 634, 0, 1), 10, 16);
    assertArrayEquals(new int[] {6, 640, 4, 0}, plan.tiles());
    assertArrayEquals(new int[] {0, 11}, plan.groups());
    assertTrue(SelectionPlan.of(segment(0, 6, 634, 0, 1), 10, 16).isEmpty());
    assertArrayEquals(NO_INTS, SelectionPlan.of(segment(0, 6, 634, 0, 1), 10, 16).groups());
  }

  @Test
  void denseSegmentsAreNotInIt() {
    assertTrue(SelectionPlan.of(segment(0, 100, 9000, 0, 0), 10, 16).isEmpty());
  }

  @Test
  void theLongestTilesComeFirstAndNameTheirSequencesGroups() {
    int[] segments = new int[16];
    System.arraycopy(segment(0, 20, 650, 7, 1), 0, segments, 0, 8);
    System.arraycopy(segment(20, 3, 8192 + 64, 40, 1), 0, segments, 8, 8);
    SelectionPlan plan = SelectionPlan.of(segments, 10, 16);
    assertArrayEquals(
        new int[] {20, 8256, 3, 1, 16, 666, 4, 0, 0, 650, 16, 0},
        plan.tiles(),
        "row, position, tokens and group of each tile");
    assertArrayEquals(
        new int[] {7, 11, 40, 130, 168, 2},
        plan.groups(),
        "first table entry and the pages from there on");
    assertEquals(3, plan.tileCount());
    assertEquals(3, plan.groupCount());
  }

  private static int[] segment(int firstRow, int rows, int start, int table, int sparse) {
    return new int[] {firstRow, rows, start, table, sparse, 0, 0, 0};
  }
}

package dev.longspan.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.longspan.datasets.longbench.LongBench;
import dev.longspan.datasets.longbench.LongBenchPrompts;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowSelectionTest {
  private static final RowSuite SUITE = new LongBench(LongBenchPrompts.own(), null);

  private static SourceRow row(int index, String set, String id) {
    String json =
        "{\"input\":\"\",\"context\":\"c\",\"answers\":[\"a\"],\"length\":1,\"dataset\":\"%s\",\"_id\":\"%s\"}"
            .formatted(set, id);
    return new SourceRow("f.jsonl", index, Json.parse("f.jsonl line " + (index + 1), json));
  }

  @Test
  void everyRowIsTakenOrCountedAsUnused() {
    RowSelection selection = new RowSelection(SUITE, List.of("qasper", "musique", "lcc"), 2);
    for (int i = 0; i < 4; i++) {
      selection.add(row(i, "qasper", "q" + i));
    }
    selection.add(row(4, "hotpotqa", "q0"));
    selection.add(row(5, "musique", "q0"));
    assertEquals(
        List.of("qasper/q0", "qasper/q1", "musique/q0"),
        selection.selected().stream().map(s -> s.name().task() + "/" + s.name().id()).toList());
    assertEquals(6, selection.rows());
    assertEquals(3, selection.unused());
    assertEquals(List.of("lcc"), selection.absent());
  }

  @Test
  void anIdThatOccursTwiceIsRefusedWithBothPlaces() {
    RowSelection selection = new RowSelection(SUITE, List.of("qasper"), 0);
    selection.add(row(0, "qasper", "x"));
    selection.add(row(1, "lcc", "x"));
    assertEquals(
        "f.jsonl row 3: the id 'x' of qasper occurs in f.jsonl row 1 already; each row of a task"
            + " needs an id of its own",
        assertThrows(DatasetException.class, () -> selection.add(row(2, "qasper", "x")))
            .getMessage());
  }

  @Test
  void nothingToAskIsSaidWithWhatIsThere() {
    RowSelection selection = new RowSelection(SUITE, List.of("trec"), 0);
    selection.add(row(0, "qasper", "x"));
    assertEquals(
        "there is nothing to ask of longbench: 1 rows were read, of the tasks qasper, but asked are"
            + " trec",
        assertThrows(DatasetException.class, selection::selected).getMessage());
  }
}

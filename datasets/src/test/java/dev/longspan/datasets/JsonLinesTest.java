package dev.longspan.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTest {
  @TempDir Path folder;

  private List<String> read(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("rows.json"), content);
    try (Stream<Json> rows = JsonLines.read(file)) {
      return rows.map(row -> row.text("a")).toList();
    }
  }

  private String refusal(String content) {
    return assertThrows(DatasetException.class, () -> read(content)).getMessage();
  }

  @Test
  void linesAndArraysAreRead() throws IOException {
    assertEquals(List.of("1", "ä"), read("{\"a\":\"1\"}\n\n{\"a\":\"ä\"}"));
    assertEquals(List.of("1", "2"), read(" [{\"a\":\"1\"},\n {\"a\":\"2\"}\n]\n"));
    assertEquals(List.of(), read("[]"));
    assertEquals(List.of(), read(""));
  }

  @Test
  void whatIsWrongIsSaidWithItsPlace() throws IOException {
    assertTrue(
        refusal("{\"a\":\"1\"}\n{\"a\":").startsWith(folder + "/rows.json line 2: not JSON"));
    assertTrue(
        refusal("[{\"a\":\"1\"},{\"a\":2}]")
            .endsWith("rows.json row 2: field \"a\": expected string, found number"));
    assertTrue(refusal("[{\"a\":\"1\"},3]").endsWith("row 2: expected object, found number"));
    assertTrue(refusal("[{\"a\":\"1\"}").contains("row 2: not JSON"), refusal("[{\"a\":\"1\"}"));
    Path latin = folder.resolve("latin.jsonl");
    Files.write(latin, "{\"a\":\"ä\"}".getBytes(StandardCharsets.ISO_8859_1));
    String message =
        assertThrows(
                DatasetException.class,
                () -> {
                  try (Stream<Json> rows = JsonLines.read(latin)) {
                    rows.count();
                  }
                })
            .getMessage();
    assertEquals("Cannot read " + latin + ": it is not UTF-8 text", message);
  }
}

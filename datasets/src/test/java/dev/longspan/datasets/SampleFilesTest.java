package dev.longspan.datasets;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleFilesTest {
  private static final String ROW =
      "{\"suite\":\"s\",\"task\":\"t\",\"length\":512,\"id\":\"%s\","
          + "\"messages\":[{\"role\":\"user\",\"content\":\"Why?\"}],\"answerPrefix\":\"\","
          + "\"references\":[\"so\"],\"maxNewTokens\":8,\"info\":{\"depth\":\"3%%\"}}\n";

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("samples.jsonl");
  }

  @Test
  void whatIsWrittenIsRead() {
    List<Sample> samples =
        List.of(
            sample("0", "Zeile eins\nZeile zwei \"zitiert\" \u2028 \uD83D\uDE80"),
            sample("1", ""),
            new Sample("t", "u", 0, "0", List.of(), "", List.of(), 1, Map.of()));
    SampleFiles.write(file, samples);
    assertEquals(samples, readAll());
  }

  @Test
  void readingIsLazy() throws IOException {
    Files.writeString(file, ROW.formatted("0") + "not JSON\n");
    try (Stream<Sample> samples = SampleFiles.read(file)) {
      assertEquals("0", samples.iterator().next().id());
    }
  }

  @Test
  void blankLinesCountButDoNotMatter() throws IOException {
    Files.writeString(file, "\n" + ROW.formatted("0") + "  \n\n{\n");
    try (Stream<Sample> samples = SampleFiles.read(file)) {
      Iterator<Sample> rows = samples.iterator();
      assertEquals(List.of("so"), rows.next().references());
      String message = assertThrows(DatasetException.class, rows::hasNext).getMessage();
      assertEquals(file + " line 5: not JSON: ", message.substring(0, message.indexOf("U")));
    }
  }

  @Test
  void aRepeatedIdIsRefused() throws IOException {
    Files.writeString(file, ROW.formatted("7") + ROW.formatted("8") + ROW.formatted("7"));
    assertRefused(
        " line 3: field \"id\": expected an id that no other sample of s t at length 512 has,"
            + " found \"7\" again");
  }

  @Test
  void theSameIdInAnotherTaskIsFine() throws IOException {
    Files.writeString(file, ROW.formatted("7") + ROW.formatted("7").replace("\"t\"", "\"other\""));
    assertEquals(2, readAll().size());
  }

  @Test
  void eachFieldIsNamedWithWhatWasExpectedAndFound() throws IOException {
    String row = ROW.formatted("0");
    refuse(row.replace("\"id\":\"0\",", ""), "field \"id\": expected string, found nothing");
    refuse(row.replace("512", "\"512\""), "field \"length\": expected number, found string");
    refuse(row.replace("512", "5.5"), "field \"length\": expected a whole number, found 5.5");
    refuse(
        row.replace("[\"so\"]", "[\"so\",3]"),
        "field \"references[1]\": expected string, found number");
    refuse(row.replace("[\"so\"]", "\"so\""), "field \"references\": expected array, found string");
    refuse(
        row.replace("\"role\":\"user\",", ""),
        "field \"messages[0].role\": expected string, found nothing");
    refuse(row.replace("\"3%\"", "null"), "field \"info.depth\": expected string, found null");
    refuse("3\n", "expected object, found number");
  }

  @Test
  void aMissingFileIsNamed() {
    assertEquals(
        "Cannot read " + file + ": java.nio.file.NoSuchFileException: " + file,
        assertThrows(DatasetException.class, () -> SampleFiles.read(file)).getMessage());
  }

  @Test
  void bytesThatAreNotTextAreRefused() throws IOException {
    Files.write(file, new byte[] {'{', (byte) 0xFF, '}', '\n'});
    assertEquals(
        "Cannot read " + file + ": it is not UTF-8 text",
        assertThrows(DatasetException.class, this::readAll).getMessage());
  }

  private void refuse(String row, String expected) throws IOException {
    Files.writeString(file, row);
    assertRefused(" line 1: " + expected);
  }

  private void assertRefused(String expected) {
    assertEquals(file + expected, assertThrows(DatasetException.class, this::readAll).getMessage());
  }

  private List<Sample> readAll() {
    try (Stream<Sample> samples = SampleFiles.read(file)) {
      return samples.toList();
    }
  }

  private static Sample sample(String id, String text) {
    return new Sample(
        "s",
        "t",
        512,
        id,
        List.of(new Message("system", "Be brief."), Message.user(text)),
        " Answer:",
        List.of("a", "b"),
        32,
        Map.of("haystack", "none"));
  }
}

package dev.longspan.datasets.longppl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SuiteRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongDocumentsTest {
  @TempDir Path folder;

  private List<Sample> read(String field, String content) throws IOException {
    Path file = Files.writeString(folder.resolve("d.jsonl"), content);
    return SuiteRows.samples(new LongDocuments(field), file);
  }

  @Test
  void aDocumentIsATextToBeScored() throws IOException {
    Sample sample = read(null, "{\"report\": \"r r\", \"n\": 1}\n").get(0);
    assertEquals("r r", sample.answerPrefix());
    assertEquals(List.of(), sample.messages());
    assertEquals(0, sample.maxNewTokens());
    assertEquals("0", sample.id());
    assertEquals("documents", sample.task());
    assertEquals("x", read("n", "{\"text\": \"t\", \"n\": \"x\"}").get(0).answerPrefix());
    assertEquals("gov-7", read(null, "{\"text\": \"t\", \"id\": \"gov-7\"}").get(0).id());
  }

  @Test
  void rowsWithoutATextAreRefused() {
    for (String row : List.of("{}", "{\"text\": 3}", "{\"text\": \" \"}")) {
      String message = assertThrows(DatasetException.class, () -> read(null, row)).getMessage();
      assertTrue(message.contains("d.jsonl line 1: field \"text\": expected"), message);
    }
  }

  @Test
  void ownDocumentsComeBackToWhatTheySaidBefore() {
    LongDocuments suite = new LongDocuments(null);
    List<Sample> own = SuiteRows.samples(suite, suite.own(), MiddleCut.NONE);
    assertEquals(12, own.size());
    assertEquals(2, own.stream().filter(s -> "zh".equals(s.info().get("language"))).count());
    for (Sample sample : own) {
      String text = sample.answerPrefix();
      String said = text.replaceFirst("(?s)^.*?(?:bears the number|编号是)(.*?)[.。].*$", "$1");
      assertTrue(text.lastIndexOf(said) - text.indexOf(said) > 300, sample.id());
    }
  }
}

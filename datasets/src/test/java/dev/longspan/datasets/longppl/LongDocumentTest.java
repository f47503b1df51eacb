package dev.longspan.datasets.longppl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.WordCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LongDocumentTest {
  @TempDir Path folder;

  @Test
  void textFilesAreReadInOrder() throws IOException {
    Files.writeString(folder.resolve("b.txt"), "second");
    Files.writeString(folder.resolve("a.txt"), "first\n");
    Files.writeString(folder.resolve("notes.md"), "no document");
    assertEquals(
        List.of(new LongDocument("a", "first\n"), new LongDocument("b", "second")),
        LongDocument.read(folder, "text"));
  }

  @Test
  void rowsAreReadByField() throws IOException {
    Path file = Files.writeString(folder.resolve("d.jsonl"), "{\"report\": \"r\", \"n\": 1}\n");
    assertEquals(List.of(new LongDocument("0", "r")), LongDocument.read(file, "report"));
    String message =
        assertThrows(DatasetException.class, () -> LongDocument.read(file, "text")).getMessage();
    assertTrue(message.contains("d.jsonl line 1: field \"text\""), message);
    Files.writeString(file, "");
    message =
        assertThrows(DatasetException.class, () -> LongDocument.read(file, "text")).getMessage();
    assertTrue(message.contains("holds no documents"), message);
    assertThrows(DatasetException.class, () -> LongDocument.read(folder.resolve("no"), "text"));
  }

  @Test
  void longEnoughDocumentsAreCut() {
    List<LongDocument> documents =
        List.of(
            new LongDocument("x", "a b"),
            new LongDocument("y", "a b c"),
            new LongDocument("z", "a b c d e f"),
            new LongDocument("u", "a b c d"));
    // Four tokens with the one in front; five at most.
    assertEquals(
        List.of(new LongDocument("y", "a b c"), new LongDocument("z", "a b c d")),
        LongDocument.select(documents, new WordCodec(), 2, 4, 5));
    String message =
        assertThrows(
                DatasetException.class,
                () -> LongDocument.select(documents, new WordCodec(), 3, 5, 9))
            .getMessage();
    assertTrue(message.startsWith("Only 2 of 4 documents have at least 5 tokens"), message);
  }

  @Test
  void ownDocumentsFollowTheirSeed() {
    LongDocument document = LongDocument.own(7, 200);
    assertEquals(document, LongDocument.own(7, 200));
    assertNotEquals(document.text(), LongDocument.own(8, 200).text());
    assertTrue(document.text().length() > 200 * 20, document.text());
  }
}

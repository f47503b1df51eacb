package dev.longspan.datasets.longppl;

import dev.longspan.datasets.Json;
import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.RowSuite;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SampleName;
import dev.longspan.datasets.SourceRow;
import java.util.List;
import java.util.Map;

/**
 * LongPPL (Fang et al. 2025): long documents whose tokens are predicted.
 *
 * <p>A sample is a document without a question: its text is scored, not continued. Which of its
 * tokens count is not in the row; it is found by an evaluator model, or read from files, and stands
 * in the sample's reference.
 *
 * @param field which holds the text; null for the first of {@code text}, {@code report}, {@code
 *     input}
 */
public record LongDocuments(String field) implements RowSuite {
  /** Name of the suite. */
  public static final String SUITE = "longppl";

  /** Version of the samples. */
  public static final String VERSION = "1";

  /** Task of documents that the user brings. */
  public static final String GIVEN = "documents";

  private static final String OWN_FILE = "samples.jsonl";
  private static final List<String> TEXT = List.of("text", "report", "input");

  @Override
  public String name() {
    return SUITE;
  }

  @Override
  public String version() {
    return VERSION;
  }

  /** Documents are not asked anything. */
  @Override
  public String templates() {
    return "none";
  }

  @Override
  public List<String> tasks() {
    return List.of(GIVEN, OWN);
  }

  /** Returns chronicles in English and Chinese that come back to what they said long before. */
  @Override
  public List<SourceRow> own() {
    return SourceRow.resource(LongDocuments.class, OWN_FILE);
  }

  @Override
  public List<SampleName> names(SourceRow row) {
    text(row.json());
    String id = row.json().has("id") ? row.json().textOrNumber("id") : String.valueOf(row.index());
    return List.of(new SampleName(row.file().equals(OWN_FILE) ? OWN : GIVEN, id));
  }

  /**
   * Returns the document in a row.
   *
   * @throws dev.longspan.datasets.DatasetException if there is none
   */
  public String text(Json row) {
    String name = field;
    if (name == null) {
      name = TEXT.stream().filter(row::has).findFirst().orElse(TEXT.get(0));
    }
    String text = row.text(name);
    if (text.isBlank()) {
      throw row.at(name).wrong("a document", "a blank text");
    }
    return text;
  }

  @Override
  public Sample sample(SourceRow row, String task, MiddleCut cut) {
    return new Sample(
        SUITE,
        task,
        0,
        names(row).get(0).id(),
        List.of(),
        text(row.json()),
        List.of(),
        0,
        row.json().has("language")
            ? Map.of("templates", templates(), "language", row.json().text("language"))
            : Map.of("templates", templates()));
  }
}

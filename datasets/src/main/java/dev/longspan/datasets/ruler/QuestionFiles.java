package dev.longspan.datasets.ruler;

import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Json;
import dev.longspan.datasets.ruler.Question.Document;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Questions of a SQuAD 2.0 or HotpotQA file, in the order of the file.
 *
 * <p>The documents that hold the answer are always there; those that belong to the same article, or
 * that the question brings along, are the first to join them, then any others of the file.
 */
final class QuestionFiles implements Questions {
  private record Entry(
      String question, List<String> answers, List<Document> needed, List<Document> near) {}

  private final Path file;
  private final String id;
  private final List<Entry> entries;
  private final List<Document> documents;

  private QuestionFiles(Path file, String id, List<Entry> entries, List<Document> documents) {
    this.file = file;
    this.id = id;
    this.entries = entries;
    this.documents = documents;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Question at(int index, Random random) {
    if (index >= entries.size()) {
      throw new DatasetException(
          "%s holds %d answerable questions, sample %d needs one more; ask for fewer samples"
              .formatted(file, entries.size(), index));
    }
    Entry entry = entries.get(index);
    List<Document> near = new ArrayList<>(entry.near());
    List<Document> far = new ArrayList<>(documents);
    far.removeAll(new HashSet<>(entry.needed()));
    far.removeAll(new HashSet<>(near));
    Collections.shuffle(near, random);
    Collections.shuffle(far, random);
    near.addAll(far);
    int words = near.stream().mapToInt(document -> Essay.words(document.text())).sum();
    return new Question(entry.question(), entry.answers(), entry.needed(), near.iterator(), words);
  }

  /**
   * Reads a SQuAD 2.0 file; a document is a paragraph, and questions without answer are left out.
   */
  static Questions squad(Path file) {
    Source source = Source.read(file);
    List<Entry> entries = new ArrayList<>();
    Set<Document> documents = new LinkedHashSet<>();
    for (Json article : source.json().list("data")) {
      List<Json> paragraphs = article.list("paragraphs");
      List<Document> own = paragraphs.stream().map(QuestionFiles::paragraph).distinct().toList();
      documents.addAll(own);
      for (Json paragraph : paragraphs) {
        Document needed = paragraph(paragraph);
        List<Document> near = own.stream().filter(other -> !other.equals(needed)).toList();
        for (Json question : paragraph.list("qas")) {
          if (!question.flag("is_impossible")) {
            entries.add(
                new Entry(
                    question.text("question"),
                    question.list("answers").stream().map(a -> a.text("text")).toList(),
                    List.of(needed),
                    near));
          }
        }
      }
    }
    return new QuestionFiles(file, source.id(), entries, List.copyOf(documents));
  }

  /** Reads a HotpotQA file with distractors; a document is a title line and a paragraph. */
  static Questions hotpot(Path file) {
    Source source = Source.read(file);
    List<Entry> entries = new ArrayList<>();
    Set<Document> documents = new LinkedHashSet<>();
    for (Json question : source.json().elements()) {
      Set<String> supporting = new HashSet<>();
      question.list("supporting_facts").forEach(fact -> supporting.add(pair(fact).get(0).asText()));
      List<Document> needed = new ArrayList<>();
      List<Document> near = new ArrayList<>();
      for (Json titled : question.list("context")) {
        List<Json> parts = pair(titled);
        String title = parts.get(0).asText();
        String text =
            parts.get(1).elements().stream().map(Json::asText).collect(Collectors.joining());
        Document document = new Document(title + "\n", text.strip());
        (supporting.contains(title) ? needed : near).add(document);
        documents.add(document);
      }
      entries.add(
          new Entry(question.text("question"), List.of(question.text("answer")), needed, near));
    }
    return new QuestionFiles(file, source.id(), entries, List.copyOf(documents));
  }

  private static List<Json> pair(Json json) {
    List<Json> parts = json.elements();
    if (parts.size() != 2) {
      throw json.wrong("an array of a title and what belongs to it", parts.size() + " elements");
    }
    return parts;
  }

  private static Document paragraph(Json paragraph) {
    return new Document("", paragraph.text("context").strip());
  }
}

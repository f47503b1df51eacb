package dev.longspan.datasets.ruler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.DatasetException;
import dev.longspan.datasets.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wording, haystacks and questions that come from files. */
class FilesTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;

  @Test
  void aTemplatesFileReplacesTheWording() throws IOException {
    ObjectNode root = ownTemplates();
    ObjectNode niah = (ObjectNode) root.at("/base_tasks/niah");
    niah.put(
        "template",
        "Some {type_needle_v} are near. {context} Which are all {type_needle_v} of {query}, and are answers rare?");
    niah.put("answer_prefix", " The {type_needle_v} of {query} are");
    niah.put("tokens_to_generate", 17);
    niah.put("needle", "Among the {type_needle_v}, {key} has {value} {and} more.");
    niah.putArray("noise").add("Tick.").add("Tock.");
    Path file = write("mine.json", root.toString());
    Sample one = sample("niah_single_1", options("niah_single_1").withTemplates(file));
    String text = text(one);
    assertTrue(text.startsWith("A number is near. Tick.\nTock.\n"), text);
    assertTrue(text.matches("(?s).* Which is number of \\S+, and is answer rare\\?"), text);
    assertTrue(one.answerPrefix().matches(" The number of [a-z-]+ is"), one.answerPrefix());
    assertEquals(17, one.maxNewTokens());
    String needle = " has " + one.references().get(0) + " {and} more.";
    assertTrue(text.contains("\nAmong the numbers, "), text);
    assertTrue(text.contains(needle), text);
    assertTrue(one.info().get("templates").matches("file:mine.json sha256:[0-9a-f]{12}"));
    Sample four = sample("niah_multivalue", options("niah_multivalue").withTemplates(file));
    assertTrue(text(four).startsWith("Some numbers are near. "), text(four));
    assertTrue(text(four).endsWith(", and are answers rare?"), text(four));
  }

  @Test
  void piecesThatOfficialFilesLackAreOurs() throws IOException {
    ObjectNode root = ownTemplates();
    for (JsonNode base : root.get("base_tasks")) {
      ((ObjectNode) base).retain("template", "answer_prefix", "tokens_to_generate");
    }
    Path file = write("bare.json", root.toString());
    for (String task : List.of("niah_single_1", "vt")) {
      assertEquals(
          text(sample(task, options(task))), text(sample(task, options(task).withTemplates(file))));
    }
  }

  @Test
  void aTemplatesFileIsChecked() throws IOException {
    refuseTemplates(
        "/base_tasks",
        "qa",
        null,
        "field \"base_tasks.qa.tokens_to_generate\": expected number, found nothing");
    refuseTemplates(
        "/base_tasks/qa",
        "template",
        "5",
        "field \"base_tasks.qa.template\": expected string, found number");
    refuseTemplates(
        "/base_tasks/qa",
        "tokens_to_generate",
        "0",
        "field \"base_tasks.qa.tokens_to_generate\": expected a number of at least 1, found 0");
    refuseTemplates(
        "/tasks/qa_1",
        "task",
        "\"quiz\"",
        "field \"tasks.qa_1.task\": expected one of niah, variable_tracking, common_words_extraction, freq_words_extraction, qa, found quiz");
    refuseTemplates(
        "/tasks/qa_1/args",
        "dataset",
        "\"trivia\"",
        "field \"tasks.qa_1.args.dataset\": expected one of squad, hotpotqa, found trivia");
    Path noObject = write("none.json", "{\"tasks\":{}}");
    assertRefused(
        options("qa_1").withTemplates(noObject),
        noObject + ": field \"base_tasks\": expected object, found nothing");
    Path broken = write("broken.json", "{");
    String message =
        assertThrows(DatasetException.class, () -> Ruler.of(options("vt").withTemplates(broken)))
            .getMessage();
    assertTrue(message.startsWith(broken + ": not JSON: "), message);
    Path missing = folder.resolve("missing.json");
    assertRefused(
        options("vt").withTemplates(missing),
        "Cannot read " + missing + ": java.nio.file.NoSuchFileException: " + missing);
  }

  @Test
  void aHaystackFileIsReadFromItsBeginningAndOver() throws IOException {
    String book = "It was  late.\nMr. Grey\tslept! Did the\u00a0dog bark? Nobody knew";
    Path file = write("book.txt", book);
    Sample sample = sample("niah_single_2", options("niah_single_2").withHaystack(file));
    String once = "It was late. Mr. Grey slept! Did the dog bark? Nobody knew";
    String hay = text(sample).replaceAll("The magic number for \\S+ is \\d+\\. ?", "");
    assertTrue(hay.contains("about.\n" + once + " " + once + " " + once + " "), hay);
    assertTrue(sample.info().get("haystack").matches("file:book.txt sha256:[0-9a-f]{12}"));
  }

  @Test
  void aNeedleStandsBetweenSentences() throws IOException {
    Path file = write("book.txt", "One two three. Four five six! ".repeat(40));
    RulerOptions options = options("niah_multikey_1").withHaystack(file);
    for (Sample sample : Ruler.generate(options, Counters.PIECES)) {
      String needle = "The magic number for ";
      for (String before : text(sample).split(needle)) {
        String end = before.substring(Math.max(0, before.length() - 6));
        assertTrue(
            end.matches("(?s).*([.!] |\n)|.*\\?|.* for |.*[-a-z]+\\?"),
            () -> "needle after " + end);
      }
    }
  }

  @Test
  void aFolderAndJsonAreHaystacksToo() throws IOException {
    Path books = Files.createDirectory(folder.resolve("books"));
    Files.writeString(books.resolve("b.txt"), "Second book.");
    Files.writeString(books.resolve("a.txt"), "First book.");
    Files.writeString(books.resolve("c.md"), "Not a book.");
    Sample fromFolder = sample("niah_single_2", options("niah_single_2").withHaystack(books));
    String hay = text(fromFolder).replaceAll("The magic number for \\S+ is \\d+\\. ?", "");
    assertTrue(hay.contains("First book. Second book. First book. Second book."), hay);
    assertFalse(hay.contains("Not a book"), hay);
    Path json = write("book.json", "{\"title\":\"x\",\"text\":\"From \\\"JSON\\\".\"}");
    Sample fromJson = sample("niah_single_2", options("niah_single_2").withHaystack(json));
    assertTrue(text(fromJson).contains("From \"JSON\". From \"JSON\"."));
  }

  @Test
  void aHaystackIsChecked() throws IOException {
    Path empty = write("empty.txt", " \n\t ");
    assertRefused(options("vt").withHaystack(empty), "The haystack " + empty + " holds no text");
    Path bare = Files.createDirectory(folder.resolve("bare"));
    assertRefused(
        options("vt").withHaystack(bare), "The haystack folder " + bare + " holds no .txt file");
    Path other = write("other.json", "{\"body\":\"x\"}");
    assertRefused(
        options("vt").withHaystack(other),
        other + ": field \"text\": expected string, found nothing");
    Path missing = folder.resolve("missing.txt");
    assertRefused(
        options("vt").withHaystack(missing),
        "Cannot read the haystack " + missing + ": java.nio.file.NoSuchFileException: " + missing);
  }

  @Test
  void squadQuestionsComeWithTheirParagraph() throws IOException {
    Path file = write("squad.json", squad());
    RulerOptions options =
        RulerOptions.of(List.of("qa_1"), List.of(512), 3, 1).withQuestions(file, null);
    List<Sample> samples = Ruler.generate(options, Counters.PIECES);
    assertEquals(
        List.of(List.of("tin", "grey tin"), List.of("Ada"), List.of("wool")),
        samples.stream().map(Sample::references).toList());
    assertTrue(text(samples.get(1)).contains("Question: Who digs in Alphaton?"));
    assertTrue(text(samples.get(1)).contains("In Alphaton a miner called Ada digs grey tin."));
    assertTrue(samples.get(0).info().get("haystack").startsWith("file:squad.json sha256:"));
    for (Sample sample : samples) {
      assertTrue(Counters.PIECES.fill(sample) > 0.95, () -> "fill " + Counters.PIECES.fill(sample));
      assertFalse(text(sample).contains("Why not?"));
    }
    // Its own article is the first to supply other paragraphs.
    assertTrue(text(samples.get(0)).contains("Alphaton has a river of ale"));
    assertRefused(
        RulerOptions.of(List.of("qa_1"), List.of(512), 4, 1).withQuestions(file, null),
        file + " holds 3 answerable questions, sample 3 needs one more; ask for fewer samples");
  }

  @Test
  void hotpotQuestionsComeWithTheirSupport() throws IOException {
    Path file = write("hotpot.json", hotpot());
    RulerOptions options =
        RulerOptions.of(List.of("qa_2"), List.of(512), 2, 1).withQuestions(null, file);
    List<Sample> samples = Ruler.generate(options, Counters.PIECES);
    assertEquals(List.of("north"), samples.get(0).references());
    assertTrue(
        text(samples.get(0)).contains(":\nRed Mill\nThe mill is red. It lies in Alphaton.\n"));
    assertTrue(
        text(samples.get(0)).contains(":\nAlphaton\nAlphaton is a town. It is in the north.\n"));
    assertTrue(text(samples.get(1)).endsWith("Question: Who built it? Answer briefly."));
    for (Sample sample : samples) {
      assertTrue(Counters.PIECES.fill(sample) > 0.95, () -> "fill " + Counters.PIECES.fill(sample));
    }
  }

  @Test
  void aShortFileLeavesLongPromptsShort() throws IOException {
    Path file = write("hotpot.json", hotpot());
    RulerOptions options =
        RulerOptions.of(List.of("qa_2"), List.of(65_536), 1, 1).withQuestions(null, file);
    Sample sample = Ruler.generate(options, Counters.PIECES).get(0);
    assertEquals("26", sample.info().get("documents"));
    assertTrue(Counters.PIECES.fill(sample) < 0.5);
  }

  @Test
  void questionFilesAreChecked() throws IOException {
    Path squad = write("squad.json", squad().replace("\"Who digs in Alphaton?\"", "7"));
    assertRefused(
        options("qa_1").withQuestions(squad, null),
        squad + ": field \"data[0].paragraphs[0].qas[2].question\": expected string, found number");
    Path hotpot = write("hotpot.json", hotpot().replace("\"Red Mill\",[", "\"Red Mill\",0,["));
    assertRefused(
        options("qa_2").withQuestions(null, hotpot),
        hotpot
            + ": field \"[0].context[1]\": expected an array of a title and what belongs to it,"
            + " found 3 elements");
    assertRefused(
        options("qa_2").withQuestions(null, squad), squad + ": expected array, found object");
  }

  private static String squad() {
    String filler =
        IntStream.range(0, 30)
            .mapToObj(
                i ->
                    "{\"context\":\"Betaville counts its sheep once more and finds %d of them.\",\"qas\":[]}"
                        .formatted(i))
            .collect(Collectors.joining(","));
    return """
        {"version":"v2.0","data":[
          {"title":"Alphaton","paragraphs":[
            {"context":"In Alphaton a miner called Ada digs grey tin.","qas":[
              {"question":"What is dug in Alphaton?","id":"a","answers":[{"text":"tin"},{"text":"grey tin"}],"is_impossible":false},
              {"question":"Why not?","id":"b","answers":[],"is_impossible":true},
              {"question":"Who digs in Alphaton?","id":"c","answers":[{"text":"Ada"}]}]},
            {"context":"Alphaton has a river of ale, so they say.","qas":[]}]},
          {"title":"Betaville","paragraphs":[
            {"context":"Betaville sells wool.","qas":[
              {"question":"What does Betaville sell?","id":"d","answers":[{"text":"wool"}],"is_impossible":false}]},
            %s]}]}
        """
        .formatted(filler);
  }

  private static String hotpot() {
    String filler =
        IntStream.range(0, 24)
            .mapToObj(
                i ->
                    "[\"Place %d\",[\"Place %d is far away.\",\" Few people go there today.\"]]"
                        .formatted(i, i))
            .collect(Collectors.joining(","));
    return """
        [{"_id":"1","question":"Where does the red mill lie?","answer":"north",
          "supporting_facts":[["Red Mill",1],["Alphaton",1]],
          "context":[["Alphaton",["Alphaton is a town."," It is in the north."]],
            ["Red Mill",["The mill is red."," It lies in Alphaton."]]]},
         {"_id":"2","question":"Who built it?","answer":"Ada",
          "supporting_facts":[["Place 3",0]],"context":[%s]}]
        """
        .formatted(filler);
  }

  private void refuseTemplates(String object, String field, String value, String expected)
      throws IOException {
    ObjectNode root = ownTemplates();
    if (value == null) {
      ((ObjectNode) root.at(object)).remove(field);
    } else {
      ((ObjectNode) root.at(object)).set(field, MAPPER.readTree(value));
    }
    Path file = write("changed.json", root.toString());
    assertRefused(options("qa_1").withTemplates(file), file + ": " + expected);
  }

  private static void assertRefused(RulerOptions options, String message) {
    assertEquals(
        message,
        assertThrows(DatasetException.class, () -> Ruler.generate(options, Counters.PIECES))
            .getMessage());
  }

  private static ObjectNode ownTemplates() throws IOException {
    try (InputStream in = Ruler.class.getResourceAsStream("templates.json")) {
      return (ObjectNode) MAPPER.readTree(in);
    }
  }

  private static RulerOptions options(String task) {
    return RulerOptions.of(List.of(task), List.of(1024), 2, 5);
  }

  private static Sample sample(String task, RulerOptions options) {
    return Ruler.of(options).sample(task, 1024, 0, Counters.PIECES);
  }

  private static String text(Sample sample) {
    return sample.messages().get(0).content();
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }
}

package dev.longspan.eval.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.eval.Scores;
import dev.longspan.eval.TinyRun;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.Scoring;
import dev.longspan.eval.score.SuiteScorers;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ReportsTest {
  private static final List<String> BOTH = List.of("dense", "infllm-v2");
  private static final String HOSTILE =
      "</pre><script>alert('x')</script> \"q\" & | `code` [a](b) *b* _i_\n\u0000\u001b[31m \u202e\ud83d\ude00"
          + " \ud800 \uffff \u0085";

  @TempDir Path folder;

  private String read(String name) throws IOException {
    return Files.readString(folder.resolve(name));
  }

  private void write(TinyRun run) throws IOException {
    List<ScoredSuite> suites =
        ScoredSuite.of(run.samples, run.generations, "dense", SuiteScorers.standard());
    Reports.write(folder, SyntheticRun.manifest(), Scoring.score(suites, "dense", 42), suites);
    assertWellFormed(read("report.html"));
    assertTablesAreEven(read("report.md"));
    xml();
  }

  private Document xml() throws IOException {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      InputSource source = new InputSource(new StringReader(read("junit.xml")));
      return factory.newDocumentBuilder().parse(source);
    } catch (org.xml.sax.SAXException | javax.xml.parsers.ParserConfigurationException e) {
      throw new AssertionError("junit.xml does not parse: " + e.getMessage(), e);
    }
  }

  /** Every element of the page is closed in its order. */
  private static void assertWellFormed(String html) {
    String body = html.substring(html.indexOf("<main>"), html.indexOf("</body>"));
    Deque<String> open = new ArrayDeque<>();
    Matcher tags = Pattern.compile("<(/?)([a-z0-9]+)([^<>]*?)(/?)>").matcher(body);
    while (tags.find()) {
      if (!tags.group(1).isEmpty()) {
        assertEquals(tags.group(2), open.pop(), "closed near " + around(body, tags.start()));
      } else if (tags.group(4).isEmpty()) {
        open.push(tags.group(2));
      }
    }
    assertTrue(open.isEmpty(), "left open: " + open);
    String rest = tags.reset().replaceAll("");
    assertFalse(rest.contains("<") || rest.contains(">"), "a sign that is not escaped");
    assertFalse(Pattern.compile("NaN|Infinity|null").matcher(rest).find(), "a value that is none");
    assertFalse(Pattern.compile("=\"[^\"]*(NaN|Infinity)").matcher(body).find(), "no coordinate");
  }

  private static String around(String text, int at) {
    return text.substring(Math.max(0, at - 80), Math.min(text.length(), at + 40));
  }

  /** All rows of a table have the cells of its header. */
  private static void assertTablesAreEven(String markdown) {
    int cells = 0;
    for (String line : markdown.split("\n")) {
      if (!line.startsWith("|")) {
        cells = 0;
        continue;
      }
      int found = line.replace("\\\\", "").replace("\\|", "").split("\\|", -1).length;
      assertTrue(cells == 0 || cells == found, line);
      cells = found;
    }
  }

  @Test
  void aRunOfTwoMethodsHasEverySection() throws IOException {
    SyntheticRun run = new SyntheticRun(5, List.of(1024, 8192), 8, BOTH);
    run.write(folder);
    String html = read("report.html");
    assertWellFormed(html);
    for (String section :
        List.of(
            "What ran",
            "Summary",
            "Scores by task and length",
            "Scores by length",
            "Speed",
            "Differences to dense",
            "Samples on which the methods differ",
            "Rows and errors",
            "How the figures are computed")) {
      assertTrue(html.contains("<h2>" + section + "</h2>"), section);
    }
    assertTrue(html.contains("<title>pocket: infllm-v2 against dense</title>"));
    assertTrue(html.contains("bin/longspan evaluate --suite ruler --out &#39;a folder&#39;"));
    assertTrue(html.contains("heap 4.0 GiB"));
    assertTrue(html.contains("took 3 min 20 s"));
    // Per task and length and for the mean: a cell for each method and one for the difference.
    assertEquals(6 * 2 * 3, count(html, "<rect "));
    assertEquals(3, count(html, "<svg class=\"heat\""));
    assertEquals(4, count(html, "<svg class=\"chart\""));
    String headline = Headline.of(SuiteView.of(run.scores()).get(0)).get(0);
    assertTrue(
        headline.matches(
            "infllm-v2 keeps \\d+\\.\\d % of dense at 8,192 tokens \\[\\d+\\.\\d, \\d+\\.\\d],"
                + " at \\d\\.\\d\\d× its prefill speed\\. Over all lengths the difference is .*"),
        headline);
    assertTrue(html.contains("<p class=\"lead\">" + Text.html(headline) + "</p>"));
    String markdown = read("report.md");
    assertTablesAreEven(markdown);
    for (String section :
        List.of(
            "# pocket: infllm-v2 against dense",
            "## What ran",
            "## Summary",
            "## Scores by task and length",
            "### infllm-v2",
            "## Retention and speed",
            "## Differences to dense",
            "## Samples on which the methods differ",
            "## Rows and errors",
            "## How the figures are computed")) {
      assertTrue(markdown.contains("\n" + section + "\n") || markdown.startsWith(section), section);
    }
  }

  @Test
  void thePageNeedsNeitherScriptNorNetwork() throws IOException {
    new SyntheticRun(2, List.of(512), 3, BOTH).write(folder);
    String html = read("report.html");
    for (String reference :
        List.of("<script", "http:", "https:", "url(", " src=", " href=", "@import")) {
      assertFalse(html.toLowerCase().contains(reference), reference);
    }
    assertTrue(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    assertFalse(Pattern.compile("<[^>]*\\son[a-z]+=").matcher(html).find(), "no event handler");
  }

  @Test
  void hostileTextIsShownAndDoesNothing() throws IOException {
    TinyRun run = new TinyRun();
    for (int i = 0; i < 3; i++) {
      run.sample("qa_1", 512, HOSTILE + i, "right", HOSTILE);
      run.answer("qa_1", 512, HOSTILE + i, "dense", "right");
      run.answer("qa_1", 512, HOSTILE + i, "infllm-v2", HOSTILE.repeat(400));
    }
    run.sample("qa_1", 512, "e", "x").answer("qa_1", 512, "e", "dense", "x");
    run.failure("qa_1", 512, "e", "infllm-v2", "bad|<code>", HOSTILE);
    write(run);
    String html = read("report.html");
    assertFalse(html.contains("<script"), "escaped");
    assertTrue(html.contains("&lt;/pre&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assertTrue(html.contains("␀␛[31m ⟨U+202E⟩\ud83d\ude00 ⟨U+D800⟩ ⟨U+FFFF⟩ ⟨U+0085⟩"), "visible");
    assertTrue(html.contains("more characters)"), "long answers are cut");
    assertTrue(html.contains("bad|&lt;code&gt;"));
    String markdown = read("report.md");
    assertFalse(markdown.contains("<script"));
    assertTrue(markdown.contains("\\| \\`code\\` \\[a\\](b) \\*b\\* \\_i\\_ ⏎ ␀"), "no markup");
    assertTrue(read("junit.xml").contains("bad|&lt;code"), "XML is escaped");
  }

  @Test
  void disagreementsAreSpreadAndLimited() throws IOException {
    TinyRun run = new TinyRun();
    for (int i = 0; i < 40; i++) {
      run.add("vt", 512, "v" + i, Map.of("dense", true, "infllm-v2", false));
    }
    run.add("cwe", 512, "only", Map.of("dense", true, "infllm-v2", false));
    run.add("cwe", 512, "won", Map.of("dense", false, "infllm-v2", true));
    run.add("cwe", 512, "same", Map.of("dense", true, "infllm-v2", true));
    write(run);
    String html = read("report.html");
    assertTrue(html.contains("<h3>infllm-v2 does worse than dense on 41 samples</h3>"));
    assertTrue(html.contains("<h3>infllm-v2 does better than dense on 1 sample</h3>"));
    assertEquals(21, count(html, "<details class=\"sample\">"));
    assertTrue(html.contains("<span class=\"id\">only</span>"), "small cells come before repeats");
    assertFalse(html.contains("<span class=\"id\">same</span>"));
    assertTrue(
        html.contains(
            "Shown are 20 of them, spread over tasks and lengths; 21 more are in the generations"));
    assertTrue(html.contains("What is the number of won?"), "the prompt");
    assertTrue(
        html.indexOf("<span class=\"id\">v0<") < html.indexOf("<span class=\"id\">v18<"),
        "in the order of the samples");
    assertTrue(html.contains("haystack chronicle"), "what the sample says of itself");
  }

  @Test
  void everyLengthShowsDisagreementsBeforeAnyShowsMany() throws IOException {
    TinyRun run = new TinyRun();
    for (int length : new int[] {512, 1024, 2048, 4096}) {
      for (int i = 0; i < (length == 4096 ? 2 : 30); i++) {
        run.add("vt", length, length + "-" + i, Map.of("dense", true, "infllm-v2", false));
      }
    }
    write(run);
    String html = read("report.html");
    for (int length : new int[] {512, 1024, 2048}) {
      assertEquals(6, count(html, "<span class=\"id\">" + length + "-"), "at " + length);
    }
    assertEquals(2, count(html, "<span class=\"id\">4096-"));
  }

  @Test
  void oneMethodAloneIsNotCompared() throws IOException {
    SyntheticRun run = new SyntheticRun(2, List.of(2048), 3, List.of("infllm-v2"));
    run.write(folder);
    String html = read("report.html");
    assertWellFormed(html);
    assertFalse(html.contains("Differences to"));
    assertFalse(html.contains("Samples on which"));
    assertTrue(html.contains("<p class=\"lead\">infllm-v2 scores "));
    assertTrue(html.contains("No row failed."));
    assertTablesAreEven(read("report.md"));
  }

  @Test
  void aMethodWithNothingButFailuresOrNoRowsIsReported() throws IOException {
    TinyRun run = new TinyRun();
    for (int i = 0; i < 60; i++) {
      run.add("vt", 512, "s" + i, Map.of("dense", true));
      run.failure("vt", 512, "s" + i, "lost", "engine", "the engine died");
      run.add("cwe", 512, "c" + i, Map.of("dense", true));
    }
    run.answer("cwe", 512, "c0", "late", "blue heron 1234567");
    write(run);
    String html = read("report.html");
    assertTrue(html.contains("10 more rows failed; the generations of the run hold them all."));
    assertTrue(html.contains("late: 119 samples without a row"));
    Document xml = xml();
    assertEquals("1", attribute(xml, "ruler.lost", "failures"), "vt at 512");
    assertEquals("2", attribute(xml, "ruler.lost", "skipped"), "cwe and the mean have no value");
    assertTrue(read("junit.xml").contains("60 rows failed with engine: the engine died"));
  }

  @Test
  void buildServersSeeLossesAndTimes() throws IOException {
    TinyRun run = new TinyRun();
    for (int i = 0; i < 12; i++) {
      run.add("vt", 512, "s" + i, Map.of("dense", true, "infllm-v2", i < 2));
      run.add("qa_1", 512, "q" + i, Map.of("dense", true, "infllm-v2", true));
    }
    write(run);
    Document xml = xml();
    assertEquals("testsuites", xml.getDocumentElement().getTagName());
    assertEquals("3", attribute(xml, "ruler.infllm-v2", "tests"));
    assertEquals("2", attribute(xml, "ruler.infllm-v2", "failures"), "vt and the mean");
    assertEquals("0", attribute(xml, "ruler.dense", "failures"));
    assertEquals("72.000", attribute(xml, "ruler.dense", "time"));
    Element failure = (Element) xml.getElementsByTagName("failure").item(0);
    String message = failure.getAttribute("message");
    assertTrue(message.startsWith("worse than dense by 83.3 points [−100.0, −"), message);
    assertTrue(message.endsWith("p Holm 0.004, n = 12"), message);
    Element failed = (Element) failure.getParentNode();
    assertEquals("vt/512", failed.getAttribute("name"));
    assertEquals("36.000", failed.getAttribute("time"));
  }

  private static String attribute(Document xml, String suite, String name) {
    NodeList suites = xml.getElementsByTagName("testsuite");
    for (int i = 0; i < suites.getLength(); i++) {
      Element element = (Element) suites.item(i);
      if (element.getAttribute("name").equals(suite)) {
        return element.getAttribute(name);
      }
    }
    throw new AssertionError("no suite " + suite);
  }

  @Test
  void theTerminalTableFitsAHundredColumns() {
    SyntheticRun small = new SyntheticRun(5, List.of(1024, 8192), 8, BOTH);
    String table = Reports.consoleTable(small.scores());
    assertTrue(
        table.startsWith(
            "ruler                          1,024                     8,192\n"
                + "            dense  infllm-v2   diff   dense  infllm-v2   diff\n"),
        table);
    List<Integer> lengths = List.of(4096, 8192, 16384, 32768, 65536, 131072);
    List<String> three = List.of("dense", "infllm-v2", "sliding-window");
    SyntheticRun large = new SyntheticRun(13, lengths, 6, three);
    for (String line : (table + Reports.consoleTable(large.scores())).split("\n")) {
      assertTrue(line.length() <= 100, line);
    }
    String ascii = Reports.consoleTable(large.scores()).replaceAll("\\p{ASCII}", "");
    assertEquals("", ascii, "terminals need not know more than ASCII");
  }

  @Test
  void lossesBeyondNoiseAreMarkedInTheTerminal() {
    TinyRun run = new TinyRun();
    for (int i = 0; i < 12; i++) {
      run.add("vt", 512, "s" + i, Map.of("dense", true, "infllm-v2", i < 2));
    }
    String table = Reports.consoleTable(Scoring.score(run.samples, run.generations, "dense", 42));
    assertTrue(table.contains("vt            100       16.7  -83.3*\n"), table);
    assertTrue(table.contains("* beyond noise: p < 0.05 after Holm's correction\n"), table);
  }

  @Test
  void aManifestWithoutFieldsIsNoHindrance() throws IOException {
    SyntheticRun run = new SyntheticRun(1, List.of(512), 3, BOTH);
    JsonNode nothing = new ObjectMapper().createObjectNode();
    Reports.write(folder, nothing, run.scores(), run.suites());
    assertFalse(read("report.html").contains("What ran"));
    assertTrue(read("report.html").contains("<h1>infllm-v2 against dense</h1>"));
  }

  @Test
  void scoresOfAnotherRunAreRefused() {
    SyntheticRun run = new SyntheticRun(1, List.of(512), 3, BOTH);
    Scores other = new Scores(List.of(), List.of(), List.of(), List.of());
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> Reports.write(folder, SyntheticRun.manifest(), other, run.suites()))
            .getMessage();
    assertEquals(
        "the scores are of the suites [] but the samples of [ruler]; score the run again", message);
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }
}

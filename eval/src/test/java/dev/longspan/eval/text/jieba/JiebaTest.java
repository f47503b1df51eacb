package dev.longspan.eval.text.jieba;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.eval.Crosscheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JiebaTest {
  private static List<String> cut(String text) {
    return Jieba.standard().cut(text);
  }

  @Test
  void standardTablesAreThoseOfJieba() {
    assertEquals("jieba:7197c3211ddd", Jieba.standard().id());
    String description = Jieba.standard().describe();
    assertTrue(description.contains("sha256 7197c3211ddd98962b036cdf40324d1ea2b"), description);
    assertTrue(description.contains("sha256 95824702aedd5c94f6e2a689563012136cc"), description);
    assertTrue(description.endsWith("self-check 14/14"), description);
  }

  @Test
  void wordsOfTheDictionaryAreFound() {
    assertEquals(List.of("羽毛球", "拍卖", "光", "了"), cut("羽毛球拍卖光了"));
  }

  @Test
  void theModelFindsNamesThatTheDictionaryLacks() {
    assertEquals(List.of("研究生", "陈泽宇"), cut("研究生陈泽宇"));
  }

  @Test
  void blanksAndPunctuationStandAlone() {
    assertEquals(List.of(), cut(""));
    assertEquals(
        List.of(" ", " ", "a", "\r\n", "\n", "\r", "\t", "好", "\u3000", "！", "！"),
        cut("  a\r\n\n\r\t好\u3000！！"));
  }

  @Test
  void charactersOutsideTheBasicPlaneStayWhole() {
    assertEquals(List.of("\ud842\udfb7", "野家", "\ud83d\ude00"), cut("\ud842\udfb7野家\ud83d\ude00"));
  }

  @Test
  void numbersAndLatinRunsAreCutByTheirOwnRule() {
    assertEquals(List.of("v", "+", "12.5%", ".", "x86", "_", "64"), cut("v+12.5%.x86_64"));
  }

  @Test
  void wordsJoinToTheTextAgain() {
    String text = "第１章：Transformer的KV-cache…\n约占显存的37.5%，见图2.1(b)。";
    assertEquals(text, String.join("", cut(text)));
  }

  @Test
  void otherDictionaryIsNamedByItsDigestAndItsSelfCheck(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("words.txt");
    Files.writeString(file, "长江 5 ns\n长江大桥 20\n市长 30 n\n大桥 0\n");
    Jieba jieba = Jieba.of(file);
    assertTrue(jieba.id().matches("jieba:[0-9a-f]{12}"), jieba.id());
    assertNotEquals(Jieba.standard().id(), jieba.id());
    assertTrue(jieba.describe().matches(".*, self-check [0-9]/14"), jieba.describe());
    assertEquals(List.of("长江大桥", "市长"), jieba.cut("长江大桥市长"));
  }

  @Test
  void frequencyZeroForbidsAWord(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("words.txt");
    Files.writeString(file, "长江大桥 20\n");
    assertEquals(List.of("长江大桥"), Jieba.of(file).cut("长江大桥"));
    Files.writeString(file, "长江大桥 0\n长江 9\n桥 2\n大 2\n");
    assertEquals(List.of("长江", "大桥"), Jieba.of(file).cut("长江大桥"));
  }

  @Test
  void damagedDictionaryIsRefusedByLine(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("words.txt");
    Files.writeString(file, "长江 5 ns\n大桥 viel n\n");
    String message =
        assertThrows(IllegalArgumentException.class, () -> Jieba.of(file)).getMessage();
    assertTrue(message.contains(file + " line 2: '大桥 viel n'"), message);
    Files.writeString(file, "");
    message = assertThrows(IllegalArgumentException.class, () -> Jieba.of(file)).getMessage();
    assertTrue(message.contains("holds no words"), message);
  }

  @Test
  void officialTokenListsAreReproduced() throws IOException {
    List<JsonNode> fixtures = Crosscheck.lines("longbench/jieba/fixtures.jsonl.gz");
    List<String> wrong = new ArrayList<>();
    for (JsonNode fixture : fixtures) {
      List<String> expected = new ArrayList<>();
      fixture.get("tokens").forEach(token -> expected.add(token.asText()));
      if (!cut(fixture.get("text").asText()).equals(expected)) {
        wrong.add(fixture.get("text").asText());
      }
    }
    assertEquals(List.of(), wrong);
    assertEquals(1500, fixtures.size());
  }

  @Test
  void probabilitiesEqualTheOfficialOnesBitForBit() throws IOException {
    JsonNode emit = Crosscheck.json("longbench/jieba/finalseg_hmm.json.gz").get("emit");
    HiddenMarkovModel model = JiebaTables.model();
    int compared = 0;
    for (String state : List.of("B", "E", "M", "S")) {
      for (var entry : emit.get(state).properties()) {
        assertEquals(
            entry.getValue().asDouble(),
            model.emission(state.charAt(0), entry.getKey().charAt(0)),
            0,
            state + entry.getKey());
        compared++;
      }
    }
    assertEquals(35_224, compared);
  }
}

package dev.longspan.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.spark.Cli;
import dev.longspan.spark.Rows;
import dev.longspan.spark.TinyModel;
import dev.longspan.spark.Written;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that think before they answer, if they are told to. */
class ThinkingTest {
  @TempDir private static Path temp;
  private static Path model;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(temp.resolve("model"), 512, 1);
    Files.writeString(
        model.resolve("chat_template.jinja"),
        """
        {% for m in messages %}<|im_start|>{{ m.role }}
        {{ m.content }}<|im_end|>
        {% endfor %}<|im_start|>assistant
        {% if enable_thinking is defined and enable_thinking %}<think>
        {% elif enable_thinking is defined %}<think>

        </think>

        {% endif %}""");
  }

  private static Cli evaluate(Path out, Object... more) {
    List<Object> words =
        new ArrayList<>(List.of("evaluate", "--suite", "aime", "--model", model, "--out", out));
    words.addAll(List.of("--samples", "2", "--max-new-tokens", "6", "--attention", "dense"));
    words.addAll(List.of("--attempts", "3", "--temperature", "0.7", "--master", "local[1]"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  private static double unfinished(Path run) throws IOException {
    return Written.score(run, "aime", "own", "thinking_unfinished").path("value").asDouble();
  }

  @Test
  void aThoughtThatTheTemplateOpensIsSeenToBeUnfinished() throws IOException {
    Path run = temp.resolve("on");
    Cli cli = evaluate(run, "--thinking", "on");
    assertEquals(0, cli.status(), cli.err());
    List<String> texts = Rows.column(run, "text");
    assertEquals(6, texts.size());
    assertTrue(texts.stream().allMatch(text -> text.startsWith("<think>")), texts.toString());
    assertEquals(100, unfinished(run));
    assertEquals(0, Written.score(run, "aime", "own", "avg@3").path("value").asDouble());

    Cli other = evaluate(run, "--thinking", "off");
    assertEquals(2, other.status());
    assertTrue(other.err().contains("sampling.thinking: true there, false asked"), other.err());
  }

  @Test
  void withoutThinkingTheAnswerFollowsAtOnce() throws IOException {
    Path run = temp.resolve("off");
    Cli cli = evaluate(run, "--thinking", "off");
    assertEquals(0, cli.status(), cli.err());
    assertFalse(Rows.column(run, "text").stream().anyMatch(text -> text.contains("<think>")));
    assertEquals(0, unfinished(run));
  }

  @Test
  void thinkingNeedsTheTemplate() {
    Cli cli = evaluate(temp.resolve("none"), "--thinking", "on", "--no-template");
    assertEquals(2, cli.status());
    assertTrue(cli.err().contains("--thinking needs the chat template"), cli.err());
  }
}

package dev.longspan.kernels.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.kernels.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Year;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Templates are rendered as Python's Jinja2 renders them.
 *
 * <p>The expected texts in conversations.json and expressions.json were printed by Jinja2 3.1.6 in
 * a sandbox with trim_blocks, lstrip_blocks, loop controls, a {@code raise_exception} and a {@code
 * tojson} of json.dumps without ASCII escapes: the environment of Hugging Face's transformers.
 */
class ChatTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  private static Map<String, Object> variables(JsonNode node) {
    return JSON.convertValue(node, new TypeReference<>() {});
  }

  private static String render(String template, Map<String, Object> variables) {
    return new ChatTemplate("test.jinja", template).render(variables);
  }

  private static String failure(String template, Map<String, Object> variables) {
    return assertThrows(CheckpointException.class, () -> render(template, variables)).getMessage();
  }

  static Stream<JsonNode> conversations() throws IOException {
    return JSON.readTree(resource("conversations.json")).valueStream();
  }

  @ParameterizedTest
  @MethodSource
  void conversations(JsonNode conversation) throws IOException {
    String template =
        new String(resource(conversation.path("template").asText()), StandardCharsets.UTF_8);
    Map<String, Object> variables = variables(conversation.path("variables"));
    if (conversation.has("raises")) {
      assertEquals(
          "the chat template in test.jinja refuses the messages: "
              + conversation.path("raises").asText(),
          failure(template, variables));
    } else {
      assertEquals(conversation.path("text").asText(), render(template, variables));
    }
  }

  static Stream<JsonNode> expressions() throws IOException {
    JsonNode all = JSON.readTree(resource("expressions.json"));
    return all.path("rendered")
        .valueStream()
        .map(e -> JSON.createArrayNode().add(e.get(0)).add(e.get(1)).add(all.get("variables")));
  }

  @ParameterizedTest
  @MethodSource
  void expressions(JsonNode expression) {
    assertEquals(
        expression.get(1).asText(),
        render(expression.get(0).asText(), variables(expression.get(2))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{{ list!nonsense }}|unknown filter nonsense",
        "{{ list is nonsense }}|unknown test nonsense",
        "{{ nonsense(1) }}|Could not resolve function 'nonsense'",
        "{{ 'a'.nonsense() }}|a string has no method nonsense with 0 arguments",
        "{{ 'a'.getBytes() }}|a string has no method getBytes with 0 arguments",
        "{{ 'abc'[7] }}|string index 7 out of range",
        "{{ list['a':] }}|slice bound a is no number",
        "{{ list[::0] }}|slice step cannot be zero",
        "{% filter upper %}a{% endfilter %}|filter",
        "{% for a in list %}|endfor",
        "{% if list %}|endif",
        "{{ list!items }}|items needs a mapping",
        "{{ 'a' 'b' }}|syntax error",
        "{% for a, b in list if a %}{% endfor %}|a loop over several variables cannot have a"
      })
  void whatDoesNotWorkIsRefused(String template, String message) {
    String text = failure(template.replace('!', '|'), Map.of("list", List.of("x", "y")));
    assertTrue(text.startsWith("the chat template in test.jinja cannot be rendered, line 1"), text);
    assertTrue(text.contains(message), text);
  }

  @Test
  void javaObjectsAreOutOfReach() {
    for (String way :
        List.of(
            "{{ ''.getClass().forName('java.lang.Runtime') }}",
            "{{ ''.class.forName('java.lang.Runtime') }}",
            "{{ list.getClass() }}",
            "{{ ____int3rpr3t3r____.getContext() }}")) {
      Map<String, Object> variables = new HashMap<>();
      variables.put("list", List.of(1));
      String text;
      try {
        text = render(way, variables);
      } catch (CheckpointException e) {
        text = "";
      }
      assertEquals("", text, way);
    }
  }

  @Test
  void contentIsNeverTakenForTemplate() {
    String content = "{{ 1 + 1 }} {% raw %} {# x #} \\n {{ list }}";
    assertEquals(
        content + "|" + content.toUpperCase(java.util.Locale.ROOT),
        render("{{ m.content }}|{{ m.content|upper }}", Map.of("m", Map.of("content", content))));
  }

  @Test
  void knowsTheDateAndTrainingBlocks() {
    assertEquals(Year.now().toString(), render("{{ strftime_now('%Y') }}", Map.of()));
    assertEquals("a-b-c", render("a{% generation %}-{{ 'b' }}-{% endgeneration %}c", Map.of()));
  }

  @Test
  void oneTemplateServesManyThreads() {
    ChatTemplate template =
        new ChatTemplate(
            "t",
            "{% set ns = namespace(s='') %}{% for x in l %}{% set ns.s = ns.s ~ x %}{% endfor %}{{ ns.s }}");
    List<Integer> wrong =
        java.util.stream.IntStream.range(0, 200)
            .parallel()
            .filter(
                i ->
                    !template.render(Map.of("l", List.of(i, "-", i + 1))).equals(i + "-" + (i + 1)))
            .boxed()
            .toList();
    assertEquals(List.of(), wrong);
  }
}

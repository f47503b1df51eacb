package dev.longspan.kernels.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.kernels.checkpoint.CheckpointException;
import dev.longspan.kernels.checkpoint.JsonFiles;
import dev.longspan.kernels.checkpoint.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Text to token ids and back, and conversations to prompts, by the files of a model folder.
 *
 * <p>Special tokens are handled here and nowhere else:
 *
 * <ul>
 *   <li>Only template markup makes special tokens. A special string in content, for example {@code
 *       <|im_end|>} in a document, is tokenised as the text that it is.
 *   <li>The beginning of sequence occurs once: as the template renders it, or in front of the
 *       prompt if the tokenizer asks for it and the template does not.
 * </ul>
 *
 * <p>A model without a chat template is taken for a base model: its prompt is the content of the
 * one user message, with the answer prefix after it; longer conversations are refused. Works
 * offline. Thread safe; nothing is padded or cut.
 */
public final class Tokenizer implements AutoCloseable {
  private final Path folder;
  private final NativeTokenizer tokenizer;
  private final SpecialTokens specials;
  private final ChatTemplate template;
  private final String templateSource;
  private final Map<String, Object> variables = new HashMap<>();
  private final int bosId;
  private final boolean addBos;
  private final Set<Integer> endIds;
  private final int vocabSize;
  private final String digest;

  private Tokenizer(Path folder) {
    this.folder = folder;
    Path file = folder.resolve("tokenizer.json");
    ObjectNode json = (ObjectNode) JsonFiles.readObject(file);
    JsonNode config = optional("tokenizer_config.json");
    vocabSize = vocabSize(json);
    specials = new SpecialTokens(file.toString(), json);
    json.putNull("truncation");
    json.putNull("padding");
    tokenizer = new NativeTokenizer(file.toString(), json.toString());
    digest = Sha256.of(file);

    String bos = tokenText(config.path("bos_token"));
    bosId = bos == null ? -1 : specials.id(bos);
    int[] empty = tokenizer.encode("", true);
    addBos =
        bosId >= 0 && config.path("add_bos_token").asBoolean(empty.length > 0 && empty[0] == bosId);
    String eos = tokenText(config.path("eos_token"));
    endIds = endIds(eos);
    variables.put("bos_token", bos == null ? "" : bos);
    variables.put("eos_token", eos == null ? "" : eos);
    for (String key : List.of("pad_token", "unk_token")) {
      String text = tokenText(config.path(key));
      variables.put(key, text == null ? "" : text);
    }

    Path jinja = folder.resolve("chat_template.jinja");
    if (Files.exists(jinja)) {
      templateSource = read(jinja);
      template = new ChatTemplate(jinja.toString(), templateSource);
    } else {
      templateSource = configured(config.path("chat_template"));
      template =
          templateSource == null
              ? null
              : new ChatTemplate(
                  folder.resolve("tokenizer_config.json").toString(), templateSource);
    }
  }

  /**
   * Loads tokenizer.json and, where they are there, tokenizer_config.json, chat_template.jinja,
   * generation_config.json and config.json.
   *
   * @throws CheckpointException if a file is missing or damaged
   */
  public static Tokenizer load(Path folder) {
    return new Tokenizer(folder);
  }

  private JsonNode optional(String name) {
    Path file = folder.resolve(name);
    return Files.exists(file) ? JsonFiles.readObject(file) : MissingNode.getInstance();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new CheckpointException(file + " cannot be read as UTF-8 text: " + e, e);
    }
  }

  /** A token is given as its text, or as an object with its text in {@code content}. */
  private static String tokenText(JsonNode token) {
    JsonNode text = token.isObject() ? token.path("content") : token;
    return text.isTextual() ? text.textValue() : null;
  }

  /** A template is one text, or a list of named ones of which {@code default} is taken. */
  private String configured(JsonNode value) {
    if (!value.isArray()) {
      return value.isTextual() ? value.textValue() : null;
    }
    List<String> names = new ArrayList<>();
    for (JsonNode named : value) {
      names.add(named.path("name").asText());
      if (named.path("name").asText().equals("default")) {
        return named.path("template").asText();
      }
    }
    throw new CheckpointException(
        folder.resolve("tokenizer_config.json")
            + ": chat_template has no template named default, only "
            + String.join(", ", names)
            + "; put the one to use in chat_template.jinja");
  }

  private static int vocabSize(JsonNode json) {
    int size = json.path("model").path("vocab").size();
    for (JsonNode id : json.path("model").path("vocab")) {
      size = Math.max(size, id.isInt() ? id.intValue() + 1 : 0);
    }
    for (JsonNode token : json.path("added_tokens")) {
      size = Math.max(size, token.path("id").asInt() + 1);
    }
    return size;
  }

  private Set<Integer> endIds(String eos) {
    Set<Integer> ids = new TreeSet<>();
    for (String name : List.of("generation_config.json", "config.json")) {
      JsonNode value = optional(name).path("eos_token_id");
      for (JsonNode id : value.isArray() ? value : List.of(value)) {
        if (id.isInt()) {
          ids.add(id.intValue());
        }
      }
    }
    if (eos != null && specials.id(eos) >= 0) {
      ids.add(specials.id(eos));
    }
    return Set.copyOf(ids);
  }

  /** Returns the ids of plain text: no special token is added or recognised. */
  public int[] encode(String text) {
    return tokenizer.encode(text, false);
  }

  /**
   * The ids of a text and where they stand in it.
   *
   * @param ids of the tokens
   * @param starts first code point of each token
   * @param ends one past the last code point of each token; tokens that are parts of one character
   *     all have it whole
   */
  public record Encoding(int[] ids, int[] starts, int[] ends) {}

  /** Returns the ids of plain text, as {@link #encode} does, and the characters of each. */
  public Encoding encodeWithOffsets(String text) {
    return tokenizer.encodeWithOffsets(text);
  }

  /**
   * Returns the ids of a conversation, ready for the answer to follow; without messages, those of
   * the answer prefix alone, after the beginning of sequence if the tokenizer asks for one.
   *
   * @param answerPrefix text with which the answer begins; may be empty
   * @throws CheckpointException if the template refuses the messages
   */
  public int[] prompt(List<ChatMessage> messages, String answerPrefix) {
    return prompt(messages, answerPrefix, Map.of());
  }

  /**
   * Returns the ids of a conversation, rendered with further template variables.
   *
   * @param extra for example {@code enable_thinking}
   */
  public int[] prompt(List<ChatMessage> messages, String answerPrefix, Map<String, ?> extra) {
    String text = specials.mark(protectedTemplate(messages, extra)) + answerPrefix;
    int[] ids = tokenizer.encode(text, false);
    if (!addBos || (ids.length > 0 && ids[0] == bosId)) {
      return ids;
    }
    int[] with = new int[ids.length + 1];
    with[0] = bosId;
    System.arraycopy(ids, 0, with, 1, ids.length);
    return with;
  }

  /** Returns the text of a prompt as the template renders it, the answer prefix included. */
  public String render(List<ChatMessage> messages, String answerPrefix) {
    return render(messages, answerPrefix, Map.of());
  }

  /** Returns the text of a prompt, rendered with further template variables. */
  public String render(List<ChatMessage> messages, String answerPrefix, Map<String, ?> extra) {
    return specials.reveal(protectedTemplate(messages, extra)) + answerPrefix;
  }

  private String protectedTemplate(List<ChatMessage> messages, Map<String, ?> extra) {
    if (messages.isEmpty()) {
      return ""; // A bare prompt: the answer prefix goes to the model as it is.
    }
    if (template == null) {
      if (messages.size() != 1 || !messages.get(0).role().equals("user")) {
        throw new CheckpointException(
            folder
                + " has no chat template, so a prompt is one user message, but there are "
                + messages.size()
                + " messages with roles "
                + messages.stream().map(ChatMessage::role).toList()
                + "; add chat_template.jinja to the folder");
      }
      return specials.protect(messages.get(0).content());
    }
    List<Map<String, Object>> turns = new ArrayList<>();
    for (ChatMessage message : messages) {
      Map<String, Object> turn = new HashMap<>();
      turn.put("role", message.role());
      turn.put("content", specials.protect(message.content()));
      turns.add(turn);
    }
    Map<String, Object> all = new HashMap<>(variables);
    all.put("messages", turns);
    all.put("add_generation_prompt", true);
    all.putAll(extra);
    return template.render(all);
  }

  /** Returns the text of ids, without special tokens; unfinished characters are U+FFFD. */
  public String decode(int[] ids) {
    return tokenizer.decode(ids, 0, ids.length);
  }

  /** Returns the id of the beginning of sequence, or -1 if the model has none. */
  public int bosId() {
    return bosId;
  }

  /** Returns the ids that end an answer, from all configuration files together. */
  public Set<Integer> endIds() {
    return endIds;
  }

  /** Returns the number of ids, 0 to the highest. */
  public int vocabSize() {
    return vocabSize;
  }

  /** Returns the SHA-256 of tokenizer.json. */
  public String digest() {
    return digest;
  }

  /** Returns the SHA-256 of the chat template's text; of the empty text if there is none. */
  public String templateDigest() {
    String source = templateSource == null ? "" : templateSource;
    return Sha256.of(source.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}

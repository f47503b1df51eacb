package dev.longspan.kernels.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.kernels.checkpoint.CheckpointException;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Keeps the strings of special tokens in user text apart from the same strings in template markup.
 *
 * <p>The tokenizers library turns {@code <|im_end|>} into its id wherever it stands. So the library
 * gets a tokenizer.json in which each special token has a secret name that no text can hold. Markup
 * is translated to secret names after rendering; content keeps its characters, and a special string
 * in it is tokenised like any other text. Everything else about the tokenizer stays as it is, so
 * ids of text without special strings are those of the original.
 */
final class SpecialTokens {
  private static final char CONTENT_MARK = '\uF8FE';
  private static final char TOKEN_MARK = '\uF8FF';

  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<String, Integer> numbers = new LinkedHashMap<>();
  private final Pattern any;
  private final String nonce = new BigInteger(96, new SecureRandom()).toString();

  /** Reads the special tokens of a tokenizer.json and gives them their secret names in it. */
  SpecialTokens(String where, ObjectNode tokenizer) {
    for (JsonNode token : tokenizer.path("added_tokens")) {
      String content = token.path("content").asText();
      if (token.path("special").asBoolean() && !content.isEmpty()) {
        ids.put(content, token.path("id").asInt(-1));
        numbers.put(content, numbers.size());
      }
    }
    any =
        Pattern.compile(
            numbers.isEmpty()
                ? "(?!)"
                : numbers.keySet().stream()
                    // The longest first: the library matches the longest at each position.
                    .sorted(Comparator.comparingInt(String::length).reversed())
                    .map(Pattern::quote)
                    .collect(Collectors.joining("|")));
    rename(where, tokenizer);
  }

  /** Returns the id of a special token, or -1. */
  int id(String content) {
    return ids.getOrDefault(content, -1);
  }

  /** Hides special strings of content while a template is rendered around it. */
  String protect(String content) {
    Matcher m = any.matcher(content);
    return m.find() ? m.replaceAll(r -> Matcher.quoteReplacement(placeholder(r.group()))) : content;
  }

  /** Undoes {@link #protect}, leaving markup as it is. */
  String reveal(String rendered) {
    String text = rendered;
    if (text.indexOf(CONTENT_MARK) >= 0) {
      for (String special : numbers.keySet()) {
        text = text.replace(placeholder(special), special);
      }
    }
    return text;
  }

  /** Translates special tokens of markup to their secret names and reveals content. */
  String mark(String rendered) {
    return reveal(
        any.matcher(rendered).replaceAll(r -> Matcher.quoteReplacement(secret(r.group()))));
  }

  private String placeholder(String special) {
    return CONTENT_MARK + nonce + ":" + numbers.get(special) + CONTENT_MARK;
  }

  private String secret(String special) {
    return TOKEN_MARK + nonce + ":" + numbers.get(special) + TOKEN_MARK;
  }

  private void rename(String where, ObjectNode tokenizer) {
    for (JsonNode token : tokenizer.path("added_tokens")) {
      String content = token.path("content").asText();
      if (numbers.containsKey(content) && token.path("special").asBoolean()) {
        ((ObjectNode) token).put("content", secret(content));
      }
    }
    if (!(tokenizer.get("model") instanceof ObjectNode model)) {
      throw new CheckpointException(where + " has no model; fetch the file again");
    }
    if (numbers.containsKey(model.path("unk_token").asText())) {
      model.put("unk_token", secret(model.get("unk_token").asText()));
    }
    if (model.get("vocab") instanceof ObjectNode vocab) {
      for (String special : numbers.keySet()) {
        JsonNode id = vocab.remove(special);
        if (id != null) {
          vocab.set(secret(special), id);
        }
      }
    } else if (model.get("vocab") instanceof ArrayNode pieces) {
      // Unigram: a list of [piece, score].
      for (JsonNode piece : pieces) {
        if (numbers.containsKey(piece.path(0).asText())) {
          ((ArrayNode) piece).set(0, secret(piece.get(0).asText()));
        }
      }
    }
    // A merge must not lead to a piece that the vocabulary no longer has.
    for (Iterator<JsonNode> merges = model.path("merges").iterator(); merges.hasNext(); ) {
      JsonNode merge = merges.next();
      String product =
          merge.isArray()
              ? merge.path(0).asText() + merge.path(1).asText()
              : merge.asText().replaceFirst(" ", "");
      if (numbers.containsKey(product)) {
        merges.remove();
      }
    }
  }
}

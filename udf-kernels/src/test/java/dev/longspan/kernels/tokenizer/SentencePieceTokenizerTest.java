package dev.longspan.kernels.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A tokenizer of the kind that MiniCPM and Llama 2 have: blanks as pieces, bytes as fallback,
 * special tokens within the vocabulary, merges that lead to one of them, and added tokens after it,
 * special and ordinary.
 */
class SentencePieceTokenizerTest {
  private static final String TOKENIZER =
      """
      {"added_tokens":[
        {"id":0,"content":"<unk>","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":false,"special":true},
        {"id":1,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":false,"special":true},
        {"id":2,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":false,"special":true},
        {"id":16,"content":"<|turn|>","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":false,"special":true},
        {"id":17,"content":"<think>","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":false,"special":false}],
       "normalizer":{"type":"Sequence","normalizers":[
         {"type":"Prepend","prepend":"\u2581"},
         {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},
       "decoder":{"type":"Sequence","decoders":[
         {"type":"Replace","pattern":{"String":"\u2581"},"content":" "},
         {"type":"ByteFallback"},{"type":"Fuse"},
         {"type":"Strip","content":" ","start":1,"stop":0}]},
       "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
         "vocab":{"<unk>":0,"<s>":1,"</s>":2,"\u2581":3,"a":4,"<":5,"/":6,"s":7,">":8,"</":9,
                  "s>":10,"<0xC3>":11,"<0xA9>":12,"\u2581a":13,"<0x0A>":14,"as":15},
         "merges":[["<","/"],["s",">"],["</","s>"],["\u2581","a"],["a","s"]]}}""";

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"add_bos_token\":true}");
    Files.writeString(folder.resolve("config.json"), "{\"eos_token_id\":[2,16]}");
    Files.writeString(
        folder.resolve("chat_template.jinja"),
        "{% for m in messages %}<|turn|>{{ m.content }}{% endfor %}<|turn|><think>");
  }

  @Test
  void specialStringsInContentAreSpelledOut() {
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      assertArrayEquals(new int[] {13, 9, 10}, tokenizer.encode("a</s>"));
      assertEquals("a</s>", tokenizer.decode(new int[] {13, 9, 10}));
      assertArrayEquals(
          new int[] {1, 16, 13, 9, 10, 16, 17, 13, 7},
          tokenizer.prompt(List.of(new ChatMessage("user", "a</s>")), "as"));
    }
  }

  @Test
  void idsOfAddedTokensStay() {
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      assertEquals(18, tokenizer.vocabSize());
      assertEquals(1, tokenizer.bosId());
      assertEquals(Set.of(2, 16), tokenizer.endIds());
      // An ordinary added token is one wherever it stands.
      assertArrayEquals(new int[] {17, 13}, tokenizer.encode("<think>a"));
      assertEquals("a", tokenizer.decode(new int[] {1, 16, 13, 2}));
    }
  }

  @Test
  void blanksAndBytesComeBack() {
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      String text = ("a a\u00e9 as\n").repeat(9);
      assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
    }
  }
}

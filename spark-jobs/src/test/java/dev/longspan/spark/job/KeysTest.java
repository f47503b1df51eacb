package dev.longspan.spark.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KeysTest {
  private static final SamplingSpec GREEDY = new SamplingSpec(0, 0, 1, 0, 1, List.of(), 42);

  private static Sample sample(String id, String text, String prefix, int maxNewTokens) {
    return new Sample(
        "ruler",
        "vt",
        512,
        id,
        List.of(Message.user(text)),
        prefix,
        List.of("x"),
        maxNewTokens,
        Map.of());
  }

  @Test
  void everythingThatDecidesAnAnswerIsInItsKey() {
    Keys keys = new Keys("model", "tokenizer", "template", GREEDY);
    Sample sample = sample("0", "text", "So", 8);
    Set<String> seen = new HashSet<>();
    seen.add(keys.key(sample, null, "dense", 0));
    seen.add(keys.key(sample, null, "dense", 1));
    seen.add(keys.key(sample, null, "infllm-v2 topk=24", 0));
    seen.add(keys.key(sample, "is no JSON", "dense", 0));
    seen.add(keys.key(sample("1", "text", "So", 8), null, "dense", 0));
    seen.add(keys.key(sample("0", "texts", "So", 8), null, "dense", 0));
    seen.add(keys.key(sample("0", "textSo", "", 8), null, "dense", 0));
    seen.add(keys.key(sample("0", "text", "So", 9), null, "dense", 0));
    seen.add(new Keys("model2", "tokenizer", "template", GREEDY).key(sample, null, "dense", 0));
    seen.add(new Keys("model", "tokenizer2", "template", GREEDY).key(sample, null, "dense", 0));
    seen.add(new Keys("model", "tokenizer", "none", GREEDY).key(sample, null, "dense", 0));
    SamplingSpec warm = new SamplingSpec(0.5, 0, 1, 0, 1, List.of(), 42);
    seen.add(new Keys("model", "tokenizer", "template", warm).key(sample, null, "dense", 0));
    SamplingSpec stops = new SamplingSpec(0, 0, 1, 0, 1, List.of("."), 42);
    seen.add(new Keys("model", "tokenizer", "template", stops).key(sample, null, "dense", 0));

    assertEquals(13, seen.size());
    seen.forEach(key -> assertTrue(key.matches("[0-9a-f]{64}"), key));
  }

  @Test
  void referencesAndNotesDoNotChangeTheKey() {
    Keys keys = new Keys("model", "tokenizer", "template", GREEDY);
    Sample sample = sample("0", "text", "", 8);
    Sample other =
        new Sample(
            "ruler", "vt", 512, "0", sample.messages(), "", List.of("y"), 8, Map.of("a", "b"));
    assertEquals(keys.key(sample, null, "dense", 0), keys.key(other, null, "dense", 0));
  }

  @Test
  void lengthsKeepTextsApart() {
    assertEquals(
        2,
        Set.of(new Digest().add("ab").add("c").hex(), new Digest().add("a").add("bc").hex())
            .size());
  }
}

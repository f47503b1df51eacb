package dev.longspan.spark.suite;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.TextCodec;
import dev.longspan.datasets.longppl.LongDocuments;
import dev.longspan.eval.longppl.KeyText;
import dev.longspan.eval.longppl.TextSpan;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.job.Digest;
import dev.longspan.spark.model.TokenizerSpec;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * LongPPL: documents with their key tokens. A part is a document, since finding its key tokens may
 * take minutes.
 *
 * @param documents without key tokens
 * @param keys who finds them
 * @param length which documents are long enough, and how much of them is taken; null for all
 */
public record LongPplSuite(RowsSuite documents, KeyTokenSource keys, Length length)
    implements SuiteSpec {

  /**
   * Lengths of documents in tokens.
   *
   * @param tokenizer that counts
   * @param min shorter documents are not asked
   * @param max longer ones are cut to this many tokens
   */
  public record Length(TokenizerSpec tokenizer, int min, int max) implements Serializable {
    /** Returns a test whether the document in a row is long enough. */
    public Predicate<SourceRow> longEnough(LongDocuments suite, Tokenizer counter) {
      TextCodec codec = PromptTools.codec(counter);
      return row -> codec.encode(suite.text(row.json())).length >= min;
    }

    private String cut(String text, Configuration configuration) {
      try (Tokenizer counter = tokenizer.load(configuration)) {
        TextCodec codec = PromptTools.codec(counter);
        int[] tokens = codec.encode(text);
        return tokens.length <= max ? text : codec.decode(Arrays.copyOf(tokens, max));
      }
    }
  }

  private record Document(RowsSuite.Slice row, int number, KeyTokenSource keys, Length length)
      implements Part {
    @Override
    public String name() {
      return row.name();
    }

    @Override
    public List<Sample> samples(PromptTools tools) throws IOException {
      Sample whole = row.samples(tools).get(0);
      Sample document =
          length == null
              ? whole
              : whole.withAnswerPrefix(length.cut(whole.answerPrefix(), tools.configuration()));
      TextSpan[] spans = keys.find(number, document, tools.configuration());
      return List.of(
          document.withReferences(List.of(KeyText.format(spans))).withInfo(keys.describe()));
    }
  }

  @Override
  public String name() {
    return LongDocuments.SUITE;
  }

  @Override
  public ObjectNode manifest() {
    ObjectNode node = documents.manifest();
    node.remove("templates");
    keys.describe().forEach(node::put);
    if (length != null) {
      node.put("min_tokens", length.min()).put("max_tokens", length.max());
    }
    return node;
  }

  @Override
  public String recipe() {
    return new Digest()
        .add(documents.recipe())
        .add(keys.digest())
        .add(String.valueOf(length))
        .hex();
  }

  @Override
  public List<? extends Part> parts() {
    List<RowsSuite.Slice> rows = documents.parts(1);
    return IntStream.range(0, rows.size())
        .mapToObj(i -> new Document(rows.get(i), i, keys, length))
        .toList();
  }
}

package dev.longspan.eval.score.longppl;

import dev.longspan.datasets.Sample;
import dev.longspan.datasets.longppl.LongDocuments;
import dev.longspan.eval.SampleSummary;
import dev.longspan.eval.Scores;
import dev.longspan.eval.longppl.DocumentPerplexity;
import dev.longspan.eval.longppl.KeyText;
import dev.longspan.eval.longppl.TextSpan;
import dev.longspan.eval.score.Answer;
import dev.longspan.eval.score.Scale;
import dev.longspan.eval.score.ScoredSuite;
import dev.longspan.eval.score.ScoredSuite.Cell;
import dev.longspan.eval.score.ScoredSuite.Item;
import dev.longspan.eval.score.SuiteScorer;
import dev.longspan.eval.stats.Estimate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * LongPPL (Fang et al. 2025): the perplexity of a model on the key tokens of documents, those that
 * need a long context. Lower is better.
 *
 * <p>The answer to a document is a {@link DocumentPerplexity}. A document weighs as many as it has
 * key tokens; one without any says nothing. Beside LongPPL stand the perplexity on all tokens and
 * the share of key tokens.
 */
public final class LongPplScorer implements SuiteScorer {
  /** Loss in nats of a model that knows nothing: it takes 100,000 tokens for equally likely. */
  private static final double IGNORANCE = Math.log(100_000);

  @Override
  public String suite() {
    return LongDocuments.SUITE;
  }

  @Override
  public String version() {
    return "1";
  }

  @Override
  public List<String> tasks() {
    return List.of(LongDocuments.GIVEN, LongDocuments.OWN);
  }

  @Override
  public String metric(String task) {
    return "longppl";
  }

  @Override
  public Scale scale() {
    return Scale.PERPLEXITY;
  }

  @Override
  public String clean(String text) {
    return text;
  }

  /** Returns the mean loss of the key tokens. */
  @Override
  public double value(SampleSummary sample, String answer) {
    DocumentPerplexity document = document(sample.id(), answer);
    return document.keyTokens() == 0 ? 0 : document.keyLoss() / document.keyTokens();
  }

  @Override
  public double weight(SampleSummary sample, String answer) {
    return document(sample.id(), answer).keyTokens();
  }

  @Override
  public String remark(SampleSummary sample, String answer) {
    DocumentPerplexity document = document(sample.id(), answer);
    return String.format(
        Locale.ROOT,
        "%,d of %,d tokens are key tokens; perplexity %.3f on all tokens",
        document.keyTokens(),
        document.tokens(),
        document.perplexity());
  }

  private static DocumentPerplexity document(String id, String answer) {
    return DocumentPerplexity.parse("the answer to document " + id, answer);
  }

  /** Returns the losses of a model that is sure of every token. */
  @Override
  public String oracle(Sample sample) {
    return constant(sample, 0);
  }

  @Override
  public String nothing(Sample sample) {
    return constant(sample, IGNORANCE);
  }

  /** Takes characters for tokens, since pseudo-models have none. */
  private static String constant(Sample sample, double loss) {
    String text = sample.answerPrefix();
    int tokens = text.codePointCount(0, text.length());
    TextSpan[] spans = KeyText.parse("document " + sample.id(), sample.references().get(0));
    int keys = Arrays.stream(spans).mapToInt(span -> span.end() - span.start()).sum();
    return new DocumentPerplexity(tokens, keys, loss * (tokens - 1), loss * keys).text();
  }

  @Override
  public List<Figure> figures(ScoredSuite suite, String method, long seed) {
    return suite.cells().stream().flatMap(cell -> figures(cell, method, seed).stream()).toList();
  }

  private static List<Figure> figures(Cell cell, String method, long seed) {
    List<Item> items =
        cell.items().stream()
            .filter(item -> item.has(method) && !first(item, method).generation().failed())
            .toList();
    Estimate perplexity =
        Estimate.weighted(
                values(items, method, document -> Math.log(document.perplexity())),
                values(items, method, DocumentPerplexity::tokens),
                seed)
            .exp();
    Estimate share =
        Estimate.weighted(
            values(items, method, document -> (double) document.keyTokens() / document.tokens()),
            values(items, method, DocumentPerplexity::tokens),
            seed);
    Estimate without =
        Estimate.of(values(items, method, document -> document.keyTokens() == 0 ? 1 : 0), seed);
    return List.of(
        new Figure(cell.task(), Scores.PERPLEXITY, Scale.PERPLEXITY, perplexity, items),
        new Figure(cell.task(), "key_tokens", share, items),
        new Figure(cell.task(), "documents_without_key_tokens", without, items));
  }

  private static double[] values(
      List<Item> items, String method, ToDoubleFunction<DocumentPerplexity> value) {
    return items.stream()
        .map(item -> document(item.sample().id(), first(item, method).text()))
        .mapToDouble(value)
        .toArray();
  }

  private static Answer first(Item item, String method) {
    return item.answers().get(method).get(0);
  }
}

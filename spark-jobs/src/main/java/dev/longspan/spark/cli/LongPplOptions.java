package dev.longspan.spark.cli;

import dev.longspan.datasets.SourceRow;
import dev.longspan.datasets.longppl.LongDocuments;
import dev.longspan.eval.longppl.LongPplSettings;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.EngineSpec;
import dev.longspan.spark.model.LoadedModel;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.suite.KeyTokenSource;
import dev.longspan.spark.suite.LongPplSuite;
import dev.longspan.spark.suite.RowsSuite;
import java.util.List;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Option;

/** Which documents LongPPL is measured on, and which of their tokens count. */
final class LongPplOptions {
  /** Short context and window for our own documents, which are a few thousand tokens long. */
  private static final int OWN_CONTEXT = 512;

  /** Opens models that find key tokens. */
  interface Models {
    /**
     * Returns a model.
     *
     * @param location null for the evaluated one
     */
    LoadedModel open(String location);

    /** Returns the engine that runs it. */
    EngineSpec engine(LoadedModel model);
  }

  @Option(
      names = "--evaluator",
      paramLabel = "DIR_OR_URI",
      description = "Model that finds the key tokens, with dense attention. Default: --model.")
  String evaluator;

  @Option(
      names = "--key-text",
      paramLabel = "DIR",
      description = "Key tokens found before, in LongPPL's files slice_N.txt, instead.")
  String keyText;

  @Option(
      names = "--short-context",
      paramLabel = "N",
      description = "Least tokens in a short context. Default: 4096, 512 for our own documents.")
  Integer shortContext;

  @Option(
      names = "--key-window",
      paramLabel = "N",
      description = "Tokens that a short pass scores. Default: 1024, 512 for our own documents.")
  Integer window;

  @Option(
      names = "--key-alpha",
      paramLabel = "X",
      description =
          "A key token loses more log-probability than this by a short context. Default: 2.")
  Double alpha;

  @Option(
      names = "--key-beta",
      paramLabel = "X",
      description = "Its log-probability with the long context is higher than this. Default: -2.")
  Double beta;

  @Option(
      names = "--text-field",
      paramLabel = "NAME",
      description = "Field with the document. Default: text, report or input.")
  String field;

  @Option(
      names = "--document-min-tokens",
      paramLabel = "N",
      description = "Shorter documents are left out.")
  Integer minTokens;

  @Option(
      names = "--document-max-tokens",
      paramLabel = "N",
      description = "Longer documents are cut to this many tokens.")
  Integer maxTokens;

  @Option(
      names = "--document-tokenizer",
      paramLabel = "DIR_OR_URI",
      description = "Tokenizer that counts these tokens. Default: the evaluator's.")
  String tokenizer;

  LongPplSuite open(
      String location, List<String> tasks, int limit, Configuration configuration, Models models) {
    Checks.atLeast("--short-context", shortContext, 1);
    Checks.atLeast("--key-window", window, 1);
    Checks.atLeast("--document-min-tokens", minTokens, 1);
    Checks.atLeast("--document-max-tokens", maxTokens, 2);
    if (keyText != null && evaluator != null) {
      throw new UsageException("--key-text and --evaluator exclude each other; choose one.");
    }
    LongDocuments suite = new LongDocuments(field);
    LoadedModel model = keyText == null ? models.open(evaluator) : null;
    LongPplSuite.Length length = length(model, configuration);
    RowsSuite documents;
    if (length != null && length.min() > 1) {
      try (Tokenizer counter = length.tokenizer().load(configuration)) {
        documents =
            rows(suite, location, tasks, limit, length.longEnough(suite, counter), configuration);
      }
    } else {
      documents = rows(suite, location, tasks, limit, row -> true, configuration);
    }
    return new LongPplSuite(
        documents,
        keyText != null
            ? KeyTokenSource.Files.read(keyText, documents.selected().size(), configuration)
            : new KeyTokenSource.Evaluator(
                model.name(), models.engine(model), settings(location == null)),
        length);
  }

  private static RowsSuite rows(
      LongDocuments suite,
      String location,
      List<String> tasks,
      int limit,
      Predicate<SourceRow> wanted,
      Configuration configuration) {
    return RowsSuite.open(suite, location, tasks, limit, null, wanted, configuration);
  }

  private LongPplSuite.Length length(LoadedModel model, Configuration configuration) {
    if (minTokens == null && maxTokens == null) {
      return null;
    }
    if (tokenizer == null && model == null) {
      throw new UsageException(
          "--document-min-tokens and --document-max-tokens count tokens: name a tokenizer with"
              + " --document-tokenizer.");
    }
    return new LongPplSuite.Length(
        tokenizer == null ? model.tokenizer() : TokenizerSpec.open(tokenizer, configuration),
        minTokens == null ? 1 : minTokens,
        maxTokens == null ? Integer.MAX_VALUE : maxTokens);
  }

  private LongPplSettings settings(boolean own) {
    LongPplSettings paper = LongPplSettings.PAPER;
    int context = own ? OWN_CONTEXT : paper.shortContext();
    int scored = own ? OWN_CONTEXT : paper.window();
    return new LongPplSettings(
        alpha == null ? paper.alpha() : alpha,
        beta == null ? paper.beta() : beta,
        shortContext == null ? context : shortContext,
        window == null ? scored : window);
  }
}

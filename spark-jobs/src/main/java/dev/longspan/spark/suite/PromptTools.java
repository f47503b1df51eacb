package dev.longspan.spark.suite;

import dev.longspan.datasets.MiddleCut;
import dev.longspan.datasets.Sample;
import dev.longspan.datasets.TextCodec;
import dev.longspan.datasets.TokenCounter;
import dev.longspan.kernels.tokenizer.Tokenizer;
import dev.longspan.spark.UsageException;
import dev.longspan.spark.job.PromptFormat;
import dev.longspan.spark.job.Prompts;
import dev.longspan.spark.model.TokenizerSpec;
import dev.longspan.spark.run.SampleTable;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** What preparation needs to know of the evaluated model: how it counts and cuts texts. */
public final class PromptTools implements AutoCloseable {
  private final TokenizerSpec spec;
  private final PromptFormat format;
  private final Configuration configuration;
  private final Tokenizer tokenizer;

  private PromptTools(
      TokenizerSpec spec, PromptFormat format, Configuration configuration, Tokenizer tokenizer) {
    this.spec = spec;
    this.format = format;
    this.configuration = configuration;
    this.tokenizer = tokenizer;
  }

  /** Opens the tokenizer of {@code spec}, which may be none. */
  public static PromptTools open(
      TokenizerSpec spec, PromptFormat format, Configuration configuration) {
    return new PromptTools(
        spec, format, configuration, spec.location() == null ? null : spec.load(configuration));
  }

  Configuration configuration() {
    return configuration;
  }

  /**
   * Returns what counts the tokens of prompts.
   *
   * @throws UsageException if there is no tokenizer
   */
  TokenCounter counter() {
    if (tokenizer == null) {
      throw new UsageException(
          "The length of these samples is counted in tokens: name a tokenizer with --model.");
    }
    return (messages, prefix) -> Prompts.tokens(tokenizer, messages, prefix, format).length;
  }

  /** Returns the tokens that the evaluated model can hold; 0 if that is not known. */
  int window() {
    return spec.window();
  }

  /** Returns what shortens prompts to {@code maxTokens}; nothing where there is no tokenizer. */
  MiddleCut cut(int maxTokens) {
    return tokenizer == null || maxTokens == MiddleCut.NO_LIMIT
        ? MiddleCut.NONE
        : new MiddleCut(codec(tokenizer), maxTokens);
  }

  /** Returns a tokenizer as datasets know it. */
  static TextCodec codec(Tokenizer tokenizer) {
    return new TextCodec() {
      @Override
      public int[] encode(String text) {
        return tokenizer.prompt(List.of(), text);
      }

      @Override
      public String decode(int[] tokens) {
        return tokenizer.decode(tokens);
      }
    };
  }

  /** Returns the tokens of a sample's prompt; an estimate where there is no tokenizer. */
  int promptTokens(Sample sample) {
    if (tokenizer != null) {
      return counter().count(sample.messages(), sample.answerPrefix());
    }
    int characters = sample.answerPrefix().length();
    for (var message : sample.messages()) {
      characters += message.content().length();
    }
    return SampleTable.estimateTokens(characters);
  }

  @Override
  public void close() {
    if (tokenizer != null) {
      tokenizer.close();
    }
  }
}

package dev.longspan.spark.job;

import dev.longspan.datasets.Sample;
import dev.longspan.eval.longppl.DocumentPerplexity;
import dev.longspan.eval.longppl.KeyText;
import dev.longspan.eval.longppl.KeyTokens;
import dev.longspan.eval.longppl.TextSpan;
import dev.longspan.kernels.attention.AttentionMethod;
import dev.longspan.kernels.engine.Request;
import dev.longspan.kernels.engine.Response;
import dev.longspan.kernels.engine.Sampling;
import dev.longspan.kernels.tokenizer.Tokenizer;
import java.util.function.Function;

/**
 * A sample as a request, and what makes a text of the response.
 *
 * @param request to the engine
 * @param answer the row's text, given a response that has not failed
 */
record Question(Request request, Function<Response, String> answer) {
  /** Asks for a continuation, or for the losses of a text that is only scored. */
  static Question of(
      String key,
      Sample sample,
      Tokenizer tokenizer,
      PromptFormat format,
      AttentionMethod method,
      Sampling sampling) {
    if (sample.maxNewTokens() == 0) {
      return scored(key, sample, tokenizer, method);
    }
    int[] prompt = Prompts.tokens(tokenizer, sample.messages(), sample.answerPrefix(), format);
    String opening = Prompts.opening(tokenizer, prompt);
    return new Question(
        Request.generate(key, prompt, method, sampling), response -> opening + response.text());
  }

  /** A document goes in without special tokens, as LongPPL has it. */
  private static Question scored(
      String key, Sample sample, Tokenizer tokenizer, AttentionMethod method) {
    Tokenizer.Encoding document = tokenizer.encodeWithOffsets(sample.answerPrefix());
    TextSpan[] offsets = TextSpan.of(document.starts(), document.ends());
    TextSpan[] spans =
        KeyText.parse("the key tokens of " + sample.id(), sample.references().get(0));
    int[] keys = KeyTokens.within(offsets, spans);
    return new Question(
        Request.score(key, document.ids(), method, 1),
        response -> {
          float[] all = new float[document.ids().length];
          System.arraycopy(response.logProbs(), 0, all, 1, all.length - 1);
          return DocumentPerplexity.of(all, keys).text();
        });
  }
}

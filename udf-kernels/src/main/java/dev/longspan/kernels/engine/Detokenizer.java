package dev.longspan.kernels.engine;

import dev.longspan.kernels.tokenizer.Tokenizer;
import java.util.Set;

/** What the engine needs of a tokenizer. */
interface Detokenizer {
  /** Returns the text of {@code ids}; special tokens have none. */
  String decode(int[] ids);

  /** Returns the ids with which the model ends an answer. */
  Set<Integer> endIds();

  /** Returns the view of a whole tokenizer. */
  static Detokenizer of(Tokenizer tokenizer) {
    return new Detokenizer() {
      @Override
      public String decode(int[] ids) {
        return tokenizer.decode(ids);
      }

      @Override
      public Set<Integer> endIds() {
        return tokenizer.endIds();
      }
    };
  }

  /** Returns the view of no tokenizer: tokens without text, of which none ends an answer. */
  static Detokenizer none() {
    return new Detokenizer() {
      @Override
      public String decode(int[] ids) {
        return "";
      }

      @Override
      public Set<Integer> endIds() {
        return Set.of();
      }
    };
  }
}

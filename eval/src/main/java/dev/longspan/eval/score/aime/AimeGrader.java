package dev.longspan.eval.score.aime;

import dev.longspan.eval.text.Thinking;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A rule for which answer a text gives, and whether it is the right one. */
public enum AimeGrader {
  /**
   * The whole number from 0 to 999 in the last box: nothing before the end of the model's thinking
   * counts, and nothing at all if the thinking does not end. Units, degrees and leading zeros do
   * not matter.
   */
  STRICT {
    @Override
    String clean(String text) {
      return Thinking.unfinished(text) ? "" : Thinking.answer(text);
    }

    @Override
    String extract(String text) {
      String box = Boxed.last(text);
      return box == null ? null : number(box);
    }

    @Override
    boolean same(String extracted, String reference) {
      return extracted.equals(reference);
    }
  },
  /**
   * The grader of the tasks aime24 and aime25 of lm-evaluation-harness: boxes before dollar signs
   * before the whole text, compared as LaTeX by the normalisation of the MATH data set (Hendrycks
   * et al. 2021). There 073 is not 73.
   */
  LM_EVAL {
    @Override
    String clean(String text) {
      return text;
    }

    @Override
    String extract(String text) {
      return LmEvalAnswer.of(text);
    }

    @Override
    boolean same(String extracted, String reference) {
      return MathText.equivalent(extracted, reference);
    }
  };

  private static final Pattern DECORATION =
      Pattern.compile("\\$|\\s|\\\\text\\{[^{}]*}|\\\\[,;!]|\\^\\{?\\\\circ}?|\\\\degree|°");

  /**
   * Returns the grader of that name, in any case.
   *
   * @throws IllegalArgumentException if there is none; the message lists the names
   */
  public static AimeGrader parse(String name) {
    return Arrays.stream(values())
        .filter(grader -> grader.id().equals(name.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "unknown AIME grader '"
                        + name
                        + "': use "
                        + Arrays.stream(values())
                            .map(AimeGrader::id)
                            .collect(Collectors.joining(" or "))));
  }

  /** Returns the name that {@link #parse} takes and reports show. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns whether {@code text}, as generated, gives the answer {@code reference}. */
  public boolean correct(String text, String reference) {
    String extracted = extract(clean(text));
    return extracted != null && same(extracted, reference);
  }

  /** Returns the part of a generated text that this grader looks at. */
  abstract String clean(String text);

  /** Returns the answer that a cleaned text gives, or null. */
  abstract String extract(String text);

  /** Returns whether an extracted answer is the right one. */
  abstract boolean same(String extracted, String reference);

  private static String number(String box) {
    String bare = DECORATION.matcher(box).replaceAll("");
    if (!bare.matches("[0-9]{1,9}(\\.0*)?")) {
      return null;
    }
    int number = new BigDecimal(bare).intValueExact();
    return number <= 999 ? String.valueOf(number) : null;
  }
}

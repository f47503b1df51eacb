package dev.longspan.datasets.ruler;

import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Finds the size at which a draft fills its room.
 *
 * <p>Counting tokens is the costly part, so sizes are guessed by interpolation: a probe at a
 * quarter of the room, one near the end and seldom more. The search brackets the answer and
 * therefore ends.
 */
final class Fit {
  /** A gap of this fraction of the room is good enough to stop. */
  private static final double CLOSE = 0.01;

  /** A larger gap is worth closing with smaller units. */
  private static final double WIDE = 0.02;

  /** A shorter form is taken where the smallest prompt of a longer one needs more of the room. */
  private static final double CROWDED = 0.75;

  /** No prompt holds more units than this, so that counters which never count end the search. */
  private static final int UNITS_PER_TOKEN = 4;

  private final int room;
  private final ToIntFunction<Prompt> counter;

  private Draft draft;
  private Prompt prompt;
  private int units;
  private int tokens;

  private Fit(int room, ToIntFunction<Prompt> counter) {
    this.room = room;
    this.counter = counter;
  }

  /**
   * A prompt and its size.
   *
   * @param prompt what fits
   * @param tokens its tokens
   */
  record Fitted(Prompt prompt, int tokens) {}

  /** Says how many tokens even the smallest prompt takes. */
  static final class TooSmall extends Exception {
    private static final long serialVersionUID = 1;
    final int tokens;

    TooSmall(int tokens) {
      this.tokens = tokens;
    }
  }

  /**
   * Returns the longest prompt of at most {@code room} tokens, give or take {@link #CLOSE}.
   *
   * @param forms drafts of the same sample, from the preferred one to the most frugal one
   * @throws TooSmall if the smallest prompt of the last form does not fit
   */
  static Fitted longest(List<Draft> forms, int room, ToIntFunction<Prompt> counter)
      throws TooSmall {
    Fit fit = new Fit(room, counter);
    for (int i = 0; i < forms.size(); i++) {
      fit.start(forms.get(i), forms.get(i).smallest());
      boolean last = i == forms.size() - 1;
      if (fit.tokens <= (last ? room : CROWDED * room)) {
        break;
      }
      if (last) {
        throw new TooSmall(fit.tokens);
      }
    }
    fit.grow();
    Draft finer = room - fit.tokens > WIDE * room ? fit.draft.padded(fit.units) : null;
    if (finer != null) {
      fit.draft = finer;
      fit.units = finer.smallest();
      fit.grow();
    }
    return new Fitted(fit.prompt, fit.tokens);
  }

  private void start(Draft form, int size) {
    draft = form;
    units = size;
    prompt = form.at(size);
    tokens = counter.applyAsInt(prompt);
  }

  /** Raises the size from one that fits to the largest one that does. */
  private void grow() {
    long most = units + (long) UNITS_PER_TOKEN * room;
    int tooMany = (int) Math.min(draft.largest(), most) + 1;
    int untried = tooMany;
    double perUnit = 0;
    double aim = tokens + 0.25 * (room - tokens);
    for (int probe = 0; tooMany - units > 1 && room - tokens > CLOSE * room; probe++) {
      if (probe == 0) {
        perUnit = charsPerUnit() * tokens / prompt.text().length();
      }
      // Every fourth probe halves the bracket: token counts that jump cannot slow the search down.
      int size =
          probe % 4 == 3 && tooMany < untried
              ? (units + tooMany) >>> 1
              : (int) Math.min(Integer.MAX_VALUE, units + (aim - tokens) / perUnit);
      size = Math.max(units + 1, Math.min(tooMany - 1, size));
      Prompt candidate = draft.at(size);
      int count = counter.applyAsInt(candidate);
      perUnit = Math.max(1e-3, (double) (count - tokens) / (size - units));
      aim = room - 0.5 * CLOSE * room;
      if (count <= room) {
        units = size;
        prompt = candidate;
        tokens = count;
      } else {
        tooMany = size;
      }
    }
  }

  private double charsPerUnit() {
    int more = Math.min(draft.largest(), units + 8);
    double chars = draft.at(more).text().length() - prompt.text().length();
    return Math.max(1, chars / (more - units));
  }
}

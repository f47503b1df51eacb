package dev.longspan.eval.score.aime;

import dev.longspan.eval.text.PyStrings;
import java.util.List;
import java.util.regex.Pattern;

/**
 * LaTeX answers made comparable by the rules of the MATH data set (Hendrycks et al. 2021), in the
 * form that lm-evaluation-harness has them.
 */
final class MathText {
  private static final Pattern FRACTION = Pattern.compile("(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)");
  private static final Pattern INTEGER = Pattern.compile("[+-]?\\p{Nd}+(_\\p{Nd}+)*");

  /** Where the reference rules raise an error, after which they compare the texts as they are. */
  private static final class NotNormalizable extends Exception {
    private static final long serialVersionUID = 1;

    NotNormalizable() {
      super(null, null, false, false);
    }
  }

  private MathText() {}

  /** Returns whether the two texts are the same after normalisation. */
  static boolean equivalent(String a, String b) {
    try {
      return normalize(a).equals(normalize(b));
    } catch (NotNormalizable e) {
      return a.equals(b);
    }
  }

  private static String normalize(String raw) throws NotNormalizable {
    String text = raw.replace("\n", "").replace("\\!", "").replace("\\\\", "\\");
    text = text.replace("tfrac", "frac").replace("dfrac", "frac");
    text = text.replace("\\left", "").replace("\\right", "");
    text = text.replace("^{\\circ}", "").replace("^\\circ", "").replace("\\$", "");
    text = withoutUnits(text).replace("\\%", "");
    text = text.replace(" .", " 0.").replace("{.", "{0.");
    if (text.isEmpty()) {
      return text;
    }
    if (text.startsWith(".")) {
      text = "0" + text;
    }
    List<String> sides = PyStrings.split(text, "=");
    if (sides.size() == 2 && sides.get(0).codePointCount(0, sides.get(0).length()) <= 2) {
      text = sides.get(1);
    }
    text = fractions(roots(text).replace(" ", ""));
    return slash(text.equals("0.5") ? "\\frac{1}{2}" : text);
  }

  /** Cuts at the one place where a unit begins. */
  private static String withoutUnits(String text) throws NotNormalizable {
    List<String> parts = PyStrings.split(text, "\\text{ ");
    if (parts.size() > 2) {
      throw new NotNormalizable();
    }
    return parts.get(0);
  }

  /** Puts braces around the one character under a root that has none. */
  private static String roots(String text) throws NotNormalizable {
    List<String> parts = PyStrings.split(text, "\\sqrt");
    StringBuilder result = new StringBuilder(parts.get(0));
    for (String part : parts.subList(1, parts.size())) {
      if (part.isEmpty()) {
        throw new NotNormalizable();
      }
      result.append("\\sqrt");
      if (part.charAt(0) == '{') {
        result.append(part);
      } else {
        result.append('{').append(part.charAt(0)).append('}').append(part, 1, part.length());
      }
    }
    return result.toString();
  }

  /** Puts braces around numerators and denominators of one character. */
  private static String fractions(String text) throws NotNormalizable {
    List<String> parts = PyStrings.split(text, "\\frac");
    StringBuilder result = new StringBuilder(parts.get(0));
    for (String part : parts.subList(1, parts.size())) {
      if (part.isEmpty()) {
        throw new NotNormalizable();
      }
      result.append("\\frac");
      if (part.charAt(0) == '{') {
        result.append(part);
        continue;
      }
      if (part.length() < 2) {
        return text;
      }
      result.append('{').append(part.charAt(0)).append('}');
      if (part.charAt(1) == '{') {
        result.append(part, 1, part.length());
      } else {
        result.append('{').append(part.charAt(1)).append('}').append(part, 2, part.length());
      }
    }
    return result.toString();
  }

  /** Turns a quotient of two whole numbers into a fraction. */
  private static String slash(String text) throws NotNormalizable {
    List<String> parts = PyStrings.split(text, "/");
    if (parts.size() != 2) {
      return text;
    }
    for (String part : parts) {
      if (!INTEGER.matcher(PyStrings.strip(part)).matches()) {
        throw new NotNormalizable();
      }
    }
    return FRACTION.matcher(text).matches()
        ? "\\frac{" + parts.get(0) + "}{" + parts.get(1) + "}"
        : text;
  }
}

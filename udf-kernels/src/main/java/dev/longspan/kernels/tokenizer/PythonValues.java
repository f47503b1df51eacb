package dev.longspan.kernels.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What Python's strings and lists do in chat templates; strings count code points. */
final class PythonValues {
  private PythonValues() {}

  /** Returns {@code value[start:stop:step]}; null stands for a part left out. */
  static Object slice(Object value, Integer start, Integer stop, Integer step) {
    int by = step == null ? 1 : step;
    if (by == 0) {
      throw new IllegalArgumentException("slice step cannot be zero");
    }
    int[] points = value instanceof CharSequence s ? s.codePoints().toArray() : null;
    List<?> list = points == null ? list(value) : null;
    int size = points == null ? list.size() : points.length;
    int from = bound(start, by > 0 ? 0 : size - 1, size, by);
    int to = bound(stop, by > 0 ? size : -1, size, by);
    List<Object> picked = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (int i = from; by > 0 ? i < to : i > to; i += by) {
      if (points == null) {
        picked.add(list.get(i));
      } else {
        text.appendCodePoint(points[i]);
      }
    }
    return points == null ? picked : text.toString();
  }

  private static List<?> list(Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    if (value instanceof Collection<?> items) {
      return List.copyOf(items);
    }
    throw new IllegalArgumentException("a value of this kind cannot be sliced: " + value);
  }

  private static int bound(Integer given, int byDefault, int size, int step) {
    if (given == null) {
      return byDefault;
    }
    int at = given < 0 ? given + size : given;
    return step > 0 ? Math.min(Math.max(at, 0), size) : Math.min(Math.max(at, -1), size - 1);
  }

  /** Returns the code point at an index that may count from the end. */
  static String character(String s, int index) {
    int length = s.codePointCount(0, s.length());
    int at = index < 0 ? index + length : index;
    if (at < 0 || at >= length) {
      throw new IllegalArgumentException("string index " + index + " out of range");
    }
    return Character.toString(s.codePointAt(s.offsetByCodePoints(0, at)));
  }

  /** Calls a method of Python's str; null where there is none of that name and arity. */
  static Object call(String s, String method, Object... a) {
    String first = a.length > 0 && a[0] != null ? a[0].toString() : null;
    return switch (method + "/" + a.length) {
      case "strip/0", "strip/1" -> strip(s, first, true, true);
      case "lstrip/0", "lstrip/1" -> strip(s, first, true, false);
      case "rstrip/0", "rstrip/1" -> strip(s, first, false, true);
      case "startswith/1" -> alternatives(a[0]).stream().anyMatch(s::startsWith);
      case "endswith/1" -> alternatives(a[0]).stream().anyMatch(s::endsWith);
      case "split/0", "split/1" -> split(s, first, -1);
      case "split/2" -> split(s, first, number(a[1]));
      case "rsplit/2" -> splitFromEnd(s, first, number(a[1]));
      case "splitlines/0" -> s.isEmpty() ? List.of() : List.of(s.split("\r\n|[\n\r]", 0));
      case "partition/1" -> partition(s, first, s.indexOf(first));
      case "rpartition/1" -> partition(s, first, s.lastIndexOf(first));
      case "replace/2" -> s.replace(first, a[1].toString());
      case "replace/3" -> replace(s, first, a[1].toString(), number(a[2]));
      case "removeprefix/1" -> s.startsWith(first) ? s.substring(first.length()) : s;
      case "removesuffix/1" -> s.endsWith(first) ? s.substring(0, s.length() - first.length()) : s;
      case "upper/0" -> s.toUpperCase(Locale.ROOT);
      case "lower/0" -> s.toLowerCase(Locale.ROOT);
      case "capitalize/0" -> capitalize(s);
      case "title/0" -> title(s);
      case "join/1" -> list(a[0]).stream().map(Objects::toString).collect(Collectors.joining(s));
      case "find/1" -> index(s, s.indexOf(first));
      case "rfind/1" -> index(s, s.lastIndexOf(first));
      case "count/1" -> (s.length() - s.replace(first, "").length()) / first.length();
      case "isdigit/0" -> !s.isEmpty() && s.codePoints().allMatch(Character::isDigit);
      case "isspace/0" -> !s.isEmpty() && s.codePoints().allMatch(PythonValues::isSpace);
      default -> null;
    };
  }

  private static int number(Object value) {
    return ((Number) value).intValue();
  }

  private static int index(String s, int at) {
    return at < 0 ? -1 : s.codePointCount(0, at);
  }

  private static List<String> alternatives(Object prefix) {
    return prefix instanceof Collection<?> c
        ? c.stream().map(Objects::toString).toList()
        : List.of(prefix.toString());
  }

  private static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  private static String strip(String s, String characters, boolean left, boolean right) {
    int from = 0;
    int to = s.length();
    while (left && from < to && strips(characters, s.codePointAt(from))) {
      from += Character.charCount(s.codePointAt(from));
    }
    while (right && from < to && strips(characters, s.codePointBefore(to))) {
      to -= Character.charCount(s.codePointBefore(to));
    }
    return s.substring(from, to);
  }

  private static boolean strips(String characters, int c) {
    return characters == null ? isSpace(c) : characters.indexOf(c) >= 0;
  }

  /** Without a separator, runs of white space separate and none is at the ends. */
  private static List<String> split(String s, String separator, int limit) {
    List<String> parts = new ArrayList<>();
    if (separator != null) {
      String[] all = s.split(Pattern.quote(separator), limit < 0 ? -1 : limit + 1);
      parts.addAll(Arrays.asList(all));
      return parts;
    }
    String rest = strip(s, null, true, false);
    while (!rest.isEmpty()) {
      int end = 0;
      while (end < rest.length() && !isSpace(rest.codePointAt(end))) {
        end += Character.charCount(rest.codePointAt(end));
      }
      if (parts.size() == limit) {
        parts.add(rest);
        return parts;
      }
      parts.add(rest.substring(0, end));
      rest = strip(rest.substring(end), null, true, false);
    }
    return parts;
  }

  private static List<String> splitFromEnd(String s, String separator, int limit) {
    List<String> parts = new ArrayList<>();
    String rest = s;
    for (int at = rest.lastIndexOf(separator);
        at >= 0 && (limit < 0 || parts.size() < limit);
        at = rest.lastIndexOf(separator)) {
      parts.add(0, rest.substring(at + separator.length()));
      rest = rest.substring(0, at);
    }
    parts.add(0, rest);
    return parts;
  }

  private static List<String> partition(String s, String separator, int at) {
    return at < 0
        ? List.of(s, "", "")
        : List.of(s.substring(0, at), separator, s.substring(at + separator.length()));
  }

  private static String replace(String s, String old, String with, int limit) {
    StringBuilder out = new StringBuilder();
    int from = 0;
    int at = s.indexOf(old);
    for (int n = 0; at >= 0 && (limit < 0 || n < limit); n++) {
      out.append(s, from, at).append(with);
      from = at + old.length();
      at = s.indexOf(old, from);
    }
    return out.append(s, from, s.length()).toString();
  }

  private static String capitalize(String s) {
    return s.isEmpty() ? s : s.substring(0, 1).toUpperCase(Locale.ROOT) + lower(s.substring(1));
  }

  private static String title(String s) {
    StringBuilder out = new StringBuilder();
    boolean start = true;
    for (int c : s.codePoints().toArray()) {
      out.appendCodePoint(start ? Character.toTitleCase(c) : Character.toLowerCase(c));
      start = !Character.isLetter(c);
    }
    return out.toString();
  }

  private static String lower(String s) {
    return s.toLowerCase(Locale.ROOT);
  }
}

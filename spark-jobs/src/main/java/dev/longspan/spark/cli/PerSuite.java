package dev.longspan.spark.cli;

import dev.longspan.spark.UsageException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Options of several suites, told apart.
 *
 * @param names of the chosen suites
 */
record PerSuite(List<String> names) {
  /** Splits values into those of each suite; one without a name is that of the only suite. */
  Map<String, String> values(String option, List<String> values) {
    Map<String, String> split = new HashMap<>();
    for (String value : values == null ? List.<String>of() : values) {
      String suite =
          SuiteOptions.NAMES.stream()
              .filter(name -> value.startsWith(name + "="))
              .findFirst()
              .orElse(null);
      String rest = suite == null ? value : value.substring(suite.length() + 1);
      if (suite == null && names.size() > 1) {
        throw new UsageException(
            option
                + " "
                + value
                + ": say which suite it is of, for example "
                + names.get(1)
                + "="
                + value
                + ".");
      }
      String owner = suite == null ? names.get(0) : suite;
      if (!names.contains(owner)) {
        throw new UsageException(
            option + " " + value + " is of " + owner + ", which --suite does not name.");
      }
      if (split.put(owner, rest) != null) {
        throw new UsageException(
            option + " names two values of " + owner + "; put the files into one folder.");
      }
    }
    return split;
  }

  /**
   * Returns the tasks of each suite; nothing where none are named.
   *
   * @param tasks as they are named, or null
   * @param tasksOf the tasks that a suite has
   */
  Map<String, List<String>> tasks(List<String> tasks, Function<String, List<String>> tasksOf) {
    Map<String, List<String>> split = new LinkedHashMap<>();
    if (tasks == null) {
      return split;
    }
    Map<String, List<String>> known = new LinkedHashMap<>();
    names.forEach(name -> known.put(name, tasksOf.apply(name)));
    for (String task : tasks) {
      if (known.values().stream().noneMatch(some -> some.contains(task))) {
        throw noTask(task, known);
      }
    }
    known.forEach(
        (name, all) -> {
          List<String> own = tasks.stream().filter(all::contains).distinct().toList();
          if (own.isEmpty()) {
            throw new UsageException(
                "--tasks names no task of "
                    + name
                    + ", which --suite names; its tasks are "
                    + String.join(", ", all)
                    + ".");
          }
          split.put(name, own);
        });
    return split;
  }

  private static UsageException noTask(String task, Map<String, List<String>> known) {
    StringBuilder message = new StringBuilder("--tasks: '" + task + "' is no task of ");
    message.append(String.join(", ", known.keySet()));
    known.forEach(
        (name, all) ->
            message
                .append("; ")
                .append(known.size() == 1 ? "its tasks" : "tasks of " + name)
                .append(" are ")
                .append(String.join(", ", all)));
    return new UsageException(message.append('.').toString());
  }
}

package dev.longspan.spark.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** The words that a command was called with. */
final class CommandLines {
  private CommandLines() {}

  static List<String> words(CommandSpec command) {
    List<String> words = new ArrayList<>();
    words.add("longspan");
    words.addAll(command.root().commandLine().getParseResult().originalArgs());
    return words;
  }
}

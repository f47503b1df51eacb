package dev.longspan.spark.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.longspan.spark.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.commons.text.similarity.LevenshteinDistance;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Options from a YAML file: the keys are the long options without their dashes, and the command
 * line has the last word.
 */
final class YamlDefaults implements IDefaultValueProvider {
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private final Map<String, String> values;

  private YamlDefaults(Map<String, String> values) {
    this.values = values;
  }

  /**
   * Makes a file's values the defaults of the command that {@code args} names.
   *
   * @throws UsageException if the file can't be read or holds a key that the command does not know
   */
  static void install(CommandLine main, String file, String[] args) {
    CommandLine command = main;
    for (String arg : args) {
      CommandLine named = command.getSubcommands().get(arg);
      if (named != null) {
        command = named;
      }
    }
    command.setDefaultValueProvider(read(Path.of(file), command.getCommandSpec()));
  }

  private static YamlDefaults read(Path file, CommandSpec command) {
    Map<String, String> values = new LinkedHashMap<>();
    JsonNode tree = parse(file);
    tree.fields()
        .forEachRemaining(
            entry -> {
              String key = entry.getKey();
              OptionSpec option = command.findOption("--" + key);
              if (option == null || key.equals("conf")) {
                throw unknown(file, key, command);
              }
              values.put(key, text(file, key, entry.getValue(), option));
            });
    return new YamlDefaults(values);
  }

  private static JsonNode parse(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException("--conf " + file + ": there is no such file.");
    }
    try {
      JsonNode tree = YAML.readTree(Files.readString(file));
      if (tree == null || tree.isMissingNode() || tree.isNull()) {
        throw new UsageException(
            "--conf " + file + " is empty; it holds options as 'name: value'.");
      }
      if (!tree.isObject()) {
        throw new UsageException(
            "--conf " + file + " is no list of options; write each as 'name: value'.");
      }
      return tree;
    } catch (JsonProcessingException e) {
      throw new UsageException(
          "--conf "
              + file
              + (e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage().lines().findFirst().orElse("no YAML"),
          e);
    } catch (IOException e) {
      throw new UsageException("--conf " + file + " can't be read: " + e.getMessage(), e);
    }
  }

  private static String text(Path file, String key, JsonNode value, OptionSpec option) {
    if (value.isArray()) {
      if (!option.isMultiValue()) {
        throw new UsageException(
            "--conf " + file + ": " + key + " is a list, but takes one value only.");
      }
      List<String> items = new ArrayList<>();
      value.forEach(item -> items.add(text(file, key, item, option)));
      return String.join(",", items);
    }
    if (!value.isValueNode() || value.isNull()) {
      throw new UsageException(
          "--conf " + file + ": " + key + " has no plain value; write 'name: value'.");
    }
    return value.asText();
  }

  private static UsageException unknown(Path file, String key, CommandSpec command) {
    TreeSet<String> names = new TreeSet<>();
    for (OptionSpec option : command.options()) {
      if (!option.hidden()) {
        names.add(option.longestName().substring(2));
      }
    }
    names.remove("conf");
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    String nearest =
        names.stream().min(Comparator.comparingInt(name -> distance.apply(name, key))).orElse("");
    return new UsageException(
        String.format(
            "--conf %s: '%s' is no option of '%s'; the nearest is '%s'. Known are %s.",
            file, key, command.qualifiedName(), nearest, String.join(", ", names)));
  }

  @Override
  public String defaultValue(ArgSpec argument) {
    if (argument instanceof OptionSpec option) {
      for (String name : option.names()) {
        if (name.startsWith("--") && values.containsKey(name.substring(2))) {
          return values.get(name.substring(2));
        }
      }
    }
    return null;
  }
}

package dev.longspan.eval.score.livecodebench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.datasets.livecodebench.CodeTests;
import dev.longspan.datasets.livecodebench.CodeTests.CodeTest;
import java.util.LinkedHashMap;
import java.util.Map;

/** A Python program that passes given tests: it looks their answers up. */
final class LookupProgram {
  private static final ObjectMapper JSON = new ObjectMapper();

  private LookupProgram() {}

  static String of(CodeTests tests) {
    Map<String, String> answers = new LinkedHashMap<>();
    for (CodeTest test : tests.tests()) {
      answers.put(test.input(), test.output());
    }
    try {
      // A string of JSON is a string of Python too, and a fence inside it is on no line of its own.
      String table = JSON.writeValueAsString(JSON.writeValueAsString(answers));
      String known = "import json\nanswers = json.loads(" + table.replace("`", "\\u0060") + ")\n";
      return tests.function() == null
          ? known.replace("import json\n", "import json, sys\n")
              + "print(answers[sys.stdin.read()])"
          : known
              + "known = {json.dumps([json.loads(a) for a in i.split('\\n')]): json.loads(o)"
              + " for i, o in answers.items()}\n"
              + "class Solution:\n"
              + "    def "
              + tests.function()
              + "(self, *arguments):\n"
              + "        return known[json.dumps(list(arguments))]";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts can be written as JSON", e);
    }
  }
}

package dev.longspan.kernels.tokenizer;

import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.ForTag;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import com.hubspot.jinjava.tree.parse.TagToken;
import com.hubspot.jinjava.util.ForLoop;
import com.hubspot.jinjava.util.ObjectIterator;
import com.hubspot.jinjava.util.ObjectTruthValue;
import java.util.ArrayList;
import java.util.List;

/** The {@code for} block with {@code if} after the collection and with {@code else}. */
final class PythonFor extends ForTag {
  private static final long serialVersionUID = 1L;

  @Override
  public String interpretUnchecked(TagNode node, JinjavaInterpreter interpreter) {
    var variablesAndSource = getLoopVarsAndExpression((TagToken) node.getMaster());
    List<String> variables = variablesAndSource.getLeft();
    String source = variablesAndSource.getRight();
    int condition = condition(source);
    Object items =
        interpreter.resolveELExpression(
            condition < 0 ? source : source.substring(0, condition), node.getLineNumber());
    if (condition >= 0) {
      items = filter(items, variables, source.substring(condition + 3), node, interpreter);
    }
    // The tree belongs to this rendering; the nodes after "else" are put back at the end.
    List<Node> children = node.getChildren();
    List<Node> otherwise = new ArrayList<>(tail(children));
    tail(children).clear();
    try {
      if (ObjectIterator.getLoop(items).hasNext()) {
        return renderForCollection(node, interpreter, variables, items);
      }
      StringBuilder text = new StringBuilder();
      otherwise.forEach(n -> text.append(n.render(interpreter).getValue()));
      return text.toString();
    } finally {
      children.addAll(otherwise);
    }
  }

  private static List<Node> tail(List<Node> children) {
    int at = 0;
    while (at < children.size() && !"else".equals(children.get(at).getName())) {
      at++;
    }
    return children.subList(at, children.size());
  }

  private static Object filter(
      Object items,
      List<String> variables,
      String condition,
      TagNode node,
      JinjavaInterpreter interpreter) {
    if (variables.size() != 1) {
      throw new InterpretException(
          "a loop over several variables cannot have a condition: " + node.getHelpers().trim(),
          node.getLineNumber());
    }
    List<Object> kept = new ArrayList<>();
    try (JinjavaInterpreter.InterpreterScopeClosable scope = interpreter.enterScope()) {
      for (ForLoop loop = ObjectIterator.getLoop(items); loop.hasNext(); ) {
        Object item = loop.next();
        interpreter.getContext().put(variables.get(0), item);
        Object truth = interpreter.resolveELExpression(condition, node.getLineNumber());
        if (ObjectTruthValue.evaluate(truth)) {
          kept.add(item);
        }
      }
    }
    return kept;
  }

  /** Returns where {@code " if "} stands outside quotes and brackets, unless it has an else. */
  private static int condition(String source) {
    int found = -1;
    int depth = 0;
    char quote = 0;
    for (int i = 0; i < source.length(); i++) {
      char c = source.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if ("([{".indexOf(c) >= 0) {
        depth++;
      } else if (")]}".indexOf(c) >= 0) {
        depth--;
      } else if (depth == 0 && found < 0 && source.startsWith(" if ", i)) {
        found = i;
      } else if (depth == 0 && source.startsWith(" else ", i)) {
        return -1;
      }
    }
    return found;
  }
}

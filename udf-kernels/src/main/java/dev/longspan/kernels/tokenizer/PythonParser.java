package dev.longspan.kernels.tokenizer;

import com.hubspot.jinjava.el.ExtendedSyntaxBuilder;
import com.hubspot.jinjava.el.ext.AstNamedParameter;
import com.hubspot.jinjava.el.ext.ExtendedParser;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.Builder;
import jinjava.de.odysseus.el.tree.impl.Parser;
import jinjava.de.odysseus.el.tree.impl.Scanner.ScanException;
import jinjava.de.odysseus.el.tree.impl.Scanner.Symbol;
import jinjava.de.odysseus.el.tree.impl.ast.AstBracket;
import jinjava.de.odysseus.el.tree.impl.ast.AstDot;
import jinjava.de.odysseus.el.tree.impl.ast.AstIdentifier;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;
import jinjava.de.odysseus.el.tree.impl.ast.AstParameters;
import jinjava.de.odysseus.el.tree.impl.ast.AstRightValue;
import jinjava.de.odysseus.el.tree.impl.ast.AstUnary;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELException;

/**
 * Jinjava's expression parser with what chat templates need beyond it: slices with a step, whole
 * expressions as keyword arguments, {@code not} that binds weaker than comparisons, {@code and}
 * that returns an operand, and errors for unknown filters and tests.
 */
final class PythonParser extends ExtendedParser {

  /** Makes this parser for Jinjava's expression factory. */
  static final class Syntax extends ExtendedSyntaxBuilder {
    private static final long serialVersionUID = 1L;

    Syntax() {
      super(Feature.METHOD_INVOCATIONS, Feature.VARARGS);
    }

    @Override
    protected Parser createParser(String expression) {
      return new PythonParser(this, expression);
    }
  }

  private PythonParser(Builder context, String input) {
    super(context, input);
  }

  @Override
  protected AstNode and(boolean required) throws ScanException, ParseException {
    AstNode left = not(required);
    while (left != null && getToken().getSymbol() == Symbol.AND) {
      consumeToken();
      left = createAstBinary(left, not(true), PythonParser::and);
    }
    return left;
  }

  private static Object and(Bindings bindings, ELContext context, AstNode left, AstNode right) {
    Object value = left.eval(bindings, context);
    return bindings.convert(value, Boolean.class) ? right.eval(bindings, context) : value;
  }

  private AstNode not(boolean required) throws ScanException, ParseException {
    if (getToken().getSymbol() == Symbol.NOT) {
      consumeToken();
      return createAstUnary(not(true), AstUnary.NOT);
    }
    return eq(required);
  }

  @Override
  protected AstParameters params(Symbol left, Symbol right) throws ScanException, ParseException {
    consumeToken(left);
    List<AstNode> nodes = new ArrayList<>();
    while (getToken().getSymbol() != right) {
      nodes.add(param());
      if (getToken().getSymbol() != Symbol.COMMA) {
        break;
      }
      consumeToken();
    }
    consumeToken(right);
    return createAstParameters(nodes);
  }

  private AstNode param() throws ScanException, ParseException {
    if (getToken().getSymbol() == Symbol.IDENTIFIER && "=".equals(lookahead(0).getImage())) {
      AstIdentifier name = identifier(consumeToken().getImage());
      consumeToken();
      return new AstNamedParameter(name, expr(true));
    }
    return expr(true);
  }

  @Override
  protected AstNode value() throws ScanException, ParseException {
    AstNode value = nonliteral();
    boolean variable = value != null;
    if (!variable) {
      value = literal();
    }
    while (value != null) {
      if (getToken().getSymbol() == Symbol.DOT) {
        consumeToken();
        AstDot dot = createAstDot(value, consumeToken(Symbol.IDENTIFIER).getImage(), variable);
        value = getToken().getSymbol() == Symbol.LPAREN ? createAstMethod(dot, params()) : dot;
      } else if (getToken().getSymbol() == Symbol.LBRACK) {
        consumeToken();
        value = bracket(value, variable);
      } else {
        break;
      }
    }
    return value;
  }

  private AstNode bracket(AstNode value, boolean variable) throws ScanException, ParseException {
    AstNode[] parts = {expr(false), null, null};
    if (getToken().getSymbol() == Symbol.RBRACK && parts[0] != null) {
      consumeToken();
      AstBracket index = createAstBracket(value, parts[0], variable, true);
      return getToken().getSymbol() == Symbol.LPAREN ? createAstMethod(index, params()) : index;
    }
    for (int i = 1; i < 3 && getToken().getSymbol() == Symbol.COLON; i++) {
      consumeToken();
      parts[i] = expr(false);
    }
    consumeToken(Symbol.RBRACK);
    return new Slice(value, parts[0], parts[1], parts[2]);
  }

  @Override
  protected AstDot createAstDot(AstNode base, String property, boolean variable) {
    String name = base instanceof AstIdentifier id ? id.getName() : "";
    Context context = JinjavaInterpreter.getCurrent().getContext();
    if (name.startsWith(FILTER_PREFIX)
        && context.getFilter(name.substring(FILTER_PREFIX.length())) == null) {
      throw new ELException("unknown filter " + name.substring(FILTER_PREFIX.length()));
    }
    if (name.startsWith(EXPTEST_PREFIX)
        && context.getExpTest(name.substring(EXPTEST_PREFIX.length())) == null) {
      throw new ELException("unknown test " + name.substring(EXPTEST_PREFIX.length()));
    }
    return super.createAstDot(base, property, variable);
  }

  /** {@code value[start:stop:step]} of a list or string, as Python counts. */
  private static final class Slice extends AstRightValue {
    private final AstNode[] parts;

    /** Any part but the value may be null. */
    Slice(AstNode... parts) {
      this.parts = parts;
    }

    @Override
    public Object eval(Bindings bindings, ELContext context) {
      Object[] values = new Object[parts.length];
      for (int i = 0; i < parts.length; i++) {
        values[i] = parts[i] == null ? null : parts[i].eval(bindings, context);
      }
      return PythonValues.slice(
          values[0], integer(values[1]), integer(values[2]), integer(values[3]));
    }

    private static Integer integer(Object value) {
      if (value != null && !(value instanceof Number)) {
        throw new ELException("slice bound " + value + " is no number");
      }
      return value == null ? null : ((Number) value).intValue();
    }

    @Override
    public void appendStructure(StringBuilder builder, Bindings bindings) {
      for (int i = 0; i < parts.length; i++) {
        if (parts[i] != null) {
          parts[i].appendStructure(builder, bindings);
        }
        builder.append(i == 0 ? '[' : i == 3 ? ']' : ':');
      }
    }

    @Override
    public int getCardinality() {
      return (int) Arrays.stream(parts).filter(Objects::nonNull).count();
    }

    @Override
    public AstNode getChild(int i) {
      return Arrays.stream(parts).filter(Objects::nonNull).skip(i).findFirst().get();
    }
  }
}

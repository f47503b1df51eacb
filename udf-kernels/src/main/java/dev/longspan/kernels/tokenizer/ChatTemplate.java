package dev.longspan.kernels.tokenizer;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.el.TruthyTypeConverter;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.InterpreterFactory;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import com.hubspot.jinjava.tree.TagNode;
import dev.longspan.kernels.checkpoint.CheckpointException;
import java.beans.FeatureDescriptor;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import jinjava.de.odysseus.el.ExpressionFactoryImpl;
import jinjava.de.odysseus.el.tree.TreeStore;
import jinjava.de.odysseus.el.tree.impl.Cache;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELException;
import jinjava.javax.el.ELResolver;
import jinjava.javax.el.ExpressionFactory;

/**
 * A chat template in Jinja, rendered as Hugging Face does: blocks take their newline and their
 * indentation with them ({@code trim_blocks}, {@code lstrip_blocks}), {@code raise_exception} and
 * {@code strftime_now} exist, strings and lists have Python's methods.
 *
 * <p>Jinjava is the engine, extended at the points that it offers. Not supported, and refused where
 * it occurs: {@code filter} blocks, {@code loop.previtem} and {@code loop.nextitem}, {@code %} and
 * {@code *} on strings, string literals side by side, escapes by code point. Differences that
 * remain: an undefined value equals none, none prints as nothing, the length of a string counts
 * UTF-16 units.
 */
final class ChatTemplate {
  /** Shared and guarded by itself: an engine keeps track of what the running template uses. */
  private static final Jinjava ENGINE = engine();

  private final String where;
  private final String source;

  /**
   * Prepares a template.
   *
   * @param where names its file in messages
   */
  ChatTemplate(String where, String source) {
    this.where = where;
    // Jinja drops one newline at the end of a template.
    this.source = source.replaceFirst("\r?\n\\z", "");
  }

  /**
   * Renders with the given variables.
   *
   * @throws CheckpointException if the template fails or raises an exception
   */
  String render(Map<String, Object> variables) {
    RenderResult result;
    synchronized (ENGINE) {
      result = ENGINE.renderForResult(source, new HashMap<>(variables));
    }
    for (TemplateError error : result.getErrors()) {
      for (Throwable e = error.getException(); e != null; e = e.getCause()) {
        if (e instanceof Raised) {
          throw new CheckpointException(
              "the chat template in " + where + " refuses the messages: " + e.getMessage());
        }
      }
      throw new CheckpointException(
          "the chat template in "
              + where
              + " cannot be rendered, line "
              + error.getLineno()
              + ": "
              + error.getMessage());
    }
    return result.getOutput();
  }

  /** What a template raises itself. */
  private static final class Raised extends RuntimeException {
    private static final long serialVersionUID = 1;

    Raised(String message) {
      super(message);
    }
  }

  /** Called by templates as {@code raise_exception}. */
  public static Object raise(String message) {
    throw new Raised(message);
  }

  /** Called by templates as {@code strftime_now}. */
  public static String now(String format) {
    return StrftimeFormatter.format(ZonedDateTime.now(), format);
  }

  private static Jinjava engine() {
    CompositeELResolver resolver = new CompositeELResolver();
    resolver.add(new PythonStrings());
    resolver.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
    JinjavaConfig config =
        JinjavaConfig.newBuilder()
            .withTrimBlocks(true)
            .withLstripBlocks(true)
            .withNestedInterpretationEnabled(false)
            .withElResolver(resolver)
            .withInterperterFactory(new PythonInterpreters())
            .withLegacyOverrides(
                // All but the one that demands blanks within braces.
                LegacyOverrides.Builder.from(LegacyOverrides.ALL)
                    .withWhitespaceRequiredWithinTokens(false)
                    .withKeepNullableLoopValues(true)
                    .withUseSnakeCasePropertyNaming(false)
                    .build())
            .build();
    ExpressionFactory expressions =
        new ExpressionFactoryImpl(
            new TreeStore(new PythonParser.Syntax(), new Cache(1000)), new TruthyTypeConverter());
    Jinjava jinjava =
        new Jinjava(config) {
          @Override
          public ExpressionFactory getExpressionFactory() {
            return expressions;
          }
        };
    jinjava.registerTag(new PythonFor());
    jinjava.registerTag(new Generation());
    PythonFilters.all().forEach(jinjava::registerFilter);
    jinjava.registerFunction(
        new ELFunctionDefinition("", "raise_exception", ChatTemplate.class, "raise", String.class));
    jinjava.registerFunction(
        new ELFunctionDefinition("", "strftime_now", ChatTemplate.class, "now", String.class));
    return jinjava;
  }

  /** Methods and indices of strings. */
  private static final class PythonStrings extends ELResolver {
    @Override
    public Object invoke(
        ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
      if (!(base instanceof CharSequence)) {
        return null;
      }
      Object result = PythonValues.call(base.toString(), method.toString(), arguments);
      if (result == null) {
        throw new ELException(
            "a string has no method " + method + " with " + arguments.length + " arguments");
      }
      context.setPropertyResolved(true);
      return result;
    }

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
      if (base instanceof CharSequence && property.toString().matches("-?\\d+")) {
        context.setPropertyResolved(true);
        return PythonValues.character(base.toString(), Integer.parseInt(property.toString()));
      }
      return null;
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
      return null;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {
      // Strings have nothing to set.
    }

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
      return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
      return null;
    }

    @Override
    public Class<?> getCommonPropertyType(ELContext context, Object base) {
      return null;
    }
  }

  /** The {@code generation} block, which marks what a model is trained on, is its content. */
  private static final class Generation implements Tag {
    private static final long serialVersionUID = 1L;

    @Override
    public String getName() {
      return "generation";
    }

    @Override
    public String interpret(TagNode node, JinjavaInterpreter interpreter) {
      StringBuilder text = new StringBuilder();
      node.getChildren().forEach(child -> text.append(child.render(interpreter).getValue()));
      return text.toString();
    }
  }

  /** Interpreters that print values as Python does. */
  private static final class PythonInterpreters implements InterpreterFactory {
    @Override
    public JinjavaInterpreter newInstance(JinjavaInterpreter original) {
      return new PythonInterpreter(original);
    }

    @Override
    public JinjavaInterpreter newInstance(
        Jinjava application, Context context, JinjavaConfig config) {
      return new PythonInterpreter(application, context, config);
    }
  }

  private static final class PythonInterpreter extends JinjavaInterpreter {
    PythonInterpreter(Jinjava application, Context context, JinjavaConfig config) {
      super(application, context, config);
    }

    PythonInterpreter(JinjavaInterpreter original) {
      super(original);
    }

    @Override
    public String getAsString(Object value) {
      if (value instanceof CharSequence) {
        return value.toString();
      }
      if (value instanceof Boolean flag) {
        return flag ? "True" : "False";
      }
      return super.getAsString(value);
    }
  }
}

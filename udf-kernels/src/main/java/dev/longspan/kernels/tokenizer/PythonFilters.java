package dev.longspan.kernels.tokenizer;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Filters that Jinjava lacks or that print in another way than Python's. */
final class PythonFilters {
  private static final ObjectMapper JSON = new ObjectMapper();

  private PythonFilters() {}

  static List<Filter> all() {
    return List.of(new Items(), new ToJson());
  }

  /** {@code map|items}: the pairs of a mapping; none of an undefined value. */
  private static final class Items implements Filter {
    @Override
    public String getName() {
      return "items";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
      if (value != null && !(value instanceof Map)) {
        throw new InterpretException("items needs a mapping, got " + value);
      }
      return value == null ? List.of() : ((Map<?, ?>) value).entrySet();
    }
  }

  /** {@code value|tojson} and {@code value|tojson(indent=n)} as Python's json.dumps prints. */
  private static final class ToJson implements Filter {
    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
      return filter(value, interpreter, arguments, Map.of());
    }

    @Override
    public Object filter(
        Object value,
        JinjavaInterpreter interpreter,
        Object[] arguments,
        Map<String, Object> named) {
      Object indent = named.getOrDefault("indent", arguments.length > 0 ? arguments[0] : null);
      try {
        return JSON.writer(new Printer(indent == null ? -1 : Integer.parseInt(indent.toString())))
            .writeValueAsString(value);
      } catch (JsonProcessingException e) {
        throw new InterpretException("tojson: " + e.getOriginalMessage(), e);
      }
    }
  }

  private static final class Printer extends DefaultPrettyPrinter {
    private static final long serialVersionUID = 1L;
    private final int indent;

    /** Prints on one line if {@code indent} is negative. */
    Printer(int indent) {
      this.indent = indent;
      Indenter indenter =
          indent < 0 ? new NopIndenter() : new DefaultIndenter(" ".repeat(indent), "\n");
      indentObjectsWith(indenter);
      indentArraysWith(indenter);
    }

    @Override
    public DefaultPrettyPrinter createInstance() {
      return new Printer(indent);
    }

    @Override
    public void writeObjectFieldValueSeparator(JsonGenerator g) throws IOException {
      g.writeRaw(": ");
    }

    @Override
    public void writeObjectEntrySeparator(JsonGenerator g) throws IOException {
      g.writeRaw(indent < 0 ? ", " : ",");
      _objectIndenter.writeIndentation(g, _nesting);
    }

    @Override
    public void writeArrayValueSeparator(JsonGenerator g) throws IOException {
      g.writeRaw(indent < 0 ? ", " : ",");
      _arrayIndenter.writeIndentation(g, _nesting);
    }

    @Override
    public void writeEndObject(JsonGenerator g, int entries) throws IOException {
      _nesting--;
      if (entries > 0) {
        _objectIndenter.writeIndentation(g, _nesting);
      }
      g.writeRaw('}');
    }

    @Override
    public void writeEndArray(JsonGenerator g, int values) throws IOException {
      _nesting--;
      if (values > 0) {
        _arrayIndenter.writeIndentation(g, _nesting);
      }
      g.writeRaw(']');
    }
  }
}

package dev.longspan.spark.input;

import dev.longspan.datasets.Message;
import dev.longspan.datasets.Sample;
import dev.longspan.spark.run.SampleTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Makes rows of {@link Inputs#SCHEMA}. */
final class RowBuilder {
  private final InputSpec spec;

  RowBuilder(InputSpec spec) {
    this.spec = spec;
  }

  Row prompt(String file, String id, List<Message> messages) {
    List<Message> all = new ArrayList<>();
    if (spec.system() != null) {
      all.add(new Message("system", spec.system()));
    }
    all.addAll(messages);
    return row(file, id, all, null);
  }

  Row problem(String file, String id, String problem) {
    return row(file, id, List.of(), problem);
  }

  private Row row(String file, String id, List<Message> messages, String problem) {
    Sample sample =
        new Sample(
            InputSpec.SUITE, file, 0, id, messages, "", List.of(), spec.maxNewTokens(), Map.of());
    int characters = messages.stream().mapToInt(message -> message.content().length()).sum();
    Row row = SampleTable.row(sample, SampleTable.estimateTokens(characters));
    Object[] values = new Object[row.length() + 1];
    for (int i = 0; i < row.length(); i++) {
      values[i] = row.get(i);
    }
    values[row.length()] = problem;
    return RowFactory.create(values);
  }
}

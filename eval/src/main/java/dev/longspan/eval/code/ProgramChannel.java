package dev.longspan.eval.code;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Lines to and from a process that may answer late, never, or without end. */
final class ProgramChannel implements AutoCloseable {
  private static final int MAX_LINE = 64 << 20;
  private static final String ENDED = "{\"status\":\"error\",\"error\":\"the interpreter ended\"}";
  private static final String TOO_LONG = "{\"status\":\"error\",\"error\":\"endless reply\"}";

  private final Process process;
  private final BlockingQueue<String> questions = new ArrayBlockingQueue<>(1);
  private final BlockingQueue<String> answers = new ArrayBlockingQueue<>(1);
  private final Thread writer;
  private final Thread reader;

  ProgramChannel(Process process) {
    this.process = process;
    // Two threads: a program that reads nothing must not block the one that watches the clock.
    writer = start("program-input", this::write);
    reader = start("program-output", this::read);
  }

  private static Thread start(String name, Runnable body) {
    Thread thread = new Thread(body, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /**
   * Sends a line and returns the next one that comes back.
   *
   * @return null if nothing comes within {@code seconds}; an error reply if the process has ended
   */
  String ask(String line, double seconds) throws IOException {
    try {
      questions.put(line);
      return answers.poll((long) (seconds * 1e3), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while grading", e);
    }
  }

  private void write() {
    try (OutputStream out = new BufferedOutputStream(process.getOutputStream())) {
      while (true) {
        out.write(questions.take().getBytes(StandardCharsets.UTF_8));
        out.write('\n');
        out.flush();
      }
    } catch (IOException | InterruptedException expected) {
      // The process is gone, which the reader reports, or the grading is over.
    }
  }

  private void read() {
    try (InputStream in = new BufferedInputStream(process.getInputStream())) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b = in.read(); b >= 0; b = in.read()) {
        if (b != '\n') {
          line.write(b);
        } else {
          answers.put(line.toString(StandardCharsets.UTF_8));
          line.reset();
        }
        if (line.size() > MAX_LINE) {
          answers.put(TOO_LONG);
          return;
        }
      }
    } catch (IOException expected) {
      // Killed: the same as an end.
    } catch (InterruptedException expected) {
      return;
    }
    while (!Thread.currentThread().isInterrupted()) {
      try {
        answers.put(ENDED);
      } catch (InterruptedException expected) {
        return;
      }
    }
  }

  @Override
  public void close() {
    writer.interrupt();
    reader.interrupt();
  }
}

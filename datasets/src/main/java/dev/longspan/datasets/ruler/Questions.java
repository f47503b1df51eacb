package dev.longspan.datasets.ruler;

import java.util.Random;

/** A source of questions. */
interface Questions {
  /** Returns its name in results. */
  String id();

  /** Returns question {@code index}; {@code random} decides on the documents around it. */
  Question at(int index, Random random);
}

package dev.longspan.datasets.ruler;

import java.util.Iterator;
import java.util.List;

/**
 * A question about documents.
 *
 * @param text the question
 * @param answers the accepted answers
 * @param needed the documents that answer it
 * @param others documents that do not, the more confusing ones first
 * @param otherWords how many words those hold; very many if there is no end of them
 */
record Question(
    String text,
    List<String> answers,
    List<Document> needed,
    Iterator<Document> others,
    int otherWords) {

  /**
   * A document.
   *
   * @param title its title line with the end of it, or nothing
   * @param text its words, separated by spaces
   */
  record Document(String title, String text) {}
}

package dev.longspan.spark.input;

import java.io.Serializable;

/**
 * How rows of a user's files become prompts.
 *
 * @param idColumn names a row; null for {@code id} where there is one
 * @param textColumn holds the user's turn; null for {@code text}
 * @param messagesColumn holds a list of turns with role and content; null for {@code messages}
 *     where there is one
 * @param system opens every conversation; null for none
 * @param maxNewTokens limit of each answer
 */
public record InputSpec(
    String idColumn, String textColumn, String messagesColumn, String system, int maxNewTokens)
    implements Serializable {
  /** Suite of rows that belong to no benchmark. */
  public static final String SUITE = "generate";
}

package dev.longspan.datasets.ruler;

import java.util.List;
import java.util.Map;

/**
 * A finished question.
 *
 * @param text the user's turn
 * @param answerPrefix what opens the assistant's turn
 * @param references the accepted answers
 * @param info what the report shows about the sample
 */
record Prompt(
    String text, String answerPrefix, List<String> references, Map<String, String> info) {}

/**
 * Text as the official scorers of several benchmarks see it: Python's string semantics, similarity
 * of strings, overlap of words.
 *
 * <p>Every function here is pure and deterministic, and counts characters as Python does: in code
 * points.
 */
package dev.longspan.eval.text;

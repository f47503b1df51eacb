/**
 * LongPPL (Fang et al. 2025): perplexity on the tokens that need a long context, found by how much
 * less likely an evaluator model finds them when it sees only a short one.
 *
 * <p>Everything here works on log-probabilities that an engine computed; natural logarithms
 * throughout. Characters are code points.
 */
package dev.longspan.eval.longppl;

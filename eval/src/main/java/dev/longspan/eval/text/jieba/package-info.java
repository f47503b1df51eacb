/**
 * Chinese word segmentation with the results of the Python package jieba 0.42.1, precise mode, with
 * its hidden Markov model for words that the dictionary does not know.
 */
package dev.longspan.eval.text.jieba;

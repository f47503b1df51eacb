/** LongPPL: perplexities of documents, beside the scores of suites whose answers are texts. */
package dev.longspan.eval.score.longppl;

/** Scorers of LongBench and LongBench v2, to the letter of the official ones. */
package dev.longspan.eval.score.longbench;

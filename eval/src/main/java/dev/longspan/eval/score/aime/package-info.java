/** Graders of AIME answers, and what is computed from several answers to a problem. */
package dev.longspan.eval.score.aime;

/** Turns answers into scores, one scorer for each suite, and compares methods sample by sample. */
package dev.longspan.eval.score;

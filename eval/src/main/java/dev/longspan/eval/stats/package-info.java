/** Estimates, intervals and tests; everything drawn is drawn from a seed. */
package dev.longspan.eval.stats;

/**
 * AIME, the American Invitational Mathematics Examination, as a benchmark.
 *
 * <p>The problems are not distributed with this project; they are read from files in the layouts
 * that are in use.
 */
package dev.longspan.datasets.aime;

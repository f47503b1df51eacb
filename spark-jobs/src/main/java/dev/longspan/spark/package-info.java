/** Longspan on Spark: the command line, the inference job and the run folder. */
package dev.longspan.spark;

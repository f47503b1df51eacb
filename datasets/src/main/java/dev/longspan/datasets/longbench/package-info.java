/**
 * LongBench (Bai et al. 2024) and LongBench v2 (Bai et al. 2025): their sets, rows and prompts.
 *
 * <p>The rows are not distributed with this project; they are read from the official files.
 */
package dev.longspan.datasets.longbench;

/**
 * LiveCodeBench (Jain et al. 2025): contest problems, their tests and how they are asked.
 *
 * <p>The problems are not distributed with this project; they are read from the files of its
 * releases.
 */
package dev.longspan.datasets.livecodebench;

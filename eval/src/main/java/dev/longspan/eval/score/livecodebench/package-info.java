/** LiveCodeBench: shares of programs that pass their tests. */
package dev.longspan.eval.score.livecodebench;

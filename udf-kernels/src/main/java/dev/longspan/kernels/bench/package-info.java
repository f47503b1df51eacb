/**
 * Measurements of a model on a backend, for the {@code bench} commands.
 *
 * <p>{@link dev.longspan.kernels.bench.BenchModel} opens what is measured, {@link
 * dev.longspan.kernels.bench.PrefillBench} and {@link dev.longspan.kernels.bench.DecodeBench} run
 * it and hand over one {@link dev.longspan.kernels.bench.BenchRecord} per case, which prints itself
 * as a JSON line. The methods of one run take turns, so that a ratio between them holds on a
 * machine whose speed drifts.
 */
package dev.longspan.kernels.bench;

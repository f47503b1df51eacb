/**
 * Measurements of a model on a backend and of GPU kernels alone, for the {@code bench} commands.
 *
 * <p>{@link dev.longspan.kernels.bench.BenchModel} opens the model that {@link
 * dev.longspan.kernels.bench.PrefillBench}, {@link dev.longspan.kernels.bench.DecodeBench} and
 * {@link dev.longspan.kernels.bench.EngineBench} run, and {@link
 * dev.longspan.kernels.bench.LoadBench} opens it again and again; {@link
 * dev.longspan.kernels.bench.AttentionBench}, {@link dev.longspan.kernels.bench.GemmBench} and
 * {@link dev.longspan.kernels.bench.CrossoverBench} run kernels on data that is drawn on the GPU.
 * Each hands over one {@link dev.longspan.kernels.bench.BenchRecord} per case, which prints itself
 * as a JSON line; {@link dev.longspan.kernels.bench.Peers} puts others' figures beside it, and
 * {@link dev.longspan.kernels.bench.RecordTable} makes tables. The methods of one run take turns,
 * so that a ratio between them holds on a machine whose speed drifts.
 */
package dev.longspan.kernels.bench;

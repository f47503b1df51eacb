/**
 * The decoder on an NVIDIA GPU, through kernels of our own.
 *
 * <p>{@link dev.longspan.kernels.backend.cuda.CudaBackend} opens a GPU; {@code CudaDecoder} holds a
 * model there. Rows of prompts ({@code PromptPass}) and rows of answers ({@code AnswerPass}) go
 * through different kernels: the former are bound by arithmetic and come in thousands, the latter
 * are bound by reading weights and keys, come at most 64 at a time, and run from graphs that were
 * recorded once. Within either way a row's bits do not depend on the rows beside it.
 *
 * <p>All that tensor cores read lies in device memory as shared memory wants it ({@code
 * layout.cuh}): weights are packed so when they are loaded ({@code WeightLoader}), keys and values
 * when they are stored ({@code RopeStore}). A class beside each .cu file launches its kernels.
 *
 * <p>In the steady state nothing is allocated, and nothing is copied between host and device but
 * token ids and descriptors of some kilobytes: page tables, last drawn tokens and bitmaps of seen
 * tokens stay on the device ({@code SequenceSlots}).
 */
package dev.longspan.kernels.backend.cuda;

package dev.longspan.kernels.engine;

/**
 * Limits of an engine.
 *
 * @param cachePages KV pages of 64 tokens that all running requests share
 * @param chunkTokens most prompt tokens in one step
 * @param maxSequences most requests running at the same time
 */
public record EngineOptions(int cachePages, int chunkTokens, int maxSequences) {}

package dev.longspan.kernels.engine;

/**
 * What an engine has done so far and is doing now.
 *
 * <p>A step that holds rows of both kinds counts for prefill and decode by their share of rows.
 *
 * @param submitted requests handed in
 * @param succeeded requests answered
 * @param failed requests that ended in an error, those refused at once among them
 * @param cancelled requests cancelled
 * @param running requests that hold pages now
 * @param queued requests that wait now
 * @param steps forward passes
 * @param preemptions times that a request lost its pages and had to be recomputed
 * @param prefillTokens rows of prompts and of recomputed answers
 * @param decodeTokens rows that continued an answer by one token
 * @param reusedTokens tokens of prompts that were in the cache from an earlier prompt
 * @param prefillSeconds time of steps spent on prefill
 * @param decodeSeconds time of steps spent on decode
 * @param freePages KV pages that nobody holds now
 * @param idlePages those of them that are kept because a prompt may start with them again
 * @param totalPages KV pages in all
 */
public record EngineStats(
    long submitted,
    long succeeded,
    long failed,
    long cancelled,
    int running,
    int queued,
    long steps,
    long preemptions,
    long prefillTokens,
    long decodeTokens,
    long reusedTokens,
    double prefillSeconds,
    double decodeSeconds,
    int freePages,
    int idlePages,
    int totalPages) {}

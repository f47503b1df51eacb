package dev.longspan.kernels.model;

/**
 * Shape and constants of a decoder, as config.json gives them.
 *
 * @param architecture first entry of {@code architectures}, for example {@code MiniCPMForCausalLM}
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width of the gated MLP
 * @param layers number of decoder layers
 * @param heads query heads
 * @param kvHeads key and value heads; {@code heads} is a multiple
 * @param headDim elements of one head
 * @param vocabSize rows of the embedding
 * @param maxPositions longest context in tokens
 * @param rmsNormEps epsilon of RMSNorm
 * @param rope rotary embedding
 * @param embeddingScale factor on the embedding: {@code scale_emb}, or 1
 * @param residualScale factor on each sublayer's output: {@code scale_depth / sqrt(layers)}, or 1
 * @param logitScale factor on the hidden state before the head: {@code dim_model_base / hidden}, or
 *     1
 * @param tiedEmbeddings whether the head is the embedding
 * @param qkvBias whether the q, k and v projections have a bias
 * @param outputBias whether the attention output projection has a bias
 * @param qkNorm whether q and k pass an RMSNorm per head before RoPE (Qwen3)
 * @param sparse InfLLM-V2 settings; null where config.json has none
 */
public record ModelConfig(
    String architecture,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int vocabSize,
    int maxPositions,
    float rmsNormEps,
    RopeConfig rope,
    float embeddingScale,
    float residualScale,
    float logitScale,
    boolean tiedEmbeddings,
    boolean qkvBias,
    boolean outputBias,
    boolean qkNorm,
    SparseConfig sparse) {

  /** Returns the query heads that share one KV head. */
  public int groupSize() {
    return heads / kvHeads;
  }

  /** Returns the columns of the fused projection: all q heads, then all k, then all v. */
  public int qkvSize() {
    return (heads + 2 * kvHeads) * headDim;
  }

  /**
   * Returns the settings that shape the compressed keys of a cache: {@link #sparse}, or those of
   * MiniCPM4 where config.json has none.
   */
  public SparseConfig sparseOrDefault() {
    return sparse == null ? SparseConfig.MINICPM4 : sparse;
  }

  /** Returns a copy with other InfLLM-V2 settings. */
  public ModelConfig withSparse(SparseConfig other) {
    return with(rope, other);
  }

  /** Returns a copy with another rotary embedding. */
  public ModelConfig withRope(RopeConfig other) {
    return with(other, sparse);
  }

  private ModelConfig with(RopeConfig rope, SparseConfig sparse) {
    return new ModelConfig(
        architecture,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        vocabSize,
        maxPositions,
        rmsNormEps,
        rope,
        embeddingScale,
        residualScale,
        logitScale,
        tiedEmbeddings,
        qkvBias,
        outputBias,
        qkNorm,
        sparse);
  }
}

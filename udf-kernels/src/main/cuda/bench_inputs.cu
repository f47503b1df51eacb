// Inputs of the attention benchmarks: rows as the fused projection gives them.
//
// Random rows are independent normal numbers: adjacent tokens look for different blocks, which no
// text does. Clustered rows look for the same ones. There are 256 topics, each with a normal
// direction for each KV head. The keys of a block of 64 tokens are noise plus the direction of its
// topic; the queries of 64 adjacent tokens, in every head, are noise plus the sum of the directions
// of the same 8 topics over the root of 8. The noise is standard normal, the values are noise alone.
// A key of a topic that a query looks for has a logit (after 1 / sqrt(D)) that is higher by
// sqrt(D / 8): at D = 128, by 4.
#include "layout.cuh"

using namespace longspan;

namespace {

constexpr int kThreads = 256;
constexpr int kTopics = 256;
constexpr int kLikedTopics = 8;
constexpr uint64_t kNoise = 1, kDirection = 2, kBlockTopic = 3, kLikedTopic = 4;

__device__ uint64_t scramble(uint64_t value) {
  uint64_t z = value + 0x9E3779B97F4A7C15ull;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

// Random bits of the i-th of something.
__device__ uint64_t draw(uint64_t what, uint64_t sequence, uint64_t i) {
  return scramble(scramble(what << 32 | sequence) + i);
}

// Two independent normal numbers (Box and Muller).
__device__ float2 normal(uint64_t bits) {
  float u = ((bits >> 40) + 1) * 0x1p-24f, v = (bits & 0xFFFFFF) * 0x1p-24f;
  float radius = sqrtf(-2 * __logf(u)), sine, cosine;
  sincospif(2 * v, &sine, &cosine);
  return make_float2(radius * cosine, radius * sine);
}

// Columns c and c + 1 of a topic's direction for a KV head.
__device__ float2 direction(uint64_t topic, int kv_head, int dim, int c) {
  return normal(draw(kDirection, kv_head, topic * dim + c));
}

}  // namespace

// Rows of tokens first .. first + rows - 1 of a sequence: qkv bf16 [rows][(heads + 2 kv_heads) dim],
// q heads, k heads, v heads. An element depends on its sequence, token and column alone.
// Grid any, block 256.
extern "C" __global__ void __launch_bounds__(kThreads)
    bench_inputs(bf16* qkv, int rows, int heads, int kv_heads, int dim, int sequence, int first,
                 int clustered) {
  int pairs = (heads + 2 * kv_heads) * dim / 2;
  for (int64_t i = blockIdx.x * (int64_t)kThreads + threadIdx.x; i < (int64_t)rows * pairs;
       i += gridDim.x * (int64_t)kThreads) {
    int64_t token = first + i / pairs;
    int column = (int)(i % pairs) * 2, head = column / dim, c = column % dim;
    float2 x = normal(draw(kNoise, sequence, token * pairs + i % pairs));
    if (clustered && head < heads) {
      float2 sum = make_float2(0, 0);
      for (int j = 0; j < kLikedTopics; j++) {
        uint64_t topic = draw(kLikedTopic, sequence, token / kPage * kLikedTopics + j) % kTopics;
        float2 d = direction(topic, head / (heads / kv_heads), dim, c);
        sum.x += d.x;
        sum.y += d.y;
      }
      x.x += sum.x * rsqrtf(kLikedTopics);
      x.y += sum.y * rsqrtf(kLikedTopics);
    } else if (clustered && head < heads + kv_heads) {
      float2 d = direction(draw(kBlockTopic, sequence, token / kPage) % kTopics, head - heads, dim, c);
      x.x += d.x;
      x.y += d.y;
    }
    reinterpret_cast<__nv_bfloat162*>(qkv)[i] = __floats2bfloat162_rn(x.x, x.y);
  }
}

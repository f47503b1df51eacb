#!/usr/bin/env python3
"""Times what PyTorch and Transformers need for the cases of `bin/longspan bench`, on this GPU.

Prints one JSON line a case: {"bench": ..., "case": ..., "unit": ..., "peers": {name: median}}. Give the
file to `bin/longspan bench ... --peers FILE`, in the same session on the same machine: clocks and
power limits differ between machines by more than most kernels do. A line joins every record of its
bench in whose case all words of its own case stand, in their order.

    python3 udf-kernels/benchmarks/peers.py gemm attention engine > peers.jsonl

Needs a CUDA build of PyTorch; `engine` needs Transformers too. Sizes are those of MiniCPM4.1-8B:
32 query heads, 2 KV heads of 128, hidden 4,096, MLP 16,384, vocabulary 73,448, bfloat16.
"""
import json
import sys

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

HEADS, KV_HEADS, DIM = 32, 2, 128
HIDDEN, MLP, VOCAB, LAYERS = 4096, 16384, 73448, 32
ROTATE_BYTES = 192 << 20  # inputs rotate over more than the L2 cache holds
BACKENDS = {
    "torch-cudnn": SDPBackend.CUDNN_ATTENTION,
    "torch-flash2": SDPBackend.FLASH_ATTENTION,
}


def report(bench, case, unit, peers):
    peers = {name: round(value, 4) for name, value in peers.items() if value is not None}
    print(json.dumps({"bench": bench, "case": case, "unit": unit, "peers": peers}), flush=True)


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def time_calls(call, runs):
    """Median milliseconds of a call that takes long enough to be timed alone."""
    call(0)
    times = []
    for i in range(runs):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call(i)
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return median(times)


def time_graph(call, copies, replays=12):
    """Median milliseconds of a short call: a CUDA graph of at least 20 of them, replayed."""
    calls = max(copies, 20)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for i in range(3):
            call(i % copies)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for i in range(calls):
            call(i % copies)
    graph.replay()
    times = []
    for _ in range(replays):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / calls)
    return median(times)


def copies_for(size):
    return max(1, min(48, -(-ROTATE_BYTES // size)))


def random(*shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)


def quiet(call):
    """The result, or None where this PyTorch or GPU cannot do it."""
    try:
        return call()
    except (RuntimeError, torch.OutOfMemoryError) as error:
        print(f"left out: {str(error).splitlines()[0][:120]}", file=sys.stderr)
        return None
    finally:
        torch.cuda.empty_cache()


def gemm():
    shapes = {
        "qkv": (HIDDEN, (HEADS + 2 * KV_HEADS) * DIM),
        "output": (HEADS * DIM, HIDDEN),
        "gate-up": (HIDDEN, 2 * MLP),
        "down": (MLP, HIDDEN),
        "head": (HIDDEN, VOCAB),
    }
    for rows in (1, 8, 32, 64, 4096, 32768):
        for name, (k, n) in shapes.items():
            if name == "head" and rows > 64:
                continue
            copies = copies_for(2 * k * n) if rows <= 64 else 1
            weights = [random(n, k) for _ in range(copies)]
            x = random(rows, k)
            call = lambda i: torch.mm(x, weights[i % copies].t())
            ms = time_graph(call, copies) if rows <= 64 else time_calls(call, 15)
            report("gemm", f"{name} {rows} x {k} x {n}", "us", {"torch.mm": 1e3 * ms})
            del weights, x, call
            torch.cuda.empty_cache()


def attention():
    for length in (8192, 16384, 32768, 65536, 131072):
        q, k, v = random(1, HEADS, length, DIM), random(1, KV_HEADS, length, DIM), random(1, KV_HEADS, length, DIM)
        peers = {}
        for name, backend in BACKENDS.items():
            def call(i):
                with sdpa_kernel(backend):
                    F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            peers[name] = quiet(lambda: time_calls(call, max(3, min(30, 10 * 32768 // length))))
        report("attention", f"prefill {length} {HEADS}/{KV_HEADS}x{DIM}", "ms", peers)
        del q, k, v
    for batch, length in [(1, 16384), (1, 32768), (1, 131072), (1, 524288), (8, 16384), (8, 32768), (8, 131072),
                          (8, 524288), (32, 16384), (32, 32768), (32, 131072), (32, 524288)]:
        size = 2 * 2 * batch * length * KV_HEADS * DIM
        if size > torch.cuda.mem_get_info()[0] * 0.8:
            continue
        copies = copies_for(size)
        data = [(random(batch, HEADS, 1, DIM), random(batch, KV_HEADS, length, DIM),
                 random(batch, KV_HEADS, length, DIM)) for _ in range(copies)]

        def call(i):
            with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                F.scaled_dot_product_attention(*data[i % copies], enable_gqa=True)
        ms = quiet(lambda: time_graph(call, copies))
        report("attention", f"decode {batch} x {length} {HEADS}/{KV_HEADS}x{DIM}", "us",
               {"torch-cudnn": None if ms is None else 1e3 * ms})
        del data, call
        torch.cuda.empty_cache()


def engine():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(hidden_size=HIDDEN, intermediate_size=MLP, num_hidden_layers=LAYERS,
                         num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=DIM,
                         vocab_size=VOCAB, max_position_embeddings=131072, tie_word_embeddings=False)
    config._attn_implementation = "sdpa"
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        ids = torch.randint(0, VOCAB, (1, 32768), device="cuda")
        ms = quiet(lambda: time_calls(lambda i: model(ids, use_cache=True, logits_to_keep=1), 3))
        report("prefill", "minicpm4.1-8b (random) 32768", "tokens/s",
               {"transformers": None if ms is None else 32768e3 / ms})

        def generate(batch, prompt, new):
            ids = torch.randint(0, VOCAB, (batch, prompt), device="cuda")
            times = []
            for _ in range(2):
                start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                start.record()
                model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=new,
                               min_new_tokens=new, do_sample=False, pad_token_id=0)
                end.record()
                end.synchronize()
                times.append(start.elapsed_time(end))
            return min(times)

        one = quiet(lambda: generate(1, 4096, 65))
        first = quiet(lambda: generate(1, 4096, 1))
        if one and first:
            report("decode", "minicpm4.1-8b (random) depth 4096 batch 1", "tokens/s",
                   {"transformers": 64e3 / (one - first)})
        ms = quiet(lambda: generate(32, 4096, 256))
        report("engine", "minicpm4.1-8b (random) 32 requests, 4096 in, 256 out", "tokens/s",
               {"transformers": None if ms is None else 32 * 256e3 / ms})


if __name__ == "__main__":
    benches = {"gemm": gemm, "attention": attention, "engine": engine}
    for name in sys.argv[1:] or ["gemm", "attention"]:
        if name not in benches:
            sys.exit(f"'{name}' is unknown: give some of {', '.join(benches)}")
        benches[name]()

"""The joint step of steps.json in PyTorch, eager, float32: `step.py SIZE --threads N [--batch B] [--trace FILE]`.

What is made outside the step is made outside ours, too: the visible cubes as pixels, their positions, the
normalised targets, the embeddings of the captions. Blocks have norms before, as VideoMAE's; q, k and v come of one
product; attention is scaled_dot_product_attention where this torch has it; AdamW is fused where it can be.

Prints a line of JSON once it can begin, then runs a step for each line that it is sent, and prints what it took. With
--trace its operations are timed from step W on (`--warm W`), and the seconds of each are written there at the end.
"""
import argparse
import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

SHARED, TAU = 512, 0.1
arguments = argparse.ArgumentParser()
arguments.add_argument("size")
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--batch", type=int)
arguments.add_argument("--trace")
arguments.add_argument("--warm", type=int, default=0)
given = arguments.parse_args()
torch.set_num_threads(given.threads)
torch.manual_seed(1)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "steps.json"), encoding="utf-8") as file:
    size = json.load(file)[given.size]
batch = given.batch or size["batch"]
tokens, visible, patch = size["slots"] * size["grid"] ** 2, size["visible"], size["patch"]
width, decoder = size["width"], size.get("decoder")
has_sdpa = hasattr(F, "scaled_dot_product_attention")


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = torch.nn.LayerNorm(width, eps=1e-6)
        self.qkv = torch.nn.Linear(width, 3 * width)
        self.proj = torch.nn.Linear(width, width)
        self.norm2 = torch.nn.LayerNorm(width, eps=1e-6)
        self.fc1 = torch.nn.Linear(width, 4 * width)
        self.fc2 = torch.nn.Linear(4 * width, width)

    def forward(self, x):
        rows, count, width = x.shape
        split = self.qkv(self.norm1(x)).view(rows, count, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        if has_sdpa:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = torch.softmax((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1), -1) @ v
        x = x + self.proj(mixed.transpose(1, 2).reshape(rows, count, width))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Step(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = torch.nn.Linear(patch, width)
        self.cls = None if decoder else torch.nn.Parameter(0.02 * torch.randn(width))
        self.encoder = torch.nn.Sequential(*[Block(width, size["heads"]) for _ in range(size["depth"])])
        self.norm = torch.nn.LayerNorm(width, eps=1e-6)
        self.video = torch.nn.Sequential(
            torch.nn.Linear(width, SHARED), torch.nn.ReLU(), torch.nn.Linear(SHARED, SHARED)
        )
        if decoder:
            narrow = decoder["width"]
            self.narrow = torch.nn.Linear(width, narrow)
            self.mask = torch.nn.Parameter(0.02 * torch.randn(narrow))
            self.decoder = torch.nn.Sequential(*[Block(narrow, decoder["heads"]) for _ in range(decoder["depth"])])
            self.last = torch.nn.LayerNorm(narrow, eps=1e-6)
            self.head = torch.nn.Linear(narrow, patch)

    def forward(self, made):
        x = self.patch(made["pixels"]) + made["positions"]
        if self.cls is not None:
            x = torch.cat([self.cls.expand(batch, 1, width), x], 1)
        x = self.norm(self.encoder(x))
        pooled = x[:, 0] if self.cls is not None else x.mean(1)
        logits = F.normalize(self.video(pooled), dim=-1) @ made["text"].t() / TAU
        labels = torch.arange(batch)
        loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
        if decoder:
            seen = self.narrow(x) + made["seen"]
            y = self.decoder(torch.cat([seen, self.mask + made["hidden"]], 1))
            loss = loss + F.mse_loss(self.head(self.last(y[:, visible:])), made["target"])
        return loss


model = Step()
made = {
    "pixels": torch.randn(batch, visible, patch),
    "positions": torch.rand(batch, visible, width) * 2 - 1,
    "text": F.normalize(torch.randn(batch, SHARED), dim=-1),
}
if decoder:
    made["seen"] = torch.rand(batch, visible, decoder["width"]) * 2 - 1
    made["hidden"] = torch.rand(batch, tokens - visible, decoder["width"]) * 2 - 1
    made["target"] = torch.randn(batch, tokens - visible, patch)
options = {"lr": 1e-4, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.05}
try:
    optimizer = torch.optim.AdamW(model.parameters(), fused=True, **options)
    is_fused = True
except (TypeError, RuntimeError):
    optimizer = torch.optim.AdamW(model.parameters(), **options)
    is_fused = False


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = model(made)
    loss.backward()
    optimizer.step()
    return loss.item()


parameters = sum(each.numel() for each in model.parameters())
engine = f"PyTorch {torch.__version__}{', SDPA' if has_sdpa else ''}{', fused AdamW' if is_fused else ''}"
print(json.dumps({"engine": engine, "parameters": parameters}), flush=True)
profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) if given.trace else None
for number, _ in enumerate(sys.stdin):
    if profiler and number == given.warm:
        profiler.start()
    wall, cpu = time.perf_counter(), time.process_time()
    loss = step()
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**took, "loss": loss, "peak": peak}), flush=True)
if profiler:
    profiler.stop()
    seconds = {each.key: each.self_cpu_time_total / 1e6 for each in profiler.key_averages()}
    with open(given.trace, "w", encoding="utf-8") as file:
        json.dump(seconds, file)

"""Frozen-in-Time's space-time transformer in plain PyTorch, written from the paper and its public description.

Which token sees which is said by a table of pairs here, where the usual implementation regroups tokens:
the same by another way.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .drawing import normal, randomise
from .fixture_file import write_fixture

BATCH, FRAMES, SIZE, PATCH, WIDTH, HEADS, DEPTH = 2, 3, 12, 4, 12, 3, 2
PLACES = (SIZE // PATCH) ** 2
# Visible places of each clip, the same in every frame.
VISIBLE = ((0, 2, 3, 7), (1, 4, 5, 8))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x, allowed):
        parts = self.qkv(x).reshape(*x.shape[:2], 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        q, k, v = parts
        scores = (q * (WIDTH // HEADS) ** -0.5) @ k.transpose(-1, -2)
        shares = scores.masked_fill(~allowed, -torch.inf).softmax(-1)
        return self.proj((shares @ v).transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    """a = x + time(norm3(x)); y = x + space(norm1(a)), from x, not from a; y + mlp(norm2(y))."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(WIDTH, eps=1e-6) for _ in range(3))
        self.attn, self.timeattn = Attention(), Attention()
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(WIDTH, 2 * WIDTH), "fc2": nn.Linear(2 * WIDTH, WIDTH)})

    def forward(self, x, same_place, same_frame):
        a = x + self.timeattn(self.norm3(x), same_place)
        y = x + self.attn(self.norm1(a), same_frame)
        return y + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(y))))


class SpaceTimeTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + PLACES, WIDTH))
        self.temporal_embed = nn.Parameter(torch.zeros(1, FRAMES, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, frames, visible, between):
        batch, count = visible.shape
        pixels = (frames / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
        cubes = self.patch_embed(pixels.flatten(0, 1).permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        placed = cubes.reshape(batch, FRAMES, PLACES, WIDTH) + self.pos_embed[:, None, 1:]
        placed = placed + self.temporal_embed[:, :, None]
        seen = torch.stack([clip[:, places] for clip, places in zip(placed, visible)])
        first = self.cls_token + self.pos_embed[:, :1]
        x = torch.cat([first.expand(batch, -1, -1), seen.reshape(batch, FRAMES * count, WIDTH)], 1)
        frame = torch.arange(FRAMES).repeat_interleave(count)
        place = torch.arange(count).repeat(FRAMES)
        same_place, same_frame = (meets(group) for group in (place, frame))
        for i, block in enumerate(self.blocks):
            x = block(x, same_place, same_frame)
            between[f"block.{i}"] = x
        return self.norm(x)


def meets(group):
    """[1 + n, 1 + n]: the class token sees all and is seen by all, others those of their own group."""
    pairs = torch.ones(1 + len(group), 1 + len(group), dtype=torch.bool)
    pairs[1:, 1:] = group[:, None] == group[None, :]
    return pairs


def make_space_time(folder):
    seed = 501
    rng = np.random.default_rng(seed)
    model = SpaceTimeTransformer()
    randomise(model, rng)
    frames = torch.as_tensor(rng.integers(0, 256, (BATCH, FRAMES, SIZE, SIZE, 3), dtype=np.uint8))
    visible = torch.tensor(VISIBLE)
    weights = normal(rng, BATCH, WIDTH)
    between = {}
    encoded = model(frames, visible, between)
    loss = (encoded[:, 0] * weights).sum()
    loss.backward()
    tensors = {"input.frames": frames, "input.visible": visible, "input.loss_weights": weights, "out.loss": loss}
    tensors |= {f"out.{name}": value for name, value in between.items()}
    tensors |= {"out.encoded": encoded}
    tensors |= {f"param.{n}": p for n, p in model.named_parameters()}
    tensors |= {f"grad.{n}": p.grad for n, p in model.named_parameters()}
    sizes = {"frames": FRAMES, "size": SIZE, "patch": PATCH, "width": WIDTH, "heads": HEADS, "depth": DEPTH}
    about = "space-time transformer of Frozen-in-Time; loss = sum(class token * loss_weights)"
    write_fixture(folder / "space_time.safetensors", tensors, about, {**sizes, "seed": seed})

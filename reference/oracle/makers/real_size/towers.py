"""VideoMAE, MAC and TGM in plain PyTorch, as functions of a dictionary of parameters.

Written from the papers and the codebases that they build on: VideoMAE's modeling_pretrain.py
(blocks, sinusoid, decoder that sees visible tokens first, targets per cube and channel),
Frozen-in-Time (learned positions, class token, projections, InfoNCE as a sum at 0.05), TGM 3.4
(mean of visible tokens, head with batch norm, InfoNCE against frozen text). Parameters have the
names of `spec/model`. What may differ between legal float32 runs is asked of a `Way`.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from ..targets import IMAGENET_MEAN, IMAGENET_STD, cubes, target_per_cube_channel
from .ways import Way


def sinusoid(tokens, width):
    """VideoMAE's table over the flattened index, rounded to float32; float64 [tokens, width]."""
    angle = np.arange(tokens)[:, None] / np.power(10000, 2 * (np.arange(width) // 2) / width)
    table = np.where(np.arange(width) % 2 == 0, np.sin(angle), np.cos(angle))
    return torch.from_numpy(table.astype(np.float32).astype(np.float64))


class Parameters(dict):
    """Parameters by name, all of one type, with the running statistics of batch norms beside them."""

    def __init__(self, tensors, buffers):
        super().__init__(tensors)
        self.buffers = buffers
        self.dtype = next(iter(tensors.values())).dtype


class Towers:
    """The forward pass of a model on one batch."""

    def __init__(self, model, way=None):
        self.model, self.way = model, way or Way()

    def loss(self, p, batch):
        """The losses of a step by name; `loss` is what is optimised."""
        m = self.model
        unit = batch["frames"].to(p.dtype) / 255
        mean, std = (torch.tensor(each, dtype=p.dtype) for each in (IMAGENET_MEAN, IMAGENET_STD))
        seen = take(cubes((unit - mean) / std, m.tubelet, m.patch).flatten(2), batch["visible"])
        encoded = self.encoder(p, seen, batch)
        losses = {}
        if m.decoder is not None:
            prediction = self.decoder(p, encoded, batch)
            target = take(target_per_cube_channel(unit, m.tubelet, m.patch), batch["masked"])
            losses["loss.mae"] = self.way.mean_square(prediction - target)
        if m.contrastive is not None:
            video = self.video_embedding(p, encoded)
            text = self.text_embedding(p, batch)
            logits = text @ video.T / m.temperature
            labels = torch.arange(len(logits))
            both = F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)
            losses["loss.contrastive"] = both if m.contrastive == "sum" else both / 2
        return {**losses, "loss": sum(losses.values())}

    def linear(self, p, name, x):
        return self.way.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))

    def norm(self, p, name, x):
        return self.way.layer_norm(x, p[f"{name}.weight"], p[f"{name}.bias"], 1e-6)

    def transformer(self, p, name, x, depth, heads, bias=None):
        for i in range(depth):
            here = f"{name}.{i}"
            h = self.norm(p, f"{here}.norm1", x)
            q, k, v = (self.linear(p, f"{here}.attn.{part}", h).unflatten(-1, (heads, -1)).transpose(1, 2) for part in "qkv")
            mixed = self.way.attention(q, k, v, bias).transpose(1, 2).flatten(2)
            x = x + self.linear(p, f"{here}.attn.proj", mixed)
            h = self.linear(p, f"{here}.mlp.fc1", self.norm(p, f"{here}.norm2", x))
            x = x + self.linear(p, f"{here}.mlp.fc2", self.way.gelu(h))
        return x

    def encoder(self, p, seen, batch):
        m = self.model
        x = self.linear(p, "encoder.patch", seen)
        if m.learned_positions:
            table = (p["encoder.positions.place"] + p["encoder.positions.slot"]).flatten(0, 1)
        else:
            table = batch["encoder.positions"].to(p.dtype)
        x = x + table[batch["visible"]]
        if m.class_token:
            x = torch.cat([p["encoder.class"].expand(len(x), 1, -1), x], 1)
        return self.norm(p, "encoder.norm", self.transformer(p, "encoder", x, m.depth, m.heads))

    def decoder(self, p, encoded, batch):
        depth, heads = self.model.decoder
        table, visible, masked = batch["decoder.positions"].to(p.dtype), batch["visible"], batch["masked"]
        known = self.linear(p, "decoder.embed", encoded) + table[visible]
        hidden = self.way.stretched(p["decoder.mask"], masked.shape) + table[masked]
        x = torch.cat([known, hidden], 1)
        x = self.transformer(p, "decoder", x, depth, heads)[:, visible.shape[1] :]
        return self.linear(p, "decoder.head", self.norm(p, "decoder.norm", x))

    def video_embedding(self, p, encoded):
        name = "projection.video"
        if self.model.class_token:
            return F.normalize(self.linear(p, f"{name}.fc2", encoded[:, 0]), dim=-1)
        h = self.linear(p, f"{name}.fc1", encoded.mean(1))
        mean, variance = p.buffers[f"{name}.norm.running_mean"], p.buffers[f"{name}.norm.running_variance"]
        weight, bias = p[f"{name}.norm.weight"], p[f"{name}.norm.bias"]
        h = F.relu(F.batch_norm(h, mean, variance, weight, bias, training=True, momentum=0.1, eps=1e-5))
        return F.normalize(self.linear(p, f"{name}.fc2", h), dim=-1)

    def text_embedding(self, p, batch):
        m = self.model
        if m.text is None:
            return F.normalize(batch["text.embedding"].to(p.dtype), dim=-1)
        ids, lengths = batch["text.ids"], batch["text.lengths"]
        x = p["text.tokens"][ids] + p["text.positions"][: ids.shape[1]]
        unseen = torch.arange(ids.shape[1]) >= lengths[:, None]
        bias = torch.zeros(unseen.shape, dtype=x.dtype).masked_fill(unseen, -math.inf)[:, None, None, :]
        x = self.transformer(p, "text", x, *m.text, bias)[:, 0]
        x = F.relu(self.norm(p, "text.norm", x))
        return F.normalize(self.linear(p, "projection.text.fc2", x), dim=-1)


def take(tokens, indices):
    """Rows of each clip: [B, N, P] at [B, K] to [B, K, P]."""
    return torch.stack([clip[index] for clip, index in zip(tokens, indices)])

"""Three AdamW steps on one batch, and what is kept of them."""

from dataclasses import dataclass, field

import numpy as np
import torch

from . import hashed
from .models import batch_of, buffers_of, decays, shapes
from .towers import Parameters, Towers
from .ways import Orders, Way

# 2^-13: near VideoMAE's 1.5e-4, and exact in float32.
LEARNING_RATE, EPS, STEPS = 2**-13, 1e-8, 3


@dataclass
class Kept:
    """Samples of one run: losses and norms of each step, gradients of the first, changes after three."""

    losses: dict = field(default_factory=dict)
    grad_norm: list = field(default_factory=list)
    norms: dict = field(default_factory=dict)
    gradients: dict = field(default_factory=dict)
    changes: dict = field(default_factory=dict)

    def keep_losses(self, losses):
        for name, value in losses.items():
            self.losses.setdefault(name, []).append(value.item())


def positions_of(m):
    rows = batch_of(m)["text.ids"].numpy() if m.text is not None else None
    return {
        name: hashed.sampled(name, shape, rows if name == "text.tokens" else None)
        for name, shape in shapes(m).items()
    }


def optimiser(m, tensors, fused=False):
    own = shapes(m)

    def group(decay):
        picked = [p for name, p in tensors.items() if decays(name, own[name]) == decay]
        return {"params": picked, "weight_decay": m.weight_decay if decay else 0.0}

    return torch.optim.AdamW([group(True), group(False)], lr=LEARNING_RATE, betas=m.betas, eps=EPS, foreach=False, fused=fused)


def start(name, shape, dtype):
    return torch.from_numpy(hashed.parameter(name, shape)).to(dtype)


def norm_of(gradient):
    """The Euclidean norm in float64, whatever the gradient's type."""
    return gradient.double().square().sum().sqrt().item()


def plain_run(m, dtype, way=None, steps=STEPS):
    """The steps by our own towers, in one legal way; what changed is kept where all steps were made."""
    way = way or Way()
    orders = Orders(way, shapes(m), m)
    tensors = {n: orders.to_run(n, start(n, s, dtype)).contiguous().requires_grad_() for n, s in shapes(m).items()}
    channels = torch.from_numpy(orders.orders["head"]) if "head" in orders.orders else None
    buffers = {n: x.to(dtype)[channels].contiguous() for n, x in buffers_of(m).items()}
    p, batch = Parameters(tensors, buffers), in_order(batch_of(m), way, orders)
    adamw, kept, positions = optimiser(m, tensors, fused=True), Kept(), positions_of(m)
    with way.applied():
        for step in range(steps):
            adamw.zero_grad()
            losses = Towers(m, way).loss(p, batch)
            losses["loss"].backward()
            kept.keep_losses(losses)
            kept.grad_norm.append(sum(norm_of(x.grad) ** 2 for x in tensors.values()) ** 0.5)
            if step == 0:
                keep_gradients(kept, {n: orders.from_run(n, x.grad) for n, x in tensors.items()}, positions)
            if steps == STEPS:
                adamw.step()
    if steps < STEPS:
        return kept
    for name, shape in shapes(m).items():
        change = orders.from_run(name, tensors[name].detach()).double() - start(name, shape, torch.float64)
        kept.changes[name] = change.flatten()[positions[name]].numpy()
    for name, before in buffers_of(m).items():
        kept.changes[name] = (buffers[name].double()[torch.argsort(channels)] - before).numpy()
    return kept


def keep_gradients(kept, gradients, positions):
    for name, gradient in gradients.items():
        kept.norms[name] = norm_of(gradient)
        kept.gradients[name] = gradient.detach().flatten()[positions[name]].double().numpy()


def in_order(batch, way, orders):
    """The batch with clips, tokens and the channels of tables in the order of a run."""
    def turned(indices):
        return indices[:, torch.from_numpy(way.order(indices.shape[1]))]

    batch = dict(batch, visible=turned(batch["visible"]), masked=turned(batch["masked"]))
    for tower in ("encoder", "decoder"):
        if f"{tower}.positions" in batch:
            batch[f"{tower}.positions"] = batch[f"{tower}.positions"][:, orders.orders[tower]]
    clips = way.order(len(batch["frames"]))
    return {name: x if name.endswith(".positions") else x[clips] for name, x in batch.items()}

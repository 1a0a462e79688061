"""Whole steps: losses, gradients by autograd, and the update of every parameter."""

import torch
import torch.nn.functional as F

from .losses import cut, info_nce, targets, update
from .model import decode, encode, encode_space_time, encode_text, project, take


def step(tensors, at, losses_of):
    """The results of a step; `losses_of` gives losses by name, `loss` among them, and next statistics."""
    prefix = "adamw.m."
    names = [name[len(prefix) :] for name in tensors if name.startswith(prefix)]
    with torch.enable_grad():
        leaves = {name: tensors[name].clone().requires_grad_() for name in names}
        losses, statistics = losses_of({**tensors, **leaves})
        gradients = torch.autograd.grad(losses["loss"], list(leaves.values()))
    results = {**losses, **statistics}
    schedule = [tensors[f"schedule.{each}"] for each in ("lr", "correction1", "correction2")]
    for name, gradient in zip(names, gradients):
        p, m, v = (tensors[each + name] for each in ("", "adamw.m.", "adamw.v."))
        # Vectors do not decay, and no positions do, however many axes they have.
        decay = at["weight_decay"] if p.dim() == 2 and name != "text.positions" else 0
        new = update(p, m, v, gradient, *schedule, {**at, "decay": decay, "lr_scale": 1})
        results.update({f"grad.{name}": gradient, name: new["p"]})
        results.update({f"adamw.m.{name}": new["m"], f"adamw.v.{name}": new["v"]})
    return results


def reconstruction_loss(x, encoded, at):
    prediction = decode(x, encoded, at)
    cubes = take(cut(x["frames"], at["tubelet"], at["patch"]), x["masked"])
    return F.mse_loss(prediction, targets(cubes, prediction.dtype))


def reconstruction(tensors, at):
    def losses_of(x):
        loss = reconstruction_loss(x, encode(x, at), at)
        return {"loss": loss, "loss.mae": loss}, {}

    return step(tensors, at, losses_of)


def contrastive(tensors, at):
    def losses_of(x):
        video, _ = project(x, "projection.video", encode_space_time(x, at)[:, 0], "linear")
        sizes = at["text_depth"], at["text_heads"], at["text_norm_eps"]
        caption = encode_text(x, x["text.ids"], x["text.lengths"], *sizes)
        text, _ = project(x, "projection.text", caption, "relu-linear")
        loss = info_nce(text, video, 1 / at["temperature"], at["directions"])
        return {"loss": loss, "loss.contrastive": loss}, {}

    return step(tensors, at, losses_of)


def joint(tensors, at):
    def losses_of(x):
        encoded = encode(x, at)
        mae = reconstruction_loss(x, encoded, at)
        video, statistics = project(x, "projection.video", encoded.mean(dim=1), "mlp-bn")
        text, _ = project(x, "projection.text", x["text.embedding"], "none")
        aligned = info_nce(text, video, x["temperature.log_scale"].exp(), at["directions"])
        loss = at["mae_weight"] * mae + at["contrastive_weight"] * aligned
        return {"loss": loss, "loss.mae": mae, "loss.contrastive": aligned}, statistics

    results = step(tensors, at, losses_of)
    log_scale = results["temperature.log_scale"]
    return {**results, "temperature.log_scale": log_scale.clamp(0, at["log_scale_limit"])}

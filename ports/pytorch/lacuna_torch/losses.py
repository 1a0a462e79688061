"""Cubes and their targets, the losses with their gradients, and AdamW."""

import torch
import torch.nn.functional as F

from .protocol import DTYPES


def cut(frames, t, p):
    """Frames [B, T, H, H, 3] to cubes [B, N, 3 t p p]."""
    b, length, height, width, channels = frames.shape
    cells = frames.reshape(b, length // t, t, height // p, p, width // p, p, channels)
    return cells.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(b, -1, t * p * p * channels)


def patchify(tensors, at):
    return {"cubes": cut(tensors["frames"], at["tubelet"], at["patch"])}


def targets(cubes, dtype):
    """Pixels of cubes, normalised for each cube and channel."""
    x = (cubes.to(dtype) / 255).reshape(*cubes.shape[:2], -1, 3)
    x = x - x[:, :, :1]  # of equal values exactly 0
    centred = x - x.mean(dim=2, keepdim=True)
    variance = (centred * centred).sum(dim=2, keepdim=True) / (x.shape[2] - 1)
    return (centred / (variance.sqrt() + 1e-6)).reshape(cubes.shape)


def target_cube(tensors, at):
    return {"targets": targets(tensors["cubes"], DTYPES[at["float"]])}


def with_gradients(loss_of, tensors, names):
    """The loss, and its gradient by the tensors of these names."""
    with torch.enable_grad():
        leaves = {name: tensors[name].clone().requires_grad_() for name in names}
        loss = loss_of({**tensors, **leaves})
        gradients = torch.autograd.grad(loss, list(leaves.values()))
    return {"loss": loss, **{f"grad.{name}": each for name, each in zip(names, gradients)}}


def mae(tensors, _):
    return with_gradients(lambda x: F.mse_loss(x["prediction"], x["target"]), tensors, ["prediction"])


def normalize(x):
    """Rows of length 1; those shorter than 1e-12 are divided by that."""
    return x / (x * x).sum(dim=-1, keepdim=True).clamp_min(1e-24).sqrt()


def info_nce(text, video, scale, directions, captions=None):
    """Of rows of length 1; pairs of equal captions are positives of each other."""
    similarities = scale * (text @ video.T)
    if captions is None:
        captions = torch.arange(len(text), device=text.device)
    equal = (captions[:, None] == captions).to(text.dtype)
    target = equal / equal.sum(dim=1, keepdim=True)
    both = F.cross_entropy(similarities, target) + F.cross_entropy(similarities.T, target.T)
    return both / 2 if directions == "mean" else both


def infonce(tensors, at):
    def loss_of(x):
        rows = normalize(x["text"]), normalize(x["video"])
        return info_nce(*rows, x["log_scale"].exp(), at["directions"], x.get("captions"))

    return with_gradients(loss_of, tensors, ["text", "video", "log_scale"])


def update(p, m, v, g, lr, c1, c2, at):
    """The next parameter and moments: decay first, then the step."""
    rate = lr * at["lr_scale"]
    m = m * at["beta1"] + g * (1 - at["beta1"])
    v = v * at["beta2"] + g * g * (1 - at["beta2"])
    p = p * (1 - rate * at["decay"]) - rate * (m / c1) / ((v / c2).sqrt() + at["eps"])
    return {"p": p, "m": m, "v": v}


def adamw(tensors, at):
    return update(*(tensors[name] for name in ("p", "m", "v", "g", "lr", "c1", "c2")), at)

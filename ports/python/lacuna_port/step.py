"""Whole steps: losses, gradients and the update of every parameter."""

import numpy as np

from .adamw import update
from .heads import projection
from .losses import infonce, mae
from .model import decode, encode, take
from .pixels import cut, targets
from .towers import encode_space_time, encode_text

# Learned positions do not decay, however many axes they have.
WITHOUT_DECAY = ("encoder.positions.place", "encoder.positions.slot", "text.positions")


def step(tensors, at):
    grads = {}
    encoded, encoder_back = encode(tensors, grads, at)
    loss, reconstruction_back = reconstruction(tensors, grads, encoded, at)
    encoder_back(reconstruction_back(1))
    return {"loss": loss, "loss.mae": loss, **updated(tensors, grads, at)}


def reconstruction(tensors, grads, encoded, at):
    """The loss of the masked cubes, and a function from its weight back to the encoded tokens."""
    prediction, back = decode(tensors, grads, encoded, at)
    cubes = take(cut(tensors["frames"], at["tubelet"], at["patch"]), tensors["masked"])
    target = targets(cubes, prediction.dtype.type)
    losses = mae({"prediction": prediction, "target": target}, {})
    return losses["loss"], lambda weight: back(losses["grad.prediction"] * prediction.dtype.type(weight))


def step_contrastive(tensors, at):
    grads = {}
    encoded, encoder_back = encode_space_time(tensors, grads, at)
    video, _, video_back = projection(tensors, grads, "projection.video", encoded[:, 0], "linear")
    of_text = {name: at[f"text_{name}"] for name in ("depth", "heads", "norm_eps")}
    caption, text_back = encode_text(tensors, grads, tensors["text.ids"], tensors["text.lengths"], of_text)
    text, _, caption_back = projection(tensors, grads, "projection.text", caption, "relu-linear")
    losses = infonce({"text": text, "video": video}, at, scale=text.dtype.type(1 / at["temperature"]))
    text_back(caption_back(losses["grad.text"]))
    dencoded = np.zeros_like(encoded)
    dencoded[:, 0] = video_back(losses["grad.video"])
    encoder_back(dencoded)
    return {"loss": losses["loss"], "loss.contrastive": losses["loss"], **updated(tensors, grads, at)}


def step_joint(tensors, at):
    grads = {}
    encoded, encoder_back = encode(tensors, grads, at)
    real, count = encoded.dtype.type, encoded.shape[1]
    loss_mae, reconstruction_back = reconstruction(tensors, grads, encoded, at)
    pooled = encoded.mean(axis=1)
    video, statistics, video_back = projection(tensors, grads, "projection.video", pooled, "mlp-bn")
    text, _, _ = projection(tensors, grads, "projection.text", tensors["text.embedding"], "none")
    log_scale = tensors["temperature.log_scale"]
    losses = infonce({"text": text, "video": video, "log_scale": log_scale}, at)
    weight = real(at["contrastive_weight"])
    grads["temperature.log_scale"] = losses["grad.log_scale"] * weight
    dpooled = video_back(losses["grad.video"] * weight)
    encoder_back(reconstruction_back(at["mae_weight"]) + (dpooled / real(count))[:, None, :])
    loss = real(at["mae_weight"]) * loss_mae + weight * losses["loss"]
    results = updated(tensors, grads, at)
    limit = real(at["log_scale_limit"])
    results["temperature.log_scale"] = np.clip(results["temperature.log_scale"], real(0), limit)
    results = {name: np.asarray(each) for name, each in {**results, **statistics}.items()}
    return {"loss": np.asarray(loss), "loss.mae": loss_mae, "loss.contrastive": losses["loss"], **results}


def updated(tensors, grads, at):
    """The gradient of each parameter, and what AdamW makes of it and its moments."""
    results = {}
    schedule = [tensors[f"schedule.{name}"] for name in ("lr", "correction1", "correction2")]
    for name, gradient in grads.items():
        p, m, v = (tensors[prefix + name] for prefix in ("", "adamw.m.", "adamw.v."))
        decay = at["weight_decay"] if p.ndim > 1 and name not in WITHOUT_DECAY else 0
        p, m, v = update(p, m, v, gradient, *schedule, {**at, "decay": decay, "lr_scale": 1})
        results.update({f"grad.{name}": gradient, name: p, f"adamw.m.{name}": m, f"adamw.v.{name}": v})
    return {name: np.asarray(each) for name, each in results.items()}

"""One step of reconstruction: losses, gradients and the update of every parameter."""

import numpy as np

from .adamw import update
from .losses import mae
from .model import decode, encode, take
from .pixels import cut, targets


def step(tensors, at):
    grads = {}
    encoded, encoder_back = encode(tensors, grads, at)
    prediction, decoder_back = decode(tensors, grads, encoded, at)
    cubes = take(cut(tensors["frames"], at["tubelet"], at["patch"]), tensors["masked"])
    target = targets(cubes, prediction.dtype.type)
    losses = mae({"prediction": prediction, "target": target}, {})
    encoder_back(decoder_back(losses["grad.prediction"]))
    results = {"loss": losses["loss"], "loss.mae": losses["loss"]}
    schedule = [tensors[f"schedule.{name}"] for name in ("lr", "correction1", "correction2")]
    for name, gradient in grads.items():
        p, m, v = (tensors[prefix + name] for prefix in ("", "adamw.m.", "adamw.v."))
        decay = at["weight_decay"] if p.ndim > 1 else 0
        p, m, v = update(p, m, v, gradient, *schedule, {**at, "decay": decay, "lr_scale": 1})
        results[f"grad.{name}"] = np.asarray(gradient)
        results.update({name: p, f"adamw.m.{name}": m, f"adamw.v.{name}": v})
    return results

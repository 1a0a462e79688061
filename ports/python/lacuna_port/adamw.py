"""AdamW in the order of PyTorch: decay first, then the step."""

import numpy as np


def update(p, m, v, g, lr, c1, c2, at):
    """The next parameter and moments."""
    real = p.dtype.type
    rate = lr * real(at["lr_scale"])
    m = m * real(at["beta1"]) + g * real(1 - at["beta1"])
    v = v * real(at["beta2"]) + g * g * real(1 - at["beta2"])
    p = p * (real(1) - rate * real(at["decay"]))
    p = p - m * (rate / c1) / (np.sqrt(v) * (real(1) / np.sqrt(c2)) + real(at["eps"]))
    return p, m, v


def adamw(tensors, at):
    results = update(*(tensors[name] for name in ("p", "m", "v", "g", "lr", "c1", "c2")), at)
    return dict(zip(("p", "m", "v"), (np.asarray(x) for x in results)))

"""The head before the contrastive loss, with its gradients."""

import numpy as np

from .layers import linear


def projection(params, grads, name, x, kind, train=True):
    """Embeddings of length 1, the next statistics by name, and a function that goes back to x."""
    backs, statistics, y = [], {}, x
    if kind in ("mlp", "mlp-bn"):
        y, back = linear(params, grads, f"{name}.fc1", y)
        backs.append(back)
    if kind == "mlp-bn":
        y, statistics, back = batch_norm(params, grads, f"{name}.norm", y, train)
        backs.append(back)
    if kind not in ("none", "linear"):
        y, back = relu(y)
        backs.append(back)
    if kind != "none":
        y, back = linear(params, grads, f"{name}.fc2", y)
        backs.append(back)
    y, back = normalize(y)
    backs.append(back)

    def back_all(dy):
        for each in reversed(backs):
            dy = each(dy)
        return dy

    return y, statistics, back_all


def relu(x):
    above = x > 0
    return np.where(above, x, 0).astype(x.dtype), lambda dy: np.where(above, dy, 0).astype(x.dtype)


def normalize(x):
    """Rows of length 1; those shorter than 1e-12 are divided by that."""
    squares = (x * x).sum(axis=1, keepdims=True)
    length = np.sqrt(np.maximum(squares, x.dtype.type(1e-24)))
    rows = x / length

    def back(gradient):
        along = (rows * gradient).sum(axis=1, keepdims=True)
        return (gradient - rows * np.where(squares > 1e-24, along, 0).astype(x.dtype)) / length

    return rows, back


def batch_norm(params, grads, name, x, train):
    weight, bias = params[f"{name}.weight"], params[f"{name}.bias"]
    running = params[f"{name}.running_mean"], params[f"{name}.running_variance"]
    real, batch = x.dtype.type, len(x)
    mean, variance, statistics = *running, {}
    if train:
        mean = x.mean(axis=0)
        variance = ((x - mean) * (x - mean)).mean(axis=0)
        moved = (mean, variance * real(batch / (batch - 1)))
        for which, old, new in zip(("mean", "variance"), running, moved):
            statistics[f"{name}.running_{which}"] = old * real(0.9) + new * real(0.1)
    rstd = 1 / np.sqrt(variance + real(1e-5))
    hat = (x - mean) * rstd

    def back(dy):
        grads[f"{name}.weight"] = (dy * hat).sum(axis=0)
        grads[f"{name}.bias"] = dy.sum(axis=0)
        g = dy * weight
        return (g - g.mean(axis=0) - hat * (g * hat).mean(axis=0)) * rstd

    return hat * weight + bias, statistics, back


def model_projection(tensors, at):
    train = at["mode"] == "train"
    embedding, statistics, _ = projection(tensors, {}, "projection", tensors["x"], at["kind"], train)
    return {"embedding": embedding, **statistics}

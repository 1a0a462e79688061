"""Losses and their gradients, by hand."""

import numpy as np


def mae(tensors, _):
    prediction, target = tensors["prediction"], tensors["target"]
    difference = prediction - target
    loss = np.mean(np.mean(difference * difference, axis=-1))
    return {"loss": np.asarray(loss), "grad.prediction": difference * loss.dtype.type(2 / difference.size)}


def infonce(tensors, at):
    text, video = tensors["text"], tensors["video"]
    real = text.dtype.type
    t, text_length = normalize(text)
    v, video_length = normalize(video)
    scale = np.exp(tensors["log_scale"].astype("f8")).astype(real)
    logits = (t @ v.T) * scale
    weight = real((0.5 if at["directions"] == "mean" else 1) / len(text))
    rows, row_terms = cross_entropy(logits)
    columns, column_terms = cross_entropy(logits.T)
    loss = (row_terms.sum() + column_terms.sum()) * weight
    gradient = (rows + columns.T - 2 * np.eye(len(text), dtype=real)) * weight
    return {
        "loss": np.asarray(loss),
        "grad.text": through_norm(t, text_length, (gradient * scale) @ v),
        "grad.video": through_norm(v, video_length, (gradient * scale).T @ t),
        "grad.log_scale": np.asarray((gradient * logits).sum()),
    }


def cross_entropy(logits):
    """The softmax of each row, and each row's loss against the diagonal."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted.astype("f8")).astype(logits.dtype)
    total = powers.sum(axis=1, keepdims=True)
    losses = np.log(total[:, 0].astype("f8")).astype(logits.dtype) - np.diagonal(shifted)
    return powers / total, losses


def normalize(x):
    """Rows of length 1, and the lengths, at least 1e-12."""
    length = np.sqrt(np.maximum((x * x).sum(axis=1, keepdims=True), x.dtype.type(1e-24)))
    return x / length, length


def through_norm(rows, length, gradient):
    """The gradient by rows before they were normalised."""
    along = (rows * gradient).sum(axis=1, keepdims=True)
    along = np.where(length > 1e-12, along, 0)
    return (gradient - rows * along) / length

"""Losses and their gradients, by hand."""

import numpy as np

from .heads import normalize


def mae(tensors, _):
    prediction, target = tensors["prediction"], tensors["target"]
    difference = prediction - target
    loss = np.mean(np.mean(difference * difference, axis=-1))
    return {"loss": np.asarray(loss), "grad.prediction": difference * loss.dtype.type(2 / difference.size)}


def infonce(tensors, at, scale=None):
    """Over pairs, of which those with equal `captions` are positives; scale is exp(log_scale), or given."""
    text, video = tensors["text"], tensors["video"]
    real = text.dtype.type
    t, text_back = normalize(text)
    v, video_back = normalize(video)
    if scale is None:
        scale = np.exp(tensors["log_scale"].astype("f8")).astype(real)
    logits = (t @ v.T) * scale
    captions = tensors.get("captions", np.arange(len(text)))
    equal = (captions[:, None] == captions).astype(real)
    target = equal / equal.sum(axis=1, keepdims=True)
    weight = real((0.5 if at["directions"] == "mean" else 1) / len(text))
    rows, row_terms = cross_entropy(logits, target)
    columns, column_terms = cross_entropy(logits.T, target.T)
    loss = (row_terms.sum() + column_terms.sum()) * weight
    gradient = (rows + columns.T - 2 * target) * weight
    return {
        "loss": np.asarray(loss),
        "grad.text": text_back((gradient * scale) @ v),
        "grad.video": video_back((gradient * scale).T @ t),
        "grad.log_scale": np.asarray((gradient * logits).sum()),
    }


def cross_entropy(logits, target):
    """The softmax of each row, and each row's loss against its targets, which add up to 1."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted.astype("f8")).astype(logits.dtype)
    total = powers.sum(axis=1, keepdims=True)
    logs = np.log(total[:, 0].astype("f8")).astype(logits.dtype)
    return powers / total, logs - (target * shifted).sum(axis=1)

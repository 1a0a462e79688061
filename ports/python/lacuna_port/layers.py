"""Layers with their gradients: each returns its result and a function that goes back.

A backward function takes the gradient of the result, adds those of the parameters to `grads` by
name, and returns that of the input.
"""

import math

import numpy as np

ERF = np.vectorize(math.erf, otypes=[float])


def linear(params, grads, name, x):
    """x W^T + b, with or without b."""
    weight, bias = params[f"{name}.weight"], params.get(f"{name}.bias")

    def back(dy):
        flat = dy.reshape(-1, dy.shape[-1])
        grads[f"{name}.weight"] = flat.T @ x.reshape(-1, x.shape[-1])
        if bias is not None:
            grads[f"{name}.bias"] = flat.sum(axis=0)
        return dy @ weight

    y = x @ weight.T
    return (y if bias is None else y + bias), back


def layer_norm(params, grads, name, x, eps):
    weight, bias = params[f"{name}.weight"], params[f"{name}.bias"]
    centered = x - x.mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt((centered * centered).mean(axis=-1, keepdims=True) + x.dtype.type(eps))
    hat = centered * rstd

    def back(dy):
        grads[f"{name}.weight"] = (dy * hat).reshape(-1, dy.shape[-1]).sum(axis=0)
        grads[f"{name}.bias"] = dy.reshape(-1, dy.shape[-1]).sum(axis=0)
        g = dy * weight
        along = (g * hat).mean(axis=-1, keepdims=True)
        return (g - g.mean(axis=-1, keepdims=True) - hat * along) * rstd

    return hat * weight + bias, back


def gelu(x):
    """The exact GELU."""
    wide = x.astype("f8")
    cdf = ((1 + ERF(wide * math.sqrt(0.5))) / 2).astype(x.dtype)

    def back(dy):
        density = np.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)
        return dy * (cdf + x * density.astype(x.dtype))

    return x * cdf, back


def quick_gelu(x):
    """x / (1 + e^(-1.702 x)), without overflow; forward only."""
    return x * ((np.tanh(x.astype("f8") * 0.851) + 1) / 2).astype(x.dtype), None


def attention(params, grads, name, x, heads, meets=None):
    """Self-attention of all tokens of a clip to all others, or to those that `meets` [T, T] says."""
    batch, tokens, width = x.shape
    scale = x.dtype.type(1 / math.sqrt(width / heads))

    def split(y):
        return y.reshape(batch, tokens, heads, -1).transpose(0, 2, 1, 3)

    def merge(y):
        return y.transpose(0, 2, 1, 3).reshape(batch, tokens, width)

    projected = [linear(params, grads, f"{name}.{part}", x) for part in "qkv"]
    q, k, v = (split(y) for y, _ in projected)
    scores = (q * scale) @ k.swapaxes(-1, -2)
    if meets is not None:
        scores = np.where(meets, scores, -np.inf).astype(x.dtype)
    shifted = (scores - scores.max(axis=-1, keepdims=True)).astype("f8")
    powers = np.exp(shifted).astype(x.dtype)
    p = powers / powers.sum(axis=-1, keepdims=True)
    y, project_back = linear(params, grads, f"{name}.proj", merge(p @ v))

    def back(dy):
        do = split(project_back(dy))
        dp = do @ v.swapaxes(-1, -2)
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
        by_part = (ds @ k * scale, ds.swapaxes(-1, -2) @ (q * scale), p.swapaxes(-1, -2) @ do)
        return sum(go(merge(d)) for (_, go), d in zip(projected, by_part))

    return y, back


def block(params, grads, name, x, heads, eps):
    """x += attention(norm1(x)); x += mlp(norm2(x))."""
    normed, norm1_back = layer_norm(params, grads, f"{name}.norm1", x, eps)
    attended, attention_back = attention(params, grads, f"{name}.attn", normed, heads)
    middle = x + attended
    normed2, norm2_back = layer_norm(params, grads, f"{name}.norm2", middle, eps)
    hidden, fc1_back = linear(params, grads, f"{name}.mlp.fc1", normed2)
    active, gelu_back = gelu(hidden)
    out, fc2_back = linear(params, grads, f"{name}.mlp.fc2", active)

    def back(dy):
        dmiddle = dy + norm2_back(fc1_back(gelu_back(fc2_back(dy))))
        return dmiddle + norm1_back(attention_back(dmiddle))

    return middle + out, back


def transformer(params, grads, name, x, depth, heads, eps):
    backs = []
    for index in range(depth):
        x, back = block(params, grads, f"{name}.{index}", x, heads, eps)
        backs.append(back)

    def back_all(dy):
        for back in reversed(backs):
            dy = back(dy)
        return dy

    return x, back_all

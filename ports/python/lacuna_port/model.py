"""The encoder on visible cubes, and the decoder that predicts the masked ones."""

import numpy as np

from .layers import layer_norm, linear, transformer
from .pixels import cut

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def take(table, indices):
    """table[b, indices[b, k], ...], or the same table for all b."""
    if table.ndim == 2:
        return table[indices]
    return np.take_along_axis(table, indices[:, :, None], axis=1)


def visible_pixels(tensors, at):
    """Normalised pixels [B, K, P] of the visible cubes."""
    real = tensors["encoder.patch.weight"].dtype.type
    cubes = take(cut(tensors["frames"], at["tubelet"], at["patch"]), tensors["visible"]).astype(real)
    pixels = (cubes / real(255)).reshape(*cubes.shape[:2], -1, 3)
    return ((pixels - np.array(MEAN, real)) * (1 / np.array(STD)).astype(real)).reshape(cubes.shape)


def encode(tensors, grads, at):
    """Tokens [B, K, D] of the visible cubes, and a function that goes back to the parameters."""
    visible = tensors["visible"]
    embedded, embed_back = linear(tensors, grads, "encoder.patch", visible_pixels(tensors, at))
    x = embedded + take(tensors["encoder.positions"], visible)
    x, blocks_back = transformer(tensors, grads, "encoder", x, at["depth"], at["heads"], at["norm_eps"])
    x, norm_back = layer_norm(tensors, grads, "encoder.norm", x, at["norm_eps"])
    return x, lambda dy: embed_back(blocks_back(norm_back(dy)))


def decode(tensors, grads, encoded, at):
    """Predictions [B, M, P] for the masked cubes, and a function back to the encoded tokens."""
    visible, masked = tensors["visible"], tensors["masked"]
    seen, table = visible.shape[1], tensors["decoder.positions"]
    projected, embed_back = linear(tensors, grads, "decoder.embed", encoded)
    hidden = tensors["decoder.mask"] + take(table, masked)
    x = np.concatenate([projected + take(table, visible), hidden], axis=1)
    depth, heads = at["decoder_depth"], at["decoder_heads"]
    x, blocks_back = transformer(tensors, grads, "decoder", x, depth, heads, at["norm_eps"])
    normed, norm_back = layer_norm(tensors, grads, "decoder.norm", x[:, seen:], at["norm_eps"])
    prediction, head_back = linear(tensors, grads, "decoder.head", normed)

    def back(dy):
        dpredicting = norm_back(head_back(dy))
        dx = blocks_back(np.concatenate([np.zeros_like(projected), dpredicting], axis=1))
        grads["decoder.mask"] = dx[:, seen:].sum(axis=(0, 1))
        return embed_back(dx[:, :seen])

    return prediction, back


def forward(tensors, at):
    encoded, _ = encode(tensors, {}, at)
    return {"encoded": encoded}

"""The encoder with divided attention, and the text encoder with norms after: forward only."""

import numpy as np

from .layers import attention, gelu, layer_norm, linear
from .model import visible_pixels


def space_time(tensors, at):
    """Tokens [B, 1 + K, D] of the same visible places in every slot, the class token first."""
    visible, slots = tensors["visible"], tensors["encoder.positions.slot"].shape[0]
    place = tensors["encoder.positions.place"][0]
    table = (tensors["encoder.positions.slot"] + place).reshape(-1, at["width"])
    x, _ = linear(tensors, {}, "encoder.patch", visible_pixels(tensors, at))
    x = x + table[visible]
    first = np.broadcast_to(tensors["encoder.class"], (len(x), 1, at["width"]))
    x = np.concatenate([first, x], axis=1)
    token = np.arange(visible.shape[1])
    places = visible.shape[1] // slots
    same_place, same_slot = (meeting(group) for group in (token % places, token // places))

    def norm(name, y):
        return layer_norm(tensors, {}, name, y, at["norm_eps"])[0]

    for index in range(at["depth"]):
        name = f"encoder.{index}"
        over_time, _ = attention(tensors, {}, f"{name}.time", norm(f"{name}.norm3", x), at["heads"], same_place)
        before_space = norm(f"{name}.norm1", x + over_time)
        over_space, _ = attention(tensors, {}, f"{name}.attn", before_space, at["heads"], same_slot)
        x = x + over_space
        x = x + mlp(tensors, name, norm(f"{name}.norm2", x))
    return {"encoded": norm("encoder.norm", x)}


def meeting(group):
    """Which tokens meet: those of a group, and the class token in front all of them."""
    meets = np.ones((1 + len(group), 1 + len(group)), bool)
    meets[1:, 1:] = group[:, None] == group
    return meets


def mlp(tensors, name, x):
    hidden, _ = linear(tensors, {}, f"{name}.mlp.fc1", x)
    return linear(tensors, {}, f"{name}.mlp.fc2", gelu(hidden)[0])[0]


def text(tensors, at):
    """The first token of each caption."""
    ids, lengths = tensors["ids"], tensors["lengths"]
    embedded = tensors["text.tokens"][ids] + tensors["text.positions"][: ids.shape[1]]
    embedded = embedded + tensors["text.segments"][0]

    def norm(name, y):
        return layer_norm(tensors, {}, name, y, at["norm_eps"])[0]

    x = norm("text.embed.norm", embedded)
    seen = (np.arange(ids.shape[1]) < lengths[:, None])[:, None, None, :]
    for index in range(at["depth"]):
        name = f"text.{index}"
        x = norm(f"{name}.norm1", x + attention(tensors, {}, f"{name}.attn", x, at["heads"], seen)[0])
        x = norm(f"{name}.norm2", x + mlp(tensors, name, x))
    return {"embedding": np.ascontiguousarray(x[:, 0])}

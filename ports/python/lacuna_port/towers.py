"""The encoder with divided attention, and the text encoders, with their gradients."""

import numpy as np

from .layers import attention, gelu, layer_norm, linear, quick_gelu
from .model import visible_pixels


def encode_space_time(params, grads, at):
    """Tokens [B, 1 + K, D] of the same visible places in every slot, the class token first."""
    visible, slots = params["visible"], len(params["encoder.positions.slot"])
    places = visible.shape[1] // slots
    all_places = params["encoder.positions.place"].shape[1]
    table = (params["encoder.positions.slot"] + params["encoder.positions.place"][0]).reshape(-1, at["width"])
    embedded, embed_back = linear(params, grads, "encoder.patch", visible_pixels(params, at))
    first = np.broadcast_to(params["encoder.class"], (len(visible), 1, at["width"]))
    x = np.concatenate([first, embedded + table[visible]], axis=1)
    token = np.arange(visible.shape[1])
    meets = {"time": meeting(token % places), "attn": meeting(token // places)}
    backs = []
    for index in range(at["depth"]):
        x, back = space_time_block(params, grads, f"encoder.{index}", x, at, meets)
        backs.append(back)
    x, norm_back = layer_norm(params, grads, "encoder.norm", x, at["norm_eps"])

    def back_all(dy):
        dy = norm_back(dy)
        for back in reversed(backs):
            dy = back(dy)
        grads["encoder.class"] = dy[:, 0].sum(axis=0)
        dtable = np.zeros_like(table)
        np.add.at(dtable, visible, dy[:, 1:])
        by_slot = dtable.reshape(slots, all_places, -1)
        grads["encoder.positions.slot"] = by_slot.sum(axis=1, keepdims=True)
        grads["encoder.positions.place"] = by_slot.sum(axis=0, keepdims=True)
        embed_back(dy[:, 1:])

    return x, back_all


def space_time_block(params, grads, name, x, at, meets):
    """a = x + time(norm3(x)); x += attn(norm1(a)); x += mlp(norm2(x))."""

    def attended(norm, layer, y):
        normed, norm_back = layer_norm(params, grads, f"{name}.{norm}", y, at["norm_eps"])
        made, back = attention(params, grads, f"{name}.{layer}", normed, at["heads"], meets[layer])
        return made, lambda dy: norm_back(back(dy))

    over_time, time_back = attended("norm3", "time", x)
    over_space, space_back = attended("norm1", "attn", x + over_time)
    middle = x + over_space
    normed, norm_back = layer_norm(params, grads, f"{name}.norm2", middle, at["norm_eps"])
    added, mlp_back = mlp(params, grads, name, normed)

    def back(dy):
        dmiddle = dy + norm_back(mlp_back(dy))
        dtimed = space_back(dmiddle)
        return dmiddle + dtimed + time_back(dtimed)

    return middle + added, back


def meeting(group):
    """Which tokens meet: those of a group, and the class token in front all of them."""
    meets = np.ones((1 + len(group), 1 + len(group)), bool)
    meets[1:, 1:] = group[:, None] == group
    return meets


def mlp(params, grads, name, x, activation=gelu):
    hidden, fc1_back = linear(params, grads, f"{name}.mlp.fc1", x)
    active, active_back = activation(hidden)
    out, fc2_back = linear(params, grads, f"{name}.mlp.fc2", active)
    return out, lambda dy: fc1_back(active_back(fc2_back(dy)))


def encode_text(params, grads, ids, lengths, at):
    """The first token of each caption [B, D]; `at` has the depth, heads and norm_eps of this encoder."""
    embedded = params["text.tokens"][ids] + params["text.positions"][: ids.shape[1]]
    embedded = embedded + params["text.segments"][0]
    x, embed_back = layer_norm(params, grads, "text.embed.norm", embedded, at["norm_eps"])
    seen = (np.arange(ids.shape[1]) < lengths[:, None])[:, None, None, :]
    backs = []
    for index in range(at["depth"]):
        x, back = text_block(params, grads, f"text.{index}", x, at, seen)
        backs.append(back)

    def back_all(dfirst):
        dy = np.zeros_like(x)
        dy[:, 0] = dfirst
        for back in reversed(backs):
            dy = back(dy)
        dy = embed_back(dy)
        for table in ("tokens", "positions", "segments"):
            grads[f"text.{table}"] = np.zeros_like(params[f"text.{table}"])
        np.add.at(grads["text.tokens"], ids, dy)
        grads["text.positions"][: ids.shape[1]] = dy.sum(axis=0)
        grads["text.segments"][0] = dy.sum(axis=(0, 1))

    return np.ascontiguousarray(x[:, 0]), back_all


def text_block(params, grads, name, x, at, seen):
    """x = norm1(x + attn(x)); x = norm2(x + mlp(x))."""
    attended, attention_back = attention(params, grads, f"{name}.attn", x, at["heads"], seen)
    middle, norm1_back = layer_norm(params, grads, f"{name}.norm1", x + attended, at["norm_eps"])
    added, mlp_back = mlp(params, grads, name, middle)
    out, norm2_back = layer_norm(params, grads, f"{name}.norm2", middle + added, at["norm_eps"])

    def back(dy):
        dsum = norm2_back(dy)
        dattended = norm1_back(dsum + mlp_back(dsum))
        return dattended + attention_back(dattended)

    return out, back


def space_time(tensors, at):
    return {"encoded": encode_space_time(tensors, {}, at)[0]}


def text(tensors, at):
    return {"embedding": encode_text(tensors, {}, tensors["ids"], tensors["lengths"], at)[0]}


def text_causal(tensors, at):
    """The last token of each caption, in which a token meets itself and those before it."""
    ids, lengths = tensors["ids"], tensors["lengths"]
    x = tensors["text.tokens"][ids] + tensors["text.positions"][: ids.shape[1]]
    seen = np.tril(np.ones((ids.shape[1], ids.shape[1]), bool))

    def norm(name, y):
        return layer_norm(tensors, {}, name, y, at["norm_eps"])[0]

    for index in range(at["depth"]):
        name = f"text.{index}"
        x = x + attention(tensors, {}, f"{name}.attn", norm(f"{name}.norm1", x), at["heads"], seen)[0]
        x = x + mlp(tensors, {}, name, norm(f"{name}.norm2", x), quick_gelu)[0]
    return {"embedding": norm("text.norm", x[np.arange(len(x)), lengths - 1])}

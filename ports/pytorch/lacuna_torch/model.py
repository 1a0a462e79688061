"""The towers and heads. Parameters are looked up by their names; `x` maps names to tensors."""

import math

import torch
import torch.nn.functional as F

from .losses import cut, normalize

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def linear(x, name, y):
    return F.linear(y, x[f"{name}.weight"], x.get(f"{name}.bias"))


def norm(x, name, y, eps):
    return F.layer_norm(y, y.shape[-1:], x[f"{name}.weight"], x[f"{name}.bias"], eps)


def attention(x, name, y, heads, meets=None):
    """Of all tokens to all, or to those that `meets` says, [T, T] or [B, 1, 1, T]."""

    def of_heads(part):
        return linear(x, f"{name}.{part}", y).unflatten(-1, (heads, -1)).transpose(1, 2)

    q, k, v = (of_heads(part) for part in "qkv")
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if meets is not None:
        scores = scores.masked_fill(~meets, -math.inf)
    mixed = scores.softmax(dim=-1) @ v
    return linear(x, f"{name}.proj", mixed.transpose(1, 2).flatten(2))


def mlp(x, name, y, activation=F.gelu):
    return linear(x, f"{name}.mlp.fc2", activation(linear(x, f"{name}.mlp.fc1", y)))


def quick_gelu(y):
    return y * torch.sigmoid(1.702 * y)


def blocks(x, part, y, depth, heads, eps, meets=None, activation=F.gelu):
    """Norms before attention and MLP."""
    for name in (f"{part}.{i}" for i in range(depth)):
        y = y + attention(x, f"{name}.attn", norm(x, f"{name}.norm1", y, eps), heads, meets)
        y = y + mlp(x, name, norm(x, f"{name}.norm2", y, eps), activation)
    return y


def take(table, indices):
    """table[b, indices[b, k]], or the same table for all b."""
    if table.dim() == 2:
        return table[indices.long()]
    return table.gather(1, indices.long()[:, :, None].expand(-1, -1, table.shape[2]))


def embedded(x, at):
    """The visible cubes, before positions."""
    cubes = take(cut(x["frames"], at["tubelet"], at["patch"]), x["visible"])
    pixels = cubes.to(x["encoder.patch.weight"].dtype) / 255
    mean, std = (pixels.new_tensor(each) for each in (MEAN, STD))
    return linear(x, "encoder.patch", ((pixels.unflatten(-1, (-1, 3)) - mean) / std).flatten(2))


def encode(x, at):
    y = embedded(x, at) + take(x["encoder.positions"], x["visible"])
    y = blocks(x, "encoder", y, at["depth"], at["heads"], at["norm_eps"])
    return norm(x, "encoder.norm", y, at["norm_eps"])


def decode(x, encoded, at):
    """The predictions for the masked cubes."""
    table = x["decoder.positions"]
    seen = linear(x, "decoder.embed", encoded) + take(table, x["visible"])
    hidden = x["decoder.mask"] + take(table, x["masked"])
    y = torch.cat([seen, hidden], dim=1)
    y = blocks(x, "decoder", y, at["decoder_depth"], at["decoder_heads"], at["norm_eps"])
    return linear(x, "decoder.head", norm(x, "decoder.norm", y[:, seen.shape[1] :], at["norm_eps"]))


def encode_space_time(x, at):
    """The class token in front of the same visible places of every slot."""
    slots = len(x["encoder.positions.slot"])
    table = (x["encoder.positions.place"] + x["encoder.positions.slot"]).flatten(0, 1)
    y = embedded(x, at) + take(table, x["visible"])
    y = torch.cat([x["encoder.class"].expand(len(y), 1, -1), y], dim=1)
    token = torch.arange(x["visible"].shape[1], device=y.device)
    places = len(token) // slots
    same_place = meeting(token % places)
    same_slot = meeting(token.div(places, rounding_mode="floor"))
    heads, eps = at["heads"], at["norm_eps"]
    for name in (f"encoder.{i}" for i in range(at["depth"])):
        timed = y + attention(x, f"{name}.time", norm(x, f"{name}.norm3", y, eps), heads, same_place)
        y = y + attention(x, f"{name}.attn", norm(x, f"{name}.norm1", timed, eps), heads, same_slot)
        y = y + mlp(x, name, norm(x, f"{name}.norm2", y, eps))
    return norm(x, "encoder.norm", y, eps)


def meeting(group):
    """Which tokens meet: those of a group, and the class token in front all of them."""
    return F.pad(group[:, None] == group, (1, 0, 1, 0), value=True)


def text_tokens(x, ids):
    return x["text.tokens"][ids.long()] + x["text.positions"][: ids.shape[1]]


def encode_text(x, ids, lengths, depth, heads, eps):
    """Norms after attention and MLP; the first token of each caption."""
    y = norm(x, "text.embed.norm", text_tokens(x, ids) + x["text.segments"][0], eps)
    seen = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None, None, None]
    for name in (f"text.{i}" for i in range(depth)):
        y = norm(x, f"{name}.norm1", y + attention(x, f"{name}.attn", y, heads, seen), eps)
        y = norm(x, f"{name}.norm2", y + mlp(x, name, y), eps)
    return y[:, 0]


def project(x, name, y, kind, train=True):
    """Embeddings of length 1, and the next statistics of the batch norm by name."""
    statistics = {}
    if kind in ("mlp", "mlp-bn"):
        y = linear(x, f"{name}.fc1", y)
    if kind == "mlp-bn":
        running = {f"{name}.norm.running_{each}": x[f"{name}.norm.running_{each}"].clone() for each in ("mean", "variance")}
        weight, bias = x[f"{name}.norm.weight"], x[f"{name}.norm.bias"]
        # In training it moves the statistics that it is given.
        y = F.batch_norm(y, *running.values(), weight, bias, training=train, momentum=0.1, eps=1e-5)
        statistics = running if train else {}
    if kind not in ("none", "linear"):
        y = y.relu()
    if kind != "none":
        y = linear(x, f"{name}.fc2", y)
    return normalize(y), statistics


def forward(tensors, at):
    return {"encoded": encode(tensors, at)}


def space_time(tensors, at):
    return {"encoded": encode_space_time(tensors, at)}


def text(tensors, at):
    sizes = at["depth"], at["heads"], at["norm_eps"]
    return {"embedding": encode_text(tensors, tensors["ids"], tensors["lengths"], *sizes)}


def text_causal(tensors, at):
    """A token meets itself and those before it; the last token of each caption."""
    ids, lengths, eps = tensors["ids"], tensors["lengths"].long(), at["norm_eps"]
    length = ids.shape[1]
    meets = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
    y = text_tokens(tensors, ids)
    y = blocks(tensors, "text", y, at["depth"], at["heads"], eps, meets, quick_gelu)
    last = y[torch.arange(len(y), device=y.device), lengths - 1]
    return {"embedding": norm(tensors, "text.norm", last, eps)}


def projection(tensors, at):
    train = at["mode"] == "train"
    embedding, statistics = project(tensors, "projection", tensors["x"], at["kind"], train)
    return {"embedding": embedding, **statistics}

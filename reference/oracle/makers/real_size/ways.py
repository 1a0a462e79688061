"""How a legal float32 run may differ from another: by kernel, by thread, by order of every sum."""

import math
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F


class Stretched(torch.autograd.Function):
    """A vector for each row. Its gradient adds the rows one after the other, as simple backends do."""

    @staticmethod
    def forward(context, vector, rows):
        return vector.expand(*rows, len(vector))

    @staticmethod
    def backward(context, gradient):
        total = torch.zeros(gradient.shape[-1], dtype=gradient.dtype)
        for row in gradient.flatten(0, -2):
            total += row
        return total, None


class Way:
    """One way to compute. The default is the plain one; `Way(seed)` draws another."""

    def __init__(self, seed=None):
        rng = None if seed is None else np.random.default_rng(seed)
        coin = (lambda: False) if rng is None else (lambda: bool(rng.integers(2)))
        self.rng = rng
        self.noise = torch.Generator().manual_seed(seed or 0)
        self.fused = coin()  # attention by one kernel
        self.cut = coin()  # products in two halves of the inner axis
        self.turned = coin()  # products as (W x^T)^T
        self.spelled = coin()  # norms and means spelled out
        # Library functions wrong within what the contracts of `spec/contracts` grant, as OpenCL C does.
        self.loose = seed is not None and seed % 2 == 1
        # Sums over rows one after the other: PyTorch's own add in pairs, which few others do.
        self.in_turn = seed is not None and seed % 2 == 0
        self.mkldnn = rng is None or coin()
        self.threads = 1 if seed is not None and seed % 4 == 3 else torch.get_num_threads()

    @contextmanager
    def applied(self):
        threads = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.backends.mkldnn.flags(enabled=self.mkldnn):
                yield
        finally:
            torch.set_num_threads(threads)

    def stretched(self, vector, rows):
        """A vector for each of `rows`, or as it is where PyTorch stretches it."""
        return Stretched.apply(vector, rows) if self.in_turn else vector

    def linear(self, x, weight, bias):
        if self.in_turn and bias is not None:
            return self.product(x, weight, None) + self.stretched(bias, x.shape[:-1])
        return self.product(x, weight, bias)

    def product(self, x, weight, bias):
        if self.turned:
            rows = x.flatten(0, -2)
            y = (weight @ rows.T).T.unflatten(0, x.shape[:-1]) if rows.shape[0] > 1 else rows @ weight.T
            return y if bias is None else y + bias
        if self.cut:
            half = x.shape[-1] // 2
            y = F.linear(x[..., :half], weight[:, :half], bias)
            return y + F.linear(x[..., half:], weight[:, half:])
        return F.linear(x, weight, bias)

    def layer_norm(self, x, weight, bias, eps):
        if not self.spelled and not self.in_turn:
            return F.layer_norm(x, weight.shape, weight, bias, eps)
        centred = x - x.mean(-1, keepdim=True)
        rstd = torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps)
        weight, bias = (self.stretched(each, x.shape[:-1]) for each in (weight, bias))
        return centred * self.granted(rstd, 2) * weight + bias

    def attention(self, q, k, v, bias):
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-1, -2)
        scores = scores if bias is None else scores + bias
        if not self.loose:
            return torch.softmax(scores, -1) @ v
        weights = self.granted(torch.exp(scores - scores.amax(-1, keepdim=True)), 3)
        return (weights / weights.sum(-1, keepdim=True)) @ v

    def gelu(self, x):
        if not self.loose:
            return F.gelu(x)
        return 0.5 * x * (1 + self.granted(torch.erf(x / math.sqrt(2)), 16))

    def granted(self, x, ulps):
        """x, each element off by at most so many units in the last place of a float32 number."""
        if not self.loose:
            return x
        off = torch.rand(x.shape, generator=self.noise, dtype=x.dtype) * 2 - 1
        return x * (1 + off * (ulps * 2.0**-24))

    def mean_square(self, difference):
        square = difference.square()
        return square.mean(-1).mean() if self.spelled else square.mean()

    def order(self, count):
        """An order of `count` things, which changes the order of the sums over them."""
        return np.arange(count) if self.rng is None else self.rng.permutation(count)


def axes_of(name, shape, model):
    """What each axis of a parameter counts, or None where its order stays."""
    parts = name.split(".")
    tower, block = parts[0], ".".join(parts[:2])
    if tower == "projection":
        video = parts[1] == "video"
        inputs, hidden = ("encoder" if video else "text"), "head" if video else None
        if parts[2] == "fc1":
            return [hidden, inputs]
        if parts[2] == "norm":
            return [hidden]
        two_layers = video and not model.class_token
        return [None, hidden if two_layers else inputs] if len(shape) == 2 else [None]
    if "attn" in parts:
        inner = f"{block}.attn"
        if parts[3] == "proj":
            return [tower, inner] if len(shape) == 2 else [tower]
        return [inner, tower] if len(shape) == 2 else [inner]
    if "mlp" in parts:
        inner = f"{block}.mlp"
        one = [inner, tower] if parts[3] == "fc1" else [tower, inner]
        return one[: len(shape)]
    if name == "decoder.embed.weight":
        return ["decoder", "encoder"]
    if name == "decoder.head.weight":
        return [None, "decoder"]
    if name == "decoder.head.bias":
        return [None]
    if name == "encoder.patch.weight":
        return ["encoder", None]
    return [None] * (len(shape) - 1) + [tower]


class Orders:
    """Orders of the channels of every layer: the model is the same, every sum over channels is not."""

    def __init__(self, way, shapes, model):
        self.axes = {name: axes_of(name, shape, model) for name, shape in shapes.items()}
        extents = {}
        for name, shape in shapes.items():
            for label, extent in zip(self.axes[name], shape):
                if label is not None and extents.setdefault(label, extent) != extent:
                    raise ValueError(f"{name}: {label} has {extents[label]} and {extent} channels")
        self.orders = {label: self.draw(way, label, extent, model) for label, extent in extents.items()}

    @staticmethod
    def draw(way, label, extent, model):
        if not label.endswith(".attn"):
            return way.order(extent)
        # Heads among themselves, and the channels of each.
        heads = {"encoder": model.heads, "decoder": (model.decoder or (0, 0))[1], "text": (model.text or (0, 0))[1]}
        size = extent // heads[label.split(".")[0]]
        return np.concatenate([head * size + way.order(size) for head in way.order(extent // size)])

    def to_run(self, name, tensor):
        return self.turn(name, tensor, lambda order: order)

    def from_run(self, name, tensor):
        return self.turn(name, tensor, np.argsort)

    def turn(self, name, tensor, pick):
        for axis, label in enumerate(self.axes[name]):
            if label is not None:
                tensor = tensor.index_select(axis, torch.from_numpy(pick(self.orders[label]).copy()))
        return tensor

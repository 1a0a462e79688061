"""
Attention and its gradient as whole calls. Scores are made for one block of queries after the other and
never held whole: memory does not grow with the square of the tokens. Each row of a block is the softmax
of all its scores, in the formulas of the specification (`spec/program/composites/attention.ts`).
"""

import math

import jax.numpy as jnp
from jax import lax

from .primitives import product


class Attention:
    def __init__(self, precision, rows):
        """rows: the most queries of a block."""
        self.product = product(precision)
        self.rows = rows

    def forward(self, q, k, v, bias=None, *, scale):
        """o = softmax(scale q k^T + bias) v."""

        def block(rows):
            return None, self.times(self.probabilities(rows["q"], k, rows.get("bias"), scale), v)

        blocks, merge = self.blocks({"q": q}, bias)
        _, o = lax.scan(lambda _, rows: block(rows), None, blocks)
        return merge(o)

    def gradient(self, q, k, v, o, do, bias=None, *, scale):
        """dv = p^T do; ds = p (do v^T - rowsum(do o)); dq = scale ds k; dk = ds^T (scale q)."""

        def block(sums, rows):
            p = self.probabilities(rows["q"], k, rows.get("bias"), scale)
            inner = jnp.sum(rows["do"] * rows["o"], -1, keepdims=True)
            ds = p * (self.times(rows["do"], v, transpose_b=True) - inner)
            dk, dv = sums
            dk = dk + self.times(ds, rows["q"] * scaled(scale, q), transpose_a=True)
            dv = dv + self.times(p, rows["do"], transpose_a=True)
            return (dk, dv), self.times(ds, k) * scaled(scale, q)

        blocks, merge = self.blocks({"q": q, "o": o, "do": do}, bias)
        (dk, dv), dq = lax.scan(block, (jnp.zeros_like(k), jnp.zeros_like(v)), blocks)
        return merge(dq), dk, dv

    def probabilities(self, q, k, bias, scale):
        scores = self.times(q * scaled(scale, q), k, transpose_b=True)
        if bias is not None:
            scores = scores + bias
        shifted = jnp.exp(scores - jnp.max(scores, -1, keepdims=True))
        return shifted / jnp.sum(shifted, -1, keepdims=True)

    def times(self, a, b, transpose_a=False, transpose_b=False):
        return self.product(a, b, transpose_a, transpose_b)

    def blocks(self, by_query, bias):
        """What goes with queries, [..., Q, d], as [blocks, ..., rows, d]; and the way back."""
        rank, queries = by_query["q"].ndim, by_query["q"].shape[-2]
        count = max(1, math.ceil(queries / self.rows))
        rows = math.ceil(queries / count)

        def split(x):
            x = jnp.pad(x, [*[(0, 0)] * (rank - 2), (0, count * rows - queries), (0, 0)])
            return jnp.moveaxis(x.reshape(*x.shape[:-2], count, rows, x.shape[-1]), -3, 0)

        def merge(x):
            x = jnp.moveaxis(x, 0, -3)
            return x.reshape(*x.shape[:-3], count * rows, x.shape[-1])[..., :queries, :]

        parts = {name: split(x) for name, x in by_query.items()}
        if bias is not None:
            bias = bias.reshape((1,) * (rank - bias.ndim) + bias.shape)
            each = (count, *bias.shape)
            parts["bias"] = split(bias) if bias.shape[-2] == queries > 1 else jnp.broadcast_to(bias, each)
        return parts, merge


def scaled(scale, like):
    return jnp.asarray(scale, like.dtype)

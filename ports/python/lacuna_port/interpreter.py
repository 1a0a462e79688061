"""Executes programs with NumPy, one primitive after the other."""

import math

import numpy as np

from .harness import TYPES, Unsupported
from .layers import ERF
from .program_text import parse


class Interpreter:
    """A program that was read, ready to run."""

    def __init__(self, text):
        self.program = parse(text)
        for operation in self.program.operations:
            if operation.name not in PRIMITIVES:
                raise Unsupported(f"there is no primitive {operation.name}")

    def run(self, inputs):
        values = {}
        for name, (dtype, shape) in self.program.inputs.items():
            values[name] = checked(inputs[name], np.dtype(dtype), shape, name)
        for name, operands, attributes, results, types in self.program.operations:
            dtype, shape = types[0]
            made = PRIMITIVES[name](*(values[each] for each in operands), **attributes)
            values[results[0]] = checked(np.asarray(made), np.dtype(dtype), shape, results[0])
        return {name: values[value] for name, value in self.program.outputs.items()}


def checked(x, dtype, shape, name):
    if x.dtype == dtype and x.shape == shape:
        return x
    raise TypeError(f"{name} is {x.dtype}{x.shape}, declared {dtype}{shape}")


def through_double(function):
    """A function computed in float64 and rounded once."""
    return lambda x: function(x.astype("f8")).astype(x.dtype)


def cast(x, dtype):
    if dtype == "bool":
        return x != 0
    return (np.trunc(x) if x.dtype.kind == "f" else x).astype(TYPES[dtype])


def matmul(a, b, transpose_a, transpose_b):
    return np.matmul(a.swapaxes(-1, -2) if transpose_a else a, b.swapaxes(-1, -2) if transpose_b else b)


def pad(x, low, high, value):
    widths = np.array([low, high], int).T
    return np.pad(x, widths, constant_values=x.dtype.type(value)) if x.ndim else x


def slices(x, starts, ends):
    return x[tuple(slice(start, end) for start, end in zip(starts, ends))]


def in_range(indices, extent):
    if indices.size and (indices.min() < 0 or indices.max() >= extent):
        raise IndexError(f"an index is outside [0, {extent})")
    return indices


def gather(x, indices, batch):
    count, extent, rest = math.prod(x.shape[:batch]), x.shape[batch], x.shape[batch + 1 :]
    flat = in_range(indices, extent).reshape(count, math.prod(indices.shape[batch:]))
    table = x.reshape(count, extent, math.prod(rest))
    return table[np.arange(count)[:, None], flat].reshape(indices.shape + rest)


def scatter_add(indices, updates, batch, size):
    count, rest = math.prod(indices.shape[:batch]), updates.shape[indices.ndim :]
    each = math.prod(indices.shape[batch:])
    out = np.zeros((count, size, math.prod(rest)), updates.dtype)
    flat = in_range(indices, size).reshape(count, each)
    rows = updates.reshape(count, each, math.prod(rest))
    np.add.at(out, (np.arange(count)[:, None], flat), rows)
    return out.reshape(indices.shape[:batch] + (size,) + rest)


def iota(shape, axis):
    line = np.arange(shape[axis], dtype="<i4").reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return np.broadcast_to(line, shape)


def constant(data, dtype, shape):
    count = math.prod(shape)
    numbers = np.array(data * count if len(data) == 1 else data).astype(TYPES[dtype])
    return numbers[:count].reshape(shape)


COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}

PRIMITIVES = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.minimum,
    "max": np.maximum,
    "neg": np.negative,
    "exp": through_double(np.exp),
    "log": through_double(np.log),
    "sqrt": np.sqrt,
    "rsqrt": through_double(lambda x: 1 / np.sqrt(x)),
    "erf": through_double(ERF),
    "tanh": through_double(np.tanh),
    "compare": lambda a, b, direction: COMPARISONS[direction](a, b),
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "is_finite": np.isfinite,
    "select": np.where,
    "cast": cast,
    "reduce_sum": lambda x, axes, keep: x.sum(axis=tuple(axes), keepdims=keep, dtype=x.dtype),
    "reduce_max": lambda x, axes, keep: x.max(axis=tuple(axes), keepdims=keep),
    "matmul": matmul,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, permutation: x.transpose(permutation),
    "broadcast": lambda x, shape: np.broadcast_to(x, shape),
    "slice": slices,
    "pad": pad,
    "concat": lambda *parts, axis: np.concatenate(parts, axis=axis),
    "gather": gather,
    "scatter_add": scatter_add,
    "iota": iota,
    "constant": constant,
}

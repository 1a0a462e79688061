"""Reads the text of a program and executes it with PyTorch, one primitive after the other."""

import math
import re

import torch

from .protocol import DTYPES, Unsupported

ATTRIBUTE = re.compile(r'(\w+)=(\[[^\]]*\]|"[^"]*"|[^,}]+)')
TYPE = re.compile(r"(\w+)\[([\d,]*)\]")


class Program:
    """A program that was read, ready to run."""

    def __init__(self, text, device):
        self.device = device
        version, _, *lines = text.splitlines()
        if version != "lacuna program 1":
            raise Unsupported(f"programs of another version: {version}")
        self.inputs, self.operations, self.outputs = {}, [], {}
        for line in lines:
            if line == "end":
                return
            if line.startswith("input %"):
                name, declared = line[len("input %") :].split(" : ")
                self.inputs[name] = types_in(declared)[0]
            elif line.startswith("output "):
                name, value = line[len("output ") :].split(" = %")
                self.outputs[name] = value
            else:
                self.operations.append(operation_in(line))
        raise ValueError("the text has no end")

    def run(self, inputs):
        values = {name: checked(inputs[name], declared, name) for name, declared in self.inputs.items()}
        for result, declared, function, operands, attributes in self.operations:
            made = function(*(values[each] for each in operands), **attributes)
            # What has no operands is made on the CPU.
            values[result] = checked(made if operands else made.to(self.device), declared, result)
        return {name: values[value] for name, value in self.outputs.items()}


def checked(x, declared, name):
    if (x.dtype, tuple(x.shape)) != declared:
        raise TypeError(f"{name} is {x.dtype}{list(x.shape)}, declared {declared}")
    return x


def operation_in(line):
    """The result, its type, the function, its operands and its attributes."""
    left, _, right = line.partition(" = ")
    right, _, declared = right.rpartition(" : ")
    head, _, braces = right.partition(" {")
    name, _, operands = head.partition(" ")
    if name not in PRIMITIVES:
        raise Unsupported(f"there is no primitive {head}")
    attributes = {key: value_of(text) for key, text in ATTRIBUTE.findall(braces)}
    names = [each[1:] for each in operands.split(", ") if each]
    return left[1:], types_in(declared)[0], PRIMITIVES[name], names, attributes


def types_in(text):
    found = TYPE.findall(text)
    for name, _ in found:
        if name not in DTYPES:
            raise Unsupported(f"the element type {name}")
    return [(DTYPES[name], tuple(int(n) for n in extents.split(",") if n)) for name, extents in found]


def value_of(text):
    if text.startswith("["):
        return [value_of(each) for each in text[1:-1].split(",") if each]
    if text.startswith('"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else float(text)


def cast(x, dtype):
    return x != 0 if dtype == "bool" else x.to(DTYPES[dtype])


def reduced(function):
    """A reduction: for PyTorch no axes are all axes, here they are none."""
    return lambda x, axes, keep: function(x, axes, keep) if axes else x


def matmul(a, b, transpose_a, transpose_b):
    return (a.mT if transpose_a else a) @ (b.mT if transpose_b else b)


def slices(x, starts, ends):
    return x[tuple(slice(start, end) for start, end in zip(starts, ends))]


def pad(x, low, high, value):
    shape = [before + n + after for before, n, after in zip(low, x.shape, high)]
    out = x.new_full(shape, value)
    out[tuple(slice(before, before + n) for before, n in zip(low, x.shape))] = x
    return out


def flat_indices(indices, batch, size):
    """The rows of all batches as those of one table."""
    if indices.numel() and not (0 <= indices.min() and indices.max() < size):
        raise IndexError(f"an index is outside [0, {size})")
    count = math.prod(indices.shape[:batch])
    first = torch.arange(count, device=indices.device)[:, None] * size
    return (indices.reshape(count, math.prod(indices.shape[batch:])).long() + first).reshape(-1)


def gather(x, indices, batch):
    rest = x.shape[batch + 1 :]
    table = x.reshape(math.prod(x.shape[: batch + 1]), math.prod(rest))
    return table[flat_indices(indices, batch, x.shape[batch])].reshape((*indices.shape, *rest))


def scatter_add(indices, updates, batch, size):
    rest = updates.shape[indices.dim() :]
    rows = updates.reshape(indices.numel(), math.prod(rest))
    table = updates.new_zeros(math.prod(indices.shape[:batch]) * size, math.prod(rest))
    table.index_add_(0, flat_indices(indices, batch, size), rows)
    return table.reshape((*indices.shape[:batch], size, *rest))


def iota(shape, axis):
    line = torch.arange(shape[axis], dtype=torch.int32)
    return line.reshape([-1 if i == axis else 1 for i in range(len(shape))]).expand(shape)


def constant(data, dtype, shape):
    numbers = torch.tensor(data, dtype=torch.float64).to(DTYPES[dtype])
    return numbers.reshape(shape) if len(data) == math.prod(shape) else numbers.expand(shape)


COMPARISONS = {"eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge}

PRIMITIVES = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "min": torch.minimum,
    "max": torch.maximum,
    "neg": torch.neg,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "erf": torch.erf,
    "tanh": torch.tanh,
    "compare": lambda a, b, direction: COMPARISONS[direction](a, b),
    "and": torch.logical_and,
    "or": torch.logical_or,
    "not": torch.logical_not,
    "is_finite": torch.isfinite,
    "select": torch.where,
    "cast": cast,
    "reduce_sum": reduced(lambda x, axes, keep: x.sum(dim=axes, keepdim=keep, dtype=x.dtype)),
    "reduce_max": reduced(lambda x, axes, keep: x.amax(dim=axes, keepdim=keep)),
    "matmul": matmul,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, permutation: x.permute(permutation),
    "broadcast": lambda x, shape: x.expand(shape),
    "slice": slices,
    "pad": pad,
    "concat": lambda *parts, axis: torch.cat(parts, dim=axis),
    "gather": gather,
    "scatter_add": scatter_add,
    "iota": iota,
    "constant": constant,
}

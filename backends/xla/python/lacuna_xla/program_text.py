"""
Reads the canonical text of a program: one line a declaration. It travels in the package, alone: the ports in `ports/`, which are
written from the documents and share nothing, are not there.
"""

import re
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

ATTRIBUTE = re.compile(r'(\w+)=(\[[^\]]*\]|"[^"]*"|[^,}]+)')
TYPE = re.compile(r"(\w+)\[([\d,]*)\]")
INTEGER = re.compile(r"-?[1-9]\d*|0")

DTYPES = {
    "f64": np.dtype("f8"),
    "f32": np.dtype("f4"),
    "f16": np.dtype("f2"),
    "bf16": np.dtype(jnp.bfloat16),
    "i32": np.dtype("i4"),
    "u8": np.dtype("u1"),
    "bool": np.dtype("?"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class Unsupported(Exception):
    """What this program of XLA does not do, in a sentence."""


class Type(NamedTuple):
    dtype: np.dtype
    shape: tuple


class Input(NamedTuple):
    """`role` says what it is for: `data`, `parameter`, ... (spec/program/types.ts)."""

    dtype: np.dtype
    shape: tuple
    role: str


class Operation(NamedTuple):
    """`name` is that of a primitive, or `call NAME` of a composite."""

    name: str
    operands: list
    attributes: dict
    results: list
    types: list


class Program(NamedTuple):
    name: str
    inputs: dict
    operations: list
    outputs: dict


def parse(text):
    version, title, *lines = text.splitlines()
    if version != "lacuna program 1":
        raise Unsupported(f"programs of another version: {version}")
    program = Program(title.removeprefix("name "), {}, [], {})
    for line in lines:
        if line == "end":
            return program
        if line.startswith("input %"):
            name, declared = line[len("input %") :].split(" : ")
            types, role, *_ = declared.split(" ")
            program.inputs[name] = Input(*types_in(types)[0], role)
        elif line.startswith("output "):
            name, value = line[len("output ") :].split(" = %")
            program.outputs[name] = value
        else:
            program.operations.append(operation_in(line))
    raise ValueError("the text of the program has no end")


def operation_in(line):
    left, _, right = line.partition(" = ")
    right, _, declared = right.rpartition(" : ")
    head, _, braces = right.partition(" {")
    words, _, operands = head.partition(" %")
    return Operation(
        words,
        [each.lstrip("%") for each in operands.split(", ") if each],
        {key: value_of(value) for key, value in ATTRIBUTE.findall(braces)},
        [each[1:] for each in left.split(", ")],
        types_in(declared),
    )


def types_in(text):
    return [
        Type(DTYPES[name], tuple(int(n) for n in extents.split(",") if n))
        for name, extents in TYPE.findall(text)
    ]


def value_of(text):
    if text.startswith("["):
        return [value_of(each) for each in text[1:-1].split(",") if each]
    if text.startswith('"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if INTEGER.fullmatch(text) else float(text)

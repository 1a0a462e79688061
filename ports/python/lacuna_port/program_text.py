"""Reads the canonical text of a program: one line a declaration."""

import re
from typing import NamedTuple

from .harness import TYPES, Unsupported

ATTRIBUTE = re.compile(r'(\w+)=(\[[^\]]*\]|"[^"]*"|[^,}]+)')
SPECIAL = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class Operation(NamedTuple):
    name: str
    operands: list
    attributes: dict
    results: list
    types: list


class Program(NamedTuple):
    inputs: dict
    operations: list
    outputs: dict


def parse(text):
    lines = text.splitlines()
    if lines[0] != "lacuna program 1":
        raise Unsupported(f"programs of another version: {lines[0]}")
    program = Program({}, [], {})
    for line in lines[2:]:
        if line == "end":
            return program
        word, _, rest = line.partition(" ")
        if word == "input":
            name, _, declared = rest.partition(" : ")
            program.inputs[name[1:]] = parse_type(declared.split(" ")[0])
        elif word == "output":
            name, _, value = rest.partition(" = ")
            program.outputs[name] = value[1:]
        else:
            program.operations.append(parse_operation(line))
    raise ValueError("the text has no end")


def parse_operation(line):
    left, _, right = line.partition(" = ")
    right, _, types = right.rpartition(" : ")
    head, _, braces = right.partition(" {")
    name, _, operands = head.partition(" ")
    if name == "call":
        raise Unsupported(f"the composite {operands.split(' ')[0]} is not expanded")
    return Operation(
        name,
        [operand[1:] for operand in operands.split(", ") if operand],
        {key: parse_value(value) for key, value in ATTRIBUTE.findall(braces)},
        [result[1:] for result in left.split(", ")],
        [parse_type(each) for each in re.findall(r"\w+\[[\d,]*\]", types)],
    )


def parse_type(text):
    dtype, _, extents = text.rstrip("]").partition("[")
    if dtype not in TYPES:
        raise Unsupported(f"the element type {dtype}")
    return TYPES[dtype], tuple(int(extent) for extent in extents.split(",") if extent)


def parse_value(text):
    if text.startswith("["):
        return [parse_value(item) for item in text[1:-1].split(",") if item]
    if text.startswith('"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if text in SPECIAL:
        return SPECIAL[text]
    return int(text) if re.fullmatch(r"-?[1-9]\d*|0", text) else float(text)

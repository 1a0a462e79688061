"""Checks functions against exported vectors; needs NumPy and nothing of Lacuna.

    python3 check_vectors.py FOLDER [MODULE:TABLE]

TABLE maps names of functions to callables of (tensors, attributes) that return tensors by name.
"""

import importlib
import json
import pathlib
import sys

import numpy as np

TYPES = {"F64": "<f8", "F32": "<f4", "I32": "<i4", "U8": "u1", "BOOL": "?"}
NAMES = {"f64": "f8", "f32": "f4", "i32": "i4", "u8": "u1", "bool": "?"}


def load(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def wrong(name, got, tensors, dtype):
    """Whether a result is of another type or out of its bounds."""
    want = tensors.get(f"value.{name}", tensors.get(f"exact.{name}"))
    if got is None or got.shape != want.shape or got.dtype != np.dtype(NAMES[dtype]):
        return True
    if f"exact.{name}" in tensors:
        return bool(((got != want) & (tensors.get(f"unsure.{name}", np.zeros(1)) == 0)).any())
    low, high = tensors[f"low.{name}"], tensors[f"high.{name}"]
    anything = (low == -np.inf) & (high == np.inf)
    inside = (got >= low) & (got <= high) | np.isnan(want) & np.isnan(got) | anything
    return not inside.all()


folder = pathlib.Path(sys.argv[1])
module, _, table = (sys.argv[2] if len(sys.argv) > 2 else "lacuna_port.functions:FUNCTIONS").partition(":")
functions = getattr(importlib.import_module(module), table)
checked, failed = 0, 0
for vector in json.loads((folder / "index.json").read_text())["vectors"]:
    if vector.get("call", {}).get("function") not in functions:
        continue
    tensors = load(folder / vector["file"])
    inputs = {name: tensors[f"input.{name}"] for name in vector["inputs"]}
    with np.errstate(all="ignore"):
        results = functions[vector["call"]["function"]](inputs, vector["call"]["attributes"])
    bad = [n for n in vector["outputs"] if wrong(n, results.get(n), tensors, vector["types"][n])]
    checked, failed = checked + 1, failed + bool(bad)
    if bad:
        print(f"FAIL {vector['address']}\n  {', '.join(bad)}; clauses {', '.join(vector['clauses'])}")
print(f"{checked} vectors checked, {failed} failed")
sys.exit(1 if failed or not checked else 0)

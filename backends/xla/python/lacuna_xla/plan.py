"""
`python -m lacuna_xla.plan --target cpux4 --batch 8` reads the text of a step from stdin, compiles it for the devices
of the target with the batch split over them, and prints what XLA made of it, as JSON. Nothing runs.
"""

import argparse
import json
import os
import re
import sys

TARGET = re.compile(r"(cpu)x([1-9]\d{0,3})")
COLLECTIVES = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute|collective-broadcast"
COLLECTIVE = re.compile(rf"= (.*?) ({COLLECTIVES})(?:-start)?\(")
ARRAY = re.compile(r"\b(pred|u8|s32|u32|bf16|f16|f32|f64)\[([\d,]*)\]")
BYTES = {"pred": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "f64": 8}


def main():
    parser = argparse.ArgumentParser(prog="lacuna_xla.plan", description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--rows", required=True, help="positions of the inputs that are rows of the batch, as 0,2")
    parser.add_argument("--precision", default="f32")
    options = parser.parse_args()
    found = TARGET.fullmatch(options.target)
    if found is None:
        sys.exit(f"there is no target {options.target}; take cpuxN, for N simulated devices")
    count = int(found[2])
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_allow_excess_precision=false"

    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_num_cpu_devices", count)
    from .mesh import Layouts
    from .programs import Programs

    rows = [int(each) for each in options.rows.split(",") if each]
    print(json.dumps(plan(Programs(options.precision, 256), sys.stdin.read(), Layouts(jax.devices()), rows)))


def plan(programs, text, layouts, rows):
    """What a device computes, holds and sends in one step; the inputs split over the devices, and those not."""
    import jax

    roles = dict(re.findall(r"^input %(\S+) : \S+ (\w+)", text, re.MULTILINE))
    compiled = programs.compile(text, [], layouts, rows)
    memory = compiled.computation.memory_analysis()
    data = [name for name in compiled.inputs if roles[name] == "data"]
    split = [name for place, name in enumerate(compiled.inputs) if place in rows]
    return {
        "devices": len(layouts.devices),
        "split": split,
        "whole": [name for name in data if name not in split],
        "collectives": collectives(compiled.computation.as_text()),
        "gflop": compiled.computation.cost_analysis()["flops"] / 1e9,
        "inputs": memory.argument_size_in_bytes,
        "outputs": memory.output_size_in_bytes,
        "between": memory.temp_size_in_bytes,
        "jax": jax.__version__,
    }


def collectives(hlo):
    """Each kind with its number and the bytes of its results on a device."""
    found = {}
    for types, kind in COLLECTIVE.findall(hlo):
        each = found.setdefault(kind, {"count": 0, "bytes": 0, "largest": ""})
        sizes = {name: size_of(name) for name in (f"{d}[{e}]" for d, e in ARRAY.findall(types))}
        each["count"] += 1
        each["bytes"] += sum(size_of(f"{d}[{e}]") for d, e in ARRAY.findall(types))
        largest = max(sizes, key=sizes.get, default="")
        if largest and size_of(largest) > size_of(each["largest"]):
            each["largest"] = largest
    return found


def size_of(array):
    size = 0
    for dtype, extents in ARRAY.findall(array):
        size = BYTES[dtype]
        for extent in extents.split(","):
            size *= int(extent or 1)
    return size


if __name__ == "__main__":
    main()

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
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--precision", default="f32")
    options = parser.parse_args()
    found = TARGET.fullmatch(options.target)
    if found is None:
        sys.exit(f"there is no target {options.target}; take cpuxN, for N simulated devices")
    count = int(found[2])
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = f"--xla_allow_excess_precision=false --xla_force_host_platform_device_count={count}"

    import jax

    jax.config.update("jax_enable_x64", True)
    from .programs import Programs

    mesh = jax.make_mesh((count,), ("batch",))
    print(json.dumps(plan(Programs(options.precision, 256), sys.stdin.read(), mesh, options.batch)))


def plan(programs, text, mesh, batch):
    """What a device computes, holds and sends in one step; the inputs split over the devices, and those not."""
    import jax
    from jax.sharding import NamedSharding, PartitionSpec

    rows, whole = NamedSharding(mesh, PartitionSpec("batch")), NamedSharding(mesh, PartitionSpec())
    roles = dict(re.findall(r"^input %(\S+) : \S+ (\w+)", text, re.MULTILINE))

    def is_split(name, shape):
        return roles[name] == "data" and shape[:1] == (batch,)

    def placed(program):
        return [rows if is_split(name, shape) else whole for name, (_, shape) in program.inputs.items()]

    compiled = programs.compile(text, [], placed, whole)
    memory = compiled.computation.memory_analysis()
    data = [name for name in compiled.inputs if roles[name] == "data"]
    split = [name for name in data if is_split(name, compiled.inputs[name].shape)]
    return {
        "devices": mesh.size,
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

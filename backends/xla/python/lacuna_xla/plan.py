"""
`python -m lacuna_xla.plan --target cpux4 --rows 0,2` reads the text of a step from stdin, compiles it for the devices
of the target with the batch split over them, and prints what XLA made of it, as JSON. Nothing runs.
"""

import argparse
import json
import sys

from .hlo import collectives, products
from .targets import devices_of


def main():
    parser = argparse.ArgumentParser(prog="lacuna_xla.plan", description=__doc__)
    parser.add_argument("--target", required=True, help="cpuxN, h100xN or v5exN")
    parser.add_argument("--rows", required=True, help="positions of the inputs that are rows of the batch, as 0,2")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--shard-state", action="store_true", help="weights and moments in parts, one on each device")
    options = parser.parse_args()
    devices = devices_of(options.target)
    from .mesh import Layouts
    from .programs import Programs

    rows = [int(each) for each in options.rows.split(",") if each]
    layouts = Layouts(devices, options.shard_state)
    print(json.dumps(plan(Programs(options.precision, 256), sys.stdin.read(), layouts, rows)))


def plan(programs, text, layouts, rows):
    """What a device computes, holds and sends in one step; the inputs split over the devices, and those not."""
    import jax

    compiled = programs.compile(text, [], layouts, rows)
    memory = compiled.computation.memory_analysis()
    data = [name for name, each in compiled.inputs.items() if each.role == "data"]
    split = [name for place, name in enumerate(compiled.inputs) if place in rows]
    hlo = compiled.computation.as_text()
    # Products of a TPU are convolutions of its own kind, whose operations XLA counts; for a GPU that is not there it counts nothing.
    on_tpu = layouts.devices[0].platform == "tpu"
    operations = compiled.computation.cost_analysis()["flops"] if on_tpu else products(hlo)
    return {
        "devices": len(layouts.devices),
        "kind": layouts.devices[0].device_kind,
        "split": split,
        "whole": [name for name in data if name not in split],
        "collectives": collectives(hlo),
        "gflop": operations / 1e9,
        "counted": "all" if on_tpu else "products",
        "inputs": memory.argument_size_in_bytes,
        "outputs": memory.output_size_in_bytes,
        "between": memory.temp_size_in_bytes,
        "jax": jax.__version__,
    }


if __name__ == "__main__":
    main()

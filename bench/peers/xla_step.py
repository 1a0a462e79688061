"""
The step of a program inside Python alone: `python xla_step.py PACKAGE PROGRAM INPUTS` reads a program's text
and its inputs (safetensors), says `ready`, and for each line of its input runs a step as `backends/xla` does: feeds
go to the device, state stays there, the loss is read. It answers with milliseconds and the loss.
"""

import json
import os
import sys
import time

sys.path.insert(0, sys.argv[1])
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_allow_excess_precision=false"

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
from lacuna_xla.program_text import DTYPES
from lacuna_xla.programs import Programs

FEEDS = {"data", "schedule"}


def read(path):
    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    names = {"F32": "f32", "I32": "i32", "U8": "u8"}
    for name, each in header.items():
        if name != "__metadata__":
            start, end = each["data_offsets"]
            yield name, np.frombuffer(body[start:end], DTYPES[names[each["dtype"]]]).reshape(each["shape"])


text = open(sys.argv[2]).read()
inputs = dict(read(sys.argv[3]))
roles = dict(line[len("input %") :].split(" : ") for line in text.splitlines() if line.startswith("input %"))
state = {name: jax.device_put(x, may_alias=False) for name, x in inputs.items() if roles[name].split(" ")[1] not in FEEDS}
names, outputs = list(roles), [line.split(" ")[1] for line in text.splitlines() if line.startswith("output ")]
donate = [place for place, name in enumerate(names) if name in outputs]
compiled = Programs("f32", 256).compile(text, donate)
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    feeds = {name: jax.device_put(x, may_alias=False) for name, x in inputs.items() if name not in state}
    made = dict(zip(outputs, compiled.run([feeds[name] if name in feeds else state[name] for name in names])))
    loss = float(np.asarray(made["loss"]))
    state.update((name, x) for name, x in made.items() if name in state)
    print(json.dumps([1000 * (time.perf_counter() - start), loss]), flush=True)

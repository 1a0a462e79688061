"""Writes a fixture as safetensors, byte for byte the same for the same values."""

import json
import platform

import numpy as np
import torch

try:
    import transformers
except ImportError:  # the fixtures of probes are made without it
    transformers = None

DTYPES = {"float64": "F64", "float32": "F32", "int64": "I64", "uint8": "U8", "bool": "BOOL"}


def as_array(value):
    array = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    return np.array(array, order="C")


def write_fixture(path, tensors, about, config):
    """Writes safetensors with a fixed order of keys (the official writer's order of metadata varies)."""
    arrays = {name: as_array(value) for name, value in tensors.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))  # wide types first: aligned
    metadata = {
        "about": about,
        "config": json.dumps(config, sort_keys=True),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    if transformers is not None:
        metadata["transformers"] = transformers.__version__
    header, offset = {"__metadata__": metadata}, 0
    for name in order:
        array, end = arrays[name], offset + arrays[name].nbytes
        header[name] = {"dtype": DTYPES[str(array.dtype)], "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(arrays[name].tobytes())
    print(f"{path.name}: {len(order)} tensors, {path.stat().st_size / 1024:.0f} KiB")

"""Writes the fixtures of real size: steps of VideoMAE-B, MAC-B and TGM-B by PyTorch in float64.

Nobody needs to run this to use or to test Lacuna. It needs torch, transformers and numpy (nothing is
downloaded), 12 GB of memory and, on two cores, hours:

    python reference/oracle/make_real_size.py FOLDER [MODEL ...] [--runs N] [--parts PARTS]

PARTS (default: a new folder) keeps each run, so that a broken run goes on where it was. Models:
videomae_b, mac_b, tgm_b. README.md says what the files hold.
"""

import argparse
import pickle
import tempfile
import time
from pathlib import Path

import torch

from makers.real_size.fixture import write_real_size
from makers.real_size.models import MODELS
from makers.real_size.steps import STEPS, plain_run
from makers.real_size.videomae import videomae_run
from makers.real_size.ways import Way


def kept_run(parts, name, make):
    """A run that is read back where it was made before."""
    path = parts / f"{name}.pickle"
    if not path.exists():
        start = time.time()
        run = make()
        with open(path, "wb") as file:
            pickle.dump(run, file)
        print(f"{name}: {time.time() - start:.0f} s, losses {run.losses['loss']}, norms {run.grad_norm}", flush=True)
    with open(path, "rb") as file:
        return pickle.load(file)


def legal_run(parts, m, seed, steps):
    name = f"{m.name}.{seed}" if steps == STEPS else f"{m.name}.{seed}.first"
    return kept_run(parts, name, lambda: plain_run(m, torch.float32, Way(seed), steps))


def main():
    parser = argparse.ArgumentParser(description="Makes the fixtures of real size.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", default=[m.name for m in MODELS])
    parser.add_argument("--runs", type=int, default=8, help="legal float32 runs")
    parser.add_argument("--whole", type=int, help="how many of them make all three steps; the others one")
    parser.add_argument("--parts", type=Path)
    options = parser.parse_args()
    parts = options.parts or Path(tempfile.mkdtemp())
    parts.mkdir(parents=True, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    for m in MODELS:
        if m.name not in options.models:
            continue
        plain = kept_run(parts, f"{m.name}.plain", lambda: plain_run(m, torch.float64))
        exact = kept_run(parts, f"{m.name}.hf", lambda: videomae_run(m)) if m.name == "videomae_b" else plain
        whole = options.runs if options.whole is None else options.whole
        runs = [legal_run(parts, m, seed, STEPS if seed < whole else 1) for seed in range(options.runs)]
        write_real_size(options.folder / f"{m.name}.safetensors", m, exact, plain, runs)


if __name__ == "__main__":
    main()

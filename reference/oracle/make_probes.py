"""Writes the fixtures of what probes are made of, by the authors' own code in float64: MAE's LARS and V-JEPA 2's pooler.

Nobody needs to run this to use or to test Lacuna. To make the files again, with torch and numpy and checkouts of
facebookresearch/mae and facebookresearch/vjepa2 (neither is part of this project):

    python reference/oracle/make_probes.py MAE VJEPA2 [FOLDER]

FOLDER defaults to `fixtures/` beside this file. Made with Python 3.11, torch 1.13 and numpy 1.24, MAE at efb2a806 and
V-JEPA 2 at c2963a47. `timm`, of which V-JEPA 2 imports drop path alone (it is not used here), need not be there.
"""

import sys
import types
from pathlib import Path

import numpy as np
import torch
from torch import nn

from makers.adamw import awkward_gradients
from makers.drawing import normal, randomise
from makers.fixture_file import write_fixture

RATES = [0.0, 0.5, 30.0, 6.4, 0.1]


def make_lars(folder, mae):
    sys.path.insert(0, str(mae))
    from util.lars import LARS

    seed = 411
    rng = np.random.default_rng(seed)
    tensors = {"input.lr": torch.tensor(RATES)}
    weight_grads, bias_grads = awkward_gradients(rng)
    weight_grads[3] = 0  # a length of 0, where nothing decays
    tensors |= {"input.weight_grads": weight_grads, "input.bias_grads": bias_grads}
    start = {"weight": normal(rng, 3, 4), "bias": normal(rng, 4), "zeros": torch.zeros(3, 4)}
    for decay in (0.0, 0.05):
        parameters = {name: nn.Parameter(value.clone()) for name, value in start.items()}
        optimiser = LARS(parameters.values(), lr=1.0, weight_decay=decay, momentum=0.9, trust_coefficient=0.001)
        history = {name: [value.clone()] for name, value in start.items()}
        momenta = {name: [] for name in start}
        for step, rate in enumerate(RATES):
            for name, parameter in parameters.items():
                parameter.grad = (bias_grads if name == "bias" else weight_grads)[step].clone()
            optimiser.param_groups[0]["lr"] = rate
            optimiser.step()
            for name, parameter in parameters.items():
                history[name].append(parameter.detach().clone())
                momenta[name].append(optimiser.state[parameter]["mu"].clone())
        for name in start:
            tensors[f"out.decay{decay:g}.{name}"] = torch.stack(history[name])
            tensors[f"out.decay{decay:g}.{name}.mu"] = torch.stack(momenta[name])
    config = {"seed": seed, "momentum": 0.9, "trust": 0.001, "mae": "efb2a806"}
    write_fixture(folder / "lars.safetensors", tensors, "MAE's util/lars.py, five steps", config)


def make_attentive(folder, vjepa2):
    layers = types.ModuleType("timm.models.layers")
    layers.drop_path = lambda x, *_: x
    sys.modules |= {"timm": types.ModuleType("timm"), "timm.models": types.ModuleType("timm.models"), "timm.models.layers": layers}
    sys.path.insert(0, str(vjepa2))
    from src.models.attentive_pooler import AttentiveClassifier

    seed, heads, width, depth, classes = 421, 3, 12, 3, 4
    rng = np.random.default_rng(seed)
    model = AttentiveClassifier(embed_dim=width, num_heads=heads, depth=depth, num_classes=classes)
    randomise(model, rng)
    for module in model.modules():
        if hasattr(module, "use_sdpa"):
            module.use_sdpa = False  # torch 1.13 has no such kernel; the formula is the same
    tokens, labels = normal(rng, 2, 5, width), torch.tensor([3, 1])
    pooled = model.pooler(tokens).squeeze(1)
    logits = model.linear(pooled)
    loss = nn.functional.cross_entropy(logits, labels)
    loss.backward()
    tensors = {"input.tokens": tokens, "input.labels": labels, "out.pooled": pooled, "out.logits": logits, "out.loss": loss}
    for name, parameter in model.named_parameters():
        tensors |= {f"param.{name}": parameter, f"grad.{name}": parameter.grad}
    config = {"seed": seed, "heads": heads, "width": width, "depth": depth, "classes": classes, "vjepa2": "c2963a47"}
    about = "V-JEPA 2's AttentiveClassifier: loss and gradients"
    write_fixture(folder / "attentive_probe.safetensors", tensors, about, config)


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent / "fixtures"
    make_lars(folder, Path(sys.argv[1]))
    for name in [name for name in sys.modules if name.split(".")[0] in ("util", "src")]:
        del sys.modules[name]
    make_attentive(folder, Path(sys.argv[2]))


if __name__ == "__main__":
    main()

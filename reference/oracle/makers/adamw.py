"""torch.optim.AdamW on given gradients, and VideoMAE's learning-rate schedule."""

import math

import numpy as np
import torch
from torch import nn

from .drawing import normal
from .fixture_file import write_fixture

ADAMW = {"lr": 1e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.05}


def adamw(groups):
    return torch.optim.AdamW(groups, lr=ADAMW["lr"], betas=ADAMW["betas"], eps=ADAMW["eps"], foreach=False)


def cosine_schedule(base, final, epochs, steps_per_epoch, warmup_epochs):
    """VideoMAE's utils.cosine_scheduler: both ends of the warm-up are included."""
    warmup = np.linspace(0, base, warmup_epochs * steps_per_epoch)
    rest = epochs * steps_per_epoch - len(warmup)
    cosine = [final + 0.5 * (base - final) * (1 + math.cos(math.pi * i / rest)) for i in range(rest)]
    return np.concatenate([warmup, np.array(cosine)])


def awkward_gradients(rng):
    """Five steps of gradients, with zero, tiny and huge entries."""
    weight, bias = normal(rng, 5, 3, 4), normal(rng, 5, 4)
    weight[:, 0, 0] = 0  # never any gradient: only decay moves it
    weight[:, 0, 1] *= 1e-6
    weight[:, 0, 2] *= 1e-12
    weight[1:, 0, 3] = 0  # one gradient, then silence
    weight[:, 1, 0] *= 1e6
    bias[:, 0] = 0
    bias[2, 1] = 0
    bias[:, 2] *= 1e-12
    return weight, bias


def make_adamw(folder):
    seed = 401
    rng = np.random.default_rng(seed)
    weight, bias = nn.Parameter(normal(rng, 3, 4)), nn.Parameter(normal(rng, 4))
    weight_grads, bias_grads = awkward_gradients(rng)
    rates = torch.tensor([0.0, 1e-3, 2e-3, 5e-4, 1e-5])
    optimiser = adamw([
        {"params": [weight], "weight_decay": ADAMW["weight_decay"]},
        {"params": [bias], "weight_decay": 0.0},
    ])  # fmt: skip
    history = {"weight": [weight.detach().clone()], "bias": [bias.detach().clone()]}
    moments = {"weight.m": [], "weight.v": [], "bias.m": [], "bias.v": []}
    for step in range(5):
        weight.grad, bias.grad = weight_grads[step].clone(), bias_grads[step].clone()
        for group in optimiser.param_groups:
            group["lr"] = rates[step].item()
        optimiser.step()
        for name, parameter in (("weight", weight), ("bias", bias)):
            history[name].append(parameter.detach().clone())
            moments[f"{name}.m"].append(optimiser.state[parameter]["exp_avg"].clone())
            moments[f"{name}.v"].append(optimiser.state[parameter]["exp_avg_sq"].clone())
    tensors = {"input.weight_grads": weight_grads, "input.bias_grads": bias_grads, "input.lr": rates}
    tensors |= {f"out.{name}": torch.stack(values) for name, values in (history | moments).items()}
    schedules = {
        "schedule": dict(base=3e-4, final=2e-5, epochs=7, steps_per_epoch=3, warmup_epochs=2),
        "schedule.no_warmup": dict(base=3e-4, final=0.0, epochs=5, steps_per_epoch=1, warmup_epochs=0),
        "schedule.one_warmup_step": dict(base=3e-4, final=2e-5, epochs=4, steps_per_epoch=1, warmup_epochs=1),
    }
    tensors |= {name: cosine_schedule(**arguments) for name, arguments in schedules.items()}
    config = {"adamw": {**ADAMW, "lr": "input.lr"}, "schedules": schedules, "seed": seed}
    about = "torch.optim.AdamW on given gradients, and VideoMAE's learning-rate schedule"
    write_fixture(folder / "adamw.safetensors", tensors, about, config)

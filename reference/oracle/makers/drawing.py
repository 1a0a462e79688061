"""Random inputs and parameters, drawn by numpy, and the names under which models' tensors are kept."""

import math

import numpy as np
import torch


def normal(rng, *shape, scale=1.0):
    return torch.as_tensor(scale * rng.standard_normal(shape))


def randomise(model, rng):
    """Moves every parameter away from its symmetric start, so that swapped or absent ones show."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = normal(rng, *parameter.shape)
            if "norm" in name.lower() and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * noise)
            elif parameter.ndim <= 1 or name == "mask_token":
                parameter.copy_(0.2 * noise)
            elif "embedding.weight" in name:
                parameter.copy_(0.5 * noise)
            else:
                fan_in = parameter.numel() // parameter.shape[0]
                parameter.copy_(noise / math.sqrt(fan_in))


def checkpoint_name(name):
    """The name in a saved VideoMAE checkpoint (as `save_pretrained` writes it) of a parameter."""
    return name.replace("query.bias", "q_bias").replace("value.bias", "v_bias")


def named(prefix, model, pick=lambda parameter: parameter):
    """Copies of the model's parameters, or of what `pick` takes from them."""
    return {f"{prefix}.{checkpoint_name(n)}": pick(p).detach().clone() for n, p in model.named_parameters()}


def record(outputs, name):
    """A forward hook that keeps a module's output as `out.<name>`."""
    return lambda module, args, output: outputs.update({f"out.{name}": output.detach().clone()})

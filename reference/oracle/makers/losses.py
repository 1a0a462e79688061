"""Reconstruction targets, MAE losses, layer norm, activations and softmax on awkward values."""

import numpy as np
import torch
import torch.nn.functional as F

from .drawing import normal
from .fixture_file import write_fixture
from .targets import IMAGENET_MEAN, IMAGENET_STD, cubes, normalise, tube_masks
from .targets import target_per_cube_channel, target_per_patch


def target_tensors(rng):
    """Targets of clips [2,4,8,12,3] with tubelet 2 and patch 4 (12 tokens of 96 values) and the MAE losses."""
    frames = torch.from_numpy(rng.random((2, 4, 8, 12, 3)))
    frames[0, 0:2, 0:4, 0:4] = 0.5  # a constant cube: variance 0
    frames[0, 0:2, 4:8, 4:8] = torch.tensor([0.0, 1.0, 0.25])  # constant in each channel, not over the patch
    frames[1, 2:4, 4:8, 8:12] = 0.5 + 1e-7 * frames[1, 2:4, 4:8, 8:12]  # deviations below eps = 1e-6
    mask = tube_masks(rng, 2, 2, 6, 4)
    ragged = torch.from_numpy(rng.random((2, 12)) < 0.6)  # unequal counts
    out = {
        "input.frames": frames, "input.pixels": normalise(frames), "input.mask": mask, "input.ragged_mask": ragged,
        "out.target.per_cube_channel": target_per_cube_channel(frames, 2, 4),
        "out.target.per_patch": target_per_patch(normalise(frames), 2, 4),
        "out.target.raw": cubes(frames, 2, 4).flatten(2),
    }  # fmt: skip
    out["input.pred"] = normal(rng, 2, 12, 96)
    for kind in ("per_cube_channel", "per_patch", "raw"):
        for name, chosen in (("", mask), (".ragged", ragged)):
            pred = out["input.pred"].clone().requires_grad_()
            per_token = (pred - out[f"out.target.{kind}"]).square().mean(-1)
            loss = (per_token * chosen).sum() / chosen.sum()  # = the mean over masked values
            loss.backward()
            out |= {f"out.mae{name}.{kind}.loss": loss, f"out.mae{name}.{kind}.grad_pred": pred.grad}
    return out


def with_gradients(function, upstream, **arguments):
    """The value of function(**arguments) and the gradients of sum(value * upstream)."""
    leaves = {name: value.clone().requires_grad_() for name, value in arguments.items()}
    value = function(**leaves)
    (value * upstream).sum().backward()
    return {"out": value, **{f"grad_{name}": leaf.grad for name, leaf in leaves.items()}}


def layer_norm_tensors(rng):
    x = normal(rng, 9, 7)
    x[1] = 0.5  # constant
    x[2] = 0
    x[3] *= 1e-8
    x[4] = x[4] * 1e6 - 3e5
    x[5] += 1e4  # large mean, unit spread
    x[6] = torch.tensor([1.0, 1, 1, 1, 1, 1, -1])  # ties and one outlier
    x[7] *= 1e-5
    inputs = {"x": x, "weight": 1 + normal(rng, 7, scale=0.3), "bias": normal(rng, 7)}
    upstream = normal(rng, 9, 7)
    out = {f"layer_norm.{name}": value for name, value in (inputs | {"upstream": upstream}).items()}
    for eps in ("1e-12", "1e-6", "1e-5"):
        def norm(x, weight, bias):
            return F.layer_norm(x, (7,), weight, bias, float(eps))

        found = with_gradients(norm, upstream, **inputs)
        out |= {f"layer_norm.eps{eps}.{name}": value for name, value in found.items()}
    return out


def activation_tensors():
    near = torch.tensor([0.0, -0.0, 1e-300, 1e-8, 0.1, 0.5, 0.75179, 1, 2, 3, 5, 6, 8, 10, 40, 800, 1e6])
    x = torch.cat([near, -near[2:], torch.linspace(-6, 6, 49)])
    functions = {
        "gelu": F.gelu,
        "tanh_gelu": lambda x: F.gelu(x, approximate="tanh"),
        "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    }
    out = {"activation.x": x}
    for name, function in functions.items():
        out |= {f"{name}.{key}": value for key, value in with_gradients(function, torch.ones_like(x), x=x).items()}
    return out


def softmax_tensors(rng):
    x = normal(rng, 8, 6)
    x[1] = 3.0  # all tied
    x[2] = torch.tensor([1e4, 1e4, 1e4 - 1, 0, -1e4, 5])  # large, with a tied maximum
    x[3] = torch.tensor([-1e6, -1e6, -1e6 + 2, -1e6, -2e6, -1e6])
    x[4] *= 1e-12
    x[5] = torch.tensor([800.0, 0, 0, 0, 0, 0])  # the others underflow
    x[6] = torch.tensor([1e-300, 0, -1e-300, 0, 0, 0])
    x[7] *= 30
    upstream = normal(rng, 8, 6)
    out = {"softmax.x": x, "softmax.upstream": upstream}
    for name, function in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        found = with_gradients(lambda x: function(x, dim=-1), upstream, x=x)
        out |= {f"{name}.{key}": value for key, value in found.items()}
    return out


def make_losses(folder):
    seed = 501
    rng = np.random.default_rng(seed)
    tensors = {**target_tensors(rng), **layer_norm_tensors(rng), **activation_tensors(), **softmax_tensors(rng)}
    config = {"tubelet": 2, "patch": 4, "mean": IMAGENET_MEAN, "std": IMAGENET_STD, "seed": seed}
    about = "reconstruction targets, MAE losses, layer norm, activations, softmax on awkward values"
    write_fixture(folder / "losses.safetensors", tensors, about, config)

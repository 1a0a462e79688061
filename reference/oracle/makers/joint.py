"""Projection heads with batch norm, and InfoNCE, in plain PyTorch."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .drawing import normal, randomise
from .fixture_file import write_fixture

CASES = (("sum_fixed", "sum", False), ("mean_fixed", "mean", False), ("mean_learnable", "mean", True))


class JointHeads(nn.Module):
    """Mean of tokens, Linear-BatchNorm-ReLU-Linear; text Linear; a learnable scale."""

    def __init__(self, width, text_width, joint):
        super().__init__()
        self.linear1 = nn.Linear(width, width, bias=False)
        self.norm = nn.BatchNorm1d(width, eps=1e-5, momentum=0.1)
        self.linear2 = nn.Linear(width, joint)
        self.text = nn.Linear(text_width, joint)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, tokens, text):
        projected = self.linear2(F.relu(self.norm(self.linear1(tokens.mean(1)))))
        return {
            "video_projected": projected,
            "video_embed": F.normalize(projected, dim=-1),
            "text_embed": F.normalize(self.text(text), dim=-1),
        }


def info_nce(logits, reduce):
    """Cross-entropy of both directions of [text, video] logits, added (FIT) or averaged (CLIP)."""
    labels = torch.arange(len(logits))
    both = F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)
    return both if reduce == "sum" else both / 2


def joint_case(heads, inputs, reduce, learnable):
    """One training-mode pass with gradients of parameters, inputs and embeddings."""
    heads.zero_grad()
    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    found = heads(leaves["tokens"], leaves["text"])
    for value in found.values():
        value.retain_grad()
    scale = heads.logit_scale.exp() if learnable else 1 / 0.05
    logits = scale * (found["text_embed"] @ found["video_embed"].T)
    loss = info_nce(logits, reduce)
    loss.backward()
    grads = {n: p.grad for n, p in heads.named_parameters() if p.grad is not None}
    grads |= {n: v.grad for n, v in (leaves | found).items()}
    return found, {"logits": logits, "loss": loss}, grads


def make_joint(folder):
    seed = 301
    rng = np.random.default_rng(seed)
    heads = JointHeads(width=12, text_width=9, joint=7)
    scale = heads.logit_scale.item()
    randomise(heads, rng)
    with torch.no_grad():
        heads.logit_scale.fill_(scale)
        heads.norm.running_mean.copy_(normal(rng, 12, scale=0.3))
        heads.norm.running_var.copy_(0.5 + normal(rng, 12).square())
    inputs = {"tokens": normal(rng, 6, 5, 12), "text": normal(rng, 6, 9)}
    inputs["text"][4] = inputs["text"][1]  # two clips share a caption: equal columns of logits
    tensors = {f"input.{name}": value.clone() for name, value in inputs.items()}
    tensors |= {f"param.{n}": p.detach().clone() for n, p in heads.named_parameters()}
    before = {n: b.clone() for n, b in heads.named_buffers()}
    tensors |= {f"buffer.before.{n}": b for n, b in before.items()}
    for case, reduce, learnable in CASES:
        heads.load_state_dict(before, strict=False)  # each case starts from the same running statistics
        found, result, grads = joint_case(heads, inputs, reduce, learnable)
        tensors |= {f"out.{name}": value for name, value in found.items()}
        tensors |= {f"out.{case}.{name}": value for name, value in result.items()}
        tensors |= {f"grad.{case}.{name}": value.clone() for name, value in grads.items()}
    tensors |= {f"buffer.after.{n}": b.clone() for n, b in heads.named_buffers()}
    heads.eval()
    tensors["out.eval.video_embed"] = heads(inputs["tokens"], inputs["text"])["video_embed"]
    config = {"tau": 0.05, "batch_norm": {"eps": 1e-5, "momentum": 0.1}, "normalize_eps": 1e-12, "seed": seed}
    write_fixture(folder / "joint_tiny.safetensors", tensors, "projection heads, batch norm and InfoNCE", config)

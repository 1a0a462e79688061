"""`python3 -m lacuna_torch [--device cuda]` speaks the process protocol over stdin and stdout."""

import argparse

import torch

from . import augmentations, integers, losses, masks, model, ranks, steps
from .programs import Program
from .protocol import serve

FUNCTIONS = {
    "random.philox": integers.philox,
    "mask.tube": masks.tube,
    "mask.random_per_slot": masks.random_per_slot,
    "mask.topk": masks.topk,
    "mask.flow_warped": masks.flow_warped,
    "map.crop": masks.crop,
    "mask.text": masks.text,
    "retrieval.rank": ranks.rank,
    "state.start": integers.start,
    "state.resize": integers.resize,
    "augment.draw": augmentations.augment,
    "erase.draw": augmentations.erase,
    "patchify": losses.patchify,
    "target.cube": losses.target_cube,
    "loss.mae": losses.mae,
    "loss.infonce": losses.infonce,
    "loss.infonce.captions": losses.infonce,
    "optim.adamw": losses.adamw,
    "optim.rate": integers.rates,
    "optim.correction": integers.corrections,
    "model.forward": model.forward,
    "model.space_time": model.space_time,
    "model.text": model.text,
    "model.text_causal": model.text_causal,
    "model.projection": model.projection,
    "step": steps.reconstruction,
    "step.contrastive": steps.contrastive,
    "step.joint": steps.joint,
}


def main():
    parser = argparse.ArgumentParser(prog="lacuna_torch", description=__doc__)
    parser.add_argument("--device", default="cpu", help="where tensors live: cpu (default), cuda, cuda:1")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch on the CPU (default 1)")
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("this PyTorch sees no CUDA device; leave --device out to run on the CPU")
    torch.set_num_threads(options.threads)
    # Products of matrices keep the 24 bits of their factors: f32-libm grants no TF32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Only losses and steps ask for gradients, and say so.
    torch.set_grad_enabled(False)
    serve(FUNCTIONS, Program, device)


main()

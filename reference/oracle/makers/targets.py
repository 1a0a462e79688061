"""Tube masks and reconstruction targets, as the codebases of VideoMAE and MAE compute them."""

import numpy as np
import torch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def tube_masks(rng, batch, slots, cells, masked):
    """One set of masked cells a clip, the same in every slot; [batch, slots * cells], true = masked."""
    masks = np.zeros((batch, slots, cells), dtype=bool)
    for clip in masks:
        clip[:, rng.permutation(cells)[:masked]] = True
    return torch.from_numpy(masks.reshape(batch, -1))


def normalise(frames):
    """[0, 1] channel-last frames to what the network sees."""
    return (frames - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD)


def cubes(frames, tubelet, patch):
    """[B,T,H,W,C] to [B,N,values,C]: tokens slot-major then row-major, values (dt, dh, dw)."""
    b, t, h, w, c = frames.shape
    split = frames.reshape(b, t // tubelet, tubelet, h // patch, patch, w // patch, patch, c)
    return split.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(b, -1, tubelet * patch * patch, c)


def target_per_cube_channel(frames, tubelet, patch):
    """VideoMAE: each channel of each cube on its own; eps outside the root. [B,N,values*C]"""
    x = cubes(frames, tubelet, patch)
    y = (x - x.mean(-2, keepdim=True)) / (x.var(-2, unbiased=True, keepdim=True).sqrt() + 1e-6)
    return y.flatten(2)


def target_per_patch(pixels, tubelet, patch):
    """MAE, MAE-ST: the whole patch with its channels, on network-normalised pixels; eps in the root."""
    x = cubes(pixels, tubelet, patch).flatten(2)
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=True, keepdim=True) + 1e-6).sqrt()

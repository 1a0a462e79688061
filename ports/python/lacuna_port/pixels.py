"""Clips to cubes, and cubes to targets."""

import numpy as np

FLOATS = {"f32": np.float32, "f64": np.float64}


def cut(frames, t, p):
    """Frames [B, T, H, W, 3] to cubes [B, N, 3 t p p]."""
    b, length, height, width, channels = frames.shape
    split = frames.reshape(b, length // t, t, height // p, p, width // p, p, channels)
    ordered = split.transpose(0, 1, 3, 5, 2, 4, 6, 7)
    return ordered.reshape(b, -1, t * p * p * channels)


def patchify(tensors, at):
    return {"cubes": cut(tensors["frames"], at["tubelet"], at["patch"])}


def targets(cubes, float_type):
    """Pixels of cubes normalised for each cube and channel."""
    x = (cubes.astype(float_type) / float_type(255)).reshape(*cubes.shape[:2], -1, 3)
    x = x - x[:, :, :1]  # of equal values exactly 0
    centered = x - x.mean(axis=2, keepdims=True)
    count = x.shape[2]
    variance = (centered * centered).sum(axis=2, keepdims=True) / float_type(count - 1)
    return (centered / (np.sqrt(variance) + float_type(1e-6))).reshape(cubes.shape)


def target_cube(tensors, at):
    return {"targets": targets(tensors["cubes"], FLOATS[at["float"]])}

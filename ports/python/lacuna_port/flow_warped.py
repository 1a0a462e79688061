"""The mask that follows the motion of a clip: integers throughout."""

import math

import numpy as np

from .masks import VIDEO_MASK, choose, masked_count, results, stream_of

GAUSSIAN = np.array(
    [65280, 63272, 59439, 54119, 47760, 40851, 33867, 27213, 21193, 15998, 11704, 8299, 5704, 3800]
    + [2453, 1535, 931, 547, 312, 172, 92, 48, 24, 12, 6, 3, 1]
)
# Index d + 27 is g(d), for d = -27 ... 26.
BOTH_SIDES = np.concatenate([GAUSSIAN[::-1], GAUSSIAN])


def mask_flow_warped(tensors, at):
    slots, rows, columns = at["slots"], at["rows"], at["columns"]
    places = rows * columns
    masked = masked_count(places, at["ratio"], at["rounding"])
    flags = np.zeros((slots, places), "u1")
    if masked == 0:
        return results(flags.reshape(-1))
    drawn = places - math.floor(at["ratio"] * places)
    base = base_map(choose(drawn, places, stream_of(VIDEO_MASK, at)), rows, columns)
    flow = tensors["flow"].astype("i8")
    frames = len(flow)
    maps = [base] * frames
    for t in range(frames // 2 + 1, frames):
        maps[t] = warped(maps[t - 1], base, flow[t])
    for t in range(frames // 2 - 1, -1, -1):
        maps[t] = warped(maps[t + 1], base, flow[t])
    cubes = np.array(maps).reshape(slots, frames // slots, rows, 8, columns, 8)
    for slot, sums in enumerate(cubes.sum(axis=(1, 3, 5)).reshape(slots, places)):
        flags[slot, np.argsort(sums, kind="stable")[:masked]] = 1
    return results(flags.reshape(-1))


def base_map(centres, rows, columns):
    """At each sample the highest Gaussian of a centre."""
    base = np.zeros((8 * rows, 8 * columns), "i8")
    for place in centres:
        down = gaussian(np.arange(8 * rows) - (8 * (place // columns) + 4))
        across = gaussian(np.arange(8 * columns) - (8 * (place % columns) + 4))
        base = np.maximum(base, down[:, None] * across >> 16)
    return base


def gaussian(d):
    reach = len(GAUSSIAN)
    inside = (d >= -reach) & (d < reach)
    return np.where(inside, BOTH_SIDES[np.clip(d + reach, 0, 2 * reach - 1)], 0)


def warped(known, base, flow):
    """The map of a frame, from that of its neighbour and the flow of its own blocks."""
    height, width = known.shape
    y, x = np.indices(known.shape)
    to_x = 32 * x + flow[y // 4, x // 4, 0]
    to_y = 32 * y + flow[y // 4, x // 4, 1]
    outside = (to_x <= -32) | (to_y <= -32) | (to_x >= 32 * width) | (to_y >= 32 * height)
    left, top = to_x // 32, to_y // 32
    right, down = to_x - 32 * left, to_y - 32 * top
    bordered = np.pad(known, 1)

    def sample(row, column):
        return bordered[np.clip(row, -1, height) + 1, np.clip(column, -1, width) + 1]

    above = (32 - right) * sample(top, left) + right * sample(top, left + 1)
    below = (32 - right) * sample(top + 1, left) + right * sample(top + 1, left + 1)
    return np.where(outside, base, ((32 - down) * above + down * below + 512) // 1024)

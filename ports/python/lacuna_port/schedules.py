"""Learning rates and bias corrections, in float64."""

import math

import numpy as np


def rates(tensors, at):
    return {"bits": bits(rate(step, at) for step in tensors["steps"].tolist())}


def rate(step, at):
    peak, minimum = at["peak"], at["minimum"]
    warmup, total = at["warmup_steps"], at["total_steps"]
    if step < warmup:
        if at["warmup"] == "mae":
            return peak * step / warmup
        if step == 0:
            return 0.0
        return peak if step == warmup - 1 else step * (peak / (warmup - 1))
    if at["decay"] == "cosine":
        turn = math.pi * (step - warmup) / (total - warmup)
        return minimum + 0.5 * (peak - minimum) * (1 + math.cos(turn))
    for share in (at["first"], at["second"]):
        if step >= math.floor(share * total + 0.5):
            peak = peak * at["factor"]
    return max(minimum, peak)


def corrections(tensors, at):
    return {"bits": bits(1 - power(at["beta"], t) for t in tensors["updates"].tolist())}


def power(beta, t):
    """beta^t by squaring, from the lowest bit of t."""
    result, square = 1.0, float(beta)
    while t > 0:
        if t & 1:
            result *= square
        square *= square
        t >>= 1
    return result


def bits(numbers):
    return np.array(list(numbers), "f8").astype("<f4").view("<i4")

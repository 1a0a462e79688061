"""Masks: exact integer functions."""

import math

import numpy as np

from .philox import Stream

VIDEO_MASK = 6


def masked_count(places, ratio, rounding):
    """How many of the places of a slot are masked; in float64, as the specification says."""
    if ratio == 0:
        return 0
    if rounding == "floor-masked":
        return math.floor(ratio * places)
    visible = math.floor(places * (1 - ratio))
    return places - (max(1, visible) if rounding == "floor-visible-at-least-one" else visible)


def results(flags):
    """Visible and masked tokens, ascending, and how many there are."""
    visible, masked = np.flatnonzero(flags == 0), np.flatnonzero(flags)
    counts = [len(visible), len(masked)]
    lists = {"visible": visible, "masked": masked, "counts": counts}
    return {name: np.asarray(values, "<i4") for name, values in lists.items()}


def mask_tube(_, at):
    places = at["rows"] * at["columns"]
    visible = places - masked_count(places, at["ratio"], at["rounding"])
    stream = Stream(at["seed"], VIDEO_MASK, at["replicate"], at["epoch"], at["sample"])
    items = list(range(places))
    for i in range(visible):
        j = i + stream.integer(places - i)
        items[i], items[j] = items[j], items[i]
    flags = np.ones(places, "u1")
    flags[items[:visible]] = 0
    return results(np.tile(flags, at["slots"]))


def mask_topk(tensors, at):
    values = tensors["map"]
    count = masked_count(values.shape[1], at["ratio"], at["rounding"])
    flags = np.zeros(values.shape, "u1")
    for slot, row in enumerate(values):
        order = np.argsort(-row.astype("i8"), kind="stable")
        flags[slot, order[:count]] = 1
    return results(flags.reshape(-1))

"""Masks: exact integer functions."""

import math

import numpy as np

from .philox import Stream

VIDEO_MASK, TEXT_MASK = 6, 7


def masked_count(places, ratio, rounding):
    """How many of the places of a slot are masked; in float64, as the specification says."""
    if ratio == 0:
        return 0
    if rounding == "floor-masked":
        return math.floor(ratio * places)
    if rounding == "nearest-masked-at-least-one":
        return max(1, round(ratio * places))  # Python rounds halves to even
    visible = math.floor(places * (1 - ratio))
    return places - (max(1, visible) if rounding == "floor-visible-at-least-one" else visible)


def results(flags):
    """Visible and masked tokens, ascending, and how many there are."""
    visible, masked = np.flatnonzero(flags == 0), np.flatnonzero(flags)
    counts = [len(visible), len(masked)]
    lists = {"visible": visible, "masked": masked, "counts": counts}
    return {name: np.asarray(values, "<i4") for name, values in lists.items()}


def stream_of(purpose, at):
    """The words at the address."""
    return Stream(at["seed"], purpose, at["replicate"], at["epoch"], at["sample"])


def choose(count, items, stream):
    """So many of the items 0 ... items - 1, drawn from the words of a stream."""
    order = list(range(items))
    for i in range(count):
        j = i + stream.integer(items - i)
        order[i], order[j] = order[j], order[i]
    return order[:count]


def mask_tube(_, at):
    places = at["rows"] * at["columns"]
    visible = places - masked_count(places, at["ratio"], at["rounding"])
    return results(np.tile(drawn(visible, places, stream_of(VIDEO_MASK, at)), at["slots"]))


def drawn(visible, places, stream):
    """Flags of the places of a slot, 0 where they stay visible."""
    flags = np.ones(places, "u1")
    flags[choose(visible, places, stream)] = 0
    return flags


def mask_random_per_slot(_, at):
    places = at["rows"] * at["columns"]
    visible = places - masked_count(places, at["ratio"], at["rounding"])
    stream = stream_of(VIDEO_MASK, at)
    return results(np.concatenate([drawn(visible, places, stream) for _ in range(at["slots"])]))


def mask_topk(tensors, at):
    values = tensors["map"]
    count = masked_count(values.shape[1], at["ratio"], at["rounding"])
    flags = np.zeros(values.shape, "u1")
    for slot, row in enumerate(values):
        order = np.argsort(-row.astype("i8"), kind="stable")
        flags[slot, order[:count]] = 1
    return results(flags.reshape(-1))


def mask_text(tensors, at):
    ids, continues = tensors["ids"], tensors["continues"]
    able = ~np.isin(ids, [at["pad"], *tensors["special"]])
    units = []
    for place in np.flatnonzero(able):
        goes_on = at["unit"] == "word" and continues[place] == 1 and place > 0 and able[place - 1]
        if goes_on:
            units[-1].append(place)
        else:
            units.append([place])
    count = min(masked_count(len(units), at["ratio"], at["rounding"]), len(units) - 1) if units else 0
    chosen = sorted(choose(count, len(units), stream_of(TEXT_MASK, at)))
    masked = np.array([place for unit in chosen for place in units[unit]], "<i4")
    if at["mode"] == "replace":
        out = ids.copy()
        out[masked] = at["mask"]
    else:
        out = np.full_like(ids, at["pad"])
        left = np.delete(ids, masked)
        out[: len(left)] = left
    return {"ids": out.astype("<i4"), "masked": masked}

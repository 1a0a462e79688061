"""The map of a cropped and mirrored frame, in Python's own integers: they have no end."""

import numpy as np


def map_crop(tensors, at):
    values = tensors["map"].tolist()
    across = shares(at["width"], len(values[0]), at["x"], at["crop_width"], at["columns"])
    down = shares(at["height"], len(values), at["y"], at["crop_height"], at["rows"])
    area = at["crop_width"] * len(values[0]) * at["crop_height"] * len(values)
    placed = [[mean(values, rows, columns, area) for columns in across] for rows in down]
    if at["flip"] == "yes":
        placed = [row[::-1] for row in placed]
    return {"map": np.array(placed, "<i4")}


def shares(extent, cells, start, crop, places):
    """Of each place the length that it shares with each cell."""
    cell = extent * places
    edges = [(start * places + place * crop) * cells for place in range(places + 1)]
    return [
        [max(0, min(to, (c + 1) * cell) - max(begin, c * cell)) for c in range(cells)]
        for begin, to in zip(edges, edges[1:])
    ]


def mean(values, rows, columns, area):
    total = sum(
        tall * wide * value
        for row, tall in zip(values, rows)
        for value, wide in zip(row, columns)
    )
    return (2 * total + area) // (2 * area)

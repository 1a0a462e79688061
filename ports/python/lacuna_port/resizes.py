"""Tables of positions at another size."""

import numpy as np

A = -0.75


def resize(tensors, at):
    shape = at["rows"], at["columns"], -1
    table = tensors["table"].astype("f8").reshape(shape) / 16
    along = linear if at["kind"] == "slots" else bicubic
    by_column = along(table.swapaxes(0, 1), at["toColumns"]).swapaxes(0, 1)
    return {"bits": along(by_column, at["toRows"]).astype("<f4").reshape(-1).view("<i4")}


def bicubic(table, size):
    """The first axis, made of the four rows around each place."""
    count = len(table)
    if count == size:
        return table
    y = (np.arange(size) + 0.5) * count / size - 0.5
    floor = np.floor(y)
    total = np.zeros((size, *table.shape[1:]))
    for k in (-1, 0, 1, 2):
        row = np.clip(floor + k, 0, count - 1).astype(int)
        total = total + kernel(np.abs(y - floor - k))[:, None, None] * table[row]
    return total


def kernel(x):
    near = ((A + 2) * x - (A + 3)) * x * x + 1
    return np.where(x <= 1, near, ((A * x - 5 * A) * x + 8 * A) * x - 4 * A)


def linear(table, size):
    count = len(table)
    if count == size:
        return table
    y = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
    floor = np.floor(y)
    t = (y - floor)[:, None, None]
    above = np.minimum(floor + 1, count - 1).astype(int)
    return (1 - t) * table[floor.astype(int)] + t * table[above]

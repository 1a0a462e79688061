"""Masks of clips and captions, and maps of crops: integers, exact."""

import math

import torch

from .integers import Words

VIDEO, TEXT = 6, 7
GAUSSIAN = (
    [65280, 63272, 59439, 54119, 47760, 40851, 33867, 27213, 21193, 15998, 11704, 8299, 5704, 3800]
    + [2453, 1535, 931, 547, 312, 172, 92, 48, 24, 12, 6, 3, 1]
)


def masked_of(n, at):
    """How many of n are masked, in float64."""
    ratio, rounding = at["ratio"], at["rounding"]
    if ratio == 0 or n == 0:
        return 0
    if rounding == "floor-masked":
        return math.floor(ratio * n)
    if rounding == "nearest-masked-at-least-one":
        return max(1, round(ratio * n))  # halves to even
    visible = math.floor(n * (1 - ratio))
    return n - (max(visible, 1) if rounding == "floor-visible-at-least-one" else visible)


def split(masked):
    """The tokens of a clip, of flags [S, R C] that tell which are masked."""
    flags = masked.reshape(-1)
    visible, hidden = (each.nonzero()[:, 0].to(torch.int32) for each in (~flags, flags))
    counts = torch.tensor([len(visible), len(hidden)], dtype=torch.int32)
    return {"visible": visible, "masked": hidden, "counts": counts}


def drawn(words, at):
    """Flags of the places of one slot."""
    places = at["rows"] * at["columns"]
    masked = torch.ones(places, dtype=torch.bool)
    masked[words.choose(places - masked_of(places, at), places)] = False
    return masked


def tube(_, at):
    return split(drawn(Words(VIDEO, at), at).repeat(at["slots"], 1))


def random_per_slot(_, at):
    words = Words(VIDEO, at)
    return split(torch.stack([drawn(words, at) for _ in range(at["slots"])]))


def extremes(values, count, descending):
    """Flags of the `count` highest (or lowest) of each row; of equal ones the first."""
    order = values.sort(dim=1, descending=descending, stable=True).indices
    return torch.zeros(values.shape, dtype=torch.bool).scatter_(1, order[:, :count].cpu(), True)


def topk(tensors, at):
    values = tensors["map"].long()
    return split(extremes(values, masked_of(values.shape[1], at), descending=True))


def flow_warped(tensors, at):
    slots, rows, columns = at["slots"], at["rows"], at["columns"]
    places = rows * columns
    count = masked_of(places, at)
    if count == 0:
        return split(torch.zeros(slots, places, dtype=torch.bool))
    flow = tensors["flow"].long().cpu()
    centres = Words(VIDEO, at).choose(places - math.floor(at["ratio"] * places), places)
    base = base_map(centres, rows, columns)
    frames = len(flow)
    maps = {frames // 2: base}
    for t in range(frames // 2 + 1, frames):
        maps[t] = warped(maps[t - 1], base, flow[t])
    for t in reversed(range(frames // 2)):
        maps[t] = warped(maps[t + 1], base, flow[t])
    stacked = torch.stack([maps[t] for t in range(frames)])
    sums = stacked.reshape(slots, frames // slots, rows, 8, columns, 8).sum(dim=(1, 3, 5))
    return split(extremes(sums.reshape(slots, places), count, descending=False))


def base_map(centres, rows, columns):
    """At each sample the highest Gaussian of a centre."""
    side = torch.tensor(GAUSSIAN)
    both = torch.cat([torch.zeros(1, dtype=torch.long), side.flip(0), side, torch.zeros(1, dtype=torch.long)])

    def along(count, middle):
        d = torch.arange(count) - middle
        return both[(d + len(side) + 1).clamp(0, len(both) - 1)]

    base = torch.zeros(8 * rows, 8 * columns, dtype=torch.long)
    for place in centres:
        down = along(8 * rows, 8 * (place // columns) + 4)
        across = along(8 * columns, 8 * (place % columns) + 4)
        base = base.maximum(down[:, None] * across >> 16)
    return base


def warped(known, base, flow):
    """The map of a frame, of that of its neighbour and its own flow [2 R, 2 C, 2]."""
    height, width = known.shape
    of_samples = flow.repeat_interleave(4, 0).repeat_interleave(4, 1)
    x = 32 * torch.arange(width) + of_samples[..., 0]
    y = 32 * torch.arange(height)[:, None] + of_samples[..., 1]
    outside = (x <= -32) | (y <= -32) | (x >= 32 * width) | (y >= 32 * height)
    left, top = (each.div(32, rounding_mode="floor") for each in (x, y))
    right, down = x - 32 * left, y - 32 * top
    bordered = torch.nn.functional.pad(known, (1, 1, 1, 1))

    def sample(row, column):
        return bordered[(row + 1).clamp(0, height + 1), (column + 1).clamp(0, width + 1)]

    above = (32 - right) * sample(top, left) + right * sample(top, left + 1)
    below = (32 - right) * sample(top + 1, left) + right * sample(top + 1, left + 1)
    # A sum of products that are not negative: >> is floor.
    return torch.where(outside, base, (32 - down) * above + down * below + 512 >> 10)


def text(tensors, at):
    ids, continues = tensors["ids"].tolist(), tensors["continues"].tolist()
    never = {at["pad"], *tensors["special"].tolist()}
    units = []
    for place, token in enumerate(ids):
        if token in never:
            continue
        goes_on = place > 0 and continues[place] == 1 and ids[place - 1] not in never
        if at["unit"] == "word" and goes_on:
            units[-1].append(place)
        else:
            units.append([place])
    count = max(0, min(masked_of(len(units), at), len(units) - 1))
    chosen = Words(TEXT, at).choose(count, len(units))
    masked = sorted(place for unit in chosen for place in units[unit])
    hidden = set(masked)
    if at["mode"] == "replace":
        out = [at["mask"] if place in hidden else token for place, token in enumerate(ids)]
    else:
        out = [token for place, token in enumerate(ids) if place not in hidden] + [at["pad"]] * len(masked)
    return {"ids": torch.tensor(out, dtype=torch.int32), "masked": torch.tensor(masked, dtype=torch.int32)}


def crop(tensors, at):
    """In Python's integers: areas times values leave 64 bits at the largest frames."""
    values = tensors["map"].tolist()
    across = shares(at["width"], len(values[0]), at["x"], at["crop_width"], at["columns"])
    down = shares(at["height"], len(values), at["y"], at["crop_height"], at["rows"])
    area = at["crop_width"] * len(values[0]) * at["crop_height"] * len(values)

    def place(tall, wide):
        total = sum(t * w * value for row, t in zip(values, tall) for value, w in zip(row, wide))
        return (2 * total + area) // (2 * area)

    placed = torch.tensor([[place(tall, wide) for wide in across] for tall in down], dtype=torch.int32)
    return {"map": placed.flip(1) if at["flip"] == "yes" else placed}


def shares(extent, cells, start, crop_extent, places):
    """Of each place the lengths that it shares with each cell."""
    cell = extent * places
    edges = [(start * places + p * crop_extent) * cells for p in range(places + 1)]
    return [
        [max(0, min(end, (c + 1) * cell) - max(begin, c * cell)) for c in range(cells)]
        for begin, end in zip(edges, edges[1:])
    ]

"""What fine-tuning draws for a clip: operations with their levels, and the box of an erasure."""

import math
from statistics import NormalDist

import torch

from .integers import Words, bits

AUGMENT, ERASE = 13, 14


def words_of(stream, at):
    """The words of an augmentation: those after the first lie beyond all stand-ins of the clip."""
    if at["repeat"] == 0:
        return Words(stream, at)
    return Words(stream, {**at, "replicate": min(at["replicate"], 4095) + 4096 * at["repeat"]})


# By place: auto-contrast, equalize, invert; rotate; posterize, solarize, solarize-add; color, contrast,
# brightness, sharpness; shears; translations. Of a magnitude m in [0, 1] and s m, its direction.
LEVELS = (
    3 * [lambda m, sm: 0]
    + [lambda m, sm: sm * 30]
    + [lambda m, sm: 4 - math.trunc(4 * m), lambda m, sm: 256 - math.trunc(256 * m), lambda m, sm: math.trunc(110 * m)]
    + 4 * [lambda m, sm: 1 + sm * 0.9]
    + 2 * [lambda m, sm: sm * 0.3]
    + 2 * [lambda m, sm: sm * 0.45]
)


def augment(_, at):
    words = words_of(AUGMENT, at)
    operations, levels = [], []
    for _ in range(at["layers"]):
        operation, is_done = words.integer(len(LEVELS)), words.uniform() < 0.5
        # Python's inverse of the distribution function is AS 241.
        normal = NormalDist().inv_cdf((words.next() + 0.5) / 2**32)
        direction = 1 if words.integer(2) == 0 else -1
        if is_done:
            deviation = torch.tensor(at["deviation"] * normal, dtype=torch.float64).to(torch.float32).item()
            m = min(10, max(0, at["magnitude"] + deviation)) / 10
            operations.append(operation)
            levels.append(LEVELS[operation](m, direction * m) + 0.0)  # -0 becomes 0
    return {"operations": torch.tensor(operations, dtype=torch.int32), "bits": bits(levels)}


def erase(_, at):
    return {"box": torch.tensor(box(words_of(ERASE, at), at["size"], at["probability"]), dtype=torch.int32)}


def box(words, size, probability):
    """Top, bottom, left and right; nothing where none is drawn, or none fits."""
    if words.uniform() >= probability:
        return []
    span = -math.log(0.3)
    for _ in range(100):
        area = (0.02 + (1 / 3 - 0.02) * words.uniform()) * size * size
        shape = math.exp(-span + 2 * span * words.uniform())
        height, width = (math.floor(math.sqrt(each) + 0.5) for each in (area * shape, area / shape))
        if 1 <= height < size and 1 <= width < size:
            top, left = words.integer(size - height + 1), words.integer(size - width + 1)
            return [top, top + height, left, left + width]
    return []

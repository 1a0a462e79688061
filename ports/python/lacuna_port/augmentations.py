"""What RandAugment and erasing draw for a clip."""

import math
from statistics import NormalDist

import numpy as np

from .philox import Stream

AUGMENT, ERASE = 13, 14
NONE, ROTATE, POSTERIZE, SOLARIZE, SOLARIZE_ADD, LAST_FACTOR, LAST_SHEAR = 2, 3, 4, 5, 6, 10, 12


def stream_of(purpose, at):
    """The words of an augmentation of the clip at the address."""
    replicate, repeat = at["replicate"], at["repeat"]
    own = replicate if repeat == 0 else min(replicate, 4095) + 4096 * repeat
    return Stream(at["seed"], purpose, own, at["epoch"], at["sample"])


def uniform(stream):
    return (stream.word() >> 8) / 2**24


def level(operation, m, sign):
    """What an operation is at a magnitude in [0, 1]."""
    if operation <= NONE:
        return 0.0
    if operation == ROTATE:
        return sign * m * 30
    if operation == POSTERIZE:
        return 4 - math.trunc(m * 4)
    if operation == SOLARIZE:
        return 256 - math.trunc(m * 256)
    if operation == SOLARIZE_ADD:
        return math.trunc(m * 110)
    if operation <= LAST_FACTOR:
        return 1 + sign * m * 0.9
    return sign * m * (0.3 if operation <= LAST_SHEAR else 0.45)


def augment_draw(_, at):
    stream = stream_of(AUGMENT, at)
    operations, levels = [], []
    for _layer in range(at["layers"]):
        operation = stream.integer(15)
        is_done = uniform(stream) < 0.5
        # inv_cdf is AS 241.
        normal = NormalDist().inv_cdf((stream.word() + 0.5) / 2**32)
        magnitude = at["magnitude"] + float(np.float32(at["deviation"] * normal))
        sign = 1 if stream.integer(2) == 0 else -1
        if is_done:
            operations.append(operation)
            levels.append(level(operation, min(10, max(0, magnitude)) / 10, sign))
    bits = (np.asarray(levels, "<f4") + np.float32(0)).view("<i4")
    return {"operations": np.asarray(operations, "<i4"), "bits": bits}


def erase_draw(_, at):
    stream, size = stream_of(ERASE, at), at["size"]
    return {"box": np.asarray(box(stream, size, at["probability"]), "<i4")}


def box(stream, size, probability):
    if uniform(stream) >= probability:
        return []
    widest = -math.log(0.3)
    for _try in range(100):
        area = (0.02 + (1 / 3 - 0.02) * uniform(stream)) * size * size
        shape = math.exp(-widest + 2 * widest * uniform(stream))
        height = math.floor(math.sqrt(area * shape) + 0.5)
        width = math.floor(math.sqrt(area / shape) + 0.5)
        if 1 <= height < size and 1 <= width < size:
            top = stream.integer(size - height + 1)
            left = stream.integer(size - width + 1)
            return [top, top + height, left, left + width]
    return []

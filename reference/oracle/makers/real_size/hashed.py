"""Weights, pixels, masks and ids of models too large to store: each number is a hash of where it stands.

`conformance/oracle/hashed.ts` makes the same numbers. A word is 32 bits of a tensor's name and an
element's index; everything else is a power of two times 16 bits of it, and so exact in float32.
"""

import numpy as np

WORD = np.uint32


def name_hash(name):
    """FNV-1a of the name's characters."""
    value = 0x811C9DC5
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def words(name, count, first=0):
    """uint32 [count]: the words of elements first, first + 1, ..."""
    x = (np.arange(first, first + count, dtype=np.uint32) * WORD(0x9E3779B1)) ^ WORD(name_hash(name))
    for multiplier in (0x85EBCA77, 0xC2B2AE3D):
        x = (x ^ (x >> WORD(16))) * WORD(multiplier)
        x = x ^ (x >> WORD(13))
    return x ^ (x >> WORD(16))


def uniform(name, count):
    """float64 [count]: multiples of 2^-15 in [-1, 1)."""
    return ((words(name, count) >> WORD(16)).astype(np.float64) - 32768) / 32768


def parameter(name, shape):
    """A parameter where training starts: float64, exact in float32.

    Matrices of layers: uniform within 2^-k, k the least with 3 * 4^k >= inputs, so that a sum over the
    inputs keeps their size. Weights of norms: 1 +- 1/4. Biases +- 1/8. Tables and tokens +- 1/2.
    """
    values = uniform(name, int(np.prod(shape))).reshape(shape)
    if name.endswith(".weight"):
        if len(shape) == 1:
            return 1 + values / 4
        k = 0
        while 3 * 4**k < shape[-1]:
            k += 1
        return values / 2**k
    return values / (8 if name.endswith(".bias") else 2)


def pixels(batch, frames, size):
    """uint8 [batch, frames, size, size, 3]."""
    shape = (batch, frames, size, size, 3)
    return (words("frames", int(np.prod(shape))) >> WORD(24)).astype(np.uint8).reshape(shape)


def hidden_cells(name, cells, count):
    """The `count` cells of `cells` whose words are lowest, ascending."""
    return np.sort(np.argsort(words(name, cells), kind="stable")[:count])


def masks(kind, batch, slots, cells, hidden):
    """Indices of visible and of masked tokens of each clip, ascending; int64 [batch, ...]."""
    masked = np.zeros((batch, slots, cells), dtype=bool)
    for clip in range(batch):
        for slot in range(slots):
            name = f"mask.{clip}" if kind == "tube" else f"mask.{clip}.{slot}"
            masked[clip, slot, hidden_cells(name, cells, hidden)] = True
    masked = masked.reshape(batch, -1)
    return np.stack([np.flatnonzero(~m) for m in masked]), np.stack([np.flatnonzero(m) for m in masked])


def captions(batch, length, vocabulary, mask_id, hidden):
    """Ids int64 [batch, length], `hidden` of each caption replaced by `mask_id`, and lengths [batch]."""
    ids = (words("text.ids", batch * length) % WORD(vocabulary)).astype(np.int64).reshape(batch, length)
    for clip in range(batch):
        ids[clip, hidden_cells(f"text.mask.{clip}", length, hidden)] = mask_id
    lengths = length - 5 * np.arange(batch, dtype=np.int64)
    return ids, lengths


def sampled(name, shape, rows=None, most=1000):
    """Positions of the sampled elements of a tensor; int64, at most `most`.

    All of a small tensor; else one of each of `most` equal stretches. Of a table of which a step reads
    only `rows`, every other sample lies in one of those.
    """
    n = int(np.prod(shape))
    if n <= most:
        return np.arange(n)
    k = np.arange(most, dtype=np.int64)
    low, high = k * n // most, (k + 1) * n // most
    word = words(f"{name}.sample", most).astype(np.int64)
    positions = low + word % (high - low)
    if rows is not None:
        rows, width = np.asarray(rows).reshape(-1), shape[-1]
        positions[::2] = (rows[k % len(rows)] * width + word % width)[::2]
    return positions

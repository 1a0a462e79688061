"""Philox4x32-10 and the draws made of it."""

import numpy as np

MASK = 0xFFFFFFFF


def philox_block(counter, key):
    """Four words of 32 bits from a counter of four and a key of two."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a = 0xD2511F53 * c0
        b = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & MASK, (a >> 32) ^ c3 ^ k1, a & MASK
        k0 = (k0 + 0x9E3779B9) & MASK
        k1 = (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def philox(tensors, _):
    counters = tensors["counter"].view("<u4").tolist()
    keys = tensors["key"].view("<u4").tolist()
    words = [philox_block(counter, key) for counter, key in zip(counters, keys)]
    return {"words": np.array(words, "<u4").reshape(-1, 4).view("<i4")}


class Stream:
    """The words at an address, in order."""

    def __init__(self, seed, stream, replicate, epoch, sample):
        self.key = (seed & MASK, seed >> 32)
        self.tail = (stream * 65536 + replicate, epoch, sample)
        self.block = 0
        self.words = []

    def word(self):
        if not self.words:
            self.words = list(philox_block((self.block, *self.tail), self.key))
            self.block += 1
        return self.words.pop(0)

    def integer(self, n):
        """Uniform over [0, n), by Lemire's method."""
        threshold = (2**32 - n) % n
        while True:
            product = self.word() * n
            if product & MASK >= threshold:
                return product >> 32

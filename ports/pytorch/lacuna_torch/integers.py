"""What is exact on every machine: random words, starts, resized tables, schedules."""

import math

import torch

MASK = 0xFFFFFFFF
A = -0.75


def philox_block(counter, key):
    """Four words of 32 bits from a counter of four and a key of two."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p2 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p2 >> 32) ^ c1 ^ k0, p2 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


class Words:
    """The words of a stream at an address, in order; the address is in the attributes of the call."""

    def __init__(self, stream, at):
        self.key = (at["seed"] & MASK, at["seed"] >> 32)
        self.tail = (stream << 16 | at.get("replicate", 0), at.get("epoch", 0), at["sample"])
        self.block, self.words = 0, []

    def next(self):
        if not self.words:
            self.words = list(philox_block((self.block, *self.tail), self.key))
            self.block += 1
        return self.words.pop(0)

    def integer(self, n):
        """Uniform over 0 ... n - 1."""
        while True:
            product = self.next() * n
            if product & MASK >= (2**32 - n) % n:
                return product >> 32

    def uniform(self):
        """Of 24 bits, in [0, 1)."""
        return (self.next() >> 8) / 2**24

    def choose(self, count, n):
        """So many of the items 0 ... n - 1."""
        items = list(range(n))
        for i in range(count):
            j = i + self.integer(n - i)
            items[i], items[j] = items[j], items[i]
        return items[:count]


def philox(tensors, _):
    rows = zip(tensors["counter"].tolist(), tensors["key"].tolist())
    words = [philox_block([c & MASK for c in counter], [k & MASK for k in key]) for counter, key in rows]
    return {"words": torch.tensor(words, dtype=torch.int64).reshape(-1, 4).to(torch.int32)}


def bits(numbers):
    """Numbers of float64 as float32, as bits of i32."""
    return torch.as_tensor(numbers, dtype=torch.float64).to(torch.float32).reshape(-1).view(torch.int32)


def start(_, at):
    inputs, outputs = at["inputs"], at["outputs"]
    bound = 1 / math.sqrt(inputs) if at["start"] == "fan-in" else math.sqrt(6 / (inputs + outputs))
    words = Words(0, at)
    return {"bits": bits([-bound + (2 * bound) * words.uniform() for _ in range(at["count"])])}


def resize(tensors, at):
    table = tensors["table"].to(torch.float64).reshape(at["rows"], at["columns"], -1) / 16
    along = between_slots if at["kind"] == "slots" else bicubic
    by_column = along(table.transpose(0, 1), at["toColumns"]).transpose(0, 1)
    return {"bits": bits(along(by_column, at["toRows"]))}


def places_in(size, count, device):
    """Where the new indices lie on the old axis."""
    return (torch.arange(size, dtype=torch.float64, device=device) + 0.5) * count / size - 0.5


def bicubic(table, size):
    """The first axis, of the four rows around each place."""
    count = len(table)
    if count == size:
        return table
    y = places_in(size, count, table.device)
    f = y.floor()
    total = torch.zeros((size, *table.shape[1:]), dtype=torch.float64, device=table.device)
    for k in (-1, 0, 1, 2):
        x = (y - f - k).abs()
        near = ((A + 2) * x - (A + 3)) * x * x + 1
        far = ((A * x - 5 * A) * x + 8 * A) * x - 4 * A
        weight = torch.where(x <= 1, near, far)
        total = total + weight[:, None, None] * table[(f + k).clamp(0, count - 1).long()]
    return total


def between_slots(table, size):
    count = len(table)
    if count == size:
        return table
    y = places_in(size, count, table.device).clamp(0, count - 1)
    f = y.floor()
    t = (y - f)[:, None, None]
    return (1 - t) * table[f.long()] + t * table[(f + 1).clamp(max=count - 1).long()]


def rates(tensors, at):
    return {"bits": bits([rate(step, at) for step in tensors["steps"].tolist()])}


def rate(step, at):
    peak, minimum, warmup, total = (at[name] for name in ("peak", "minimum", "warmup_steps", "total_steps"))
    if step < warmup:
        if at["warmup"] == "mae":
            return peak * step / warmup
        if step == 0:
            return 0
        return peak if step == warmup - 1 else step * (peak / (warmup - 1))
    if at["decay"] == "cosine":
        turn = math.pi * (step - warmup) / (total - warmup)
        return minimum + 0.5 * (peak - minimum) * (1 + math.cos(turn))
    falls = [share for share in (at["first"], at["second"]) if step >= math.floor(share * total + 0.5)]
    for _ in falls:
        peak = peak * at["factor"]
    return max(minimum, peak)


def corrections(tensors, at):
    def correction(t):
        r, q = 1.0, float(at["beta"])
        while t > 0:
            if t & 1:
                r *= q
            q *= q
            t >>= 1
        return 1 - r

    return {"bits": bits([correction(t) for t in tensors["updates"].tolist()])}

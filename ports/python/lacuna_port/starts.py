"""How the weights of embeddings start."""

import math

import numpy as np

from .philox import Stream

PARAMETER = 0


def start(_, at):
    inputs, outputs = at["inputs"], at["outputs"]
    bound = 1 / math.sqrt(inputs) if at["start"] == "fan-in" else math.sqrt(6 / (inputs + outputs))
    stream = Stream(at["seed"], PARAMETER, 0, 0, at["sample"])
    uniform = np.array([(stream.word() >> 8) / 2**24 for _ in range(at["count"])])
    return {"bits": (-bound + 2 * bound * uniform).astype("<f4").view("<i4")}

"""Retrieval ranks where similarities tie: exact fractions."""

from fractions import Fraction
from math import comb

import numpy as np


def rank(tensors, at):
    ranks, recalls = [], []
    for row, right in zip(tensors["similarity"].tolist(), tensors["right"].tolist()):
        best = max(value for value, is_right in zip(row, right) if is_right)
        wrong = [value for value, is_right in zip(row, right) if not is_right]
        above, beside = sum(value > best for value in wrong), wrong.count(best)
        own = sum(value == best and is_right == 1 for value, is_right in zip(row, right))
        ranks.append(above + Fraction(beside, own + 1))
        first = min(max(0, at["k"] - above), beside + own)
        recalls.append(1 - Fraction(comb(beside, first), comb(beside + own, first)))
    pairs = {"rank": ranks, "recall": recalls}
    return {
        name: np.asarray([[value.numerator, value.denominator] for value in values], "<i4")
        for name, values in pairs.items()
    }

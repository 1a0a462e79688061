"""Retrieval ranks where similarities tie: exact fractions."""

from fractions import Fraction
from math import comb

import torch


def rank(tensors, at):
    similarity, right = tensors["similarity"].long(), tensors["right"] == 1
    best = similarity.masked_fill(~right, torch.iinfo(torch.int64).min).amax(dim=1, keepdim=True)
    ties = similarity == best
    counts = [(flags & each).sum(dim=1).tolist() for flags, each in ((similarity > best, ~right), (ties, ~right), (ties, right))]
    ranks, recalls = [], []
    for above, wrong, own in zip(*counts):
        ranks.append(above + Fraction(wrong, own + 1))
        # The places that are left for the ties, in which no right item may come.
        first = min(max(0, at["k"] - above), wrong + own)
        recalls.append(1 - Fraction(comb(wrong, first), comb(wrong + own, first)))
    return {"rank": in_lowest_terms(ranks), "recall": in_lowest_terms(recalls)}


def in_lowest_terms(fractions):
    return torch.tensor([[each.numerator, each.denominator] for each in fractions], dtype=torch.int32)

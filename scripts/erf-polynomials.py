"""The polynomials of erf in backends/webgpu/lowering/wgsl.ts: pip install mpmath, then run.

Chebyshev interpolation is within a small factor of minimax; the last lines print the error of the
float32 evaluation, in units in the last place of erf.
"""
import struct

import mpmath as mp

mp.mp.dps = 40


def interpolate(f, low, high, degree):
    """Coefficients, constant first, through the Chebyshev nodes."""
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * degree + 2))
             for k in range(degree + 1)]
    matrix = mp.matrix([[x**power for power in range(degree + 1)] for x in nodes])
    return list(mp.lu_solve(matrix, mp.matrix([f(x) for x in nodes])))


def single(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def horner(coefficients, x):
    value = single(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = single(single(value * x) + single(coefficient))
    return value


inner = interpolate(lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s) if s else 2 / mp.sqrt(mp.pi), mp.mpf(0), mp.mpf(1), 7)
outer = interpolate(lambda t: mp.log(mp.erfc(t)) + t * t, mp.mpf(1), mp.mpf(4), 7)
for name, coefficients in (("inner", inner), ("outer", outer)):
    print(name, [single(c) for c in coefficients])
worst = 0
for k in range(1, 40001):
    x = single(k / 10000)
    if x < 1:
        got = single(x * horner(inner, single(x * x)))
    else:
        got = single(1 - single(mp.exp(single(horner(outer, x) - single(x * x)))))
    exact = mp.erf(x)
    worst = max(worst, abs(got - exact) / mp.mpf(2) ** (mp.floor(mp.log(exact, 2)) - 23))
print("worst", mp.nstr(worst, 4), "units in the last place, with an exact exp")

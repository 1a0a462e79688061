"""The polynomials of erf and tanh in backends/webgpu/lowering/wgsl.ts: pip install mpmath, then run.

Chebyshev interpolation is within a small factor of minimax; the last lines print the errors of the
float32 evaluation, in units in the last place of the result.
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


inner = interpolate(lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s) if s else 2 / mp.sqrt(mp.pi),
                    mp.mpf(0), mp.mpf(1), 7)
outer = interpolate(lambda t: mp.log(mp.erfc(t)) + t * t, mp.mpf(1), mp.mpf(4), 7)
def quotient(f, limit):
    return lambda s: f(mp.sqrt(s)) / mp.sqrt(s) if s else limit


tanh = interpolate(quotient(mp.tanh, mp.mpf(1)), mp.mpf(0), mp.mpf(1), 7)
for name, coefficients in (("erf inner", inner), ("erf outer", outer), ("tanh", tanh)):
    print(name, [single(c) for c in coefficients])


def erf32(x):
    if x < 1:
        return single(x * horner(inner, single(x * x)))
    return single(1 - single(mp.exp(single(horner(outer, x) - single(x * x)))))


def tanh32(x):
    if x < 1:
        return single(x * horner(tanh, single(x * x)))
    return single(1 - single(2 / single(single(mp.exp(2 * x)) + 1)))


for name, got, exact in (("erf", erf32, mp.erf), ("tanh", tanh32, mp.tanh)):
    worst = 0
    for k in range(1, 40001):
        x = single(k / 10000)
        value = exact(x)
        worst = max(worst, abs(got(x) - value) / mp.mpf(2) ** (mp.floor(mp.log(value, 2)) - 23))
    print(name, mp.nstr(worst, 4), "units in the last place, where exp and division are exact")

"""Each primitive as operations of XLA."""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from .program_text import DTYPES


def cast(x, dtype):
    """Floats become integers cut towards zero, as XLA converts them."""
    return x != 0 if dtype == "bool" else lax.convert_element_type(x, DTYPES[dtype])


def reduce_sum(x, axes, keep):
    return lax.expand_dims(lax.reduce_sum(x, axes), axes) if keep else lax.reduce_sum(x, axes)


def reduce_max(x, axes, keep):
    largest = lax.reduce_max(x, axes)
    if jnp.issubdtype(x.dtype, jnp.floating):
        # In rows of 65,539 elements XLA's CPU loses a NaN.
        has_nan = lax.reduce_or(lax.ne(x, x), axes)
        largest = lax.select(has_nan, jnp.full_like(largest, jnp.nan), largest)
    return lax.expand_dims(largest, axes) if keep else largest


def product(precision):
    """
    Products of matrices in the last two axes. `f32` reads factors as they are; `tf32` leaves their 11
    significant bits to the device; `bf16` rounds them to bfloat16. All add up in float32.
    """

    def matmul(a, b, transpose_a, transpose_b):
        batch = tuple(range(a.ndim - 2))
        inner_a, inner_b = a.ndim - (2 if transpose_a else 1), b.ndim - (1 if transpose_b else 2)
        result = a.dtype
        if precision == "bf16" and result == jnp.float32:
            a, b = a.astype(jnp.bfloat16), b.astype(jnp.bfloat16)
        return lax.dot_general(
            a,
            b,
            (((inner_a,), (inner_b,)), (batch, batch)),
            precision=lax.DotAlgorithmPreset.TF32_TF32_F32
            if precision == "tf32" and result == jnp.float32
            else lax.Precision.HIGHEST,
            preferred_element_type=result,
        )

    return matmul


def pad(x, low, high, value):
    return lax.pad(x, jnp.asarray(value, x.dtype), [(a, b, 0) for a, b in zip(low, high)])


def gather(x, indices, batch):
    """Batch axes are named as such, so that rows split over devices without a message between them."""
    axes = tuple(range(batch))
    rest = x.ndim - batch - 1
    numbers = lax.GatherDimensionNumbers(
        offset_dims=tuple(range(indices.ndim, indices.ndim + rest)),
        collapsed_slice_dims=(batch,),
        start_index_map=(batch,),
        operand_batching_dims=axes,
        start_indices_batching_dims=axes,
    )
    sizes = (1,) * (batch + 1) + x.shape[batch + 1 :]
    return lax.gather(x, indices[..., None], numbers, sizes, mode="clip")


def scatter_add(indices, updates, batch, size):
    axes = tuple(range(batch))
    rest = updates.shape[indices.ndim :]
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=tuple(range(indices.ndim, updates.ndim)),
        inserted_window_dims=(batch,),
        scatter_dims_to_operand_dims=(batch,),
        operand_batching_dims=axes,
        scatter_indices_batching_dims=axes,
    )
    table = jnp.zeros((*indices.shape[:batch], size, *rest), updates.dtype)
    return lax.scatter_add(table, indices[..., None], updates, numbers, mode="drop")


def quotient(a, b):
    """XLA makes a quotient by what is broadcast a product with the reciprocal, which is not correctly rounded: it is not shown that."""
    return lax.div(a, lax.optimization_barrier(b))


def constant(data, dtype, shape):
    numbers = literal(np.asarray(data, "f8").astype(DTYPES[dtype]))
    return numbers.reshape(shape) if len(data) == math.prod(shape) else jnp.broadcast_to(numbers, shape)


def literal(numbers):
    """XLA takes the literal -0, 1, 2, ... for the one from 0 on: numbers with a -0 come as bits that it does not look into."""
    if not np.any((numbers == 0) & np.signbit(numbers.astype("f8"))):
        return jnp.asarray(numbers)
    bits = numbers.view(f"u{numbers.itemsize}")
    return lax.bitcast_convert_type(lax.optimization_barrier(jnp.asarray(bits)), numbers.dtype)


COMPARISONS = {"eq": lax.eq, "ne": lax.ne, "lt": lax.lt, "le": lax.le, "gt": lax.gt, "ge": lax.ge}


def primitives(precision):
    """The function of each primitive, by name."""
    return {
        "add": lax.add,
        "sub": lax.sub,
        "mul": lax.mul,
        "div": quotient,
        "min": lax.min,
        "max": lax.max,
        "neg": lax.neg,
        "exp": lax.exp,
        "log": lax.log,
        "sqrt": lax.sqrt,
        "rsqrt": lax.rsqrt,
        "erf": lax.erf,
        "tanh": lax.tanh,
        "compare": lambda a, b, direction: COMPARISONS[direction](a, b),
        "and": lax.bitwise_and,
        "or": lax.bitwise_or,
        "not": lax.bitwise_not,
        "is_finite": lax.is_finite,
        "select": lax.select,
        "cast": cast,
        "reduce_sum": reduce_sum,
        "reduce_max": reduce_max,
        "matmul": product(precision),
        "reshape": lambda x, shape: lax.reshape(x, shape),
        "transpose": lambda x, permutation: lax.transpose(x, permutation),
        "broadcast": lambda x, shape: jnp.broadcast_to(x, shape),
        "slice": lambda x, starts, ends: lax.slice(x, starts, ends),
        "pad": pad,
        "concat": lambda *parts, axis: lax.concatenate(parts, axis),
        "gather": gather,
        "scatter_add": scatter_add,
        "iota": lambda shape, axis: lax.broadcasted_iota(jnp.int32, shape, axis),
        "constant": constant,
    }

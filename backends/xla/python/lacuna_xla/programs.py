"""A program as one computation of XLA."""

import jax
from jax import lax

from .attention import Attention
from .primitives import primitives
from .program_text import Type, Unsupported, parse
from .sharded import ShardedStep


class Compiled:
    """A program that was compiled: it takes its inputs in order and gives its outputs in order."""

    def __init__(self, program, computation, layouts):
        self.inputs, self.outputs = program.inputs, program.outputs
        self.computation = computation
        # Of each input over several devices; None: the program runs on one.
        self.layouts = layouts

    def run(self, inputs):
        return self.computation(*inputs)


class Programs:
    """Compiles programs with one way to multiply."""

    def __init__(self, precision, rows):
        attention = Attention(precision, rows)
        self.primitives = primitives(precision)
        self.composites = {"call attention": attention.forward, "call attention_grad": attention.gradient}

    @property
    def claims(self):
        return [name.removeprefix("call ") for name in self.composites]

    def compile(self, text, donate, layouts=None, rows=()):
        """
        The program of a text. The memory of the inputs at the positions `donate` may become outputs'.

        layouts: several devices, over which the inputs at the positions `rows`, rows of a batch, are split.
        """
        program = parse(text)
        functions = self.primitives | self.composites
        for operation in program.operations:
            if operation.name not in functions:
                raise Unsupported(f"there is no operation {operation.name}")

        def results_of(operation, values):
            name, operands, attributes, results, types = operation
            made = functions[name](*(values[each] for each in operands), **attributes)
            many = made if isinstance(made, tuple) else (made,)
            return {each: checked(x, declared, each) for each, x, declared in zip(results, many, types, strict=True)}

        is_sharded = layouts is not None and layouts.shard_state and len(rows) > 0

        def run(*inputs):
            values = dict(zip(program.inputs, inputs))
            evaluate = ShardedStep(results_of, layouts, program, rows, values) if is_sharded else results_of
            for operation in program.operations:
                values |= evaluate(operation, values)
            return outputs(program, values)

        run.__name__ = program.name
        given = [jax.ShapeDtypeStruct(each.shape, each.dtype) for each in program.inputs.values()]
        placed, shardings = None, {}
        if layouts is not None:
            placed = layouts.of_inputs(program, rows)
            shardings = {"in_shardings": tuple(placed), "out_shardings": layouts.of_outputs(program)}
        traced = jax.jit(run, donate_argnums=tuple(donate), keep_unused=True, **shardings)
        return Compiled(program, traced.lower(*given).compile(), placed)


def outputs(program, values):
    """Each with memory of its own, though it be an input, or the value of another output, too."""
    taken, results = set(program.inputs), []
    for value in program.outputs.values():
        results.append(lax.copy_p.bind(values[value]) if value in taken else values[value])
        taken.add(value)
    return results


def checked(x, declared, name):
    if Type(x.dtype, x.shape) == declared:
        return x
    raise TypeError(f"%{name} came out as {x.dtype}{list(x.shape)}, declared {declared.dtype}{list(declared.shape)}")

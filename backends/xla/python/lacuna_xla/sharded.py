"""A step whose state is sharded: weights come to the rows of the batch, and rows stay where they are."""

from collections import ChainMap

from jax import lax


class ShardedStep:
    """
    Evaluates the operations of a program, one after the other, so that XLA's partitioner gathers weights and no
    activations. What goes row by row of the batch stays split by rows. Where it meets what is made of state alone, that is
    gathered; the update, which rows reach as gradients only, has the part of each device.
    """

    def __init__(self, evaluate, layouts, program, rows, values):
        """
        evaluate: the results of an operation on values, by name.
        rows: positions of the inputs that are rows of the batch, at least one.
        values: the inputs by name.
        """
        names = list(program.inputs)
        self.evaluate = evaluate
        self.layouts = layouts
        self.batch = program.inputs[names[rows[0]]].shape[0]
        # What is made of rows; of that, what goes row by row; what is made of state alone, gathered.
        self.made = {names[place] for place in rows}
        self.by_row = set(self.made)
        self.gathered = {
            name: lax.with_sharding_constraint(values[name], layouts.whole)
            for name, given in program.inputs.items()
            if layouts.of_role(given) != layouts.whole
        }

    def __call__(self, operation, values):
        operands = set(operation.operands)
        with_gathered = ChainMap(self.gathered, values)
        if self.made.isdisjoint(operands):
            if not operands.isdisjoint(self.gathered):
                self.gathered |= self.evaluate(operation, with_gathered)
            return self.evaluate(operation, values)
        meets_rows = not self.by_row.isdisjoint(operands)
        results = self.evaluate(operation, with_gathered if meets_rows else values)
        self.made.update(results)
        if meets_rows and self.keeps_rows(operation):
            for name, x in results.items():
                if x.ndim > 0 and x.shape[0] % self.batch == 0:
                    self.by_row.add(name)
                    results[name] = lax.with_sharding_constraint(x, self.layouts.rows)
        return results

    def keeps_rows(self, operation):
        """Whether the first axis of the results is, or begins with, that of the batch, if it is long enough."""
        name, operands, attributes, _, types = operation
        if name == "matmul":
            return len(types[0].shape) > 2 or not attributes["transpose_a"]
        if name in ("reduce_sum", "reduce_max"):
            return 0 not in attributes["axes"]
        if name == "transpose":
            return attributes["permutation"][0] == 0
        if name == "gather":
            return attributes["batch"] > 0 or operands[1] in self.by_row
        if name == "scatter_add":
            return attributes["batch"] > 0
        return True

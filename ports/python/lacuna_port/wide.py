"""Functions in float64 whatever the call: each result is rounded to the type of the call once."""

import numpy as np

NARROW, WIDE = np.dtype("f4"), np.dtype("f8")


def widened(function):
    """The function on f64 copies of its f32 tensors, its results as f32."""

    def run(tensors, at):
        is_narrow = at.get("float") == "f32" or any(x.dtype == NARROW for x in tensors.values())
        if not is_narrow:
            return function(tensors, at)
        wide = {name: x.astype(WIDE) if x.dtype == NARROW else x for name, x in tensors.items()}
        results = function(wide, {**at, "float": "f64"})
        return {name: x.astype(NARROW) if x.dtype == WIDE else x for name, x in results.items()}

    return run

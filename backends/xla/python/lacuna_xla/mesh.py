"""Where tensors lie: on the first device, or over all devices of all processes."""

from collections import Counter

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

# The roles of what AdamW updates, and what it keeps for that.
STATE = ("parameter", "optimizer", "average")


def unequal(devices, processes):
    """Why these processes cannot share a batch; None where each has as many devices as any other."""
    counts = Counter(each.process_index for each in devices)
    numbers = [counts[each] for each in range(processes)]
    if len(set(numbers)) == 1:
        return None
    return f"all processes need the same number of devices, and they have {', '.join(map(str, numbers))}"


class Layouts:
    """
    A program that takes rows of a batch runs on all devices, with those rows split over them in the order of
    processes; any other runs on the first device of its process alone. Its state lies on each device whole, or, with
    `shard_state`, in equal parts, one on each; all else lies on each.
    """

    def __init__(self, devices, shard_state=False):
        self.devices = sorted(devices, key=lambda each: (each.process_index, each.id))
        here = jax.process_index()
        self.local = [each for each in self.devices if each.process_index == here]
        self.mesh = Mesh(np.array(self.devices), ("batch",))
        self.rows = NamedSharding(self.mesh, PartitionSpec("batch"))
        self.whole = NamedSharding(self.mesh, PartitionSpec())
        self.shard_state = shard_state
        self.gathered = jax.jit(lambda x: x, out_shardings=self.whole)

    def of_inputs(self, program, rows):
        """The layout of each input of a program whose inputs at the positions `rows` are rows of a batch."""
        inputs = enumerate(program.inputs.values())
        return [self.rows if place in rows else self.of_role(each) for place, each in inputs]

    def of_outputs(self, program):
        """What replaces an input lies as that does."""
        inputs = program.inputs
        return [self.of_role(inputs[name]) if name in inputs else self.whole for name in program.outputs]

    def of_role(self, given):
        """State that is sharded is cut along its first axis that divides by the devices; where none does, it is whole."""
        if self.shard_state and given.role in STATE:
            for axis, extent in enumerate(given.shape):
                if extent % len(self.devices) == 0:
                    return NamedSharding(self.mesh, PartitionSpec(*[None] * axis, "batch"))
        return self.whole

    def share(self, tensor):
        """Rows of a batch of which this process has its own alone."""
        parts = np.split(tensor, len(self.local))
        shape = (tensor.shape[0] * len(self.devices) // len(self.local), *tensor.shape[1:])
        return jax.make_array_from_single_device_arrays(shape, self.rows, list(map(self.put, parts, self.local)))

    def keep(self, tensor):
        """A tensor on the first device; of several on the host, until it is known where it is read."""
        return self.put(tensor, self.local[0]) if len(self.devices) == 1 else tensor

    def host(self, x):
        """A tensor on the host: of one whose parts lie on several processes a call of all of them."""
        if isinstance(x, jax.Array) and not (x.is_fully_addressable or x.is_fully_replicated):
            x = self.gathered(x)
        return np.asarray(x)

    def moved(self, x, layout):
        """A tensor where a program reads it; None: on the first device."""
        if isinstance(x, jax.Array):
            if x.sharding == layout or layout is None and len(x.sharding.device_set) == 1:
                return x
        tensor = self.host(x)
        if layout is None:
            return self.put(tensor, self.local[0])
        parts = layout.addressable_devices_indices_map(tensor.shape)
        arrays = [self.put(tensor[index], device) for device, index in parts.items()]
        return jax.make_array_from_single_device_arrays(tensor.shape, layout, arrays)

    @staticmethod
    def put(tensor, device):
        # Memory of its own: a frame is freed, a donated tensor is written into.
        return jax.device_put(tensor, device, may_alias=False)

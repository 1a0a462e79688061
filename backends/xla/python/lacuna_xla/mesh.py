"""Where tensors lie: on the first device, or over all devices of all processes."""

from collections import Counter

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


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
    processes and everything else on each; any other runs on the first device of its process alone.
    """

    def __init__(self, devices):
        self.devices = sorted(devices, key=lambda each: (each.process_index, each.id))
        here = jax.process_index()
        self.local = [each for each in self.devices if each.process_index == here]
        self.mesh = Mesh(np.array(self.devices), ("batch",))
        self.rows = NamedSharding(self.mesh, PartitionSpec("batch"))
        self.whole = NamedSharding(self.mesh, PartitionSpec())

    def of_inputs(self, count, rows):
        """The layout of each input of a program whose inputs at the positions `rows` are rows of a batch."""
        return [self.rows if place in rows else self.whole for place in range(count)]

    def share(self, tensor):
        """Rows of a batch of which this process has its own alone."""
        parts = np.split(tensor, len(self.local))
        shape = (tensor.shape[0] * len(self.devices) // len(self.local), *tensor.shape[1:])
        return jax.make_array_from_single_device_arrays(shape, self.rows, list(map(self.put, parts, self.local)))

    def keep(self, tensor):
        """A tensor on the first device."""
        return self.put(tensor, self.local[0])

    def moved(self, x, layout):
        """A tensor where a program reads it; None: on the first device."""
        if layout is None:
            if len(x.sharding.device_set) == 1:
                return x
            return self.keep(np.asarray(x))
        if x.sharding == layout:
            return x
        host = np.asarray(x)
        if layout != self.whole:
            if len(self.local) < len(self.devices):
                raise ValueError("rows of a batch were not uploaded as such")
            return self.share(host)
        return jax.make_array_from_single_device_arrays(x.shape, layout, [self.put(host, each) for each in self.local])

    @staticmethod
    def put(tensor, device):
        # Memory of its own: a frame is freed, a donated tensor is written into.
        return jax.device_put(tensor, device, may_alias=False)

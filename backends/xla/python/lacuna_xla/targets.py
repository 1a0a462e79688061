"""Devices that a program can be compiled for without having them."""

import importlib.util
import os
import re
from typing import NamedTuple

TARGET = re.compile(r"(cpu|h100|v5e)x([1-9]\d{0,3})")
# The slices of TPU v5e, by their chips.
SLICES = {4: "2x2", 8: "2x4", 16: "4x4", 32: "4x8", 64: "8x8", 128: "8x16", 256: "16x16"}
GPUS_OF_A_HOST = 8


class Gpu(NamedTuple):
    """What XLA asks of a GPU: as NVIDIA's data sheets and `deviceQuery` have it."""

    name: str
    capability: int
    cores: int
    gigahertz: float
    # Bytes, and bytes a second.
    memory: int
    bandwidth: int
    cache: int
    # Bytes of a core, which a block may ask for.
    shared: int


H100 = Gpu("NVIDIA H100 80GB HBM3", 9, 132, 1.98, 85 * 10**9, 3352 * 10**9, 50 << 20, 227 << 10)


def devices_of(target):
    """
    The devices of a target: `cpuxN`, N simulated ones; `h100xN`, GPUs, eight a host; `v5exN`, a slice of TPU v5e.
    Before JAX is asked for any other device.

    Ends the process with a sentence for a target that there is not, or whose compiler is not installed.
    """
    found = TARGET.fullmatch(target)
    if found is None:
        raise SystemExit(f"there is no target {target}; take cpuxN, h100xN or v5exN")
    kind, count = found[1], int(found[2])
    # Nothing runs: arrays of the program's own literals lie on the CPU.
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_allow_excess_precision=false"
    if kind == "cpu":
        return simulated(count)
    require("jax_cuda13_plugin" if kind == "h100" else "libtpu")
    if kind == "v5e":
        # There is no TPU to be asked how many of them there are, and none that only one process may have.
        os.environ.update(TPU_SKIP_MDS_QUERY="1", TPU_WORKER_HOSTNAMES="localhost", TPU_ACCELERATOR_TYPE="v5litepod-8")
        os.environ["ALLOW_MULTIPLE_LIBTPU_LOAD"] = "true"
    import jax
    from jax.experimental import topologies

    jax.config.update("jax_enable_x64", True)
    if kind == "v5e":
        if count not in SLICES:
            raise SystemExit(f"there is no slice of {count} TPUs v5e; there are {', '.join(map(str, SLICES))}")
        return topologies.get_topology_desc(f"v5e:{SLICES[count]}", "tpu").devices
    hosts, rest = divmod(count, GPUS_OF_A_HOST)
    if hosts > 0 and rest > 0:
        raise SystemExit(f"{count} GPUs are not {GPUS_OF_A_HOST} a host")
    sizes = f"1x{hosts}x{GPUS_OF_A_HOST}" if hosts > 0 else f"1x1x{count}"
    return topologies.get_topology_desc("", "cuda", target_config=config_of(H100), topology=sizes).devices


def simulated(count):
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_num_cpu_devices", count)
    return jax.devices()


def require(package):
    if importlib.util.find_spec(package) is None:
        raise SystemExit(f"this environment has no {package}")


def config_of(gpu):
    """A GPU as XLA's message `GpuTargetConfigProto`, in text. What is the same of all of them stands as numbers."""
    return f"""
gpu_device_info {{
  cuda_compute_capability {{ major: {gpu.capability} }}
  core_count: {gpu.cores} fpus_per_core: 128 clock_rate_ghz: {gpu.gigahertz}
  device_memory_size: {gpu.memory} memory_bandwidth: {gpu.bandwidth} l2_cache_size: {gpu.cache}
  shared_memory_per_core: {gpu.shared + 1024} shared_memory_per_block: 49152 shared_memory_per_block_optin: {gpu.shared}
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
}}
platform_name: "CUDA"
dnn_version_info {{ major: 9 minor: 10 }}
device_description_str: "{gpu.name}"
"""

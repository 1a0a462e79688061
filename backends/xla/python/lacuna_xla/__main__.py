"""`python -m lacuna_xla` speaks Lacuna's process protocol over stdin and stdout (docs/protocol.md)."""

import argparse
import os
import signal
import sys
import threading
import time

JAX = (0, 10)


def main():
    parser = argparse.ArgumentParser(prog="lacuna_xla", description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda", "tpu"], default="cpu")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, help="threads of the CPU (default: its cores)")
    parser.add_argument("--rows", type=int, default=256, help="queries of attention at a time (default: 256)")
    parser.add_argument("--devices", type=int, help="of this process (default: all; of a CPU one, others are simulated)")
    parser.add_argument("--shard-state", action="store_true", help="weights and moments in parts, one on each device")
    parser.add_argument("--coordinator", help="HOST:PORT where process 0 of several has JAX's coordinator")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--local-devices", help="the devices of this process by number, as 0,1 (default: all of the host)")
    options = parser.parse_args()
    die_with_parent()
    # What a library prints, Gloo's in C++ too, must not damage the protocol.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # XLA reads these when it is loaded.
    os.environ["JAX_PLATFORMS"] = options.device
    if options.threads is not None:
        os.environ["NPROC"] = str(options.threads)
    # A factor that is rounded to bfloat16 stays so: XLA may otherwise leave the rounding out.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_allow_excess_precision=false"

    import jax

    if jax.__version_info__[:2] != JAX:
        sys.exit(f"lacuna_xla works with JAX {JAX[0]}.{JAX[1]}, and this is {jax.__version__}")
    jax.config.update("jax_enable_x64", True)
    if options.device == "cpu" and options.devices is not None:
        jax.config.update("jax_num_cpu_devices", options.devices)
    if options.coordinator is not None:
        join(jax, options)
    from .session import Session

    Session(options).serve(replies)
    # Whoever asked has all that they asked for; JAX would wait for the other processes.
    os._exit(0)


def join(jax, options):
    """Joins the other processes. Which there are, and that they live, whoever started this process looks after."""
    local = options.local_devices
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # What ends a process is for its parent to say: the signals of a scheduler reach this one, too.
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        options.coordinator,
        options.processes,
        options.process,
        # JAX's look at Slurm would give each process one device.
        local_device_ids=None if local is None else [int(each) for each in local.split(",")],
        cluster_detection_method="deactivate",
    )
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)


def die_with_parent():
    """Ends this process within a second of its parent, in whatever computation it waits."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


main()

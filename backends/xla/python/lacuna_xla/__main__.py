"""`python -m lacuna_xla` speaks Lacuna's process protocol over stdin and stdout (docs/protocol.md)."""

import argparse
import os
import sys

JAX = (0, 10)


def main():
    parser = argparse.ArgumentParser(prog="lacuna_xla", description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda", "tpu"], default="cpu")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, help="threads of the CPU (default: its cores)")
    parser.add_argument("--rows", type=int, default=256, help="queries of attention at a time (default: 256)")
    options = parser.parse_args()
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
    from .session import Session

    Session(options).serve()


main()

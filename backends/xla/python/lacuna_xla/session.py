"""The process protocol over stdin and stdout, with tensors that stay on the device."""

import json
import sys
import traceback

import jax
import numpy as np

from .mesh import Layouts, unequal
from .program_text import DTYPES, NAMES, Unsupported
from .programs import Programs

MAX_LINE = 1 << 20
# XLA's threads on a CPU take subnormal numbers for 0.
CONTRACTS = {"f32": "f32-flush", "tf32": "tf32-products", "bf16": "bf16-products"}


class Session:
    def __init__(self, options):
        self.options = options
        self.programs = Programs(options.precision, options.rows)
        devices = jax.devices()
        if options.devices is not None and options.processes == 1:
            if len(devices) < options.devices:
                sys.exit(f"there are {len(devices)} devices, not {options.devices}")
            devices = devices[: options.devices]
        elif options.devices is not None and jax.local_device_count() != options.devices:
            sys.exit(f"a process of several takes all of its devices: {jax.local_device_count()}, not {options.devices}")
        if (reason := unequal(devices, options.processes)) is not None:
            sys.exit(reason)
        self.layouts = Layouts(devices, options.shard_state)
        self.compiled = {}
        self.tensors = {}

    def serve(self, replies):
        """Answers requests until `bye` or the end of the input."""
        requests = sys.stdin.buffer
        while line := requests.readline(MAX_LINE + 1):
            request = json.loads(line)
            if request["type"] == "bye":
                return
            # Frames are read before anything can go wrong, so that the next line is found.
            given = {each["name"]: read_tensor(requests, each) for each in request.get("tensors", [])}
            text = read_exactly(requests, request["bytes"]) if request["type"] == "compile" else b""
            results = {}
            try:
                if request["type"] == "hello":
                    reply = self.hello()
                else:
                    results = self.answer(request, given, bytes(text))
                    reply = {"type": "result", "id": request["id"], "tensors": headers(results)}
            except Unsupported as refusal:
                reply = {"type": "unsupported", "id": request["id"], "reason": str(refusal)}
            except Exception as error:
                reply = {"type": "error", "id": request["id"], "message": sentence(error)}
            replies.write(json.dumps(reply).encode() + b"\n")
            for tensor in results.values():
                replies.write(as_bytes(tensor))
            replies.flush()

    def hello(self):
        devices = jax.devices()
        first, on_cpu = devices[0], self.options.device == "cpu"
        return {
            "type": "hello",
            "protocol": 1,
            "name": "xla",
            "version": jax.__version__,
            "device": "CPU" if on_cpu else first.device_kind,
            "contract": CONTRACTS[self.options.precision],
            # Sums of scatter_add come in any order on a GPU.
            "deterministic": self.options.device != "cuda",
            "functions": [],
            "floats": ["f32"] if self.options.device == "tpu" else ["f32", "f64"],
            "capabilities": ["program", "resident"],
            "claims": self.programs.claims,
            "devices": len(self.layouts.devices),
        }

    def answer(self, request, given, text):
        """The results of a request, by name, on the host."""
        kind = request["type"]
        if kind == "echo":
            return given
        if kind == "raise":
            raise RuntimeError(request["message"])
        if kind == "call":
            raise Unsupported(f"there is no function {request['function']}")
        if kind == "compile":
            donate = request.get("donate", [])
            rows = request.get("rows")
            layouts = None if rows is None or len(self.layouts.devices) == 1 else self.layouts
            program = self.programs.compile(text.decode("ascii"), donate, layouts, rows)
            self.compiled[request["program"]] = program
        elif kind == "run":
            program = self.compiled[request["program"]]
            made = program.run([self.layouts.moved(given[name], None) for name in program.inputs])
            return {name: np.asarray(x) for name, x in zip(program.outputs, made)}
        elif kind == "release":
            del self.compiled[request["program"]]
        elif kind == "upload":
            for name, tensor in given.items():
                rows = request.get("rows", False) and len(self.layouts.devices) > 1
                self.tensors[int(name)] = self.layouts.share(tensor) if rows else self.layouts.keep(tensor)
        elif kind == "download":
            return {str(handle): self.layouts.host(self.tensors[handle]) for handle in request["handles"]}
        elif kind == "free":
            for handle in request["handles"]:
                del self.tensors[handle]
        elif kind == "execute":
            try:
                inputs = self.inputs(request)
            finally:
                for handle in request["donated"]:
                    del self.tensors[handle]
            made = self.compiled[request["program"]].run(inputs)
            self.tensors.update(zip(request["outputs"], made, strict=True))
        else:
            raise RuntimeError(f"there is no request {kind}")
        return {}

    def inputs(self, request):
        """The tensors that a program runs on, moved, for this time and those to come, to where it reads them."""
        handles = request["inputs"]
        program = self.compiled.get(request["program"])
        if program is not None:
            for handle, layout in zip(handles, program.layouts or [None] * len(handles), strict=True):
                self.tensors[handle] = self.layouts.moved(self.tensors[handle], layout)
        return [self.tensors[handle] for handle in handles]



def headers(results):
    return [
        {"name": name, "dtype": NAMES[x.dtype], "shape": list(x.shape), "bytes": x.nbytes}
        for name, x in results.items()
    ]


def as_bytes(x):
    return memoryview(np.ascontiguousarray(x).reshape(-1).view("u1"))


def read_tensor(stream, header):
    data = read_exactly(stream, header["bytes"])
    return np.frombuffer(data, DTYPES[header["dtype"]]).reshape(header["shape"])


def read_exactly(stream, count):
    data = bytearray(count)
    rest = memoryview(data)
    while rest:
        got = stream.readinto(rest)
        if not got:
            raise EOFError("the input ended inside a frame")
        rest = rest[got:]
    return data


def sentence(error):
    """What went wrong; of a defect in here also where."""
    if isinstance(error, jax.errors.JaxRuntimeError):
        return str(error)[:8000]
    where = "".join(traceback.format_tb(error.__traceback__, limit=-2))
    return f"{type(error).__name__}: {error}\n{where}"[:8000]

"""The process protocol: JSON lines and tensor frames over stdin and stdout (docs/protocol.md)."""

import json
import sys
import traceback

import numpy as np

TYPES = {"f64": "<f8", "f32": "<f4", "i32": "<i4", "u8": "u1", "bool": "?"}
NAMES = {np.dtype(code): name for name, code in TYPES.items()}
MAX_LINE = 1 << 20


class Unsupported(Exception):
    """What this port does not do; the harness is told, and nothing breaks."""


def serve(functions, interpreter):
    """Answers requests until `bye` or the end of the input."""
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not damage the protocol
    programs = {}
    while line := requests.readline(MAX_LINE + 1):
        request = json.loads(line)
        if request["type"] == "bye":
            return
        if request["type"] == "hello":
            reply, results = hello(functions), {}
        else:
            reply, results = answer(request, requests, functions, programs, interpreter)
        frames = [np.ascontiguousarray(x).tobytes() for x in results.values()]
        if reply["type"] == "result":
            reply["tensors"] = [
                {"name": n, "dtype": NAMES[x.dtype], "shape": list(x.shape), "bytes": x.nbytes}
                for n, x in results.items()
            ]
        replies.write(json.dumps(reply).encode() + b"\n" + b"".join(frames))
        replies.flush()


def hello(functions):
    return {
        "type": "hello",
        "protocol": 1,
        "name": "numpy",
        "version": np.__version__,
        "device": "CPU",
        "contract": "f32-ieee",
        "deterministic": True,
        "functions": list(functions),
        "floats": ["f32", "f64"],
        "capabilities": ["program"],
        "claims": [],
    }


def answer(request, stream, functions, programs, interpreter):
    """The reply to a request, and its tensors by name."""
    kind, number = request["type"], request.get("program")
    # Frames are read before anything can go wrong, so that the next line is found.
    tensors = {each["name"]: read_tensor(stream, each) for each in request.get("tensors", [])}
    text = read_exactly(stream, request["bytes"]) if kind == "compile" else b""
    try:
        results = {}
        if kind == "echo":
            results = tensors
        elif kind == "raise":
            raise RuntimeError(request["message"])
        elif kind == "call":
            name = request["function"]
            if name not in functions:
                raise Unsupported(f"there is no function {name}")
            with np.errstate(all="ignore"):
                results = functions[name](tensors, request["attributes"])
        elif kind == "compile":
            programs[number] = interpreter(text.decode("ascii"))
        elif kind == "run":
            with np.errstate(all="ignore"):
                results = programs[number].run(tensors)
        elif kind == "release":
            del programs[number]
        else:
            raise RuntimeError(f"there is no request {kind}")
        return {"type": "result", "id": request["id"]}, results
    except Unsupported as refusal:
        return {"type": "unsupported", "id": request["id"], "reason": str(refusal)}, {}
    except Exception as error:
        trace = traceback.format_exc(limit=-3)
        message = f"{error}\n{trace}"[:8000]
        return {"type": "error", "id": request["id"], "message": message}, {}


def read_tensor(stream, header):
    data = read_exactly(stream, header["bytes"])
    return np.frombuffer(data, TYPES[header["dtype"]]).reshape(header["shape"])


def read_exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("the input ended inside a frame")
    return data

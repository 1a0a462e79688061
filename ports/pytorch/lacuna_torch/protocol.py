"""The process protocol: JSON lines and tensor frames over stdin and stdout (docs/protocol.md)."""

import json
import sys
import traceback

import torch

DTYPES = {
    "f64": torch.float64,
    "f32": torch.float32,
    "i32": torch.int32,
    "u8": torch.uint8,
    "bool": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
MAX_LINE = 1 << 20


class Unsupported(Exception):
    """What this port does not do; the case counts as unsupported, and nothing breaks."""


def serve(functions, program, device):
    """Answers requests until `bye` or the end of the input."""
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not damage the protocol
    programs = {}
    while line := requests.readline(MAX_LINE + 1):
        request = json.loads(line)
        if request["type"] == "bye":
            return
        # Frames are read before anything can go wrong, so that the next line is found.
        tensors = {each["name"]: read_tensor(requests, each, device) for each in request.get("tensors", [])}
        text = read_exactly(requests, request["bytes"]) if request["type"] == "compile" else b""
        results = {}
        try:
            if request["type"] == "hello":
                reply = hello(functions, device)
            else:
                results = answer(request, tensors, text, functions, programs, lambda text: program(text, device))
                reply = {"type": "result", "id": request["id"], "tensors": []}
        except Unsupported as refusal:
            reply = {"type": "unsupported", "id": request["id"], "reason": str(refusal)}
        except Exception as error:
            message = f"{error}\n{traceback.format_exc(limit=-3)}"[:8000]
            reply = {"type": "error", "id": request["id"], "message": message}
        write(replies, reply, results)


def hello(functions, device):
    on_gpu = device.type == "cuda"
    return {
        "type": "hello",
        "protocol": 1,
        "name": "pytorch",
        "version": torch.__version__,
        "device": torch.cuda.get_device_name(device) if on_gpu else "CPU",
        "contract": "f32-libm",
        # Sums of scatter_add come in any order on a GPU.
        "deterministic": not on_gpu,
        "functions": list(functions),
        "floats": ["f32", "f64"],
        "capabilities": ["program"],
        "claims": [],
    }


def answer(request, tensors, text, functions, programs, program):
    """The results of a request, by name."""
    kind, number = request["type"], request.get("program")
    if kind == "echo":
        return tensors
    if kind == "raise":
        raise RuntimeError(request["message"])
    if kind == "call":
        if request["function"] not in functions:
            raise Unsupported(f"there is no function {request['function']}")
        return functions[request["function"]](tensors, request["attributes"])
    if kind == "compile":
        programs[number] = program(text.decode("ascii"))
        return {}
    if kind == "run":
        return programs[number].run(tensors)
    if kind == "release":
        del programs[number]
        return {}
    raise RuntimeError(f"there is no request {kind}")


def write(stream, reply, results):
    """A line, then the frames of its tensors."""
    frames = []
    for name, tensor in results.items():
        data = tensor.detach().cpu().contiguous()
        frames.append(data.numpy().tobytes())
        header = {"name": name, "dtype": NAMES[data.dtype], "shape": list(data.shape), "bytes": len(frames[-1])}
        reply["tensors"].append(header)
    stream.write(json.dumps(reply).encode() + b"\n" + b"".join(frames))
    stream.flush()


def read_tensor(stream, header, device):
    data = bytearray(read_exactly(stream, header["bytes"]))
    dtype, shape = DTYPES[header["dtype"]], header["shape"]
    if not data:
        return torch.empty(shape, dtype=dtype, device=device)
    return torch.frombuffer(data, dtype=dtype).reshape(shape).to(device)


def read_exactly(stream, count):
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("the input ended inside a frame")
    return data

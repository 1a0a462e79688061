"""What XLA has made of a program, read from the text of its optimised module."""

import math
import re

COLLECTIVES = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute|collective-broadcast"
# Of one that begins and ends apart, the end: what begins it is typed by its operands, too.
COLLECTIVE = re.compile(rf"= (.*?) ({COLLECTIVES})(?:-done)?\(")
ARRAY = re.compile(r"\b(pred|s8|u8|bf16|f16|s32|u32|f32|s64|u64|f64)\[([\d,]*)\]")
BYTES = {"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}

COMPUTATION = re.compile(r"(ENTRY )?%?([\w.-]+) \(.*\{$")
INSTRUCTION = re.compile(r"\s+(?:ROOT )?%?([\w.-]+) = (.*?) ([a-z][\w-]*)\((.*)$")
CALLED = re.compile(r"\b(?:calls|body|to_apply|branch_computations|called_computations)=(\{[^}]*\}|%?[\w.-]+)")
TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"\}')
GEMM = re.compile(r'custom_call_target="__cublas\$(?:lt\$)?(?:gemm|matmul)')
# As an operation has it, and as a call of cuBLAS.
CONTRACTED = (re.compile(r"lhs_contracting_dims=\{([\d,]*)\}"), re.compile(r'"lhs_contracting_dimensions":\[([\d",]*)\]'))


def collectives(hlo):
    """Each kind with its number, and the bytes of its results on a device; a loop once."""
    found = {}
    for types, kind in COLLECTIVE.findall(hlo):
        arrays = [(f"{dtype}[{extents}]", size_of(dtype, extents)) for dtype, extents in ARRAY.findall(types)]
        each = found.setdefault(kind, {"count": 0, "bytes": 0, "largest": ""})
        largest = max([(size, name) for name, size in arrays], default=(0, ""))
        each["count"] += 1
        each["bytes"] += sum(size for _, size in arrays)
        each["largest"] = max(largest, (largest_of(each["largest"]), each["largest"]))[1]
    return found


def largest_of(name):
    return max((size_of(*array) for array in ARRAY.findall(name)), default=0)


def size_of(dtype, extents):
    return BYTES[dtype] * math.prod(shape_of(extents))


def shape_of(extents):
    return [int(each.strip('"')) for each in extents.split(",") if each]


def products(hlo):
    """
    The operations of all matrix products, each multiply-add as two; of a loop as often as it turns, where XLA knows that.
    Of those that are operations (`dot`) and calls of cuBLAS: of the CPU and of GPUs, not of TPUs.
    """
    entry, own, calls = "", {}, {}
    name, shapes = "", {}
    for line in hlo.splitlines():
        if found := COMPUTATION.match(line):
            name, shapes = found[2], {}
            own[name], calls[name] = 0, []
            entry = name if found[1] else entry
        elif found := INSTRUCTION.match(line):
            result, types, operation, rest = found.groups()
            arrays = [shape_of(extents) for _, extents in ARRAY.findall(types)]
            shapes[result] = arrays[0] if arrays else []
            if operation == "dot" or operation == "custom-call" and GEMM.search(rest):
                left = shapes[re.match(r"[^%]*%?([\w.-]+)", rest)[1]]
                axes = next(shape_of(each[1]) for each in map(re.Pattern.search, CONTRACTED, (rest, rest)) if each)
                own[name] += 2 * math.prod(shapes[result]) * math.prod(left[axis] for axis in axes)
            trips = int(TRIPS.search(rest)[1]) if operation == "while" and TRIPS.search(rest) else 1
            for each in CALLED.findall(rest):
                calls[name] += [(inner.strip("{} %"), trips) for inner in each.split(",")]
    totals = {}

    def total(name):
        if name not in totals:
            totals[name] = own.get(name, 0) + sum(times * total(each) for each, times in calls.get(name, []))
        return totals[name]

    return total(entry)

"""What the steps of a model leave, as one small file."""

import numpy as np

from ..fixture_file import write_fixture
from .models import shapes
from .steps import EPS, LEARNING_RATE, STEPS

# A deviation that nothing exceeds.
UNKNOWN = 1e30


def write_real_size(path, m, exact, plain, runs):
    """Samples of float64, and how far the legal float32 runs lie from them.

    The samples of all tensors follow each other in the order of `parameters`.
    """
    names = list(shapes(m))
    statistics = [name for name in exact.changes if name not in exact.gradients]
    gradients = np.concatenate([exact.gradients[n] for n in names])
    changes = np.concatenate([exact.changes[n] for n in names])
    off = np.concatenate([rms(lambda run: run.gradients[n], exact, runs) for n in names])
    counts = np.array([len(exact.gradients[n]) for n in names])
    own = np.array([root_mean_square(part) for part in np.split(off, np.cumsum(counts)[:-1])])
    scales = np.array([root_mean_square(exact.gradients[n]) for n in names])
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.nan_to_num(off / np.repeat(own, counts), posinf=0)
    shares = np.maximum(shares, by_size(shares, gradients, np.repeat(scales, counts)))
    # Eighths of powers of two above the tensor's own deviation, rounded up.
    levels = np.ceil(8 * np.log2(np.maximum(shares, 1))).clip(0, 255).astype(np.uint8)
    whole = [run for run in runs if run.changes]
    tensors = {
        "gradients": gradients.astype(np.float32),
        "changes": changes.astype(np.float32),
        "levels": levels,
        "deviation.gradients": own,
        "deviation.changes": np.array([median_off(n, exact, whole) for n in names]),
        "norms": np.array([exact.norms[n] for n in names]),
        "grad_norm": np.array(exact.grad_norm),
        "deviation.grad_norm": by_step(lambda run: run.grad_norm, exact, runs),
    }
    for name in exact.losses:
        tensors[name] = np.array(exact.losses[name])
        tensors[f"deviation.{name}"] = by_step(lambda run: run.losses[name], exact, runs)
    for name in statistics:
        tensors[f"statistic.{name}"] = exact.changes[name].astype(np.float32)
        tensors[f"deviation.{name}"] = np.array(median_off(name, exact, whole))
    config = {
        "parameters": [[n, list(s)] for n, s in shapes(m).items()],
        "adamw": {"lr": LEARNING_RATE, "betas": list(m.betas), "eps": EPS, "weight_decay": m.weight_decay},
        "seed": "hashed from names and indices: hashed.py",
        "steps": STEPS,
        "batch": m.batch,
        "runs": [sum(len(run.grad_norm) > step for run in runs) for step in range(STEPS)],
        "degrees": degrees(exact, runs, names),
        "plain": difference(exact, plain),
    }
    write_fixture(path, tensors, f"three steps of {m.name} by PyTorch in float64, samples", config)
    report(path.stem, exact, runs, names, own, config)


def rms(pick, exact, runs):
    """The root mean square over the runs of what they are off by; UNKNOWN without runs."""
    if not runs:
        return np.full_like(np.asarray(pick(exact)), UNKNOWN)
    return np.sqrt(sum((np.asarray(pick(run)) - np.asarray(pick(exact))) ** 2 for run in runs) / len(runs))


def by_step(pick, exact, runs):
    """`rms` of a number that each step has, of the runs that made the step."""
    return np.array([
        rms(lambda run: pick(run)[step], exact, [run for run in runs if len(run.grad_norm) > step])
        for step in range(STEPS)
    ])  # fmt: skip


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) > 0 else 0.0


def median_off(name, exact, runs):
    """The median over samples of what a change is off by; of several runs the root mean square.

    Not the mean: where a gradient is near 0, AdamW makes a whole step either way.
    """
    if not runs:
        return UNKNOWN
    return root_mean_square([np.median(np.abs(run.changes[name] - exact.changes[name])) for run in runs])


def by_size(shares, gradients, scales):
    """What samples are off by, as shares of their tensors' deviations, by how large they are in them.

    A large sum has large parts, and larger roundings. A few runs say little of one sample, but all
    samples of the model that are as large beside their tensors, within half a power of two, say much.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.nan_to_num(np.floor(2 * np.log2(np.abs(gradients) / scales)), nan=-20, neginf=-20, posinf=20)
    size = size.clip(-20, 20).astype(int)
    found = np.zeros(len(shares))
    for each in np.unique(size):
        found[size == each] = root_mean_square(shares[size == each])
    return found


def degrees(exact, runs, names):
    """Degrees of freedom of a tensor's deviation: 2 R / CV^2 of the runs' mean squares (Satterthwaite).

    The samples of a tensor share causes, so that they count for fewer than they are; how far the mean
    squares of single runs scatter (CV, their deviation over their mean) says for how many. The median
    over tensors.
    """
    squares = np.array([
        [np.mean((run.gradients[n] - exact.gradients[n]) ** 2) for run in runs] for n in names
    ])  # fmt: skip
    squares = squares[squares.mean(1) > 0]
    scatter = squares.var(1, ddof=1) / squares.mean(1) ** 2
    return float(2 * len(runs) / np.median(scatter))


def difference(exact, plain):
    """How far our own towers lie from the model that was used: the largest, of the scale of its tensor."""
    worst = max(
        np.abs(exact.gradients[n] - plain.gradients[n]).max() / np.abs(exact.gradients[n]).max()
        for n in exact.gradients
    )
    losses = np.abs(np.array(exact.losses["loss"]) - np.array(plain.losses["loss"])).max()
    return {"gradients": float(worst), "losses": float(losses)}


def report(name, exact, runs, names, own, config):
    scale = np.array([root_mean_square(exact.gradients[n]) for n in names])
    relative = np.sort(own / np.maximum(scale, 1e-300))
    print(f"{name}: {len(runs)} runs, {config['degrees']:.0f} degrees, plain {config['plain']}")
    print(f"  deviation of gradients, of their own scale: median {np.median(relative):.1e}, largest {relative[-5:]}")
    print(f"  loss {exact.losses['loss']}, off by {by_step(lambda run: run.losses['loss'], exact, runs)}")
    print(f"  norm {exact.grad_norm}, off by {by_step(lambda run: run.grad_norm, exact, runs)}")

"""Three steps of fine-tuning in plain PyTorch: VideoMAE's classifier with timm's mixing, smoothing, drop path and
averages, and VideoMAE's layer decay. The random numbers are given: uniform ones, shares and boxes.

The rules are those of VideoMAE (modeling_finetune.py, optim_factory.py, engine_for_finetuning.py) and of timm
(mixup.py, drop.py, loss/cross_entropy.py, utils/model_ema.py), written out, since neither is needed for anything else.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .drawing import normal, randomise
from .fixture_file import write_fixture
from .targets import normalise

VIDEO = {"frames": 4, "size": 16, "tubelet": 2, "patch": 8}
WIDTH, DEPTH, HEADS, CLASSES, BATCH = 12, 3, 2, 5, 4
ADAMW = {"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.05}
RATES = [1e-3, 7e-4, 2e-4]
DECAY, DROP_PATH, DROPOUT, SMOOTHING, AVERAGE, CLIP = 0.65, 0.4, 0.3, 0.1, 0.7, 0.5


def drop_path(x, u, rate):
    """timm's drop_path with the uniform numbers given: floor(keep + u) is 1 or 0."""
    if rate == 0:
        return x
    keep = 1 - rate
    return x / keep * (keep + u).floor_().view(-1, *[1] * (x.ndim - 1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.q = nn.Linear(WIDTH, WIDTH)
        self.k = nn.Linear(WIDTH, WIDTH, bias=False)  # VideoMAE's bias of keys is the constant 0
        self.v = nn.Linear(WIDTH, WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def attention(self, x):
        batch, tokens, width = x.shape
        heads = lambda y: y.reshape(batch, tokens, HEADS, -1).transpose(1, 2)
        q, k, v = heads(self.q(x)) * (width // HEADS) ** -0.5, heads(self.k(x)), heads(self.v(x))
        mixed = (q @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x, u, rate):
        x = x + drop_path(self.attention(self.norm1(x)), u[:, 0], rate)
        return x + drop_path(self.fc2(F.gelu(self.fc1(self.norm2(x)))), u[:, 1], rate)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        t, p = VIDEO["tubelet"], VIDEO["patch"]
        self.patch_embed = nn.Conv3d(3, WIDTH, kernel_size=(t, p, p), stride=(t, p, p))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.fc_norm = nn.LayerNorm(WIDTH, eps=1e-6)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, pixels, positions, u, dropout):
        """pixels [B, 3, T, H, W]; u [B, 2 L] in the order of the branches; dropout [B, D]."""
        x = self.patch_embed(pixels).flatten(2).transpose(1, 2) + positions
        for i, (block, rate) in enumerate(zip(self.blocks, np.linspace(0, DROP_PATH, DEPTH))):
            x = block(x, u[:, 2 * i : 2 * i + 2], rate)
        x = self.fc_norm(x.mean(1))
        x = x * (dropout >= DROPOUT) / (1 - DROPOUT)
        return self.head(x)


def sinusoid(tokens, width):
    """VideoMAE's get_sinusoid_encoding_table, rounded to float32 as there."""
    j = np.arange(width)
    table = np.arange(tokens)[:, None] / np.power(10000, 2 * (j // 2) / width)
    table[:, 0::2], table[:, 1::2] = np.sin(table[:, 0::2]), np.cos(table[:, 1::2])
    return torch.tensor(table, dtype=torch.float32).double()[None]


def layer_id(name):
    if name.startswith("patch_embed"):
        return 0
    if name.startswith("blocks"):
        return int(name.split(".")[1]) + 1
    return DEPTH + 1


def groups(model):
    """VideoMAE's parameter groups: a rate a layer, and no decay of vectors."""
    scales = [DECAY ** (DEPTH + 1 - i) for i in range(DEPTH + 2)]
    return [
        {"params": [p], "lr_scale": scales[layer_id(n)], "weight_decay": 0.0 if p.ndim <= 1 else ADAMW["weight_decay"]}
        for n, p in model.named_parameters()
    ]


def one_hot(labels):
    off = SMOOTHING / CLASSES
    return torch.full((len(labels), CLASSES), off).scatter_(1, labels[:, None], 1 - SMOOTHING + off)


def rand_bbox(size, share, row, column):
    """timm's rand_bbox with the centre given."""
    cut = int(size * np.sqrt(1 - share))
    clip = lambda at: int(np.clip(at, 0, size))
    return clip(row - cut // 2), clip(row + cut // 2), clip(column - cut // 2), clip(column + cut // 2)


# Of each step: the drawn share and, for cutmix, the centre of the box; the second is clipped.
MIXES = [(0.3, None), (0.45, (14, 3)), (0.9, (8, 8))]


def mixed(pixels, labels, share, centre):
    target = one_hot(labels)
    if centre is None:
        pixels = pixels * share + pixels.flip(0) * (1 - share)
    else:
        size = VIDEO["size"]
        yl, yh, xl, xh = rand_bbox(size, share, *centre)
        share = 1.0 - (yh - yl) * (xh - xl) / (size * size)
        flipped = pixels.flip(0)
        pixels = pixels.clone()
        pixels[..., yl:yh, xl:xh] = flipped[..., yl:yh, xl:xh]
    return pixels, target * share + target.flip(0) * (1 - share), share


def named(prefix, model, pick=lambda p: p):
    return {f"{prefix}.{n}": pick(p).detach().clone() for n, p in model.named_parameters()}


def make_finetune(folder):
    rng = np.random.default_rng(211)
    model = Classifier()
    randomise(model, rng)
    frames = torch.from_numpy(rng.integers(0, 256, (BATCH, VIDEO["frames"], VIDEO["size"], VIDEO["size"], 3), dtype=np.uint8))
    labels = torch.from_numpy(rng.integers(0, CLASSES, BATCH))
    uniforms = torch.as_tensor(rng.random((len(RATES), BATCH, 2 * DEPTH)))
    dropout = torch.as_tensor(rng.random((len(RATES), BATCH, WIDTH)))
    tokens = (VIDEO["frames"] // VIDEO["tubelet"]) * (VIDEO["size"] // VIDEO["patch"]) ** 2
    positions = sinusoid(tokens, WIDTH)
    pixels = normalise(frames.to(torch.float64) / 255).permute(0, 4, 1, 2, 3)
    tensors = {"input.frames": frames, "input.labels": labels, "input.drop_path": uniforms, "input.dropout": dropout}
    tensors |= {"buffer.positions": positions, **named("param", model)}
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(groups(model), lr=1, betas=ADAMW["betas"], eps=ADAMW["eps"], foreach=False)
    losses, norms, shares = [], [], []
    for step, (rate, (share, centre)) in enumerate(zip(RATES, MIXES)):
        for group in optimiser.param_groups:
            group["lr"] = rate * group["lr_scale"]
        samples, target, share = mixed(pixels, labels, share, centre)
        optimiser.zero_grad()
        logits = model(samples, positions, uniforms[step], dropout[step])
        loss = torch.sum(-target * F.log_softmax(logits, dim=-1), dim=-1).mean()
        loss.backward()
        if step == 0:
            tensors |= {"out.targets": target, "out.logits": logits, **named("grad", model, lambda p: p.grad)}
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), CLIP).item())
        optimiser.step()
        with torch.no_grad():
            for mean, parameter in zip(average.parameters(), model.parameters()):
                mean.copy_(mean * AVERAGE + (1.0 - AVERAGE) * parameter)
        losses.append(loss.item())
        shares.append(share)
    tensors |= {"out.losses": losses, "out.norms": norms, "out.shares": shares}
    tensors |= {**named("step3", model), **named("average3", average)}
    # Views: softmax of each, and their mean (VideoMAE's merge).
    views = normal(rng, 6, CLASSES, scale=3.0)
    tensors |= {"input.views": views, "out.views": F.softmax(views, dim=-1).mean(0)}
    config = {
        "video": VIDEO, "width": WIDTH, "depth": DEPTH, "heads": HEADS, "classes": CLASSES, "adamw": ADAMW, "rates": RATES,
        "layer_decay": DECAY, "drop_path": DROP_PATH, "dropout": DROPOUT, "smoothing": SMOOTHING, "average": AVERAGE,
        "clip": CLIP, "mixes": MIXES, "seed": 211,
    }  # fmt: skip
    about = "three steps of fine-tuning: mixup, cutmix (clipped, not clipped), smoothing, drop path, dropout, layer decay, clipping, averages"
    write_fixture(folder / "finetune.safetensors", tensors, about, config)

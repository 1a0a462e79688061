"""The three models and the batch of each: sizes of `spec/model/presets.ts`, clips of 16 x 224 x 224."""

from dataclasses import dataclass

import torch

from . import hashed
from .towers import sinusoid

VOCABULARY, TEXT_LENGTH, MASK_ID, HIDDEN_WORDS = 8192, 32, 4, 4


@dataclass(frozen=True)
class Model:
    """A model of width 768, with what tells the three apart. `text` and `decoder` are (depth, heads)."""

    name: str
    batch: int
    mask: str
    hidden: int
    betas: tuple
    weight_decay: float
    decoder: tuple | None = None
    contrastive: str | None = None
    temperature: float = 1.0
    text: tuple | None = None
    learned_positions: bool = False
    class_token: bool = False
    key_bias: bool = False
    frames: int = 16
    size: int = 224
    tubelet: int = 2
    patch: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    decoder_width: int = 384

    @property
    def slots(self):
        return self.frames // self.tubelet

    @property
    def cells(self):
        return (self.size // self.patch) ** 2


VIDEOMAE = Model("videomae_b", 1, "tube", 176, (0.9, 0.95), 0.05, decoder=(4, 6))
MAC = Model(
    "mac_b", 2, "per-slot", 117, (0.9, 0.999), 0.01, contrastive="sum", temperature=0.05, text=(6, 12),
    learned_positions=True, class_token=True, key_bias=True,
)  # fmt: skip
# Batch norm over 2 clips nearly maps them to 1 and -1: little of its gradient is left, but some is.
TGM = Model("tgm_b", 2, "per-slot", 117, (0.9, 0.95), 0.05, decoder=(4, 6), contrastive="mean", temperature=0.1)
MODELS = (VIDEOMAE, MAC, TGM)


def shapes(m):
    """The shape of every parameter by name, in the order of the step."""
    found = {"encoder.patch.weight": (m.width, m.tubelet * m.patch**2 * 3), "encoder.patch.bias": (m.width,)}
    if m.learned_positions:
        found["encoder.positions.place"] = (1, m.cells, m.width)
        found["encoder.positions.slot"] = (m.slots, 1, m.width)
    if m.class_token:
        found["encoder.class"] = (m.width,)
    found |= tower_shapes("encoder", m.depth, m.width, m.key_bias)
    found |= norm_shapes("encoder.norm", m.width)
    if m.decoder is not None:
        found["decoder.embed.weight"] = (m.decoder_width, m.width)
        found["decoder.mask"] = (m.decoder_width,)
        found |= tower_shapes("decoder", m.decoder[0], m.decoder_width, False)
        found |= norm_shapes("decoder.norm", m.decoder_width)
        found |= linear_shapes("decoder.head", m.decoder_width, m.tubelet * m.patch**2 * 3)
    if m.contrastive is not None and m.class_token:
        found |= linear_shapes("projection.video.fc2", m.width, 256)
    elif m.contrastive is not None:
        found["projection.video.fc1.weight"] = (m.width, m.width)
        found |= norm_shapes("projection.video.norm", m.width)
        found |= linear_shapes("projection.video.fc2", m.width, 512)
    if m.text is not None:
        found["text.tokens"] = (VOCABULARY, m.width)
        found["text.positions"] = (TEXT_LENGTH, m.width)
        found |= tower_shapes("text", m.text[0], m.width, m.key_bias)
        found |= norm_shapes("text.norm", m.width)
        found |= linear_shapes("projection.text.fc2", m.width, 256)
    return found


def tower_shapes(tower, depth, width, key_bias):
    found = {}
    for i in range(depth):
        here = f"{tower}.{i}"
        found |= norm_shapes(f"{here}.norm1", width)
        for part in ("q", "k", "v", "proj"):
            both = linear_shapes(f"{here}.attn.{part}", width, width)
            found |= both if part != "k" or key_bias else {f"{here}.attn.k.weight": (width, width)}
        found |= norm_shapes(f"{here}.norm2", width)
        found |= linear_shapes(f"{here}.mlp.fc1", width, 4 * width)
        found |= linear_shapes(f"{here}.mlp.fc2", 4 * width, width)
    return found


def linear_shapes(name, inputs, outputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm_shapes(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def decays(name, shape):
    """VideoMAE's groups: vectors, scalars, positions and tokens do not decay."""
    return len(shape) > 1 and "positions" not in name


def batch_of(m):
    """What a step reads beside its parameters; floats as float64."""
    visible, masked = hashed.masks(m.mask, m.batch, m.slots, m.cells, m.hidden)
    tokens = m.slots * m.cells
    batch = {
        "frames": torch.from_numpy(hashed.pixels(m.batch, m.frames, m.size)),
        "visible": torch.from_numpy(visible),
        "masked": torch.from_numpy(masked),
    }
    if not m.learned_positions:
        batch["encoder.positions"] = sinusoid(tokens, m.width)
    if m.decoder is not None:
        batch["decoder.positions"] = sinusoid(tokens, m.decoder_width)
    if m.text is not None:
        ids, lengths = hashed.captions(m.batch, TEXT_LENGTH, VOCABULARY, MASK_ID, HIDDEN_WORDS)
        batch |= {"text.ids": torch.from_numpy(ids), "text.lengths": torch.from_numpy(lengths)}
    elif m.contrastive is not None:
        given = hashed.uniform("text.embedding", m.batch * 512).reshape(m.batch, 512)
        batch["text.embedding"] = torch.from_numpy(given)
    return batch


def buffers_of(m):
    """Running statistics where training starts; float64."""
    if m.contrastive is None or m.class_token:
        return {}
    name = "projection.video.norm"
    return {
        f"{name}.running_mean": torch.zeros(m.width, dtype=torch.float64),
        f"{name}.running_variance": torch.ones(m.width, dtype=torch.float64),
    }

"""The float64 steps of VideoMAE-B by Hugging Face's own model."""

import torch
from transformers import VideoMAEConfig, VideoMAEForPreTraining

from ..drawing import checkpoint_name
from ..targets import normalise
from . import hashed
from .models import batch_of, shapes
from .steps import STEPS, Kept, keep_gradients, norm_of, optimiser, positions_of

PARTS = (
    ("videomae.embeddings.patch_embeddings.projection", "encoder.patch"),
    ("videomae.encoder.layer", "encoder"),
    ("videomae.layernorm", "encoder.norm"),
    ("encoder_to_decoder", "decoder.embed"),
    ("mask_token", "decoder.mask"),
    ("decoder.decoder_layers", "decoder"),
    ("layernorm_before", "norm1"),
    ("layernorm_after", "norm2"),
    ("attention.attention.query", "attn.q"),
    ("attention.attention.key", "attn.k"),
    ("attention.attention.value", "attn.v"),
    ("attention.attention.q_bias", "attn.q.bias"),
    ("attention.attention.v_bias", "attn.v.bias"),
    ("attention.output.dense", "attn.proj"),
    ("intermediate.dense", "mlp.fc1"),
    ("output.dense", "mlp.fc2"),
)


def our_name(theirs):
    for part, ours in PARTS:
        theirs = theirs.replace(part, ours)
    return theirs


def ours(name, tensor):
    """A tensor of theirs in our layout: channels of a cube last."""
    if name == "encoder.patch.weight":
        return tensor.permute(0, 2, 3, 4, 1).flatten(1)
    return tensor.reshape(-1) if name == "decoder.mask" else tensor


def theirs(name, tensor, shape):
    if name == "encoder.patch.weight":
        width, channels, *rest = shape
        return tensor.reshape(width, *rest, channels).permute(0, 4, 1, 2, 3)
    return tensor.reshape(shape)


def load(m):
    """Their model with our weights. Its last norm has PyTorch's default eps; VideoMAE's own has 1e-6."""
    depth, heads = m.decoder
    model = VideoMAEForPreTraining(VideoMAEConfig(
        attn_implementation="eager", image_size=m.size, patch_size=m.patch, num_frames=m.frames,
        tubelet_size=m.tubelet, hidden_size=m.width, num_hidden_layers=m.depth, num_attention_heads=m.heads,
        intermediate_size=4 * m.width, decoder_hidden_size=m.decoder_width, decoder_num_hidden_layers=depth,
        decoder_num_attention_heads=heads, decoder_intermediate_size=4 * m.decoder_width, layer_norm_eps=1e-6,
        norm_pix_loss=True, qv_bias=True, use_mean_pooling=False,
    ))  # fmt: skip
    model.decoder.norm.eps = 1e-6
    named = {our_name(checkpoint_name(name)): p for name, p in model.named_parameters()}
    missing = set(named) ^ set(shapes(m))
    if missing:
        raise ValueError(f"not in both models: {sorted(missing)}")
    with torch.no_grad():
        for name, shape in shapes(m).items():
            values = torch.from_numpy(hashed.parameter(name, shape))
            named[name].copy_(theirs(name, values, named[name].shape))
    return model, named


def videomae_run(m):
    """What `plain_run` keeps, by their model; changes are in our layout."""
    model, named = load(m)
    batch, positions, kept = batch_of(m), positions_of(m), Kept()
    pixels = normalise(batch["frames"].double() / 255).permute(0, 1, 4, 2, 3)
    mask = torch.ones(m.batch, m.slots * m.cells, dtype=torch.bool)
    mask[torch.arange(m.batch)[:, None], batch["visible"]] = False
    before = {name: ours(name, p.detach()).clone() for name, p in named.items()}
    adamw = optimiser(m, named)
    for step in range(STEPS):
        adamw.zero_grad()
        loss = model(pixels, bool_masked_pos=mask).loss
        loss.backward()
        kept.keep_losses({"loss.mae": loss, "loss": loss})
        kept.grad_norm.append(sum(norm_of(p.grad) ** 2 for p in named.values()) ** 0.5)
        if step == 0:
            keep_gradients(kept, {name: ours(name, p.grad) for name, p in named.items()}, positions)
        adamw.step()
    for name, p in named.items():
        kept.changes[name] = (ours(name, p.detach()) - before[name]).flatten()[positions[name]].numpy()
    return kept

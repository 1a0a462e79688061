"""Hugging Face's VideoMAEForPreTraining: loss, gradients, and three AdamW steps."""

import numpy as np
import torch
import torch.nn.functional as F
from transformers import VideoMAEConfig, VideoMAEForPreTraining

from .adamw import ADAMW, adamw
from .drawing import named, randomise, record
from .fixture_file import write_fixture
from .targets import cubes, normalise, target_per_cube_channel, tube_masks


def decay_groups(model):
    """VideoMAE's optim_factory.py: no decay for 1-D parameters, biases and the mask token."""
    groups = [{"params": [], "weight_decay": ADAMW["weight_decay"]}, {"params": [], "weight_decay": 0.0}]
    for name, parameter in model.named_parameters():
        exempt = parameter.ndim == 1 or name.endswith(".bias") or name == "mask_token"
        groups[exempt]["params"].append(parameter)
    return groups


def watch_videomae(model, outputs):
    model.videomae.embeddings.register_forward_hook(record(outputs, "embeddings"))
    for i, layer in enumerate(model.videomae.encoder.layer):
        layer.register_forward_hook(record(outputs, f"encoder_layer.{i}"))
    if model.videomae.layernorm is not None:
        model.videomae.layernorm.register_forward_hook(record(outputs, "encoder_norm"))
    for i, layer in enumerate(model.decoder.decoder_layers):
        layer.register_forward_hook(record(outputs, f"decoder_layer.{i}"))


def make_videomae(path, seed, about, batch, masked, **config):
    rng = np.random.default_rng(seed)
    model = VideoMAEForPreTraining(VideoMAEConfig(attn_implementation="eager", **config))
    randomise(model, rng)
    c = model.config
    height, width = c.image_size
    frames = torch.from_numpy(rng.integers(0, 256, (batch, c.num_frames, height, width, 3), dtype=np.uint8))
    cells = (height // c.patch_size) * (width // c.patch_size)
    mask = tube_masks(rng, batch, c.num_frames // c.tubelet_size, cells, masked)
    scaled = frames.to(torch.float64) / 255
    pixels = normalise(scaled).permute(0, 1, 4, 2, 3)

    outputs = {}
    watch_videomae(model, outputs)
    result = model(pixels, bool_masked_pos=mask)
    result.loss.backward()
    if c.norm_pix_loss:
        target = target_per_cube_channel(scaled, c.tubelet_size, c.patch_size)
    else:
        target = cubes(scaled, c.tubelet_size, c.patch_size).flatten(2)
    target = target[mask].reshape(batch, -1, target.shape[-1])
    assert abs(F.mse_loss(result.logits, target) - result.loss) < 1e-12  # our reading of the target is theirs

    tensors = {"input.frames": frames, "input.mask": mask, "out.logits": result.logits, "out.target": target}
    tensors |= {"out.loss": result.loss, **outputs}
    tensors |= {
        "buffer.position_embeddings": model.position_embeddings.double(),
        "buffer.videomae.embeddings.position_embeddings": model.videomae.embeddings.position_embeddings.double(),
    }
    tensors |= {**named("param", model), **named("grad", model, lambda p: p.grad)}
    tensors["out.losses"] = three_steps(model, pixels, mask)
    tensors |= named("step3", model)
    write_fixture(path, tensors, about, {"model": c.to_dict(), "adamw": ADAMW, "seed": seed})


def three_steps(model, pixels, mask):
    """Losses before the first and after each of three AdamW steps on the same batch; [4]."""
    optimiser = adamw(decay_groups(model))
    losses = []
    for step in range(4):
        optimiser.zero_grad()
        loss = model(pixels, bool_masked_pos=mask).loss
        losses.append(loss.item())
        if step < 3:
            loss.backward()
            optimiser.step()
    return losses


def make_videomae_fixtures(folder):
    make_videomae(
        folder / "videomae_tiny.safetensors", seed=101, batch=2, masked=12,
        about="VideoMAEForPreTraining, square frames, targets normalised per cube and channel",
        image_size=[32, 32], patch_size=8, num_frames=4, tubelet_size=2, hidden_size=24, num_hidden_layers=2,
        num_attention_heads=3, intermediate_size=96, decoder_hidden_size=16, decoder_num_hidden_layers=2,
        decoder_num_attention_heads=2, decoder_intermediate_size=64, norm_pix_loss=True, qv_bias=True,
        use_mean_pooling=False,
    )  # fmt: skip
    make_videomae(
        folder / "videomae_wide.safetensors", seed=102, batch=2, masked=4,
        about="VideoMAEForPreTraining, frames wider than high, raw targets, no final encoder norm",
        image_size=[16, 24], patch_size=8, num_frames=6, tubelet_size=2, hidden_size=18, num_hidden_layers=1,
        num_attention_heads=3, intermediate_size=30, decoder_hidden_size=12, decoder_num_hidden_layers=1,
        decoder_num_attention_heads=2, decoder_intermediate_size=20, norm_pix_loss=False, qv_bias=True,
        use_mean_pooling=True,
    )  # fmt: skip

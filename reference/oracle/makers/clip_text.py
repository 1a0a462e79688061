"""Hugging Face's CLIP text tower with its projection."""

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from .drawing import named, normal, randomise, record
from .fixture_file import write_fixture


def make_clip_text(folder):
    """Causal, no padding mask (as CLIP itself); pooled at the FIRST token that equals eos_token_id.

    eos_token_id is not the highest id, and one caption holds a higher one: the old rule (arg max of the
    ids) would pool elsewhere. One caption is padded with EOS itself, one with id 1, one is full.
    """
    seed, eos = 201, 37
    rng = np.random.default_rng(seed)
    model = CLIPTextModelWithProjection(CLIPTextConfig(
        vocab_size=40, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=96,
        max_position_embeddings=12, projection_dim=10, hidden_act="quick_gelu", bos_token_id=36,
        eos_token_id=eos, pad_token_id=1, attn_implementation="sdpa",
    ))  # fmt: skip
    randomise(model, rng)
    ids = torch.tensor([
        [36, 5, 39, 7, eos, 1, 1, 1, 1],
        [36, 11, eos, eos, eos, eos, eos, eos, eos],
        [36, 8, 8, 30, 2, 0, 38, 8, eos],
    ])  # fmt: skip
    weights = normal(rng, 3, 10)
    outputs = {}
    for i, layer in enumerate(model.text_model.encoder.layers):
        layer.register_forward_hook(record(outputs, f"layer.{i}"))
    with sdpa_kernel(SDPBackend.MATH):
        result = model(input_ids=ids)
        loss = (result.text_embeds * weights).sum()
        loss.backward()
    tensors = {"input.ids": ids, "input.loss_weights": weights, "out.loss": loss, **outputs}
    tensors |= {"input.eos_positions": (ids == eos).int().argmax(-1)}
    tensors |= {"out.text_embeds": result.text_embeds, "out.last_hidden_state": result.last_hidden_state}
    tensors |= {**named("param", model), **named("grad", model, lambda p: p.grad)}
    about = "CLIPTextModelWithProjection; loss = sum(text_embeds * loss_weights)"
    config = {"model": model.config.to_dict(), "seed": seed}
    write_fixture(folder / "clip_text_tiny.safetensors", tensors, about, config)

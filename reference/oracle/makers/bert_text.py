"""Hugging Face's BERT and DistilBERT: text encoders with norms after attention and MLP."""

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

from .drawing import normal, randomise, record
from .fixture_file import write_fixture

PAD = 0


def make_bert_texts(folder):
    """One caption is full, one padded, one of a single word; all tokens are of segment 0."""
    write_text(folder / "bert_tiny.safetensors", 401, lambda: BertModel(BertConfig(
        vocab_size=23, hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=30,
        max_position_embeddings=9, type_vocab_size=2, hidden_act="gelu", layer_norm_eps=1e-12, pad_token_id=PAD,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="sdpa",
    ), add_pooling_layer=False), lambda model: model.encoder.layer)  # fmt: skip
    write_text(folder / "distilbert_tiny.safetensors", 402, lambda: DistilBertModel(DistilBertConfig(
        vocab_size=23, dim=12, n_layers=2, n_heads=3, hidden_dim=30, max_position_embeddings=9, pad_token_id=PAD,
        sinusoidal_pos_embds=False, activation="gelu", dropout=0.0, attention_dropout=0.0, attn_implementation="sdpa",
    )), lambda model: model.transformer.layer)  # fmt: skip


def write_text(path, seed, make, layers):
    rng = np.random.default_rng(seed)
    model = make()
    randomise(model, rng)
    ids = torch.tensor([
        [20, 5, 11, 7, 4, 8, 21],
        [20, 19, 3, 21, PAD, PAD, PAD],
        [20, 12, 21, PAD, PAD, PAD, PAD],
    ])  # fmt: skip
    lengths = (ids != PAD).sum(-1)
    weights = normal(rng, *ids.shape[:1], 12)
    outputs = {}
    model.embeddings.register_forward_hook(record(outputs, "embeddings"))
    for i, layer in enumerate(layers(model)):
        layer.register_forward_hook(lambda m, a, o, i=i: record(outputs, f"layer.{i}")(m, a, first(o)))
    with sdpa_kernel(SDPBackend.MATH):
        result = model(input_ids=ids, attention_mask=(ids != PAD).long())
        loss = (result.last_hidden_state[:, 0] * weights).sum()
        loss.backward()
    tensors = {"input.ids": ids, "input.lengths": lengths, "input.loss_weights": weights, "out.loss": loss, **outputs}
    tensors |= {"out.last_hidden_state": result.last_hidden_state}
    tensors |= {f"param.{n}": p for n, p in model.named_parameters()}
    tensors |= {f"grad.{n}": p.grad for n, p in model.named_parameters()}
    about = f"{type(model).__name__}; loss = sum(last_hidden_state[:, 0] * loss_weights)"
    write_fixture(path, tensors, about, {"model": model.config.to_dict(), "seed": seed})


def first(output):
    return output[0] if isinstance(output, tuple) else output

"""Holds what `lacuna export` wrote to the libraries that it is for.

    lacuna export RUN --output HF && lacuna export RUN --format onnx --output ONNX
    lacuna export RUN --format torch --output TORCH          where the run's model has that form
    python run/weights/exports/check_exports.py HF ONNX [TORCH]

In an environment with torch, transformers, safetensors, numpy and onnxruntime; nothing is downloaded. It loads the folder with
the class that its card names, says which keys were missing or unexpected, and compares what it gives for
random frames and captions, in float32, with what the ONNX files give in ONNX Runtime, for batches of 1 and 3. The
state dict is loaded by torch.load(weights_only=True) and compared in two tensors; check_torch.py runs it. Of a classifier the
logits are compared. Exit status 1 where anything is off.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import transformers

TOLERANCE = 1e-5
TEXT_ALONE = ("BertModel", "DistilBertModel", "CLIPTextModelWithProjection")


def load(folder):
    name = json.loads((folder / "config.json").read_text())["architectures"][0]
    options = {"add_pooling_layer": False} if name in ("ViTModel", "BertModel") else {}
    model, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True, **options)
    odd = {key: sorted(map(str, info[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if info[key]}
    return model.eval().float(), odd


def pixels(frames, folder):
    facts = json.loads((folder / "preprocessor_config.json").read_text())
    mean, std = (torch.tensor(facts[key]) for key in ("image_mean", "image_std"))
    seen = (torch.from_numpy(frames).float() * facts["rescale_factor"] - mean) / std
    return seen.permute(0, 1, 4, 2, 3).contiguous()


def theirs(model, frames, folder):
    """Their last layer in our order, and of a CLIP the embedding, too."""
    seen = pixels(frames, folder)
    kind = type(model).__name__
    if kind == "VideoMAEForVideoClassification":
        return {"logits.label": model(seen).logits}
    if kind.startswith("VideoMAE"):
        return {"tokens": getattr(model, "videomae", model)(seen).last_hidden_state}
    if kind == "TimesformerModel":
        out = model(seen).last_hidden_state
        slots = frames.shape[1]
        places = (out.shape[1] - 1) // slots
        own = out[:, 1:].unflatten(1, (places, slots)).transpose(1, 2).flatten(1, 2)
        return {"tokens": torch.cat([out[:, :1], own], 1)}
    if kind == "ViTModel":
        return {"tokens": model(seen[:, 0]).last_hidden_state}
    image = model.get_image_features(seen[:, 0]) if kind == "CLIPModel" else model(seen[:, 0]).image_embeds
    image = getattr(image, "pooler_output", image)
    return {"embedding": image / image.norm(dim=-1, keepdim=True)}


def captions(model, session, batch, rng, pad):
    """Of a text encoder: for ids of captions of every length, by name what each side makes of them."""
    config = getattr(model.config, "text_config", model.config)
    kind = type(model).__name__
    length = session.get_inputs()[0].shape[1]
    lengths = rng.integers(2, length + 1, batch).astype("int32")
    ids = np.full((batch, length), pad, "int32")
    end = config.eos_token_id if kind.startswith("CLIP") else None
    for row, count in zip(ids, lengths):
        row[:count] = rng.choice([i for i in range(config.vocab_size) if i not in (end, pad)], count)
        if end is not None:
            row[count - 1] = end
    mask = torch.arange(length)[None] < torch.from_numpy(lengths)[:, None]
    tokens = {"input_ids": torch.from_numpy(ids).long(), "attention_mask": mask.long()}
    if kind == "CLIPModel":
        text = model.get_text_features(**tokens)
        want = {"embedding": getattr(text, "pooler_output", text)}
    elif kind == "CLIPTextModelWithProjection":
        want = {"features": model.text_model(**tokens).pooler_output, "embedding": model(**tokens).text_embeds}
    else:
        want = {"features": model(**tokens).last_hidden_state[:, 0]}
    if "embedding" in want:
        want["embedding"] = want["embedding"] / want["embedding"].norm(dim=-1, keepdim=True)
    ours = session.run(list(want), {"text.ids": ids, "text.lengths": lengths})
    return {name: (own, want[name].numpy()) for name, own in zip(want, ours)}


def main():
    torch.set_num_threads(1)
    hf, onnx, *rest = map(Path, sys.argv[1:])
    model, odd = load(hf)
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"{type(model).__name__}: {odd or 'no key missing, none unexpected'}")
    failed = bool(odd)
    classifies = type(model).__name__ == "VideoMAEForVideoClassification"
    if classifies:
        # As the card says.
        print(f"fc_norm.eps {model.fc_norm.eps}, set to {model.config.layer_norm_eps}")
        model.fc_norm.eps = model.config.layer_norm_eps

    def compare(what, ours, want):
        nonlocal failed
        worst = float(np.abs(ours - want).max() / np.abs(want).max())
        failed |= ours.shape != want.shape or not worst <= TOLERANCE
        print(f"{what}: {worst:.2e} of the largest")

    kind = type(model).__name__
    sees = kind not in TEXT_ALONE
    video = onnx / f"{'classifier' if classifies else 'video_encoder'}.onnx"
    text = onnx / "text_encoder.onnx"
    session = onnxruntime.InferenceSession(str(video)) if sees else None
    reader = onnxruntime.InferenceSession(str(text)) if kind == "CLIPModel" or not sees else None
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for batch in (1, 3, 8):
            if reader:
                pad = json.loads((hf / "config.json").read_text())
                pad = pad.get("text_config", pad)["pad_token_id"]
                for name, (ours, want) in captions(model, reader, batch, rng, pad).items():
                    compare(f"{name} of {batch} captions", ours, want)
            if not session:
                continue
            shape = [batch, *session.get_inputs()[0].shape[1:]]
            frames = rng.integers(0, 256, shape, dtype=np.uint8)
            for name, want in theirs(model, frames, hf).items():
                (ours,) = session.run([name], {"frames": frames})
                compare(f"{name} of {batch}", ours, want.numpy())
    for folder in rest if kind.startswith("VideoMAE") and not classifies else []:
        state = torch.load(folder / "checkpoint.pth", weights_only=True)["model"]
        own = model.state_dict()
        pairs = {"encoder.norm.weight": "layernorm.weight", "encoder.patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight"}
        same = all(
            torch.equal(state[a], own[b] if b in own else own[f"videomae.{b}"]) for a, b in pairs.items()
        )
        print(f"checkpoint.pth: {len(state)} tensors, {'equal' if same else 'OTHERS'}")
        failed |= not same
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""Holds `lacuna export --format torch` to the modeling scripts of MCG-NJU/VideoMAE, and freezes what these give.

    lacuna export RUN --format torch --output TORCH && lacuna export RUN --format onnx --output ONNX
    python run/weights/exports/check_torch.py SCRIPTS TORCH ONNX
    python run/weights/exports/check_torch.py SCRIPTS --freeze run/weights/fixtures/videomae_mcg

In an environment with torch, timm 0.4.12, numpy, safetensors and onnxruntime; nothing is downloaded. SCRIPTS is a folder with
modeling_pretrain.py and modeling_finetune.py of https://github.com/MCG-NJU/VideoMAE (commit 14ef8d8 was used; its licence is
CC-BY-NC 4.0, and nothing of it is here). It builds their model at the sizes of the run, loads checkpoint.pth as they do, strict
and with weights_only=True, and compares what it gives for random frames with the ONNX files: logits of a classifier, tokens of an
encoder. A pretrained run has 16 frames, which their encoder is written for. Exit status 1 where anything is off.

--freeze saves a PretrainVisionTransformer of random weights as `model.safetensors` under their names, and
`expected.safetensors`: `frames` U8 [1, 16, 16, 16, 3], `visible` and `masked` I64, `prediction` [1, M, P] of the masked places.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

TOLERANCE = 1e-5
NORM = partial(torch.nn.LayerNorm, eps=1e-6)
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def pixels(frames, mean=MEAN, std=STD):
    """[B, T, H, W, 3] u8 as their data sets hand them on: [B, 3, T, H, W]."""
    seen = (torch.from_numpy(frames).float() / 255 - torch.tensor(mean)) / torch.tensor(std)
    return seen.permute(0, 4, 1, 2, 3).contiguous()


def built(settings, classes):
    clip, encoder = settings["clip"], settings["encoder"]
    shape = dict(img_size=clip["size"], patch_size=clip["patch"], tubelet_size=clip["tubelet"])
    shape |= dict(mlp_ratio=encoder.get("mlpRatio", 4), qkv_bias=True, norm_layer=NORM)
    if classes is not None:
        from modeling_finetune import VisionTransformer

        sizes = dict(embed_dim=encoder["width"], depth=encoder["depth"], num_heads=encoder["heads"])
        return VisionTransformer(**shape, **sizes, num_classes=classes, all_frames=clip["frames"])
    from modeling_pretrain import PretrainVisionTransformer

    if clip["frames"] != 16:
        sys.exit(f"their encoder is written for 16 frames, and the run has {clip['frames']}")
    towers = {
        f"{name}_{theirs}": settings[name][ours]
        for name in ("encoder", "decoder")
        for theirs, ours in (("embed_dim", "width"), ("depth", "depth"), ("num_heads", "heads"))
    }
    numbers = 3 * clip["tubelet"] * clip["patch"] ** 2
    return PretrainVisionTransformer(**shape, **towers, decoder_num_classes=numbers)


def check(folder, onnx):
    import onnxruntime

    manifest = json.loads((folder / "lacuna.json").read_text())["manifest"]
    settings, heads = manifest["settings"], manifest.get("heads")
    model = built(settings, None if heads is None else len(heads[0]["classes"])).eval()
    state = torch.load(folder / "checkpoint.pth", map_location="cpu", weights_only=True)["model"]
    print(f"{type(model).__name__}: {model.load_state_dict(state, strict=True)}")
    clip = settings["clip"]
    statistics = [clip.get("mean", MEAN), clip.get("std", STD)]
    file, output = ("video_encoder", "tokens") if heads is None else ("classifier", f"logits.{heads[0]['name']}")
    session = onnxruntime.InferenceSession(str(onnx / f"{file}.onnx"))
    worst = 0.0
    for batch in (1, 3):
        shape = (batch, clip["frames"], clip["size"], clip["size"], 3)
        frames = np.random.default_rng(batch).integers(0, 256, shape, dtype=np.uint8)
        (ours,) = session.run([output], {"frames": frames})
        seen = pixels(frames, *statistics)
        with torch.no_grad():
            if heads is None:
                everything = torch.zeros(batch, ours.shape[1], dtype=torch.bool)
                theirs = model.encoder(seen, everything).numpy()
            else:
                theirs = model(seen).numpy()
        assert ours.shape == theirs.shape
        worst = max(worst, float(np.abs(ours - theirs).max() / np.abs(theirs).max()))
    print(f"{output}: {worst:.2e} of the largest")
    sys.exit(0 if worst <= TOLERANCE else 1)


def freeze(folder):
    settings = {"clip": {"frames": 16, "size": 16, "patch": 4, "tubelet": 2}}
    settings |= {"encoder": {"width": 12, "depth": 2, "heads": 3}, "decoder": {"width": 8, "depth": 1, "heads": 2}}
    model = built(settings, None).eval()
    rng = np.random.default_rng(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.from_numpy(rng.normal(0, 0.25, tuple(parameter.shape)).astype("float32"))
            parameter.copy_(values + (1.0 if parameter.ndim == 1 and name.endswith("weight") else 0.0))
        frames = rng.integers(0, 256, (1, 16, 16, 16, 3), dtype=np.uint8)
        mask = torch.from_numpy(np.tile(rng.permutation(16) < 10, (1, 8)))
        prediction = model(pixels(frames), mask)
    index = torch.arange(mask.shape[1])[None]
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")
    expected = {"frames": torch.from_numpy(frames), "visible": index[~mask][None], "masked": index[mask][None]}
    save_file(expected | {"prediction": prediction}, folder / "expected.safetensors")
    print(f"{len(model.state_dict())} tensors, prediction {tuple(prediction.shape)}")


def main():
    torch.set_num_threads(1)
    sys.path.insert(0, sys.argv[1])
    if sys.argv[2] == "--freeze":
        freeze(Path(sys.argv[3]))
    else:
        check(Path(sys.argv[2]), Path(sys.argv[3]))


if __name__ == "__main__":
    main()

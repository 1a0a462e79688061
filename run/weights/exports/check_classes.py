"""What `pipeline("video-classification")` says of real clips, of a classifier that `lacuna export` wrote.

    lacuna export RUN --output FOLDER
    python run/weights/exports/check_classes.py FOLDER LIST ROOT [OUT]

In an environment with torch, transformers and av; nothing is downloaded. LIST is JSON Lines of `video`, below ROOT, and
`frames` [0, N]. The pipeline takes the first frames of a video, one after another, so the run is one of stride 1; Lacuna takes
the same ones where N is one more than a clip has. It loads FOLDER, refuses missing and unexpected keys, and prints the class
and the scores of each clip, as saved and with the eps of the run in `fc_norm`. With OUT, a new folder, transformers save the
model again there, beside `scores.json` of the clips and `expected.safetensors`: `frames` U8 [1, T, H, W, 3] of noise, and
their `logits` with the eps of the run.

`run/weights/fixtures/classes` holds what torch 2.15.0, av 18.1.0 and transformers 4.57.6 gave; with 5.5.0 and 5.24.0 the scores are
the same to the last digit.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import VideoMAEForVideoClassification, pipeline


def main():
    torch.set_num_threads(1)
    folder, clips, root, *out = map(Path, sys.argv[1:])
    model, info = VideoMAEForVideoClassification.from_pretrained(folder, output_loading_info=True)
    odd = {key: info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if info[key]}
    print(f"transformers {transformers.__version__}, torch {torch.__version__}: {odd or 'no key missing, none unexpected'}")
    if odd:
        sys.exit(1)
    videos = [json.loads(line)["video"] for line in clips.read_text().splitlines()]
    scores = {}
    for eps in (None, model.config.layer_norm_eps):
        if eps is not None:
            model.fc_norm.eps = eps
        classify = pipeline("video-classification", model=model.eval(), image_processor=str(folder))
        for video in videos:
            told = classify(str(root / video), frame_sampling_rate=1, top_k=model.config.num_labels)
            scores.setdefault(video, []).append({each["label"]: each["score"] for each in told})
    for video, rows in scores.items():
        print(f"{max(rows[0], key=rows[0].get):10} {rows[0]} {video}")
    differing = max(abs(a[label] - b[label]) for a, b in scores.values() for label in a)
    print(f"{len(videos)} clips; the eps of the run changes no score by more than {differing:.1e}")
    if out:
        model.save_pretrained(out[0])
        facts = (folder / "preprocessor_config.json").read_text()
        (out[0] / "preprocessor_config.json").write_text(facts)
        own = {video: rows[0] for video, rows in scores.items()}
        (out[0] / "scores.json").write_text(json.dumps(own, indent=1) + "\n")
        save_file(noise(model, json.loads(facts)), out[0] / "expected.safetensors")


def noise(model, facts):
    config = model.config
    shape = (1, config.num_frames, config.image_size, config.image_size, 3)
    frames = torch.from_numpy(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8))
    mean, std = (torch.tensor(facts[key]) for key in ("image_mean", "image_std"))
    seen = ((frames.float() / 255 - mean) / std).permute(0, 1, 4, 2, 3).contiguous()
    with torch.no_grad():
        return {"frames": frames, "logits": model(seen).logits}


if __name__ == "__main__":
    main()

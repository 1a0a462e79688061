"""Writes the frozen fixtures that the reference is checked against: PyTorch and Hugging Face in float64.

Nobody needs to run this to use or to test Lacuna. To make the files again, in an environment with
torch, transformers and numpy (nothing is downloaded):

    python reference/oracle/make_fixtures.py [FOLDER [NAME ...]]

FOLDER defaults to `fixtures/` beside this file; NAMEs are those of `MAKERS` below, by default all. The frozen files were made by Python 3.11,
torch 2.15.0, transformers 5.23.0 and numpy 2.4.6 on one x86-64 CPU thread; each file's metadata
names its versions. On the same machine two runs give identical bytes; elsewhere the last bits of
the outputs may differ, the inputs and parameters (drawn by numpy's PCG64) do not.

Names: `param.*` parameters under their names in Hugging Face checkpoints, `grad.*` gradients of the
loss, `step3.*` parameters after three AdamW steps, `buffer.*` constants, `input.*`, `out.*`.
Shapes and meanings are listed in README.md.

What had to be arranged so that nothing is rounded to float32 on the way:
 * float64 is the default dtype, or Hugging Face would make ImageNet's mean and std in float32;
 * CLIP and BERT run `sdpa` attention with the plain math kernel: the `eager` one casts its softmax to float32;
 * the sinusoid tables ARE float32-rounded in Hugging Face. They are kept so and stored as `buffer.*`.
"""

import sys
from pathlib import Path

import torch

from makers.adamw import make_adamw
from makers.bert_text import make_bert_texts
from makers.clip_text import make_clip_text
from makers.finetune import make_finetune
from makers.joint import make_joint
from makers.losses import make_losses
from makers.space_time import make_space_time
from makers.videomae import make_videomae_fixtures


MAKERS = {
    "videomae": make_videomae_fixtures,
    "clip_text": make_clip_text,
    "bert_text": make_bert_texts,
    "space_time": make_space_time,
    "joint": make_joint,
    "adamw": make_adamw,
    "losses": make_losses,
    "finetune": make_finetune,
}


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "fixtures"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    for name, make in MAKERS.items():
        if not wanted or name in wanted:
            make(folder)


if __name__ == "__main__":
    main()

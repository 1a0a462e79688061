"""The functions of the specification, by name: each takes tensors and attributes by name."""

from .adamw import adamw
from .losses import infonce, mae
from .masks import mask_text, mask_topk, mask_tube
from .model import forward
from .philox import philox
from .pixels import patchify, target_cube
from .ranks import rank
from .resizes import resize
from .starts import start
from .step import step
from .towers import space_time, text

FUNCTIONS = {
    "random.philox": philox,
    "mask.tube": mask_tube,
    "mask.topk": mask_topk,
    "mask.text": mask_text,
    "retrieval.rank": rank,
    "state.start": start,
    "state.resize": resize,
    "patchify": patchify,
    "target.cube": target_cube,
    "loss.mae": mae,
    "loss.infonce": infonce,
    "optim.adamw": adamw,
    "model.forward": forward,
    "model.space_time": space_time,
    "model.text": text,
    "step": step,
}

"""The functions of the specification, by name: each takes tensors and attributes by name."""

from .adamw import adamw
from .augmentations import augment_draw, erase_draw
from .crops import map_crop
from .flow_warped import mask_flow_warped
from .heads import model_projection
from .losses import infonce, mae
from .masks import mask_random_per_slot, mask_text, mask_topk, mask_tube
from .model import forward
from .philox import philox
from .pixels import patchify, target_cube
from .ranks import rank
from .resizes import resize
from .schedules import corrections, rates
from .starts import start
from .step import step, step_contrastive, step_joint
from .towers import space_time, text, text_causal

FUNCTIONS = {
    "random.philox": philox,
    "mask.tube": mask_tube,
    "mask.random_per_slot": mask_random_per_slot,
    "mask.topk": mask_topk,
    "mask.flow_warped": mask_flow_warped,
    "map.crop": map_crop,
    "mask.text": mask_text,
    "retrieval.rank": rank,
    "state.start": start,
    "state.resize": resize,
    "augment.draw": augment_draw,
    "erase.draw": erase_draw,
    "patchify": patchify,
    "target.cube": target_cube,
    "loss.mae": mae,
    "loss.infonce": infonce,
    "loss.infonce.captions": infonce,
    "optim.adamw": adamw,
    "optim.rate": rates,
    "optim.correction": corrections,
    "model.forward": forward,
    "model.space_time": space_time,
    "model.text": text,
    "model.text_causal": text_causal,
    "model.projection": model_projection,
    "step": step,
    "step.contrastive": step_contrastive,
    "step.joint": step_joint,
}

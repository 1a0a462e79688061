//! The functions that this port has, by name.

use crate::call::{Call, Refusal, Results};
use crate::{adamw, augmentations, losses, masks, model, philox, pixels, resizes, starts, step, towers};

pub type Function = fn(&Call) -> Result<Results, Refusal>;

pub const FUNCTIONS: &[(&str, Function)] = &[
    ("random.philox", philox::random_philox),
    ("mask.tube", masks::tube),
    ("mask.topk", masks::topk),
    ("mask.text", masks::text),
    ("state.start", starts::start),
    ("state.resize", resizes::resize),
    ("augment.draw", augmentations::augment),
    ("erase.draw", augmentations::erase),
    ("patchify", pixels::patchify),
    ("target.cube", pixels::target_cube),
    ("loss.mae", losses::loss_mae),
    ("loss.infonce", losses::loss_infonce),
    ("optim.adamw", adamw::optim_adamw),
    ("model.forward", model::model_forward),
    ("model.space_time", towers::space_time),
    ("model.text", towers::text),
    ("step", step::step),
];

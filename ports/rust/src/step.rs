//! step: one step of reconstruction. Losses, gradients of all parameters, and their update.

use ndarray::{Array2, Axis, Ix1, Ix2, IxDyn, arr0, concatenate, s};

use crate::adamw::AdamW;
use crate::call::{Call, Computed, Refusal, Results};
use crate::layers::{Bias, Gradients, Linear, Norm};
use crate::losses::mae;
use crate::model::{Blocks, Clips, Encoder};
use crate::pixels::targets;

pub fn step(call: &Call) -> Result<Results, Refusal> {
    let (loss, gradients) = reconstruct(call)?;
    let mut results = vec![call.result("loss", &arr0(loss))?, call.result("loss.mae", &arr0(loss))?];
    let adamw = AdamW::of_call(call, ["schedule.lr", "schedule.correction1", "schedule.correction2"])?;
    let decay = call.number("weight_decay")?;
    for (name, gradient) in &gradients {
        let [m_name, v_name] = [format!("adamw.m.{name}"), format!("adamw.v.{name}")];
        let mut p = call.shaped(name, gradient.raw_dim())?;
        let mut m = call.shaped::<IxDyn>(&m_name, gradient.raw_dim())?;
        let mut v = call.shaped::<IxDyn>(&v_name, gradient.raw_dim())?;
        let decay = if p.ndim() == 2 { decay } else { 0.0 };
        adamw.update(&mut p, &mut m, &mut v, gradient, decay);
        results.push(call.result(&format!("grad.{name}"), gradient)?);
        results.extend([call.result(name, &p)?, call.result(&m_name, &m)?, call.result(&v_name, &v)?]);
    }
    Ok(results)
}

/// The loss of the masked cubes, and its gradients.
fn reconstruct(call: &Call) -> Computed<(f64, Gradients)> {
    let clips = Clips::of(call)?;
    let (visible, masked) = (clips.indices(call, "visible")?, clips.indices(call, "masked")?);
    let (width, inner) = (call.size("width")?, call.size("decoder_width")?);
    let encoder = Encoder::of(call, &clips, width)?;
    let embed = Linear::of(call, "decoder.embed".to_owned(), inner, width, Bias::Without)?;
    let positions = call.shaped("decoder.positions", Ix2(clips.tokens, inner))?;
    let mask = call.shaped("decoder.mask", Ix1(inner))?;
    let depth = call.integer("decoder_depth", 1000)? as usize;
    let blocks = Blocks::of(call, "decoder", depth, inner, call.size("decoder_heads")?)?;
    let norm = Norm::of(call, "decoder.norm".to_owned(), inner)?;
    let head = Linear::of(call, "decoder.head".to_owned(), clips.pixels(), inner, Bias::With)?;

    let (encoded, encoder_tape) = encoder.forward(&clips, &visible);
    let seen = embed.forward(&encoded) + positions.select(Axis(0), &visible.concat());
    let unseen = positions.select(Axis(0), &masked.concat()) + &mask;
    let (front, back) = (visible[0].len(), masked[0].len());
    let (x, blocks_tape) = blocks.forward(side_by_side(&seen, &unseen, clips.clips)?, clips.clips);
    let last = parted(&x, front, front + back);
    let (normed, norm_tape) = norm.forward(&last[1]);
    let prediction = head.forward(&normed);
    let (loss, d) = mae(&prediction, &targets(&clips.chosen(&masked)));

    let mut gradients = Gradients::new();
    let d = head.backward(&normed, &d, &mut gradients);
    let d = norm.backward(&norm_tape, &d, &mut gradients);
    let d = side_by_side(&Array2::zeros(seen.dim()), &d, clips.clips)?;
    let d = blocks.backward(&blocks_tape, d, clips.clips, &mut gradients);
    let [d_seen, d_unseen] = parted(&d, front, front + back);
    gradients.insert("decoder.mask".to_owned(), d_unseen.sum_axis(Axis(0)).into_dyn());
    let d = embed.backward(&encoded, &d_seen, &mut gradients);
    encoder.backward(&encoder_tape, &d, clips.clips, &mut gradients);
    Ok((loss, gradients))
}

/// Of each clip the rows of `front`, then those of `back`.
fn side_by_side(front: &Array2<f64>, back: &Array2<f64>, clips: usize) -> Computed<Array2<f64>> {
    let rows = |of: &Array2<f64>, clip: usize| {
        let rows = of.nrows() / clips;
        of.slice(s![clip * rows..(clip + 1) * rows, ..]).to_owned()
    };
    let parts: Vec<_> = (0..clips).flat_map(|clip| [rows(front, clip), rows(back, clip)]).collect();
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(0), &views).map_err(|error| error.to_string())
}

/// The opposite: of each clip of `tokens` rows the first `front` rows, and the others.
fn parted(x: &Array2<f64>, front: usize, tokens: usize) -> [Array2<f64>; 2] {
    let rows = |seen: bool| -> Vec<usize> { (0..x.nrows()).filter(|row| (row % tokens < front) == seen).collect() };
    [true, false].map(|seen| x.select(Axis(0), &rows(seen)))
}

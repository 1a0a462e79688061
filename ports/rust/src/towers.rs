//! model.space_time and model.text.

use ndarray::{Array2, Axis, Ix1, Ix2, Ix3, concatenate, s};

use crate::attention::Attention;
use crate::call::{Call, Computed, Refusal, Results, index};
use crate::layers::{Bias, Linear, Mlp, Norm};
use crate::model::{Clips, normalised};

/// The parts of a block that both towers have, by name; the order is each tower's own.
struct Parts {
    norm1: Norm,
    attn: Attention,
    norm2: Norm,
    mlp: Mlp,
}

impl Parts {
    fn of(call: &Call, name: &str, width: usize, heads: usize) -> Computed<Parts> {
        Ok(Parts {
            norm1: Norm::of(call, format!("{name}.norm1"), width)?,
            attn: Attention::of(call, &format!("{name}.attn"), width, heads, Bias::With)?,
            norm2: Norm::of(call, format!("{name}.norm2"), width)?,
            mlp: Mlp::of(call, &format!("{name}.mlp"), width)?,
        })
    }
}

/// model.space_time
pub fn space_time(call: &Call) -> Result<Results, Refusal> {
    let input = Clips::of(call)?;
    let visible = input.indices(call, "visible")?;
    let (width, heads, depth) = (call.size("width")?, call.size("heads")?, call.integer("depth", 1000)? as usize);
    let slots = call.bytes::<ndarray::Ix5>("frames")?.shape()[1] / call.size("tubelet")?;
    let places = input.tokens / slots;
    let of_place = call.shaped("encoder.positions.place", Ix3(1, places, width))?;
    let of_slot = call.shaped("encoder.positions.slot", Ix3(slots, 1, width))?;
    let class = call.shaped("encoder.class", Ix1(width))?.insert_axis(Axis(0));
    let patch = Linear::of(call, "encoder.patch".to_owned(), width, input.pixels(), Bias::With)?;

    let mut embedded = patch.forward(&normalised(&input.chosen(&visible)));
    for (mut row, token) in embedded.rows_mut().into_iter().zip(visible.concat()) {
        row += &of_place.slice(s![0, token % places, ..]);
        row += &of_slot.slice(s![token / places, 0, ..]);
    }
    let kept = embedded.nrows() / input.clips;
    let with_class: Vec<_> = embedded.axis_chunks_iter(Axis(0), kept).flat_map(|clip| [class.view(), clip]).collect();
    let mut x = concatenate(Axis(0), &with_class).map_err(|error| error.to_string())?;

    // Token 0 is the class token; token 1 + j is visible place j mod `of_each` of slot j / `of_each`.
    let of_each = kept / slots;
    let same_place =
        |_, query: usize, key: usize| query == 0 || key == 0 || (query - 1) % of_each == (key - 1) % of_each;
    let same_slot =
        |_, query: usize, key: usize| query == 0 || key == 0 || (query - 1) / of_each == (key - 1) / of_each;
    for i in 0..depth {
        let name = format!("encoder.{i}");
        let Parts { norm1, attn, norm2, mlp } = Parts::of(call, &name, width, heads)?;
        let norm3 = Norm::of(call, format!("{name}.norm3"), width)?;
        let time = Attention::of(call, &format!("{name}.time"), width, heads, Bias::With)?;
        let a = &x + &time.forward(norm3.forward(&x).0, input.clips, Some(&same_place)).0;
        x += &attn.forward(norm1.forward(&a).0, input.clips, Some(&same_slot)).0;
        x += &mlp.forward(norm2.forward(&x).0).0;
    }
    let encoded = Norm::of(call, "encoder.norm".to_owned(), width)?.forward(&x).0;
    let encoded = encoded.into_shape_with_order((input.clips, 1 + kept, width)).map_err(|error| error.to_string())?;
    Ok(vec![call.result("encoded", &encoded)?])
}

/// model.text
pub fn text(call: &Call) -> Result<Results, Refusal> {
    let ids = call.integers::<Ix2>("ids")?;
    let (captions, longest) = ids.dim();
    let lengths = call.integers::<Ix1>("lengths")?;
    if lengths.len() != captions || lengths.iter().any(|&length| !(1..=longest as i32).contains(&length)) {
        return Err(format!("lengths {lengths} are not of {captions} captions of 1 to {longest} tokens").into());
    }
    let (width, heads, depth) = (call.size("width")?, call.size("heads")?, call.integer("depth", 1000)? as usize);
    let tokens = call.floats::<Ix2>("text.tokens")?;
    let positions = call.floats::<Ix2>("text.positions")?;
    let segments = call.shaped("text.segments", Ix2(2, width))?;
    if tokens.ncols() != width || positions.ncols() != width || positions.nrows() < longest {
        return Err("text.tokens or text.positions has another width, or too few positions".to_owned().into());
    }

    let mut x = Array2::zeros((captions * longest, width));
    for (at, mut row) in x.rows_mut().into_iter().enumerate() {
        let (caption, place) = (at / longest, at % longest);
        row += &tokens.row(index("ids", ids[(caption, place)], tokens.nrows())?);
        row += &positions.row(place);
        row += &segments.row(0);
    }
    x = Norm::of(call, "text.embed.norm".to_owned(), width)?.forward(&x).0;
    let no_padding = |caption: usize, _, key: usize| key < lengths[caption] as usize;
    for i in 0..depth {
        let Parts { norm1, attn, norm2, mlp } = Parts::of(call, &format!("text.{i}"), width, heads)?;
        let y = attn.forward(x.clone(), captions, Some(&no_padding)).0;
        x = norm1.forward(&(x + y)).0;
        let y = mlp.forward(x.clone()).0;
        x = norm2.forward(&(x + y)).0;
    }
    Ok(vec![call.result("embedding", &x.slice(s![..;longest, ..]).to_owned())?])
}

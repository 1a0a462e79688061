//! mask.tube, mask.topk and mask.text: exact functions of integers.

use std::collections::HashSet;

use ndarray::{Array1, Ix1, Ix2};

use crate::call::{Call, Computed, Refusal, Results, bounded, integers};
use crate::philox::Words;

/// mask.tube
pub fn tube(call: &Call) -> Result<Results, Refusal> {
    let (slots, places) = grid(call)?;
    let count = masked_of(call, places)?;
    let mut masked = vec![true; places];
    for place in Words::of_call(call, 6)?.choose(places, places - count) {
        masked[place] = false;
    }
    Ok(split(masked.repeat(slots)))
}

/// mask.topk
pub fn topk(call: &Call) -> Result<Results, Refusal> {
    let (slots, places) = grid(call)?;
    let count = masked_of(call, places)?;
    let map = call.integers::<Ix2>("map")?;
    if map.dim() != (slots, places) {
        return Err(format!("map has the shape {:?}, not {:?}", map.shape(), [slots, places]).into());
    }
    let mut masked = vec![false; slots * places];
    for (slot, values) in map.rows().into_iter().enumerate() {
        let mut order: Vec<usize> = (0..places).collect();
        // Stable: of equal values the lower place stays in front.
        order.sort_by_key(|&place| std::cmp::Reverse(values[place]));
        for place in &order[..count] {
            masked[slot * places + place] = true;
        }
    }
    Ok(split(masked))
}

/// Slots, and places of a slot.
fn grid(call: &Call) -> Computed<(usize, usize)> {
    let sizes = [call.size("slots")?, call.size("rows")?, call.size("columns")?];
    bounded(&sizes)?;
    Ok((sizes[0], sizes[1] * sizes[2]))
}

/// How many of n are masked, by the rounding of the call.
fn masked_of(call: &Call, n: usize) -> Computed<usize> {
    let (ratio, total) = (call.number("ratio")?, n as f64);
    if !(0.0..1.0).contains(&ratio) {
        return Err(format!("the ratio is {ratio}, not at least 0 and below 1"));
    }
    if ratio == 0.0 || n == 0 {
        return Ok(0);
    }
    let kept = (total * (1.0 - ratio)).floor() as usize;
    Ok(match call.word("rounding")? {
        "floor-masked" => (ratio * total).floor() as usize,
        "floor-visible" => n - kept,
        "floor-visible-at-least-one" => n - kept.max(1),
        "nearest-masked-at-least-one" => ((ratio * total).round_ties_even() as usize).max(1),
        other => return Err(format!("there is no rounding {other}")),
    })
}

fn split(masked: Vec<bool>) -> Results {
    let tokens = |of: bool| -> Array1<i32> {
        (0..masked.len()).filter(|&token| masked[token] == of).map(|token| token as i32).collect()
    };
    let (visible, masked) = (tokens(false), tokens(true));
    let counts = Array1::from(vec![visible.len() as i32, masked.len() as i32]);
    vec![integers("visible", visible), integers("masked", masked), integers("counts", counts)]
}

/// mask.text
pub fn text(call: &Call) -> Result<Results, Refusal> {
    let ids = call.integers::<Ix1>("ids")?;
    let continues = call.integers::<Ix1>("continues")?;
    if continues.len() != ids.len() {
        return Err(format!("ids has {} tokens, continues {}", ids.len(), continues.len()).into());
    }
    let special: HashSet<i32> = call.integers::<Ix1>("special")?.into_iter().collect();
    let id = |name| call.number(name).map(|id| id as i32);
    let (mask, pad) = (id("mask")?, id("pad")?);
    let words = match call.word("unit")? {
        "token" => false,
        "word" => true,
        other => return Err(format!("there is no unit {other}").into()),
    };

    let may = |token: usize| ids[token] != pad && !special.contains(&ids[token]);
    let mut units: Vec<Vec<usize>> = vec![];
    for token in (0..ids.len()).filter(|&token| may(token)) {
        match units.last_mut() {
            Some(unit) if words && continues[token] == 1 && may(token - 1) => unit.push(token),
            _ => units.push(vec![token]),
        }
    }
    let count = masked_of(call, units.len())?.min(units.len().saturating_sub(1));
    let chosen = Words::of_call(call, 7)?.choose(units.len(), count);
    let mut masked: Vec<usize> = chosen.into_iter().flat_map(|unit| units[unit].iter().copied()).collect();
    masked.sort_unstable();

    let mut after = ids.clone();
    match call.word("mode")? {
        "replace" => masked.iter().for_each(|&token| after[token] = mask),
        "drop" => {
            let left = (0..ids.len()).filter(|token| masked.binary_search(token).is_err()).map(|token| ids[token]);
            let filled = left.chain(std::iter::repeat(pad)).take(ids.len());
            after = filled.collect();
        }
        other => return Err(format!("there is no mode {other}").into()),
    }
    let masked: Array1<i32> = masked.into_iter().map(|token| token as i32).collect();
    Ok(vec![integers("ids", after), integers("masked", masked)])
}

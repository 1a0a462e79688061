//! augment.draw and erase.draw: what fine-tuning draws for a clip.

use ndarray::Array1;

use crate::call::{Call, Computed, Refusal, Results, integers};
use crate::normal::normal;
use crate::philox::Words;

/// augment.draw
pub fn augment(call: &Call) -> Result<Results, Refusal> {
    let layers = call.integer("layers", 1 << 28)?;
    let (magnitude, deviation) = (call.number("magnitude")?, call.number("deviation")?);
    let mut words = words_of(call, 13)?;
    let (mut operations, mut bits) = (vec![], vec![]);
    for _ in 0..layers {
        // All four are drawn, whether the operation is done or not.
        let operation = words.integer(15);
        let is_done = words.uniform() < 0.5;
        let n = normal((f64::from(words.next()) + 0.5) / (1u64 << 32) as f64);
        let direction = if words.integer(2) == 0 { 1.0 } else { -1.0 };
        if is_done {
            let m = (magnitude + f64::from((deviation * n) as f32)).clamp(0.0, 10.0) / 10.0;
            operations.push(operation as i32);
            // 0 is added since -0 is written as 0.
            bits.push((level(operation, m, direction) as f32 + 0.0).to_bits() as i32);
        }
    }
    Ok(vec![integers("operations", Array1::from(operations)), integers("bits", Array1::from(bits))])
}

/// The level of an operation, of its magnitude m in [0, 1] and its direction.
fn level(operation: usize, m: f64, direction: f64) -> f64 {
    match operation {
        // auto-contrast, equalize, invert
        0..=2 => 0.0,
        // rotate
        3 => direction * m * 30.0,
        // posterize
        4 => 4.0 - (4.0 * m).trunc(),
        // solarize
        5 => 256.0 - (256.0 * m).trunc(),
        // solarize-add
        6 => (110.0 * m).trunc(),
        // color, contrast, brightness, sharpness
        7..=10 => 1.0 + direction * m * 0.9,
        // shears
        11..=12 => direction * m * 0.3,
        // translations
        _ => direction * m * 0.45,
    }
}

/// erase.draw
pub fn erase(call: &Call) -> Result<Results, Refusal> {
    let (size, probability) = (call.size("size")?, call.number("probability")?);
    let drawn = box_of(&mut words_of(call, 14)?, size, probability);
    let ends: Array1<i32> = drawn.into_iter().flatten().map(|end| end as i32).collect();
    Ok(vec![integers("box", ends)])
}

/// Top, bottom, left, right; none where none is drawn, or none of a hundred fits.
fn box_of(words: &mut Words, size: usize, probability: f64) -> Option<[usize; 4]> {
    if words.uniform() >= probability {
        return None;
    }
    let (side, span) = (size as f64, -libm::log(0.3));
    for _ in 0..100 {
        let area = (0.02 + (1.0 / 3.0 - 0.02) * words.uniform()) * side * side;
        let shape = libm::exp(-span + 2.0 * span * words.uniform());
        let [height, width] = [area * shape, area / shape].map(|square| (square.sqrt() + 0.5).floor() as usize);
        if (1..size).contains(&height) && (1..size).contains(&width) {
            let top = words.integer(size - height + 1);
            let left = words.integer(size - width + 1);
            return Some([top, top + height, left, left + width]);
        }
    }
    None
}

fn words_of(call: &Call, stream: u32) -> Computed<Words> {
    Words::repeated(call, stream, call.integer("repeat", 16)? as u32)
}

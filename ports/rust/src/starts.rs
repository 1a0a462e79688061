//! state.start: the numbers that a weight starts with.

use ndarray::Array1;

use crate::call::{Call, Refusal, Results, bounded, integers};
use crate::philox::Words;

pub fn start(call: &Call) -> Result<Results, Refusal> {
    let (inputs, outputs) = (call.number("inputs")?, call.number("outputs")?);
    let bound = match call.word("start")? {
        "fan-in" => 1.0 / inputs.sqrt(),
        "xavier" => (6.0 / (inputs + outputs)).sqrt(),
        other => return Err(format!("there is no start {other}").into()),
    };
    let count = call.integer("count", 1 << 28)? as usize;
    bounded(&[count])?;
    let (seed, sample) = (call.integer("seed", 1 << 53)?, call.integer("sample", 1 << 32)? as u32);
    let mut words = Words::new(seed, 0, 0, 0, sample);
    let bits = Array1::from_shape_simple_fn(count, || (-bound + (2.0 * bound) * words.uniform()) as f32);
    Ok(vec![integers("bits", bits.mapv(|number| number.to_bits() as i32))])
}

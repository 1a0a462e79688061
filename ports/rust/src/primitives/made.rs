//! Tensors made of nothing.

use ndarray::{Array, Array1, IxDyn};

use super::bounded;
use crate::program_text::Operation;
use crate::tensor::{Dtype, Tensor};

pub fn iota(operation: &Operation, _: &[Tensor]) -> Result<Tensor, String> {
    let (axis, shape) = (operation.natural("axis")?, bounded(operation.naturals("shape")?)?);
    if axis >= shape.len() {
        return Err(format!("there is no axis {axis} in {shape:?}"));
    }
    Ok(Tensor::new(Array::from_shape_fn(IxDyn(&shape), |index| index[axis] as i32)))
}

pub fn constant(operation: &Operation, _: &[Tensor]) -> Result<Tensor, String> {
    let (data, shape) = (operation.numbers("data")?, bounded(operation.naturals("shape")?)?);
    let wide = match data {
        [number] => Array::from_elem(IxDyn(&shape), *number),
        numbers => {
            let filled = Array1::from(numbers.to_vec()).into_shape_with_order(IxDyn(&shape));
            filled.map_err(|_| format!("{} numbers do not fill {shape:?}", numbers.len()))?
        }
    };
    let name = operation.word("dtype")?;
    Tensor::rounded(&wide, Dtype::named(name).ok_or_else(|| format!("there is no type {name}"))?)
}

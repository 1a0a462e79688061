//! Elements moved, and none changed.

use ndarray::{Array, ArrayD, Axis, IxDyn, Slice, SliceInfoElem, concatenate};

use super::{bounded, one};
use crate::of_any;
use crate::program_text::Operation;
use crate::tensor::{Element, Elements, Tensor};

pub fn reshape(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    let shape = operation.naturals("shape")?;
    of_any!(one(operands)?, x => Ok(Tensor::new(reshaped(x, &shape)?)))
}

pub fn reshaped<T: Element>(x: &Elements<T>, shape: &[usize]) -> Result<ArrayD<T>, String> {
    let reshaped = x.to_shape(shape).map_err(|_| format!("{:?} cannot take the shape {shape:?}", x.shape()))?;
    Ok(reshaped.into_owned())
}

pub fn transpose(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Element>(x: &Elements<T>, permutation: Vec<usize>) -> Result<Tensor, String> {
        let mut sorted = permutation.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..x.ndim()) {
            return Err(format!("{permutation:?} is no permutation of {} axes", x.ndim()));
        }
        Ok(T::tensor(x.clone().permuted_axes(permutation)))
    }
    of_any!(one(operands)?, x => apply(x, operation.naturals("permutation")?))
}

pub fn broadcast(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    let shape = bounded(operation.naturals("shape")?)?;
    of_any!(one(operands)?, x => {
        let repeated = x.broadcast(shape.as_slice()).ok_or_else(|| format!("{:?} cannot be repeated to {shape:?}", x.shape()))?;
        Ok(Tensor::new(repeated.to_owned()))
    })
}

pub fn slice(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Element>(x: &Elements<T>, starts: &[usize], ends: &[usize]) -> Result<Tensor, String> {
        let fit = |axis: usize| starts[axis] <= ends[axis] && ends[axis] <= x.len_of(Axis(axis));
        if starts.len() != x.ndim() || ends.len() != x.ndim() || !(0..x.ndim()).all(fit) {
            return Err(format!("{starts:?} to {ends:?} do not lie in {:?}", x.shape()));
        }
        let part = x.slice_each_axis(|axis| Slice::from(starts[axis.axis.index()]..ends[axis.axis.index()]));
        Ok(Tensor::new(part.to_owned()))
    }
    of_any!(one(operands)?, x => apply(x, &operation.naturals("starts")?, &operation.naturals("ends")?))
}

pub fn pad(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Element>(x: &Elements<T>, low: &[usize], high: &[usize], value: f64) -> Result<Tensor, String> {
        if low.len() != x.ndim() || high.len() != x.ndim() {
            return Err(format!("{low:?} and {high:?} are not of {} axes", x.ndim()));
        }
        let shape = bounded((0..x.ndim()).map(|axis| low[axis] + x.len_of(Axis(axis)) + high[axis]).collect())?;
        let mut padded = Array::from_elem(IxDyn(&shape), T::of(value));
        let inner: Vec<SliceInfoElem> =
            (0..x.ndim()).map(|axis| (low[axis]..low[axis] + x.len_of(Axis(axis))).into()).collect();
        padded.slice_mut(inner.as_slice()).assign(x);
        Ok(Tensor::new(padded))
    }
    let [low, high] = [operation.naturals("low")?, operation.naturals("high")?];
    of_any!(one(operands)?, x => apply(x, &low, &high, operation.number("value")?))
}

pub fn concat(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    let axis = operation.natural("axis")?;
    macro_rules! joined {
        ($name:ident) => {{
            let same = operands.iter().map(|each| match each {
                Tensor::$name(elements) if axis < elements.ndim() => Ok(elements.view()),
                other => Err(format!("there is an operand of {:?}{:?}", other.dtype(), other.shape())),
            });
            let views = same.collect::<Result<Vec<_>, String>>()?;
            Ok(Tensor::new(concatenate(Axis(axis), &views).map_err(|error| error.to_string())?))
        }};
    }
    match operands.first().ok_or("there are no operands")? {
        Tensor::F64(_) => joined!(F64),
        Tensor::F32(_) => joined!(F32),
        Tensor::I32(_) => joined!(I32),
        Tensor::U8(_) => joined!(U8),
        Tensor::Bool(_) => joined!(Bool),
    }
}

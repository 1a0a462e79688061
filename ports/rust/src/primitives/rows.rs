//! Rows by index: gather and scatter_add.

use ndarray::{Array2, Array3, Axis};

use super::arithmetic::{Arithmetic, Number, of_numbers};
use super::{bounded, two};
use crate::of_any;
use crate::program_text::Operation;
use crate::tensor::{Element, Elements, Tensor};

/// Indices as [batch, indices of one].
pub fn indices_of(indices: &Tensor, batch: usize) -> Result<Array2<i32>, String> {
    match indices {
        Tensor::I32(indices) if batch <= indices.ndim() => {
            let (of_batch, of_one) = indices.shape().split_at(batch);
            let flat = indices.to_shape((of_batch.iter().product::<usize>(), of_one.iter().product::<usize>()));
            Ok(flat.map_err(|error| error.to_string())?.into_owned())
        }
        other => Err(format!("the indices are {:?}{:?}", other.dtype(), other.shape())),
    }
}

pub fn in_range(index: i32, size: usize) -> Result<usize, String> {
    let found = usize::try_from(index).ok().filter(|&index| index < size);
    found.ok_or_else(|| format!("the index {index} is not below {size}"))
}

pub fn gather(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Element>(x: &Elements<T>, indices: &Tensor, batch: usize) -> Result<Tensor, String> {
        if batch >= x.ndim() || indices.shape().get(..batch) != Some(&x.shape()[..batch]) {
            return Err(format!("{:?} are no indices of {:?}, batch {batch}", indices.shape(), x.shape()));
        }
        let (size, row) = (x.len_of(Axis(batch)), x.shape()[batch + 1..].iter().product::<usize>());
        let flat = indices_of(indices, batch)?;
        let table = x.to_shape((flat.nrows(), size, row)).map_err(|error| error.to_string())?;
        let shape = bounded([indices.shape(), &x.shape()[batch + 1..]].concat())?;
        let mut gathered = Array3::from_elem((flat.nrows(), flat.ncols(), row), T::ZERO);
        for ((b, i), &index) in flat.indexed_iter() {
            gathered.slice_mut(ndarray::s![b, i, ..]).assign(&table.slice(ndarray::s![b, in_range(index, size)?, ..]));
        }
        Ok(Tensor::new(gathered.into_shape_with_order(shape).map_err(|error| error.to_string())?))
    }
    let (x, indices) = two(operands)?;
    of_any!(x, x => apply(x, indices, operation.natural("batch")?))
}

pub fn scatter_add(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Number>(indices: &Tensor, u: &Elements<T>, batch: usize, size: usize) -> Result<Tensor, String> {
        let axes = indices.shape().len();
        if batch > axes || u.shape().get(..axes) != Some(indices.shape()) {
            return Err(format!("{:?} are no indices of {:?}, batch {batch}", indices.shape(), u.shape()));
        }
        let add = T::operation(Arithmetic::Add).ok_or("no such sum")?;
        let rest = &u.shape()[axes..];
        let row = rest.iter().product::<usize>();
        let flat = indices_of(indices, batch)?;
        let rows = u.to_shape((flat.nrows(), flat.ncols(), row)).map_err(|error| error.to_string())?;
        let shape = bounded([&indices.shape()[..batch], &[size], rest].concat())?;
        let mut table = Array3::from_elem((flat.nrows(), size, row), T::ZERO);
        for ((b, i), &index) in flat.indexed_iter() {
            let mut to = table.slice_mut(ndarray::s![b, in_range(index, size)?, ..]);
            to.zip_mut_with(&rows.slice(ndarray::s![b, i, ..]), |to, &u| *to = add(*to, u));
        }
        Ok(Tensor::new(table.into_shape_with_order(shape).map_err(|error| error.to_string())?))
    }
    let (indices, u) = two(operands)?;
    of_numbers!(u, u => apply(indices, u, operation.natural("batch")?, operation.natural("size")?))
}

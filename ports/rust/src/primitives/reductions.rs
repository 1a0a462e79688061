//! Sums and maxima over axes; products of matrices.

use ndarray::{Array3, Axis, LinalgScalar};

use super::arithmetic::{Arithmetic, Number, of_numbers};
use super::{bounded, mixed, one, two};
use crate::program_text::Operation;
use crate::tensor::{Element, Elements, Tensor};

pub fn reduce(operation: &Operation, operands: &[Tensor], arithmetic: Arithmetic) -> Result<Tensor, String> {
    fn apply<T: Number>(x: &Elements<T>, axes: &[usize], keep: bool, arithmetic: Arithmetic) -> Result<Tensor, String> {
        let add = T::operation(arithmetic).ok_or("no such reduction")?;
        let begin = if matches!(arithmetic, Arithmetic::Max) { T::LEAST } else { T::ZERO };
        let mut reduced = x.to_owned();
        for &axis in axes {
            if axis >= x.ndim() {
                return Err(format!("there is no axis {axis}"));
            }
            reduced = reduced.fold_axis(Axis(axis), begin, |&sum, &x| add(sum, x)).insert_axis(Axis(axis));
        }
        if !keep {
            let left: Vec<usize> =
                (0..x.ndim()).filter(|axis| !axes.contains(axis)).map(|axis| x.len_of(Axis(axis))).collect();
            reduced = reduced.into_shape_with_order(left).map_err(|error| error.to_string())?;
        }
        Ok(Tensor::new(reduced))
    }
    of_numbers!(one(operands)?, x => apply(x, &operation.naturals("axes")?, operation.boolean("keep")?, arithmetic))
}

pub fn matmul(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Element + LinalgScalar>(a: &Elements<T>, b: &Elements<T>, turned: [bool; 2]) -> Result<Tensor, String> {
        let wrong = || format!("{:?} and {:?} cannot be multiplied", a.shape(), b.shape());
        let axes = a.ndim();
        if axes < 2 || b.ndim() != axes || a.shape()[..axes - 2] != b.shape()[..axes - 2] {
            return Err(wrong());
        }
        let matrices = |of: &Elements<T>, turned: bool| -> Result<Array3<T>, String> {
            let batch = of.shape()[..axes - 2].iter().product();
            let flat = of.to_shape((batch, of.len_of(Axis(axes - 2)), of.len_of(Axis(axes - 1))));
            let mut flat = flat.map_err(|error| error.to_string())?.into_owned();
            if turned {
                flat.swap_axes(1, 2);
            }
            Ok(flat)
        };
        let [a_turned, b_turned] = turned;
        let (left, right) = (matrices(a, a_turned)?, matrices(b, b_turned)?);
        if left.len_of(Axis(2)) != right.len_of(Axis(1)) {
            return Err(wrong());
        }
        let shape = [&a.shape()[..axes - 2], &[left.len_of(Axis(1)), right.len_of(Axis(2))]].concat();
        let shape = bounded(shape)?;
        let mut product = Array3::zeros((left.len_of(Axis(0)), left.len_of(Axis(1)), right.len_of(Axis(2))));
        for ((mut to, left), right) in product.outer_iter_mut().zip(left.outer_iter()).zip(right.outer_iter()) {
            to.assign(&left.dot(&right));
        }
        Ok(Tensor::new(product.into_shape_with_order(shape).map_err(|error| error.to_string())?))
    }
    let turned = [operation.boolean("transpose_a")?, operation.boolean("transpose_b")?];
    match two(operands)? {
        (Tensor::F64(a), Tensor::F64(b)) => apply(a, b, turned),
        (Tensor::F32(a), Tensor::F32(b)) => apply(a, b, turned),
        (a, b) => Err(mixed(a, b)),
    }
}

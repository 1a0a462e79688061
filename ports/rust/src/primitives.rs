//! The 33 primitives, over arrays. Arithmetic is that of the element type, rounded after each operation;
//! functions such as exp are computed in float64 and rounded once.

mod arithmetic;
mod elementwise;
mod made;
mod movement;
mod reductions;
mod rows;

use crate::program_text::Operation;
use crate::tensor::{Tensor, count_of};
use arithmetic::Arithmetic;
use elementwise::{binary, bools, cast, compare, function, is_finite, neg, not, select};
use made::{constant, iota};
use movement::{broadcast, concat, pad, reshape, slice, transpose};
use reductions::{matmul, reduce};
use rows::{gather, scatter_add};

pub type Primitive = fn(&Operation, &[Tensor]) -> Result<Tensor, String>;

pub const PRIMITIVES: &[(&str, Primitive)] = &[
    ("add", |_, operands| binary(operands, Arithmetic::Add)),
    ("sub", |_, operands| binary(operands, Arithmetic::Sub)),
    ("mul", |_, operands| binary(operands, Arithmetic::Mul)),
    ("div", |_, operands| binary(operands, Arithmetic::Div)),
    ("min", |_, operands| binary(operands, Arithmetic::Min)),
    ("max", |_, operands| binary(operands, Arithmetic::Max)),
    ("neg", neg),
    ("exp", |_, operands| function(operands, libm::exp)),
    ("log", |_, operands| function(operands, libm::log)),
    ("sqrt", |_, operands| function(operands, f64::sqrt)),
    ("rsqrt", |_, operands| function(operands, |x| 1.0 / x.sqrt())),
    ("erf", |_, operands| function(operands, libm::erf)),
    ("tanh", |_, operands| function(operands, libm::tanh)),
    ("compare", compare),
    ("and", |_, operands| bools(operands, |a, b| a && b)),
    ("or", |_, operands| bools(operands, |a, b| a || b)),
    ("not", not),
    ("is_finite", is_finite),
    ("select", select),
    ("cast", cast),
    ("reduce_sum", |operation, operands| reduce(operation, operands, Arithmetic::Add)),
    ("reduce_max", |operation, operands| reduce(operation, operands, Arithmetic::Max)),
    ("matmul", matmul),
    ("reshape", reshape),
    ("transpose", transpose),
    ("broadcast", broadcast),
    ("slice", slice),
    ("pad", pad),
    ("concat", concat),
    ("gather", gather),
    ("scatter_add", scatter_add),
    ("iota", iota),
    ("constant", constant),
];

fn mixed(a: &Tensor, b: &Tensor) -> String {
    format!("the operands are of {:?} and {:?}", a.dtype(), b.dtype())
}

fn one(operands: &[Tensor]) -> Result<&Tensor, String> {
    match operands {
        [x] => Ok(x),
        _ => Err(format!("there are {} operands, not 1", operands.len())),
    }
}

fn two(operands: &[Tensor]) -> Result<(&Tensor, &Tensor), String> {
    match operands {
        [a, b] => Ok((a, b)),
        _ => Err(format!("there are {} operands, not 2", operands.len())),
    }
}

fn bounded(shape: Vec<usize>) -> Result<Vec<usize>, String> {
    count_of(&shape).map(|_| shape.clone()).ok_or_else(|| format!("{shape:?} has too many elements"))
}

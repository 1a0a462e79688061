//! Element by element; nothing broadcasts by itself.

use ndarray::Zip;

use super::arithmetic::{Arithmetic, Number, of_numbers, of_two_numbers};
use super::{mixed, one, two};
use crate::program_text::Operation;
use crate::tensor::{Dtype, Element, Elements, Tensor};

/// Nothing broadcasts by itself.
pub fn zipped<A: Element, B: Element, C: Element>(
    a: &Elements<A>,
    b: &Elements<B>,
    of: impl Fn(A, B) -> C,
) -> Result<Tensor, String> {
    if a.shape() != b.shape() {
        return Err(format!("the operands have the shapes {:?} and {:?}", a.shape(), b.shape()));
    }
    Ok(Tensor::new(Zip::from(a).and(b).map_collect(|&a, &b| of(a, b))))
}

pub fn binary(operands: &[Tensor], arithmetic: Arithmetic) -> Result<Tensor, String> {
    fn apply<T: Number>(a: &Elements<T>, b: &Elements<T>, arithmetic: Arithmetic) -> Result<Tensor, String> {
        zipped(a, b, T::operation(arithmetic).ok_or("integers are not divided")?)
    }
    of_two_numbers!(operands, a, b => apply(a, b, arithmetic))
}

pub fn neg(_: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    of_numbers!(one(operands)?, x => Ok(Tensor::new(x.mapv(Number::negated))))
}

pub fn function(operands: &[Tensor], of: fn(f64) -> f64) -> Result<Tensor, String> {
    match one(operands)? {
        Tensor::F64(x) => Ok(Tensor::new(x.mapv(of))),
        Tensor::F32(x) => Ok(Tensor::new(x.mapv(|x| f32::of(of(x.wide()))))),
        x => Err(format!("the operand is of {:?}, no floats", x.dtype())),
    }
}

pub fn compare(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Number>(a: &Elements<T>, b: &Elements<T>, direction: &str) -> Result<Tensor, String> {
        let holds: fn(T, T) -> bool = match direction {
            "eq" => |a, b| a == b,
            "ne" => |a, b| a != b,
            "lt" => |a, b| a < b,
            "le" => |a, b| a <= b,
            "gt" => |a, b| a > b,
            "ge" => |a, b| a >= b,
            other => return Err(format!("there is no direction {other}")),
        };
        zipped(a, b, holds)
    }
    of_two_numbers!(operands, a, b => apply(a, b, operation.word("direction")?))
}

pub fn bools(operands: &[Tensor], of: fn(bool, bool) -> bool) -> Result<Tensor, String> {
    match two(operands)? {
        (Tensor::Bool(a), Tensor::Bool(b)) => zipped(a, b, of),
        (a, b) => Err(mixed(a, b)),
    }
}

pub fn not(_: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    match one(operands)? {
        Tensor::Bool(x) => Ok(Tensor::new(x.mapv(|x| !x))),
        x => Err(format!("the operand is of {:?}, no bools", x.dtype())),
    }
}

pub fn is_finite(_: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    match one(operands)? {
        Tensor::F64(x) => Ok(Tensor::new(x.mapv(f64::is_finite))),
        Tensor::F32(x) => Ok(Tensor::new(x.mapv(f32::is_finite))),
        x => Err(format!("the operand is of {:?}, no floats", x.dtype())),
    }
}

pub fn select(_: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    fn apply<T: Element>(c: &Elements<bool>, a: &Elements<T>, b: &Elements<T>) -> Result<Tensor, String> {
        if c.shape() != a.shape() || a.shape() != b.shape() {
            return Err(format!("the operands have the shapes {:?}, {:?} and {:?}", c.shape(), a.shape(), b.shape()));
        }
        Ok(Tensor::new(Zip::from(c).and(a).and(b).map_collect(|&c, &a, &b| if c { a } else { b })))
    }
    match operands {
        [Tensor::Bool(c), Tensor::F64(a), Tensor::F64(b)] => apply(c, a, b),
        [Tensor::Bool(c), Tensor::F32(a), Tensor::F32(b)] => apply(c, a, b),
        [Tensor::Bool(c), Tensor::I32(a), Tensor::I32(b)] => apply(c, a, b),
        [Tensor::Bool(c), Tensor::U8(a), Tensor::U8(b)] => apply(c, a, b),
        [Tensor::Bool(c), Tensor::Bool(a), Tensor::Bool(b)] => apply(c, a, b),
        _ => Err("the operands are not bools and two of one type".to_owned()),
    }
}

pub fn cast(operation: &Operation, operands: &[Tensor]) -> Result<Tensor, String> {
    let name = operation.word("dtype")?;
    let dtype = Dtype::named(name).ok_or_else(|| format!("there is no type {name}"))?;
    Tensor::rounded(&one(operands)?.wide(), dtype)
}

//! Arithmetic of numbers, which are floats and i32: floats round, integers wrap.

use crate::tensor::Element;

#[derive(Clone, Copy)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

pub trait Number: Element + PartialOrd {
    /// Below or equal to every number: where a maximum begins.
    const LEAST: Self;
    fn operation(of: Arithmetic) -> Option<fn(Self, Self) -> Self>;
    fn negated(self) -> Self;
}

macro_rules! float {
    ($type:ty) => {
        impl Number for $type {
            const LEAST: Self = <$type>::NEG_INFINITY;
            fn operation(of: Arithmetic) -> Option<fn(Self, Self) -> Self> {
                Some(match of {
                    Arithmetic::Add => |a, b| a + b,
                    Arithmetic::Sub => |a, b| a - b,
                    Arithmetic::Mul => |a, b| a * b,
                    Arithmetic::Div => |a, b| a / b,
                    // The standard library's min and max drop a NaN; here it stays.
                    Arithmetic::Min => |a, b| if a.is_nan() || a < b { a } else { b },
                    Arithmetic::Max => |a, b| if a.is_nan() || a > b { a } else { b },
                })
            }
            fn negated(self) -> Self {
                -self
            }
        }
    };
}
float!(f64);
float!(f32);

impl Number for i32 {
    const LEAST: Self = i32::MIN;
    fn operation(of: Arithmetic) -> Option<fn(Self, Self) -> Self> {
        Some(match of {
            Arithmetic::Add => i32::wrapping_add,
            Arithmetic::Sub => i32::wrapping_sub,
            Arithmetic::Mul => i32::wrapping_mul,
            Arithmetic::Div => return None,
            Arithmetic::Min => Ord::min,
            Arithmetic::Max => Ord::max,
        })
    }
    fn negated(self) -> Self {
        self.wrapping_neg()
    }
}

/// The same expression for the elements of a tensor of numbers.
macro_rules! of_numbers {
    ($tensor:expr, $elements:ident => $body:expr) => {
        match $tensor {
            Tensor::F64($elements) => $body,
            Tensor::F32($elements) => $body,
            Tensor::I32($elements) => $body,
            x => Err(format!("the operand is of {:?}, no numbers", x.dtype())),
        }
    };
}

/// The same for two tensors of one type.
macro_rules! of_two_numbers {
    ($operands:expr, $a:ident, $b:ident => $body:expr) => {
        match two($operands)? {
            (Tensor::F64($a), Tensor::F64($b)) => $body,
            (Tensor::F32($a), Tensor::F32($b)) => $body,
            (Tensor::I32($a), Tensor::I32($b)) => $body,
            (a, b) => Err(mixed(a, b)),
        }
    };
}

pub(crate) use {of_numbers, of_two_numbers};

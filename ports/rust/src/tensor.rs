//! Tensors: arrays of one of five element types, made of frames and written as frames.

use ndarray::{ArcArray, Array, Dimension, IxDyn};
use serde::{Deserialize, Serialize};

/// Arrays are shared: an operation that moves no element copies none.
pub type Elements<T> = ArcArray<T, IxDyn>;

/// No tensor has more elements, so that a hostile shape cannot ask for more memory than there is.
const MOST_ELEMENTS: usize = 1 << 28;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    I32,
    U8,
    Bool,
}

impl Dtype {
    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Dtype::F64 => 8,
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F16 | Dtype::Bf16 => 2,
            Dtype::U8 | Dtype::Bool => 1,
        }
    }

    /// The type of a name as it stands in messages and in texts of programs.
    pub fn named(name: &str) -> Option<Dtype> {
        serde_json::from_value(name.into()).ok()
    }
}

/// The number of elements of a shape; none where that is more than a tensor may have.
pub fn count_of(shape: &[usize]) -> Option<usize> {
    // An extent of 0 makes the product 0, but arrays refuse the others all the same where theirs is too large.
    let others = shape.iter().filter(|&&extent| extent > 0);
    let product = others.clone().try_fold(1usize, |product, &extent| product.checked_mul(extent))?;
    (product <= MOST_ELEMENTS).then_some(if others.count() < shape.len() { 0 } else { product })
}

/// An element: every one of them is a float64 exactly.
pub trait Element: Copy + Send + 'static {
    const ZERO: Self;
    fn wide(self) -> f64;
    /// Floats rounded to the nearest, ties to even; integers cut towards zero; anything but 0 is true.
    fn of(wide: f64) -> Self;
    fn tensor(elements: Elements<Self>) -> Tensor;
}

macro_rules! element {
    ($type:ty, $name:ident) => {
        impl Element for $type {
            const ZERO: Self = 0 as $type;
            fn wide(self) -> f64 {
                self as f64
            }
            fn of(wide: f64) -> Self {
                wide as $type
            }
            fn tensor(elements: Elements<Self>) -> Tensor {
                Tensor::$name(elements)
            }
        }
    };
}
element!(f64, F64);
element!(f32, F32);
element!(i32, I32);
element!(u8, U8);

impl Element for bool {
    const ZERO: Self = false;
    fn wide(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn of(wide: f64) -> Self {
        wide != 0.0
    }
    fn tensor(elements: Elements<Self>) -> Tensor {
        Tensor::Bool(elements)
    }
}

#[derive(Clone, Debug)]
pub enum Tensor {
    F64(Elements<f64>),
    F32(Elements<f32>),
    I32(Elements<i32>),
    U8(Elements<u8>),
    Bool(Elements<bool>),
}

/// The same expression for the elements of a tensor, whatever their type.
#[macro_export]
macro_rules! of_any {
    ($tensor:expr, $elements:ident => $body:expr) => {
        match $tensor {
            $crate::tensor::Tensor::F64($elements) => $body,
            $crate::tensor::Tensor::F32($elements) => $body,
            $crate::tensor::Tensor::I32($elements) => $body,
            $crate::tensor::Tensor::U8($elements) => $body,
            $crate::tensor::Tensor::Bool($elements) => $body,
        }
    };
}

impl Tensor {
    pub fn new<T: Element, D: Dimension>(elements: Array<T, D>) -> Tensor {
        T::tensor(elements.into_dyn().into_shared())
    }

    pub fn dtype(&self) -> Dtype {
        match self {
            Tensor::F64(_) => Dtype::F64,
            Tensor::F32(_) => Dtype::F32,
            Tensor::I32(_) => Dtype::I32,
            Tensor::U8(_) => Dtype::U8,
            Tensor::Bool(_) => Dtype::Bool,
        }
    }

    pub fn shape(&self) -> &[usize] {
        of_any!(self, elements => elements.shape())
    }

    /// Elements as float64, exactly.
    pub fn wide(&self) -> Array<f64, IxDyn> {
        of_any!(self, elements => elements.mapv(Element::wide))
    }

    /// Float64 as elements of a type, rounded once.
    pub fn rounded<D: Dimension>(wide: &Array<f64, D>, dtype: Dtype) -> Result<Tensor, String> {
        Ok(match dtype {
            Dtype::F64 => Tensor::new(wide.clone()),
            Dtype::F32 => Tensor::new(wide.mapv(f32::of)),
            Dtype::I32 => Tensor::new(wide.mapv(i32::of)),
            Dtype::U8 => Tensor::new(wide.mapv(u8::of)),
            Dtype::Bool => Tensor::new(wide.mapv(bool::of)),
            Dtype::F16 | Dtype::Bf16 => {
                return Err(format!("this port computes nothing in {dtype:?}"));
            }
        })
    }

    /// A tensor of its frame: little-endian, row-major, not aligned.
    pub fn read(dtype: Dtype, shape: &[usize], frame: &[u8]) -> Result<Tensor, String> {
        fn filled<T: Element, const N: usize>(
            shape: &[usize],
            frame: &[u8],
            read: fn([u8; N]) -> T,
        ) -> Result<Tensor, String> {
            let elements = frame.chunks_exact(N).filter_map(|bytes| bytes.try_into().ok()).map(read).collect();
            Array::from_shape_vec(shape, elements).map(Tensor::new).map_err(|error| error.to_string())
        }
        match dtype {
            Dtype::F64 => filled(shape, frame, f64::from_le_bytes),
            Dtype::F32 => filled(shape, frame, f32::from_le_bytes),
            Dtype::I32 => filled(shape, frame, i32::from_le_bytes),
            Dtype::U8 => filled(shape, frame, u8::from_le_bytes),
            Dtype::Bool => filled(shape, frame, |[byte]: [u8; 1]| byte != 0),
            Dtype::F16 | Dtype::Bf16 => Err(format!("this port computes nothing in {dtype:?}")),
        }
    }

    /// The frame of a tensor.
    pub fn frame(&self) -> Vec<u8> {
        match self {
            Tensor::F64(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
            Tensor::F32(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
            Tensor::I32(elements) => elements.iter().flat_map(|element| element.to_le_bytes()).collect(),
            Tensor::U8(elements) => elements.iter().copied().collect(),
            Tensor::Bool(elements) => elements.iter().map(|&element| u8::from(element)).collect(),
        }
    }
}

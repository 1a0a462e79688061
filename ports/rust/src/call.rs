//! A call of a function: attributes, tensors by name, and the float type that results are rounded to.
//!
//! Functions compute in float64, which the protocol allows, and round their results once.

use ndarray::{Array, Dimension};

use crate::protocol::Attributes;
use crate::tensor::{Dtype, Tensor, count_of};

/// Why there is no result.
#[derive(Debug)]
pub enum Refusal {
    Unsupported(String),
    Error(String),
}

impl From<String> for Refusal {
    fn from(sentence: String) -> Refusal {
        Refusal::Error(sentence)
    }
}

pub type Results = Vec<(String, Tensor)>;
pub type Computed<T> = Result<T, String>;

pub struct Call {
    attributes: Attributes,
    pub tensors: Vec<(String, Tensor)>,
    float: Dtype,
}

impl Call {
    pub fn new(attributes: Attributes, tensors: Vec<(String, Tensor)>) -> Call {
        let is_float = |dtype: &Dtype| matches!(dtype, Dtype::F32 | Dtype::F64);
        let float = tensors.iter().map(|(_, tensor)| tensor.dtype()).find(is_float);
        // A function without floats among its inputs has the type as an attribute.
        let named = attributes.get("float").and_then(|name| name.as_str()).and_then(Dtype::named);
        Call { attributes, tensors, float: float.or(named).unwrap_or(Dtype::F32) }
    }

    pub fn number(&self, name: &str) -> Computed<f64> {
        let number = self.attributes.get(name).and_then(|value| value.as_f64());
        number.ok_or_else(|| format!("the attribute {name} is missing, or no number"))
    }

    /// An integer from 0, below a limit.
    pub fn integer(&self, name: &str, below: u64) -> Computed<u64> {
        // 2^53 - 1 may be written as any number is, 1e3 for example.
        let number = self.number(name)?;
        if number.fract() == 0.0 && (0.0..below as f64).contains(&number) {
            return Ok(number as u64);
        }
        Err(format!("the attribute {name} is {number}, no integer from 0 below {below}"))
    }

    /// A size: an integer from 1 to 2^28.
    pub fn size(&self, name: &str) -> Computed<usize> {
        match self.integer(name, (1 << 28) + 1)? {
            0 => Err(format!("the attribute {name} is 0")),
            size => Ok(size as usize),
        }
    }

    pub fn word(&self, name: &str) -> Computed<&str> {
        let word = self.attributes.get(name).and_then(|value| value.as_str());
        word.ok_or_else(|| format!("the attribute {name} is missing, or no string"))
    }

    fn tensor(&self, name: &str) -> Computed<&Tensor> {
        let found = self.tensors.iter().find(|(each, _)| each == name).map(|(_, tensor)| tensor);
        found.ok_or_else(|| format!("the tensor {name} is missing"))
    }

    /// A tensor of floats, of any extents.
    pub fn floats<D: Dimension>(&self, name: &str) -> Computed<Array<f64, D>> {
        match self.tensor(name)? {
            tensor @ (Tensor::F32(_) | Tensor::F64(_)) => ranked(name, tensor.wide()),
            tensor => Err(format!("{name} is of {:?}, no floats", tensor.dtype())),
        }
    }

    /// A tensor of floats of a given shape.
    pub fn shaped<D: Dimension>(&self, name: &str, shape: D) -> Computed<Array<f64, D>> {
        let floats = self.floats::<D>(name)?;
        if floats.raw_dim() == shape {
            return Ok(floats);
        }
        Err(format!("{name} has the shape {:?}, not {:?}", floats.shape(), shape.slice()))
    }

    pub fn integers<D: Dimension>(&self, name: &str) -> Computed<Array<i32, D>> {
        match self.tensor(name)? {
            Tensor::I32(elements) => ranked(name, elements.to_owned()),
            tensor => Err(format!("{name} is of {:?}, not i32", tensor.dtype())),
        }
    }

    pub fn bytes<D: Dimension>(&self, name: &str) -> Computed<Array<u8, D>> {
        match self.tensor(name)? {
            Tensor::U8(elements) => ranked(name, elements.to_owned()),
            tensor => Err(format!("{name} is of {:?}, not u8", tensor.dtype())),
        }
    }

    /// A result in the float type of the call.
    pub fn result<D: Dimension>(&self, name: &str, wide: &Array<f64, D>) -> Computed<(String, Tensor)> {
        Ok((name.to_owned(), Tensor::rounded(wide, self.float)?))
    }
}

/// A result of integers.
pub fn integers<D: Dimension>(name: &str, integers: Array<i32, D>) -> (String, Tensor) {
    (name.to_owned(), Tensor::new(integers))
}

/// Refuses sizes whose product is more than a tensor may have.
pub fn bounded(sizes: &[usize]) -> Computed<usize> {
    count_of(sizes).ok_or_else(|| format!("{sizes:?} are too many elements"))
}

/// An index that lies below an extent.
pub fn index(name: &str, index: i32, extent: usize) -> Computed<usize> {
    let found = usize::try_from(index).ok().filter(|&index| index < extent);
    found.ok_or_else(|| format!("{name} has the index {index}, but there are {extent}"))
}

fn ranked<T, D: Dimension>(name: &str, elements: ndarray::ArrayD<T>) -> Computed<Array<T, D>> {
    let shape = elements.shape().to_vec();
    elements.into_dimensionality().map_err(|_| format!("{name} has {} axes: {shape:?}", shape.len()))
}

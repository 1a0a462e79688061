//! Executes a program, line by line.

use std::collections::HashMap;

use crate::call::Results;
use crate::primitives::PRIMITIVES;
use crate::program_text::Program;
use crate::tensor::Tensor;

pub fn run(program: &Program, mut tensors: HashMap<String, Tensor>) -> Result<Results, String> {
    let mut values: Vec<Option<Tensor>> = vec![];
    for (name, of) in &program.inputs {
        let tensor = tensors.remove(name).ok_or_else(|| format!("the input {name} is missing"))?;
        if tensor.dtype() != of.dtype || tensor.shape() != of.shape {
            return Err(format!(
                "the input {name} is {:?}{:?}, not {:?}{:?}",
                tensor.dtype(),
                tensor.shape(),
                of.dtype,
                of.shape
            ));
        }
        values.push(Some(tensor));
    }
    if let Some(name) = tensors.keys().next() {
        return Err(format!("the program has no input {name}"));
    }
    let last = last_uses(program);
    for (number, operation) in program.operations.iter().enumerate() {
        let (_, compute) = PRIMITIVES.iter().find(|(name, _)| *name == operation.name).ok_or("no such primitive")?;
        let operands: Vec<Tensor> = operation.operands.iter().flat_map(|&value| values[value].clone()).collect();
        let at = |what: String| format!("{} (operation {}): {what}", operation.name, number + 1);
        let result = compute(operation, &operands).map_err(at)?;
        let of = &operation.of;
        if result.dtype() != of.dtype || result.shape() != of.shape {
            return Err(at(format!(
                "gave {:?}{:?}, declared {:?}{:?}",
                result.dtype(),
                result.shape(),
                of.dtype,
                of.shape
            )));
        }
        values.push(Some(result));
        // What nothing reads any more is freed, so that a step needs no more memory than it must.
        for &value in operation.operands.iter().filter(|&&value| last[value] == number) {
            values[value] = None;
        }
    }
    let outputs =
        program.outputs.iter().map(|(name, value)| values[*value].clone().map(|tensor| (name.clone(), tensor)));
    outputs.collect::<Option<_>>().ok_or_else(|| "an output was freed".to_owned())
}

/// Of each value the last operation that reads it; outputs are read at the end.
fn last_uses(program: &Program) -> Vec<usize> {
    let mut last = vec![usize::MAX; program.inputs.len() + program.operations.len()];
    for (number, operation) in program.operations.iter().enumerate() {
        operation.operands.iter().for_each(|&value| last[value] = number);
    }
    program.outputs.iter().for_each(|(_, value)| last[*value] = usize::MAX);
    last
}

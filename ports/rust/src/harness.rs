//! Answers requests, one at a time.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::call::{Call, Refusal, Results};
use crate::functions::FUNCTIONS;
use crate::interpreter::run;
use crate::program_text::Program;
use crate::protocol::{Answer, Header, PROTOCOL, Request, framed, read_request, write_answer};
use crate::tensor::Tensor;

/// Answers until `bye` or the end of the requests. An error is a sentence about a request that does not
/// follow the protocol.
pub fn serve(mut requests: impl BufRead, mut answers: impl Write) -> Result<(), String> {
    let mut programs = HashMap::new();
    while let Some((request, frames)) = read_request(&mut requests)? {
        let (id, results) = match request {
            Request::Bye {} => return Ok(()),
            Request::Hello { protocol, .. } if protocol != PROTOCOL => {
                return Err(format!("the suite speaks protocol {protocol}, this port {PROTOCOL}"));
            }
            Request::Hello { .. } => {
                write_answer(&mut answers, &hello(), [])?;
                continue;
            }
            Request::Echo { id, tensors } => {
                // Frames go back as they came: no element is ever looked at.
                write_answer(&mut answers, &Answer::Result { id, tensors }, frames.iter().map(Vec::as_slice))?;
                continue;
            }
            Request::Raise { id, message } => (id, Err(Refusal::Error(message))),
            Request::Call { id, function, attributes, tensors } => (
                id,
                guarded(|| {
                    let Some((_, compute)) = FUNCTIONS.iter().find(|(name, _)| *name == function) else {
                        return Err(Refusal::Unsupported(format!("this port has no function {function}")));
                    };
                    compute(&Call::new(attributes, tensors_of(&tensors, &frames)?))
                }),
            ),
            Request::Compile { id, program, .. } => (
                id,
                guarded(|| {
                    let text =
                        std::str::from_utf8(&frames[0]).map_err(|error| format!("the text is no ASCII: {error}"))?;
                    programs.insert(program, Program::parse(text)?);
                    Ok(vec![])
                }),
            ),
            Request::Run { id, program, tensors } => (
                id,
                guarded(|| {
                    let program = programs.get(&program).ok_or_else(|| format!("there is no program {program}"))?;
                    Ok(run(program, tensors_of(&tensors, &frames)?.into_iter().collect())?)
                }),
            ),
            Request::Release { id, program } => {
                let gone = programs.remove(&program).map(|_| vec![]);
                (id, gone.ok_or_else(|| Refusal::Error(format!("there is no program {program}"))))
            }
        };
        answer(&mut answers, id, results)?;
    }
    Ok(())
}

fn hello() -> Answer {
    Answer::Hello {
        protocol: PROTOCOL,
        name: "rust",
        version: env!("CARGO_PKG_VERSION"),
        device: "CPU",
        contract: "f32-ieee",
        deterministic: true,
        functions: FUNCTIONS.iter().map(|(name, _)| *name).collect(),
        floats: &["f32", "f64"],
        capabilities: &["program"],
        claims: &[],
    }
}

fn answer(answers: &mut impl Write, id: u64, results: Result<Results, Refusal>) -> Result<(), String> {
    match results {
        Ok(tensors) => {
            let (headers, frames): (Vec<Header>, Vec<Vec<u8>>) =
                tensors.into_iter().map(|(name, tensor)| framed(name, &tensor)).unzip();
            write_answer(answers, &Answer::Result { id, tensors: headers }, frames.iter().map(Vec::as_slice))
        }
        Err(Refusal::Unsupported(reason)) => {
            write_answer(answers, &Answer::Unsupported { id, reason: shortened(reason) }, [])
        }
        Err(Refusal::Error(message)) => write_answer(answers, &Answer::Error { id, message: shortened(message) }, []),
    }
}

/// A panic is a mistake of this port: it costs its case, and the port goes on.
fn guarded(compute: impl FnOnce() -> Result<Results, Refusal>) -> Result<Results, Refusal> {
    catch_unwind(AssertUnwindSafe(compute))
        .unwrap_or_else(|_| Err(Refusal::Error("the port panicked; its stderr says where".to_owned())))
}

fn tensors_of(headers: &[Header], frames: &[Vec<u8>]) -> Result<Vec<(String, Tensor)>, String> {
    headers
        .iter()
        .zip(frames)
        .map(|(Header { name, dtype, shape, .. }, frame)| Ok((name.clone(), Tensor::read(*dtype, shape, frame)?)))
        .collect()
}

/// A reason may have 2,000 characters.
fn shortened(sentence: String) -> String {
    sentence.chars().take(2000).collect()
}

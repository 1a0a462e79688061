//! Messages and frames of the process protocol, version 1.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

use serde::{Deserialize, Serialize};

use crate::tensor::{Dtype, Tensor, count_of};

pub const PROTOCOL: u64 = 1;
const LONGEST_LINE: u64 = 1 << 20;
const LONGEST_FRAMES: u64 = 1 << 28;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: u64,
}

pub type Attributes = BTreeMap<String, serde_json::Value>;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    Hello {
        protocol: u64,
        #[serde(rename = "spec")]
        _spec: String,
    },
    Echo {
        id: u64,
        tensors: Vec<Header>,
    },
    Raise {
        id: u64,
        message: String,
    },
    Call {
        id: u64,
        function: String,
        attributes: Attributes,
        tensors: Vec<Header>,
    },
    Compile {
        id: u64,
        program: u64,
        bytes: u64,
    },
    Run {
        id: u64,
        program: u64,
        tensors: Vec<Header>,
    },
    Release {
        id: u64,
        program: u64,
    },
    Bye {},
}

/// A request, and its frames in the order of its headers.
pub type Message = (Request, Vec<Vec<u8>>);

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Answer {
    Hello {
        protocol: u64,
        name: &'static str,
        version: &'static str,
        device: &'static str,
        contract: &'static str,
        deterministic: bool,
        functions: Vec<&'static str>,
        floats: &'static [&'static str],
        capabilities: &'static [&'static str],
        claims: &'static [&'static str],
    },
    Result {
        id: u64,
        tensors: Vec<Header>,
    },
    Unsupported {
        id: u64,
        reason: String,
    },
    Error {
        id: u64,
        message: String,
    },
}

/// The next request and its frames, in the order of its headers; none at the end of the stream.
///
/// Errors are sentences: after any of them nobody knows where the next line begins.
pub fn read_request(from: &mut impl BufRead) -> Result<Option<Message>, String> {
    let mut line = Vec::new();
    let read = from.take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
    read.map_err(|error| format!("stdin cannot be read: {error}"))?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(if line.len() as u64 >= LONGEST_LINE {
            format!("a line has more than {LONGEST_LINE} bytes")
        } else {
            format!("stdin ends after {} bytes of a line", line.len() + 1)
        });
    }
    let request: Request = serde_json::from_slice(&line).map_err(|error| {
        let begin = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
        format!("{begin:?} is no request of protocol {PROTOCOL}: {error}")
    })?;
    let lengths = match &request {
        Request::Echo { tensors, .. } | Request::Call { tensors, .. } | Request::Run { tensors, .. } => {
            tensors.iter().map(checked_length).collect::<Result<Vec<_>, _>>()?
        }
        Request::Compile { bytes, .. } => vec![*bytes],
        _ => vec![],
    };
    let total = lengths.iter().fold(0u64, |sum, &length| sum.saturating_add(length));
    if total > LONGEST_FRAMES {
        return Err(format!("the frames of a message have {total} bytes, more than {LONGEST_FRAMES}"));
    }
    let frames = lengths.iter().map(|&length| read_frame(from, length)).collect::<Result<_, _>>()?;
    Ok(Some((request, frames)))
}

fn checked_length(header: &Header) -> Result<u64, String> {
    let Header { name, dtype, shape, bytes } = header;
    let expected = count_of(shape).map(|count| (count * dtype.size()) as u64);
    if expected == Some(*bytes) {
        return Ok(*bytes);
    }
    let of = expected.map_or("too many bytes".to_owned(), |right| format!("{right} bytes"));
    Err(format!("the frame of {name:?} has {bytes} bytes, but {dtype:?}{shape:?} has {of}"))
}

/// Memory grows with what arrives, not with what a header says.
fn read_frame(from: &mut impl BufRead, length: u64) -> Result<Vec<u8>, String> {
    let mut frame = Vec::new();
    let read = from.take(length).read_to_end(&mut frame);
    read.map_err(|error| format!("stdin cannot be read: {error}"))?;
    if (frame.len() as u64) < length {
        return Err(format!("stdin ends after {} of {length} bytes of a frame", frame.len()));
    }
    Ok(frame)
}

pub fn write_answer<'a>(
    to: &mut impl Write,
    answer: &Answer,
    frames: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(), String> {
    let write = || -> std::io::Result<()> {
        serde_json::to_writer(&mut *to, answer)?;
        to.write_all(b"\n")?;
        for frame in frames {
            to.write_all(frame)?;
        }
        to.flush()
    };
    write().map_err(|error| format!("stdout cannot be written: {error}"))
}

/// The header and the frame of a result.
pub fn framed(name: String, tensor: &Tensor) -> (Header, Vec<u8>) {
    let frame = tensor.frame();
    (Header { name, dtype: tensor.dtype(), shape: tensor.shape().to_vec(), bytes: frame.len() as u64 }, frame)
}

//! A port of Lacuna: reads requests from stdin, answers on stdout (docs/protocol.md).

mod adamw;
mod attention;
mod augmentations;
mod call;
mod functions;
mod harness;
mod interpreter;
mod layers;
mod losses;
mod masks;
mod model;
mod normal;
mod philox;
mod pixels;
mod primitives;
mod program_text;
mod protocol;
mod resizes;
mod starts;
mod step;
mod tensor;
mod towers;

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

const HELP: &str = "\
A port of Lacuna in Rust: the suite starts it, writes requests to its stdin and reads answers from its stdout.

    lacuna-port            answers until `bye`, or the end of stdin
    lacuna-port --help     this text

Held to the specification, in the folder of this port:

    lacuna conform --port target/release/lacuna-port
    lacuna conform --port target/release/lacuna-port --filter function/loss

Exits with 0 after `bye`, 1 where stdin does not follow the protocol (a sentence on stderr says how), 2 where its
arguments are wrong.
";

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help" | "-h") => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("lacuna-port takes no argument {other:?}; `lacuna-port --help` says how it is used");
            return ExitCode::from(2);
        }
    }
    let (requests, answers) = (BufReader::new(io::stdin()), BufWriter::new(io::stdout()));
    match harness::serve(requests, answers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("lacuna-port: {sentence}");
            ExitCode::FAILURE
        }
    }
}

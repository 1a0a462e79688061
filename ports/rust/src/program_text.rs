//! Texts of programs: one declaration a line, single assignment, static shapes.

use std::collections::{BTreeMap, HashMap};

use crate::call::Refusal;
use crate::primitives::PRIMITIVES;
use crate::tensor::{Dtype, count_of};

#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    Number(f64),
    Boolean(bool),
    Text(String),
    List(Vec<f64>),
}

/// Values are numbered: inputs first, then the result of each operation.
pub struct Operation {
    pub name: String,
    pub operands: Vec<usize>,
    pub attributes: BTreeMap<String, Attribute>,
    pub of: Type,
}

pub struct Program {
    pub inputs: Vec<(String, Type)>,
    pub operations: Vec<Operation>,
    pub outputs: Vec<(String, usize)>,
}

impl Program {
    /// The program of a text. Errors name the line; a composite, or a primitive that this port does not know,
    /// is unsupported.
    pub fn parse(text: &str) -> Result<Program, Refusal> {
        let mut program = Program { inputs: vec![], operations: vec![], outputs: vec![] };
        let mut values: HashMap<&str, usize> = HashMap::new();
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, line)| line != "lacuna program 1") {
            return Err(Refusal::Unsupported("the text does not begin with `lacuna program 1`".to_owned()));
        }
        for (number, line) in lines {
            let wrong =
                |what: &str| Refusal::Error(format!("line {} of the program: {what}: {}", number + 1, excerpt(line)));
            let mut rest = Scanner(line);
            if line == "end" {
                return Ok(program);
            } else if rest.take("name ") {
            } else if rest.take("input ") {
                // What stands behind the type is the role, and the source of a table.
                let (name, of) = (rest.value(), rest.take(" : ").then(|| rest.of_type()).flatten());
                let (name, of) = name.zip(of).ok_or_else(|| wrong("no input"))?;
                if !program.operations.is_empty() {
                    return Err(wrong("an input comes after an operation"));
                }
                program.inputs.push((name.to_owned(), of));
                add(&mut values, name).ok_or_else(|| wrong("the name is taken"))?;
            } else if rest.take("output ") {
                let (name, value) = rest.0.split_once(" = %").ok_or_else(|| wrong("no output"))?;
                let value = values.get(value).ok_or_else(|| wrong("there is no such value"))?;
                program.outputs.push((name.to_owned(), *value));
            } else {
                let (result, operation) = rest.operation(&values).ok_or_else(|| wrong("no operation"))?;
                if !PRIMITIVES.iter().any(|(name, _)| *name == operation.name) {
                    return Err(Refusal::Unsupported(format!("this port has no primitive {}", operation.name)));
                }
                program.operations.push(operation);
                add(&mut values, result).ok_or_else(|| wrong("the name is taken"))?;
            }
        }
        Err(Refusal::Error("the text of the program has no end".to_owned()))
    }
}

/// Numbers a value; none where the name is taken.
fn add<'a>(values: &mut HashMap<&'a str, usize>, name: &'a str) -> Option<()> {
    let number = values.len();
    values.insert(name, number).is_none().then_some(())
}

fn excerpt(line: &str) -> String {
    line.chars().take(120).collect()
}

/// What is left of a line.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// Whether the rest begins with a word, which is then taken.
    fn take(&mut self, word: &str) -> bool {
        self.0.strip_prefix(word).map(|rest| self.0 = rest).is_some()
    }

    /// All up to one of the given characters, or to the end.
    fn until(&mut self, ends: &[char]) -> &'a str {
        let (found, rest) = self.0.split_at(self.0.find(ends).unwrap_or(self.0.len()));
        self.0 = rest;
        found
    }

    /// `%name`
    fn value(&mut self) -> Option<&'a str> {
        self.take("%").then(|| self.until(&[' ', ',']))
    }

    /// `results = name operands {attributes} : types`, of one result: only calls have more.
    fn operation(&mut self, values: &HashMap<&str, usize>) -> Option<(&'a str, Operation)> {
        let result = self.value()?;
        while self.take(", ") {
            self.value()?;
        }
        if !self.take(" = ") {
            return None;
        }
        let name = self.until(&[' ']).to_owned();
        if name == "call" {
            let name = format!("call {}", self.0.trim_start().split(' ').next()?);
            let of = Type { dtype: Dtype::Bool, shape: vec![] };
            return Some((result, Operation { name, operands: vec![], attributes: BTreeMap::new(), of }));
        }
        let mut operands = vec![];
        while self.take(" %") || self.take(", %") {
            operands.push(*values.get(self.until(&[' ', ',']))?);
        }
        let mut attributes = BTreeMap::new();
        if self.take(" {") {
            while !self.take("}") {
                let name = self.until(&['=']);
                self.take("=").then_some(())?;
                attributes.insert(name.to_owned(), self.attribute()?);
                self.take(", ");
            }
        }
        self.take(" : ").then_some(())?;
        let of = self.of_type()?;
        self.0.is_empty().then_some((result, Operation { name, operands, attributes, of }))
    }

    fn attribute(&mut self) -> Option<Attribute> {
        if self.take("\"") {
            let text = self.until(&['"']).to_owned();
            return self.take("\"").then_some(Attribute::Text(text));
        }
        if self.take("[") {
            let numbers = self.until(&[']']);
            let list = numbers.split(',').filter(|number| !number.is_empty()).map(|number| number.parse().ok());
            return list.collect::<Option<_>>().filter(|_| self.take("]")).map(Attribute::List);
        }
        match self.until(&[',', '}']) {
            "true" => Some(Attribute::Boolean(true)),
            "false" => Some(Attribute::Boolean(false)),
            number => number.parse().ok().map(Attribute::Number),
        }
    }

    /// `f32[2,3]`
    fn of_type(&mut self) -> Option<Type> {
        let dtype = Dtype::named(self.until(&['[']))?;
        self.take("[").then_some(())?;
        let extents = self.until(&[']']).split(',').filter(|extent| !extent.is_empty());
        let shape: Vec<usize> = extents.map(|extent| extent.parse().ok()).collect::<Option<_>>()?;
        (self.take("]") && count_of(&shape).is_some()).then_some(Type { dtype, shape })
    }
}

impl Operation {
    fn attribute(&self, name: &str) -> Result<&Attribute, String> {
        self.attributes.get(name).ok_or_else(|| format!("the attribute {name} is missing"))
    }

    pub fn number(&self, name: &str) -> Result<f64, String> {
        match self.attribute(name)? {
            Attribute::Number(number) => Ok(*number),
            other => Err(format!("{name} is {other:?}, no number")),
        }
    }

    pub fn numbers(&self, name: &str) -> Result<&[f64], String> {
        match self.attribute(name)? {
            Attribute::List(numbers) => Ok(numbers),
            other => Err(format!("{name} is {other:?}, no list")),
        }
    }

    pub fn boolean(&self, name: &str) -> Result<bool, String> {
        match self.attribute(name)? {
            Attribute::Boolean(boolean) => Ok(*boolean),
            other => Err(format!("{name} is {other:?}, no boolean")),
        }
    }

    pub fn word(&self, name: &str) -> Result<&str, String> {
        match self.attribute(name)? {
            Attribute::Text(text) => Ok(text),
            other => Err(format!("{name} is {other:?}, no string")),
        }
    }

    pub fn natural(&self, name: &str) -> Result<usize, String> {
        natural(self.number(name)?).map_err(|wrong| format!("{name} {wrong}"))
    }

    pub fn naturals(&self, name: &str) -> Result<Vec<usize>, String> {
        let naturals = self.numbers(name)?.iter().map(|&number| natural(number));
        naturals.collect::<Result<_, _>>().map_err(|wrong| format!("{name} {wrong}"))
    }
}

fn natural(number: f64) -> Result<usize, String> {
    let is_one = number.fract() == 0.0 && (0.0..=f64::from(1 << 28)).contains(&number);
    if is_one { Ok(number as usize) } else { Err(format!("has {number}, no natural up to 2^28")) }
}

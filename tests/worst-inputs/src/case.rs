//! A case: one row of the table, as inputs and the ceiling that holds them.

/// What is done with an input. Every machine does it in its own way; only the marked step of it is counted.
pub(crate) enum Load {
    /// Compiles a document.
    Compile(String),
    /// Reads a context from JSON text.
    ReadContext(String),
    /// Makes a program of a compiled document, for a context that is known.
    Specialise { document: String, known: String },
    /// Checks the bytes of a program.
    ReadProgram(Vec<u8>),
    /// Asks about the flags of a compiled document; in a page, of the program made for what is known.
    Ask { document: String, known: String, context: String, questions: Questions },
    /// Does the same several times; all of it is counted.
    Times(u32, Box<Load>),
}

/// The flags that are asked about.
#[derive(Clone, Copy)]
pub(crate) enum Questions {
    /// All flags at once.
    All,
    /// All flags, one after another, of one visitor.
    OneByOne,
    /// The first flag alone, of a fresh visitor each time.
    First { times: u32 },
}

/// What came of a load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The input was refused whole.
    Refused,
    /// A part of the document was left out, and reported.
    LeftOut,
    /// The input was taken as it is.
    Taken,
    /// A program was made that no page reads.
    Unreadable,
}

/// A load and its outcome, without which its cost would mean nothing.
pub(crate) struct Input {
    pub(crate) load: Load,
    pub(crate) outcome: Outcome,
}

impl Load {
    pub(crate) fn refused(self) -> Input {
        Input { load: self, outcome: Outcome::Refused }
    }

    pub(crate) fn left_out(self) -> Input {
        Input { load: self, outcome: Outcome::LeftOut }
    }

    pub(crate) fn taken(self) -> Input {
        Input { load: self, outcome: Outcome::Taken }
    }

    pub(crate) fn times(self, times: u32) -> Self {
        Self::Times(times, Box::new(self))
    }
}

/// What a case holds.
pub(crate) enum Check {
    /// The worst input takes at most so many times the instructions of the honest one.
    Instructions { honest: fn() -> Input, worst: fn() -> Input, times: f64 },
    /// While the input is worked on, at most so many bytes are held above those that were held before.
    Memory { worst: fn() -> Input, bytes: u64 },
    /// Each input has its outcome.
    Outcomes(fn() -> Vec<Input>),
}

/// The machine that a case runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Machine {
    Native,
    Wasm,
}

impl Machine {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Wasm => "wasm",
        }
    }
}

/// One check of one row.
pub(crate) struct Case {
    /// The row's number: `W4` is 4.
    pub(crate) row: u8,
    /// The worst input, in a few words.
    pub(crate) name: &'static str,
    pub(crate) machines: &'static [Machine],
    pub(crate) check: Check,
}

pub(crate) const BOTH: &[Machine] = &[Machine::Native, Machine::Wasm];
pub(crate) const NATIVE: &[Machine] = &[Machine::Native];
pub(crate) const WASM: &[Machine] = &[Machine::Wasm];

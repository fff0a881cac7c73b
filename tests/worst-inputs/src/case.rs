//! A case: one row of the table, as inputs and the ceiling that holds them.
use control::Command;

/// The work that a load does with an input. Every machine does it in its own way, and counts only its main step.
pub(crate) enum Load {
    /// Compiles a document.
    Compile(String),
    /// Compiles a document with a compiler that keeps nothing, and with one that keeps its parts: the greater memory counts.
    CompileBothWays(String),
    /// Compiles a document with a compiler that has compiled another one.
    Recompile { before: String, after: String },
    /// Reads a context from JSON text.
    ReadContext(String),
    /// Makes a program of a compiled document, for a context that is known.
    Specialise { document: String, known: String },
    /// Checks the bytes of a program.
    ReadProgram(Vec<u8>),
    /// Asks about the flags of a compiled document; in a page, of the program made for what is known.
    Ask {
        document: String,
        #[cfg_attr(not(feature = "modules"), expect(dead_code, reason = "pages alone have programs"))]
        known: String,
        context: String,
        questions: Questions,
    },
    /// Carries out an operator's command on a document.
    Command { document: String, command: Box<Command> },
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

/// The outcome of a load.
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

/// A load, how often it is done, and its outcome, without which its cost would mean nothing.
pub(crate) struct Input {
    pub(crate) load: Load,
    pub(crate) times: u32,
    pub(crate) outcome: Outcome,
}

impl Load {
    pub(crate) fn refused(self) -> Input {
        self.with(Outcome::Refused)
    }

    pub(crate) fn left_out(self) -> Input {
        self.with(Outcome::LeftOut)
    }

    pub(crate) fn taken(self) -> Input {
        self.with(Outcome::Taken)
    }

    fn with(self, outcome: Outcome) -> Input {
        Input { load: self, times: 1, outcome }
    }
}

impl Input {
    /// The same several times; all of it is counted.
    pub(crate) fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

/// The bound that a case holds.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// The worst input takes at most so many times the instructions of the honest one.
    Instructions { honest: fn() -> Input, worst: fn() -> Input, times: f64 },
    /// The input takes at most as many instructions as a core runs in so many milliseconds, at [`PER_MILLISECOND`].
    Time { worst: fn() -> Input, milliseconds: f64 },
    /// While the input is worked on, at most so many bytes are held above those that were held before.
    Memory { worst: fn() -> Input, bytes: u64 },
    /// Of all errors of a document so many are told.
    Errors { worst: fn() -> Input, told: u64, all: u64 },
    /// Each input has its outcome.
    Outcomes(fn() -> Vec<Input>),
}

/// The instructions of a millisecond, where a ceiling is a time: those of a slow core, at 2.5 GHz with two each cycle. A fixed number
/// makes equal code pass or fail alike on every machine; the head of the table tells how many the machine of the run completes.
pub(crate) const PER_MILLISECOND: f64 = 5_000_000.0;

impl Check {
    /// The inputs with what each is called; those that are not run are not made.
    pub(crate) fn inputs(&self) -> Vec<(String, Box<dyn FnOnce() -> Input>)> {
        match self {
            Self::Instructions { honest, worst, .. } => vec![("honest".into(), Box::new(*honest)), ("worst".into(), Box::new(*worst))],
            Self::Time { worst, .. } | Self::Memory { worst, .. } | Self::Errors { worst, .. } => vec![("worst".into(), Box::new(*worst))],
            Self::Outcomes(inputs) => {
                let named = |(number, input): (usize, Input)| -> (String, Box<dyn FnOnce() -> Input>) {
                    (format!("input {}", number + 1), Box::new(|| input))
                };
                inputs().into_iter().enumerate().map(named).collect()
            }
        }
    }

    /// Returns true if the ceiling bounds instructions.
    pub(crate) fn counts_instructions(&self) -> bool {
        match self {
            Self::Instructions { .. } | Self::Time { .. } => true,
            Self::Memory { .. } | Self::Errors { .. } | Self::Outcomes(_) => false,
        }
    }
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
    /// The row's number: `W4` is 4. Controls have 0.
    pub(crate) row: u8,
    /// The worst input, in a few words.
    pub(crate) name: &'static str,
    pub(crate) machines: &'static [Machine],
    pub(crate) check: Check,
}

pub(crate) const BOTH: &[Machine] = &[Machine::Native, Machine::Wasm];
pub(crate) const NATIVE: &[Machine] = &[Machine::Native];
pub(crate) const WASM: &[Machine] = &[Machine::Wasm];

//! What the programs are told on their command line.

/// `--pairs N --seed S` and, where answers are kept, `--answers FILE`.
pub struct Options {
    /// How many questions.
    pub pairs: usize,
    /// Whence they come.
    pub seed: u64,
    /// Where to write the answers.
    pub answers: Option<String>,
}

impl Options {
    /// Reads the arguments of this process; says what was wrong with them.
    pub fn from_arguments() -> Result<Self, String> {
        let mut options = Self { pairs: 1_000_000, seed: 1, answers: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{name}: expected a number, found {value}"));
            match name.as_str() {
                "--pairs" => options.pairs = usize::try_from(number()?).unwrap_or(usize::MAX),
                "--seed" => options.seed = number()?,
                "--answers" => options.answers = Some(value),
                _ => return Err(format!("unknown option {name}, expected --pairs, --seed or --answers")),
            }
        }
        Ok(options)
    }
}

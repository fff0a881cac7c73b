//! The options of the programs, from their command line.

/// `--pairs N --seed S` and, where answers are kept, `--answers FILE`.
pub struct Options {
    /// The number of questions.
    pub pairs: usize,
    /// The seed of the questions.
    pub seed: u64,
    /// The file to write the answers to; `None` to keep none.
    pub answers: Option<String>,
    /// True if some questions come from contexts that do not extend what is known.
    pub strangers: bool,
    /// True to answer by programs.
    pub program: bool,
}

impl Options {
    /// Reads the arguments of this process; says what was wrong with them.
    pub fn from_arguments() -> Result<Self, String> {
        let mut options = Self { pairs: 1_000_000, seed: 1, answers: None, strangers: false, program: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            match name.as_str() {
                "--strangers" => options.strangers = true,
                "--program" => options.program = true,
                _ => options.valued(&name, arguments.next())?,
            }
        }
        Ok(options)
    }

    fn valued(&mut self, name: &str, value: Option<String>) -> Result<(), String> {
        let value = value.ok_or_else(|| format!("{name} needs a value, or is unknown"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{name}: expected a number, found {value}"));
        match name {
            "--pairs" => self.pairs = usize::try_from(number()?).unwrap_or(usize::MAX),
            "--seed" => self.seed = number()?,
            "--answers" => self.answers = Some(value),
            _ => return Err(format!("unknown option {name}, expected --pairs, --seed, --answers, --strangers or --program")),
        }
        Ok(())
    }
}

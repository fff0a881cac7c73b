//! Writes the lines of a seed: `lines --pairs N --seed S [--strangers]`.

use std::{
    io::{self, BufWriter, ErrorKind, Write as _},
    process::ExitCode,
};

use tests_identity::{Line, Lines, Options};

fn main() -> ExitCode {
    let options = match Options::from_arguments() {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    match write(&options) {
        // Whoever reads may have read enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn write(options: &Options) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for line in Lines::new(options.seed, options.pairs).with_strangers(options.strangers) {
        let (Line::Document(text) | Line::Question(text, _)) = line;
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

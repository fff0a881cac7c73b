//! The native runner: JSON lines in, answers out; with `--program`, by way of programs.

use std::io::{BufRead as _, BufWriter, Write as _};

fn main() -> std::io::Result<()> {
    let by_program = std::env::args().any(|argument| argument == "--program");
    let mut runner = if by_program { tests_native::LineRunner::by_program() } else { tests_native::LineRunner::default() };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        if let Some(answer) = runner.answer(&line?) {
            writeln!(out, "{answer}")?;
        }
    }
    out.flush()
}

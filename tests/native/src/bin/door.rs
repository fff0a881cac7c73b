//! The native door: JSON lines in, answers out.

use std::io::{BufRead as _, BufWriter, Write as _};

fn main() -> std::io::Result<()> {
    let mut door = tests_native::Door::default();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        if let Some(answer) = door.answer(&line?) {
            writeln!(out, "{answer}")?;
        }
    }
    out.flush()
}

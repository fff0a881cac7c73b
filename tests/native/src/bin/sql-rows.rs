//! Documents as the rows that the Postgres migrations take: a document's text in a line, its rows in a line; `null` for a refused one.
use std::io::{BufRead as _, Write as _};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        match sdk_core::document::compile_for_sql(&line?, None) {
            Ok((rows, _)) => writeln!(out, "{rows}")?,
            Err(_) => writeln!(out, "null")?,
        }
        out.flush()?;
    }
    Ok(())
}

//! Answers the lines of a seed in this process: `identity-native --pairs N --seed S [--answers FILE] [--program] [--strangers]`.
//!
//! Prints what was counted and, last, the digest of all answers. Fails where something was answered too rarely.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    process::ExitCode,
};

use tests_identity::{Digest, Line, Lines, Options, count::Counts};
use tests_native::LineRunner;

fn main() -> ExitCode {
    match Options::from_arguments().and_then(|options| answer(&options).map_err(|error| error.to_string())) {
        Ok(missing) if missing.is_empty() => ExitCode::SUCCESS,
        Ok(missing) => {
            for sentence in missing {
                eprintln!("{sentence}");
            }
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn answer(options: &Options) -> io::Result<Vec<String>> {
    let (mut runner, mut digest, mut counts) =
        (if options.program { LineRunner::by_program() } else { LineRunner::default() }, Digest::default(), Counts::default());
    let mut kept = options.answers.as_ref().map(File::create).transpose()?.map(BufWriter::new);
    for line in Lines::new(options.seed, options.pairs).with_strangers(options.strangers) {
        match line {
            Line::Document(text) => drop(runner.answer(&text)),
            Line::Question(text, asked) => {
                let answer = runner.answer(&text).unwrap_or_default();
                digest.add(&answer);
                counts.add(&asked, &answer);
                if let Some(kept) = &mut kept {
                    writeln!(kept, "{answer}")?;
                }
            }
        }
    }
    if let Some(mut kept) = kept {
        kept.flush()?;
    }
    print!("{counts}");
    println!("sha256 {}", digest.finish());
    Ok(counts.missing(options.program && options.strangers))
}

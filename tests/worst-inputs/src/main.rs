//! What one caller may cost: `worst-inputs --modules DIR [native|wasm] [W4 …]`.
//!
//! Every case runs a worst input beside an honest one and compares how many instructions they take, or holds what the input may take
//! of memory, or whether it is refused. Instructions are counted, not timed: natively by callgrind, in WebAssembly by the fuel of an
//! interpreter that runs the modules which ship. A line tells each case; the last word is MET or MISSED.
mod case;
mod cases;
mod machine;
mod native;
mod report;
mod text;
mod wasm;

use std::{path::PathBuf, process::ExitCode, thread};

use anyhow::{Context as _, Result, bail};

use crate::case::{Case, Machine};

/// A case and whether it is to be met; controls are to be missed.
type Expected = (&'static Case, bool);

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The controls and the cases; a child is told its number in this list.
fn everything() -> Vec<Expected> {
    cases::controls().chain(cases::all().into_iter().map(|case| (case, true))).collect()
}

fn run() -> Result<bool> {
    let (mut folder, mut machines, mut rows) = (PathBuf::from("npm/client/dist"), Vec::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "child" => {
                let number: usize = arguments.next().context("a child needs the number of its case")?.parse()?;
                let which = arguments.next().unwrap_or_default();
                native::child(everything().get(number).context("no such case")?.0, &which)?;
                return Ok(true);
            }
            "--modules" => folder = arguments.next().context("--modules needs a folder")?.into(),
            "native" => machines.push(Machine::Native),
            "wasm" => machines.push(Machine::Wasm),
            row => match row.strip_prefix('W').and_then(|number| number.parse::<u8>().ok()) {
                Some(number) => rows.push(number),
                None => bail!("expected native, wasm, --modules DIR or rows such as W4; found {row}"),
            },
        }
    }
    if machines.is_empty() {
        machines.extend(case::BOTH);
    }
    let chosen = |case: &Case| rows.is_empty() || rows.contains(&case.row);
    let cases: Vec<(usize, Expected)> = everything().into_iter().enumerate().filter(|(_, (case, _))| chosen(case)).collect();
    println!("{}", report::head());
    // Each machine has a core for itself.
    let held = thread::scope(|scope| {
        let threads: Vec<_> = machines.iter().map(|machine| scope.spawn(|| hold(*machine, &cases, &folder))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a machine panicked"))).collect::<Result<Vec<_>>>()
    })?;
    let (met, all) = held.into_iter().fold((0, 0), |(met, all), (more_met, more)| (met + more_met, all + more));
    println!("{met} of {all} as expected");
    Ok(met == all && all > 0)
}

/// Runs the cases of a machine; answers how many came out as expected, and how many there were.
fn hold(machine: Machine, cases: &[(usize, Expected)], folder: &std::path::Path) -> Result<(u32, u32)> {
    let modules = if machine == Machine::Wasm { Some(wasm::Modules::read(folder)?) } else { None };
    let scratch = std::env::temp_dir().join(format!("worst-inputs-{}-{}", machine.name(), std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let (mut met, mut all) = (0, 0);
    for (number, (case, expected)) in cases.iter().filter(|(_, (case, _))| case.machines.contains(&machine)) {
        let found = match &modules {
            Some(modules) => Ok(modules.run(case)),
            None => native::run(*number, case, &scratch),
        };
        let found = found.with_context(|| format!("W{} {}", case.row, case.name))?;
        let as_expected = found.is_met(&case.check) == *expected;
        println!("{}", report::line(machine, case, &found, as_expected));
        met += u32::from(as_expected);
        all += 1;
    }
    std::fs::remove_dir_all(scratch)?;
    Ok((met, all))
}

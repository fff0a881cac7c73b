//! Measures the cost that one caller can cause: `worst-inputs --modules DIR [native|wasm] [W4 …]`.
//!
//! Every case runs a worst input beside an honest one and compares how many instructions they take, or holds what the input may take
//! of time, memory or errors, or whether it is refused. Instructions are counted, not timed: natively by callgrind, in WebAssembly by
//! the fuel of an interpreter that runs the modules which ship, in a build with the feature `modules`. A line tells each case; the last word is MET or
//! MISSED.
mod case;
mod cases;
mod hold;
mod native;
mod prepare;
mod report;
mod text;
#[cfg_attr(not(feature = "modules"), path = "without_wasm.rs")]
mod wasm;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::ExitCode,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

use anyhow::{Context as _, Result, bail};

use crate::case::{Case, Check, Machine};

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
                let mut number = || -> Result<usize> { Ok(arguments.next().context("a child needs two numbers")?.parse()?) };
                native::child(everything().get(number()?).context("no such case")?.0, number()?)?;
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
        machines.extend(wasm::MACHINES);
    }
    let chosen = |case: &Case| rows.is_empty() || rows.contains(&case.row);
    let cases = everything().into_iter().enumerate().filter(|(_, (case, _))| chosen(case));
    let jobs: Vec<Job> = cases
        .flat_map(|(number, (case, expected))| case.machines.iter().map(move |machine| Job { number, case, expected, machine: *machine }))
        .filter(|job| machines.contains(&job.machine))
        .collect();
    let modules = machines.contains(&Machine::Wasm).then(|| wasm::Modules::read(&folder)).transpose()?;
    let scratch = std::env::temp_dir().join(format!("worst-inputs-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let all = jobs.len();
    println!("{}", report::head(native::rate(&scratch)?));
    let met = side_by_side(jobs, |job| {
        let found = hold::hold(&job.case.check, |number, input, allowed| match job.machine {
            Machine::Native => native::measure(job.number, job.case, number, &scratch),
            Machine::Wasm => modules.as_ref().context("no modules were read")?.measure(input, allowed),
        });
        let name = format!("W{} {} {}", job.case.row, job.machine.name(), job.case.name);
        Told {
            name,
            is_as_expected: found.is_met(&job.case.check) == job.expected,
            line: report::line(job.machine, job.case, &found, job.expected),
        }
    })?;
    std::fs::remove_dir_all(scratch)?;
    println!("{met} of {all} as expected");
    report::end()?;
    Ok(met == all && all > 0)
}

/// The result of a job.
struct Told {
    name: String,
    is_as_expected: bool,
    /// Its line in the table.
    line: String,
}

/// A case on a machine.
struct Job {
    number: usize,
    case: &'static Case,
    expected: bool,
    machine: Machine,
}

impl Job {
    /// Returns true for the jobs that take longest: those that an interpreter does with a document of the largest size.
    fn is_long(&self) -> bool {
        matches!((self.machine, self.case.check), (Machine::Wasm, Check::Memory { .. }))
    }
}

/// Runs jobs on all cores, the longest first, and prints their lines in the order of the jobs; answers how many came out as expected.
fn side_by_side(jobs: Vec<Job>, run: impl Fn(&Job) -> Told + Sync) -> Result<usize> {
    let mut jobs: Vec<_> = jobs.into_iter().enumerate().collect();
    jobs.sort_by_key(|(_, job)| !job.is_long());
    let queue = Mutex::new(jobs.into_iter());
    let (done, lines) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (queue, done, run) = (&queue, done.clone(), &run);
            let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            scope.spawn(move || {
                while let Some((place, job)) = next() {
                    if done.send((place, run(&job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        let (mut met, mut ready, mut printed) = (0, BTreeMap::new(), 0);
        for (place, told) in lines {
            ready.insert(place, told);
            while let Some(Told { name, is_as_expected, line }) = ready.remove(&printed) {
                println!("{line}");
                report::tell(&name, is_as_expected)?;
                met += usize::from(is_as_expected);
                printed += 1;
            }
        }
        Ok(met)
    })
}

//! `cargo xtask test`: runs the suites, in the order in which they find faults soonest.
mod extent;
mod native;
mod node;
mod report;
mod suites;

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use anyhow::{Result, bail};
use clap::{Args, builder::PossibleValuesParser};

use self::{
    extent::Extent,
    report::Report,
    suites::{SUITES, Stage, Suite},
};
use crate::{
    build,
    install::{apt, npm, toolchain},
};

/// Run the test suites, and list the tests that failed.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask test native vectors\n
Every run checks every layer. Without `--all` it aims at a quarter of an hour on two cores, with all compiling.")]
pub(crate) struct Test {
    /// Try all cases, which takes several times as long.
    #[arg(long)]
    all: bool,
    /// The suites to run; all of them if none is named.
    #[arg(value_parser = PossibleValuesParser::new(SUITES.iter().map(|suite| suite.name)), value_name = "SUITE")]
    suites: Vec<String>,
}

impl Test {
    pub(crate) fn run(&self) -> Result<()> {
        let extent = if self.all { Extent::All } else { Extent::Usual };
        let named = |suite: &&Suite| self.suites.is_empty() || self.suites.iter().any(|name| name == suite.name);
        let suites: Vec<&Suite> = SUITES.iter().filter(named).collect();
        let needs: Vec<&apt::Package> = suites.iter().flat_map(|suite| suite.needs).copied().collect();
        toolchain::ensure_wasm_targets()?;
        apt::ask_for(&needs)?;
        npm::ensure_packages()?;
        // Linking a module keeps one core busy, and an installation none: both are done while the first suites compile.
        let ahead = (suites.len() > 1).then(|| thread::spawn(move || build_ahead(&needs)));
        let (first, then): (Vec<&Suite>, Vec<&Suite>) = suites.into_iter().partition(|suite| suite.stage == Stage::Sources);
        let mut reports: Vec<(&Suite, Report)> = first.into_iter().map(|suite| (suite, run_one(suite, extent))).collect();
        // A suite that needs a failed build repeats it, and reports the error.
        ahead.map(thread::JoinHandle::join);
        reports.extend(side_by_side(then, extent));
        conclude(&reports)
    }
}

/// Installs the packages, and builds what most suites load.
fn build_ahead(needs: &[&apt::Package]) -> Result<()> {
    build::all()?;
    apt::ensure(needs)
}

/// Runs suites in one lane more than there are cores: most of them wait for servers, browsers and clocks.
fn side_by_side(suites: Vec<&'static Suite>, extent: Extent) -> Vec<(&'static Suite, Report)> {
    let queue = Mutex::new(VecDeque::from(suites));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let lane = || {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        std::iter::from_fn(next).map(|suite| (suite, run_one(suite, extent))).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let others: Vec<_> = (0..cores).map(|_| scope.spawn(lane)).collect();
        let mut reports = lane();
        reports.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_default()));
        reports
    })
}

fn run_one(suite: &Suite, extent: Extent) -> Report {
    eprintln!("{} …", suite.name);
    let started = Instant::now();
    let run = || {
        apt::ensure(suite.needs)?;
        if suite.stage == Stage::Built {
            build::all()?;
        }
        (suite.run)(extent)
    };
    let report = run().unwrap_or_else(|error| Report::of_one("the suite did not run", suite.name, false, format!("{error:#}")));
    let report = report.at_least_one(suite.name);
    let (failed, seconds) = (report.failures.len(), started.elapsed().as_secs_f32());
    let output = if failed > 0 { report.output.as_str() } else { "" };
    // One call, so that no line of another lane comes between.
    println!("{output}{:<12} {:>6} passed {failed:>4} failed {seconds:>7.1} s", suite.name, report.passed);
    report
}

/// Lists the failed tests, and counts.
fn conclude(reports: &[(&Suite, Report)]) -> Result<()> {
    let passed: u32 = reports.iter().map(|(_, report)| report.passed).sum();
    let mut failed = 0;
    for (suite, failure) in reports.iter().flat_map(|(suite, report)| report.failures.iter().map(move |failure| (suite, failure))) {
        println!("FAILED {}: {} ({})", suite.name, failure.name, failure.file);
        failed += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("not everything passed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(run: fn(Extent) -> Result<Report>) -> Suite {
        Suite { name: "made up", needs: &[], stage: Stage::Sources, run }
    }

    #[test]
    fn a_suite_fails_that_runs_nothing_or_cannot_run() {
        for run in [(|_| Ok(Report::default())) as fn(Extent) -> Result<Report>, |_| bail!("no runner")] {
            let report = run_one(&suite(run), Extent::Usual);
            assert_eq!((report.passed, report.failures.len()), (0, 1));
        }
    }

    #[test]
    fn a_failure_fails_the_run() {
        let suite = suite(|_| Ok(Report::default()));
        let reports = |has_passed| {
            [(&suite, Report::of_one("a", "f", true, String::new())), (&suite, Report::of_one("b", "f", has_passed, String::new()))]
        };
        assert!(conclude(&reports(true)).is_ok() && conclude(&reports(false)).is_err());
    }
}

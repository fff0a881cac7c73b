//! The table: a line for each case and machine, and the report for `cargo xtask test`.
use std::{fs::OpenOptions, io::Write as _};

use anyhow::{Context as _, Result};

use crate::{
    case::{Case, Check, Machine, PER_MILLISECOND},
    hold::Found,
};

/// `rate` is how many instructions this machine completes in a millisecond.
pub(crate) fn head(rate: f64) -> String {
    let (fixed, rate) = (PER_MILLISECOND / 1e6, rate / 1e6);
    let milliseconds =
        format!("A millisecond stands for {fixed} M instructions, the same on every machine; this one completes {rate:.1} M.");
    format!(
        "{milliseconds}\n{:<4} {:<6} {:<74} {:>9} {:>9} {:>9} {:>10}",
        "row", "on", "worst input", "honest", "worst", "found", "ceiling"
    )
}

/// A case, what it counted, and whether it came out as expected: a control is expected to miss, unless it says otherwise.
pub(crate) fn line(machine: Machine, case: &Case, found: &Found, expected: bool) -> String {
    let row = if case.row == 0 { "–".into() } else { format!("W{}", case.row) };
    let honest = found.honest.map(short).unwrap_or_default();
    let worst = found.worst.map_or_else(|| "stopped".into(), short);
    let (found_as, ceiling) = match case.check {
        Check::Instructions { times, .. } => {
            (found.ratio().map_or_else(|| format!("> {times}×"), |ratio| format!("{ratio:.2}×")), format!("≤ {times}×"))
        }
        Check::Time { milliseconds, .. } => {
            let taken = found.milliseconds().map_or_else(|| format!("> {milliseconds} ms"), |taken| format!("{taken:.2} ms"));
            (taken, format!("≤ {milliseconds} ms"))
        }
        Check::Memory { bytes, .. } => (format!("{worst}B"), format!("≤ {}B", short(bytes))),
        Check::Errors { told, all, .. } => (format!("of {all}"), format!("= {told}")),
        Check::Outcomes(_) => ("as said".into(), String::new()),
    };
    let is_met = found.is_met(&case.check);
    let faults = if found.faults.is_empty() { String::new() } else { format!(" ({})", found.faults.join("; ")) };
    let control = if expected { "" } else { " missed, as a control must:" };
    let verdict = if is_met == expected { "MET" } else { "MISSED" };
    format!(
        "{row:<4} {:<6} {:<74} {honest:>9} {worst:>9} {found_as:>9} {ceiling:>10}{faults}{control} {verdict}",
        machine.name(),
        case.name
    )
}

/// A count in thousands or millions.
fn short(count: u64) -> String {
    match count {
        ..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}.{} k", count / 1_000, count / 100 % 10),
        _ => format!("{}.{} M", count / 1_000_000, count / 100_000 % 10),
    }
}

/// Adds the result of a case to the report, if there is one.
pub(crate) fn tell(name: &str, has_passed: bool) -> Result<()> {
    let result = if has_passed { "passed" } else { "failed" };
    append(&format!("{{\"result\":\"{result}\",\"name\":\"{name}\",\"file\":\"tests/worst-inputs/src/cases\"}}"))
}

/// Ends the report.
pub(crate) fn end() -> Result<()> {
    append("{\"over\":true}")
}

/// Appends a line to the file that `TWINFLAG_REPORT` names.
fn append(line: &str) -> Result<()> {
    let Some(path) = std::env::var_os("TWINFLAG_REPORT") else { return Ok(()) };
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| writeln!(file, "{line}")).context("cannot write the report")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        assert_eq!([9_999, 12_345, 12_345_678].map(short), ["9999", "12.3 k", "12.3 M"]);
    }
}

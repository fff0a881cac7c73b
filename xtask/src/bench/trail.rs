//! The figures of a hub with a long history.
use anyhow::{Context, Result};
use serde_json::Value;

use super::verdict;

/// The budgets for an operator's command while the trail is verified or the hub is backed up, in milliseconds.
const MEDIAN: f64 = 20.0;
const P99: f64 = 100.0;

pub(super) fn print(measured: &Value) -> Result<()> {
    let figure = |work: &str, name: &str| {
        measured.pointer(&format!("/{work}/{name}")).and_then(Value::as_f64).with_context(|| format!("no figure for {work}, {name}"))
    };
    let overrides = measured.get("overrides").and_then(Value::as_u64).context("no number of overrides")?;
    println!("trail: {overrides} overrides and as many records; SIGKILL once in each, and gone on");
    for (name, work) in [("restored in pieces", "restore"), ("verified", "verify"), ("backed up in pieces", "backup")] {
        let (time, peak) = (figure(work, "time")? / 1e3, figure(work, "peak")? / 1e6);
        println!("{:<38} {:>10}   peak {peak:.0} MB", format!("trail: {name}"), format!("{time:.1} s"));
    }
    for work in ["alone", "verify", "backup"] {
        let (median, p99) = (figure(work, "p50")?, figure(work, "p99")?);
        let (count, read) = (figure(work, "kills")?, figure(work, "longestRead")?);
        println!(
            "{:<38} {:>10}   ≤ {MEDIAN} ms {}; p99 {p99:.0} ms   ≤ {P99} ms {}; {count} commands, the longest read {read:.0} ms",
            format!("trail: a kill meanwhile, {work}"),
            format!("{median:.1} ms"),
            verdict(median <= MEDIAN),
            verdict(p99 <= P99)
        );
    }
    Ok(())
}

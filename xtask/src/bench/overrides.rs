//! The figures of an import of overrides, and of a hub that has many.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{nanoseconds, verdict};

/// The budget for the longest wait of another client's change during an import, in nanoseconds.
const WAIT_BUDGET: f64 = 100e6;
/// The budget for a customer that the isolate does not hold yet, in nanoseconds of CPU.
const COLD_BUDGET: f64 = 1e6;

pub(super) fn print(measured: &Value) -> Result<()> {
    let figure = |place: &str| measured.pointer(place).and_then(Value::as_f64).with_context(|| format!("no figure at {place}"));
    let (customers, importing) = (figure("/customers")?, figure("/importing")?);
    let row = |name: &str, text: String| println!("{name:<38} {text:>10}");
    row("overrides: lines imported", format!("{customers:.0}"));
    row("overrides: time, with another writer", format!("{:.2} s", importing / 1e3));
    row("overrides: lines a second", format!("{:.0}/s", customers / importing * 1e3));
    row("overrides: CPU a line", nanoseconds(figure("/importCpu")? / customers * 1e6));
    row("overrides: memory, at most", format!("{:.0} MB", figure("/peak")? / 1e6));
    row("overrides: memory, before", format!("{:.0} MB", figure("/before")? / 1e6));
    row("overrides: another's write, median", nanoseconds(figure("/medianOverride")? * 1e6));
    for (name, place) in [("overrides: another's write, longest", "/longestOverride"), ("overrides: a kill, longest", "/longestKill")] {
        let wait = figure(place)? * 1e6;
        println!("{name:<38} {:>10} {:>45}   ≤ {} {}", nanoseconds(wait), "", nanoseconds(WAIT_BUDGET), verdict(wait <= WAIT_BUDGET));
    }
    for size in [1, 100, 1_000] {
        let (wait, cpu) = (figure(&format!("/batches/{size}/wait"))? * 1e6, figure(&format!("/batches/{size}/cpu"))? * 1e6);
        println!(
            "{:<38} {:>10} {:>45}   ≤ {} {}; a request takes {}",
            format!("overrides: {size} at once, CPU a customer"),
            nanoseconds(cpu),
            "",
            nanoseconds(COLD_BUDGET),
            verdict(cpu <= COLD_BUDGET),
            nanoseconds(wait)
        );
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_printed_and_a_missing_one_is_told() {
        let batch = serde_json::json!({ "wait": 11.6, "cpu": 6 });
        let mut measured = serde_json::json!({
            "customers": 100_000, "importing": 18_090.8, "importCpu": 7_450, "peak": 198_991_872, "before": 99_876_864, "medianOverride": 148.7,
            "longestOverride": 291.8, "longestKill": 266.7, "batches": { "1": batch, "100": batch, "1000": batch }
        });
        assert!(print(&measured).is_ok());
        measured["batches"] = Value::Null;
        assert!(print(&measured).is_err_and(|error| error.to_string().contains("/batches/1/wait")));
    }
}

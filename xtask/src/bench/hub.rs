//! The figures of the hub: what a write costs beside documents of two sizes, and what a million owners of overrides cost.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{nanoseconds, verdict};

/// The rows about writes: the name, the figures, and the budget for the median in milliseconds.
const WRITES: &[(&str, &str, f64)] = &[
    ("hub: an override beside 100 flags", "/small/override", 5.0),
    ("hub: an override beside 7.7 MB", "/large/override", 5.0),
    ("hub: a kill beside 100 flags", "/small/kill", 20.0),
    ("hub: a kill beside 7.7 MB", "/large/kill", 100.0),
];

/// The budget for the CPU of one owner that no isolate holds, in milliseconds.
const OWNER_BUDGET: f64 = 1.0;

/// The budget for what a million owners add to the first answer of a hub, in milliseconds.
const START_BUDGET: f64 = 50.0;

pub(super) fn print(measured: &Value) -> Result<()> {
    let figure = |place: &str| measured.pointer(place).and_then(Value::as_f64).with_context(|| format!("no figure at {place}"));
    let milliseconds = |figure: f64| nanoseconds(figure * 1e6);
    for (name, place, budget) in WRITES {
        let [p50, p99] = ["p50", "p99"].map(|share| figure(&format!("{place}/{share}")));
        let (p50, p99) = (p50?, p99?);
        println!("{name:<41} {:>10} p50 {:>10} p99   ≤ {budget} ms {}", milliseconds(p50), milliseconds(p99), verdict(p50 <= *budget));
        // Without CPU times in /proc there is none.
        if let Ok(cpu) = figure(&format!("{place}/cpu")) {
            println!("{:<41} {:>10}", "  CPU of one", milliseconds(cpu));
        }
    }
    for count in [1, 100, 1_000] {
        let [p50, p99, cpu] = ["p50", "p99", "cpu"].map(|share| figure(&format!("/owners/{count}/{share}")));
        let name = format!("hub: {count} of a million owners, never read");
        println!("{name:<41} {:>10} p50 {:>10} p99", milliseconds(p50?), milliseconds(p99?));
        // Without CPU times in /proc there is none.
        if let Ok(cpu) = cpu {
            println!("{:<41} {:>10}{:>19}≤ {OWNER_BUDGET} ms {}", "  CPU an owner", milliseconds(cpu), "", verdict(cpu <= OWNER_BUDGET));
        }
    }
    let (cold, empty) = (figure("/cold/p50")?, figure("/empty/p50")?);
    let added = (cold - empty).max(0.0);
    println!(
        "{:<41} {:>10}{:>19}≤ {START_BUDGET} ms {}; {} with a million owners, {} with none",
        "hub: a million owners, added to a start",
        milliseconds(added),
        "",
        verdict(added <= START_BUDGET),
        milliseconds(cold),
        milliseconds(empty)
    );
    println!("{:<41} {:>10}", "hub: a million overrides restored", format!("{:.1} s", figure("/restoring")? / 1e3));
    Ok(())
}

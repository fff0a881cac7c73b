//! Prints the share of simulated rollouts that the guard rolls back, and the outcomes that it needs.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{nanoseconds, verdict};

/// The rows: the name, the figure, its unit, and the most that it may be; without a budget it is shown for orientation.
const ROWS: &[(&str, &str, Unit, Option<f64>)] = &[
    ("guard: at the limit of 5 %, rolled back", "at the limit", Unit::PerCent, Some(1.0)),
    ("guard: the same, by the literal rule", "at the limit, literal", Unit::PerCent, None),
    ("guard: 10 % of errors, median", "detects 10", Unit::Outcomes, Some(360.0)),
    ("guard: 20 % of errors, median", "detects 20", Unit::Outcomes, Some(60.0)),
    ("guard: 50 % of errors, median", "detects 50", Unit::Outcomes, None),
    ("guard: 10 % after 20,000 at 1 %, median", "late 10", Unit::Outcomes, None),
    ("guard: 20 % after 20,000 at 1 %, median", "late 20", Unit::Outcomes, None),
    ("guard: 50 % after 20,000 at 1 %, median", "late 50", Unit::Outcomes, None),
    ("guard: 20 % beside a control, 10 % have it", "beside, share 10", Unit::Outcomes, None),
    ("guard: 20 % beside a control, 50 % have it", "beside, share 50", Unit::Outcomes, None),
    ("guard: the same, after 10,000 good, 10 %", "beside, late, share 10", Unit::Outcomes, None),
    ("guard: the same, after 10,000 good, 50 %", "beside, late, share 50", Unit::Outcomes, None),
    ("guard: both arms 8 %, 1 % have the flag", "both arms, share 1", Unit::PerCent, Some(1.0)),
    ("guard: both arms 8 %, 10 % have the flag", "both arms, share 10", Unit::PerCent, Some(1.0)),
    ("guard: both arms 8 %, 50 % have the flag", "both arms, share 50", Unit::PerCent, Some(1.0)),
    ("guard: outage, 1 % have the flag", "outage, share 1", Unit::PerCent, Some(1.0)),
    ("guard: outage, 10 % have the flag", "outage, share 10", Unit::PerCent, Some(1.0)),
    ("guard: outage, 50 % have the flag", "outage, share 50", Unit::PerCent, Some(1.0)),
];

#[derive(Clone, Copy)]
enum Unit {
    /// Of the rollouts, that are rolled back.
    PerCent,
    /// Until a rollout is rolled back.
    Outcomes,
}

pub(super) fn print(measured: &Value) -> Result<()> {
    for (name, figure, unit, budget) in ROWS {
        let figure = measured.get(figure).with_context(|| format!("no figure for {name}"))?;
        let unit = |number: f64| match unit {
            Unit::PerCent => format!("{number} %"),
            Unit::Outcomes => format!("{number} outcomes"),
        };
        // A median that was not reached is null.
        let value = figure.as_f64().unwrap_or(f64::INFINITY);
        print!("{name:<41} {:>14}", unit(value));
        match budget {
            Some(most) => println!("{:>28}   ≤ {} {}", "", unit(*most), verdict(value <= *most)),
            None => println!(),
        }
    }
    Ok(())
}

/// The budget for the time from a storm of errors to its rollback, in milliseconds: seconds, not a minute.
const STORM_BUDGET: f64 = 5_000.0;

/// Prints the times of requests with outcomes, and of rollbacks.
pub(super) fn print_outcomes(measured: &Value) -> Result<()> {
    let figure = |place: &str| measured.pointer(place).and_then(Value::as_f64).with_context(|| format!("no figure at {place}"));
    let milliseconds = |figure: f64| nanoseconds(figure * 1e6);
    for (name, place) in [("guard: a request with one outcome", "alone"), ("guard: the same, beside forged errors", "forged")] {
        let [p50, p99] = ["p50", "p99"].map(|share| figure(&format!("/{place}/{share}")));
        println!("{name:<41} {:>10} p50 {:>10} p99", milliseconds(p50?), milliseconds(p99?));
    }
    let (p50, most) = (figure("/storm/p50")?, figure("/storm/most")?);
    let budget = milliseconds(STORM_BUDGET);
    println!(
        "{:<41} {:>10} p50 {:>10} most  ≤ {budget} {}",
        "guard: forty errors until the rollback",
        milliseconds(p50),
        milliseconds(most),
        verdict(most <= STORM_BUDGET)
    );
    Ok(())
}

//! The figures of questions in SQL.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{nanoseconds, verdict};

/// The rows: the name, the flag, and the budget for the median in milliseconds.
const ROWS: &[(&str, &str, Option<f64>)] = &[
    ("sql: a percentage rollout", "share", Some(0.2)),
    ("sql: ten rules and a rollout", "rules", None),
    ("sql: a list of 50,000", "list", None),
];

pub(super) fn print(measured: &Value) -> Result<()> {
    for (name, flag, budget) in ROWS {
        let figure = |share: &str| measured[*flag][share].as_f64().with_context(|| format!("no figure of {flag}"));
        let (p50, p99) = (figure("p50")?, figure("p99")?);
        let budget = budget.map(|budget| format!("≤ {budget} ms {}", verdict(p50 <= budget))).unwrap_or_default();
        println!("{name:<41} {:>10} p50 {:>10} p99   {budget}", nanoseconds(p50 * 1e6), nanoseconds(p99 * 1e6));
    }
    Ok(())
}

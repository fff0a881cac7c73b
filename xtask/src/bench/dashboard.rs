//! The dashboard's times in Chromium, by the browser's own performance entries.
use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::verdict;

/// The name of a figure, its key, and the longest time in milliseconds. Of searches and refreshes all times count, also the longest.
const TIMES: &[(&str, &str, f64)] = &[
    ("the dashboard's first load, 100 flags", "load100", 2_000.0),
    ("the dashboard's first load, 1,000 flags", "load1000", 2_000.0),
    ("a search among 1,000 flags", "search1000", 100.0),
    ("a change of another, with 1,000 flags", "refresh1000", 500.0),
    ("an interaction until it is painted", "interactions", 200.0),
];

pub(super) fn print(measured: &Value) -> Result<()> {
    for (name, key, budget) in TIMES {
        let figures = measured.get(key).and_then(Value::as_array).context("no figures")?;
        let mut times: Vec<f64> = figures.iter().filter_map(Value::as_f64).collect();
        times.sort_unstable_by(f64::total_cmp);
        let (Some(median), Some(longest)) = (times.get(times.len() / 2), times.last()) else { bail!("no figures for {name}") };
        let verdict = verdict(longest <= budget);
        let median = format!("{median:.0} ms");
        println!("{name:<41} {median:>7} median of {}, longest {longest:.0} ms   ≤ {budget:.0} ms {verdict}", times.len());
    }
    Ok(())
}

//! The figures that peers have too.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{OURS, nanoseconds, verdict};

pub(super) const NATIVE: &[Row] = &[
    row("native: one flag, same user", "same", 100, 100.0, None),
    row("native: one flag, fresh user", "fresh", 100, 200.0, None),
    row("native: all 100 flags, fresh user", "all", 100, 3e3, None),
    row("native: load 1,000 flags from JSON", "load", 1000, 2e6, None),
    row("native: memory a flag", "memory", 1000, 250.0, None),
];

pub(super) const JS: &[Row] = &[
    row("page: repeated read", "read", 100, 60.0, Some(20.0)),
    row("page: one flag, fresh user", "fresh", 100, 700.0, Some(2.0)),
    row("page: all 100 flags of a user", "all", 100, 6e3, Some(20.0)),
    row("page: all 1,000 flags of a user", "all", 1000, 60e3, Some(20.0)),
    row("page: load 1,000 flags", "load", 1000, 0.5e6, None),
    row("page: memory a flag", "memory", 1000, 250.0, None),
];

/// A figure at a number of flags, with its budget and the factor by which it must be better than the best peer's.
pub(super) struct Row {
    name: &'static str,
    figure: &'static str,
    flags: u32,
    budget: f64,
    ratio: Option<f64>,
}

const fn row(name: &'static str, figure: &'static str, flags: u32, budget: f64, ratio: Option<f64>) -> Row {
    Row { name, figure, flags, budget, ratio }
}

pub(super) fn print(rows: &[Row], measured: &Value) -> Result<()> {
    let engines = measured.as_object().context("no figures")?;
    for row in rows {
        let of = |engine: &str| figure(measured, engine, row);
        let ours = of(OURS).with_context(|| format!("no figure for {}", row.name))?;
        let peers = engines.keys().filter(|name| *name != OURS).filter_map(|name| Some((of(name)?, name)));
        let (best, peer) = peers.min_by(|(a, _), (b, _)| a.total_cmp(b)).context("no peer")?;
        let show = |figure: f64| if row.figure == "memory" { format!("{figure:.0} B") } else { nanoseconds(figure) };
        print!("{:<38} {:>10} {:>10} {peer:<15} {:>6.1}×", row.name, show(ours), show(best), best / ours);
        print!("   ≤ {} {}", show(row.budget), verdict(ours <= row.budget));
        match row.ratio {
            Some(ratio) => println!(", ≥ {ratio}× {}", verdict(best / ours >= ratio)),
            None => println!(),
        }
    }
    Ok(())
}

/// The figure of an engine. Memory is the difference from the smallest number of flags, so that an engine's fixed cost is left out.
fn figure(measured: &Value, engine: &str, row: &Row) -> Option<f64> {
    let at = |flags: u32| measured.get(engine)?.get(flags.to_string())?.get(row.figure)?.as_f64();
    if row.figure == "memory" { Some((at(row.flags)? - at(10)?) / f64::from(row.flags - 10)) } else { at(row.flags) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_leaves_out_the_fixed_cost_of_an_engine() {
        let measured = serde_json::json!({ "Twinflag": { "10": { "memory": 1000.0 }, "1000": { "memory": 100_000.0 } } });
        assert_eq!(figure(&measured, OURS, &row("", "memory", 1000, 0.0, None)), Some(100.0));
        assert_eq!(figure(&measured, "peer", &row("", "memory", 1000, 0.0, None)), None);
    }
}

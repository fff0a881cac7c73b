//! A check in a server's process, beside the SDKs of others.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{OURS, nanoseconds, verdict};

/// The most nanoseconds of a check with 1,000 flags.
const BUDGET: f64 = 10_000.0;

/// The factor by which a check is to be faster than the best peer's.
const RATIO: f64 = 2.0;

pub(super) fn print(measured: &Value) -> Result<()> {
    let figures = measured.as_object().context("no figures")?;
    let figure = |name: &str| figures.get(name).and_then(Value::as_f64).with_context(|| format!("no figure of {name}"));
    let peers = figures.keys().filter(|name| !name.starts_with(OURS)).map(|name| Ok((figure(name)?, name)));
    let peers = peers.collect::<Result<Vec<_>>>()?;
    let (best, peer) = peers.iter().min_by(|(a, _), (b, _)| a.total_cmp(b)).context("no peer")?;
    let ours = figure(OURS)?;
    print!("{:<38} {:>10} {:>10} {peer:<15} {:>6.1}×", "server: a check, 1,000 flags", nanoseconds(ours), nanoseconds(*best), best / ours);
    println!("   ≤ {} {}, ≥ {RATIO}× {}", nanoseconds(BUDGET), verdict(ours <= BUDGET), verdict(best / ours >= RATIO));
    println!("{:<38} {:>10}", "  without an await (peek)", nanoseconds(figure("Twinflag, peek")?));
    for (time, name) in peers {
        println!("{:<38} {:>21} {name}", "", nanoseconds(time));
    }
    Ok(())
}

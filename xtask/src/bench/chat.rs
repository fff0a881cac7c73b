//! The figures of the chat widget.
use anyhow::{Context, Result};
use serde_json::Value;

use super::{nanoseconds, verdict};

/// The agreed limits: a restored conversation at the 95th percentile, and what the widget may add to a page's load, in milliseconds.
const RESTORE: f64 = 300.0;
const ADDED: f64 = 50.0;

pub(super) fn print(measured: &Value) -> Result<()> {
    let number = |value: &Value| value.as_f64().context("no figure of the chat widget");
    let (p50, p95) = (number(&measured["restore"]["p50"])?, number(&measured["restore"]["p95"])?);
    let name = "chat: 200 messages restored";
    println!(
        "{name:<41} {:>10} p50 {:>10} p95   ≤ {RESTORE} ms {}",
        nanoseconds(p50 * 1e6),
        nanoseconds(p95 * 1e6),
        verdict(p95 <= RESTORE)
    );
    for page in measured["added"].as_array().context("no pages")? {
        let (without, with) = (number(&page["without"])?, number(&page["with"])?);
        let name = format!("chat: load of {} paragraphs", page["paragraphs"]);
        let added = with - without;
        println!(
            "{name:<41} {:>10} without {:>8} with   +{added:.0} ms ≤ {ADDED} ms {}",
            nanoseconds(without * 1e6),
            nanoseconds(with * 1e6),
            verdict(added <= ADDED)
        );
    }
    Ok(())
}

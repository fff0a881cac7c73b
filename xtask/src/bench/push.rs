//! The figures of push: the time from a change to sockets, and the return of clients to a worker that was killed.
use anyhow::{Context, Result};
use serde_json::Value;

use super::verdict;

/// The budgets from a change to the last socket, in milliseconds.
const MEDIAN: f64 = 100.0;
const P99: f64 = 1_000.0;
/// The most clients that return within a second, and the time in milliseconds until all are back.
const A_SECOND: f64 = 100.0;
const BACK: f64 = 35_000.0;

/// The budget until another page holds the stream, in milliseconds.
const FAILOVER: f64 = 1_000.0;

pub(super) fn print_tabs(measured: &Value) -> Result<()> {
    let figure = |name: &str| measured[name].as_f64().with_context(|| format!("no figure {name}"));
    let (pages, streams, slowest) = (figure("pages")?, figure("streams")?, figure("slowest")?);
    println!(
        "{:<38} {:>10}   ≤ 1 {}; the next page has it after {:.0} ms, at most {slowest:.0} ms   < {FAILOVER} ms {}",
        format!("tabs: the streams of {pages} pages"),
        format!("{streams}"),
        verdict(streams <= 1.0),
        figure("p50")?,
        verdict(slowest < FAILOVER)
    );
    Ok(())
}

pub(super) fn print(measured: &Value) -> Result<()> {
    let figure = |pointer: &str| measured.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no figure {pointer}"));
    let (sockets, changes) = (figure("/sockets")?, figure("/changes")?);
    let (p50, p99) = (figure("/told/last/p50")?, figure("/told/last/p99")?);
    println!(
        "{:<38} {:>10}   ≤ {MEDIAN} ms {}; p99 {p99:.0} ms   < {P99} ms {}; {changes} changes",
        format!("push: a change, the last of {sockets} sockets"),
        format!("{p50:.0} ms"),
        verdict(p50 <= MEDIAN),
        verdict(p99 < P99)
    );
    let (command, slowest) = (figure("/told/command/p50")?, figure("/told/command/p99")?);
    println!(
        "{:<38} {:>10}   p99 {slowest:.0} ms, in the process that reads all sockets; without sockets {:.1} ms",
        "push: an operator's kill meanwhile",
        format!("{command:.1} ms"),
        figure("/alone/p50")?
    );
    let (a_second, back) = (figure("/returned/aSecond")?, figure("/returned/back")?);
    println!(
        "{:<38} {:>10}   ≤ {A_SECOND} {}; all back after {:.1} s   ≤ {:.0} s {}",
        "push: SIGKILL, clients back in a second",
        format!("{a_second}"),
        verdict(a_second <= A_SECOND),
        back / 1e3,
        BACK / 1e3,
        verdict(back <= BACK)
    );
    let (requests, unchanged) = (figure("/returned/requests")?, figure("/returned/unchanged")?);
    println!(
        "{:<38} {:>10}   {unchanged} of them answered 304; the stream's first message names the version",
        "push: SIGKILL without a change, fetches",
        format!("{requests}")
    );
    Ok(())
}

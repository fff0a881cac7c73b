//! The figures of the worker, and of pages that read from it.
use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{OURS, nanoseconds, verdict};

/// The questions that the worker and its peers are asked, with their names, and the factors by which a request to [`PLAIN`] and one to
/// [`SAME_DUTIES`] must take more CPU time than one to the worker; `None` without a budget.
const EDGE: &[(&str, &str, Option<f64>, Option<f64>)] = &[
    ("edge: /health, what any request costs", "health", Some(1.0), None),
    ("edge: OFREP, one of 100 flags", "single", Some(1.0), Some(1.1)),
    ("edge: OFREP, all 100 flags", "bulk", Some(2.0), None),
];

/// The peer that compares its key with one in a setting, and the peer that does all that the worker does for its answers.
const PLAIN: &str = "GrowthBook";
const SAME_DUTIES: &str = "GrowthBook, same duties";

/// A worker that reads the body and sends the headers of ours, and does nothing else. It is asked for one flag alone.
const FLOOR: &str = "no work";

/// The budget for evaluating one flag inside the worker, in nanoseconds of CPU.
const INSIDE_BUDGET: f64 = 5e3;

/// The budget for verifying an audit trail of 100,000 records, in nanoseconds.
const TRAIL_BUDGET: f64 = 2e9;

/// The budget for the 95th percentile of response times with fifty users at once, in nanoseconds.
const USERS_BUDGET: f64 = 100e6;

/// The rows about a flag that is killed while a page is open: the name, the figures, and the budget for the longest of them in milliseconds.
const FRESHNESS: &[(&str, &str, u32)] = &[
    ("page: a kill seen by the interval of 30 s", "interval", 30_000),
    ("page: a kill seen, the stream cut off", "cut", 60_000),
    ("page: a kill seen when it has the focus", "focus", 1_000),
    ("page: a kill rendered by push", "push", 1_000),
];

pub(super) fn print(measured: &Value) -> Result<()> {
    for (name, question, plain, same_duties) in EDGE {
        println!("{name}");
        print_beside(measured, question, PLAIN, *plain)?;
        print_beside(measured, question, SAME_DUTIES, *same_duties)?;
        if measured.get(FLOOR).is_some_and(|floor| floor.get(question).is_some()) {
            print_beside(measured, question, FLOOR, None)?;
        }
    }
    let p95 = measured.pointer("/Twinflag/users/p95").and_then(Value::as_f64).context("no figure")? * 1e6;
    let budget = |budget: f64| format!("{:>45}   ≤ {}", "", nanoseconds(budget));
    println!(
        "{:<38} {:>10} {} {}, no errors",
        "edge: 50 users at once, one flag, p95",
        nanoseconds(p95),
        budget(USERS_BUDGET),
        verdict(p95 <= USERS_BUDGET)
    );
    let trail = measured.get("trail").and_then(Value::as_f64).context("no figure")? * 1e6;
    println!(
        "{:<38} {:>10} {} {}",
        "edge: 100,000 records verified",
        nanoseconds(trail),
        budget(TRAIL_BUDGET),
        verdict(trail <= TRAIL_BUDGET)
    );
    let inside = |figure: &str| measured.pointer(&format!("/inside/{figure}")).and_then(Value::as_f64);
    let (Some(evaluated), Some(whole)) = (inside("evaluated"), inside("whole")) else {
        println!("edge: one flag inside the worker: not measured; this machine has no CPU times in /proc");
        return Ok(());
    };
    println!(
        "{:<38} {:>10} {} {}; {} with its question read and its answer written",
        "edge: one flag inside, CPU",
        nanoseconds(evaluated),
        budget(INSIDE_BUDGET),
        verdict(evaluated <= INSIDE_BUDGET),
        nanoseconds(whole)
    );
    Ok(())
}

/// Prints the figures of a question beside a peer's, and the median of the rounds' ratios with its quartiles. The verdict is about CPU time, on
/// which the machine's other work has less influence than on the requests a second; about those if this machine has no CPU times in /proc.
fn print_beside(measured: &Value, question: &str, peer: &str, budget: Option<f64>) -> Result<()> {
    let figure = |engine: &str, figure: &str| measured.get(engine)?.get(question)?.get(figure)?.as_f64();
    let ratios = |figure: &str| -> Option<[f64; 3]> {
        let [low, median, high] = measured.get("beside")?.get(peer)?.get(question)?.get(figure)?.as_array()?.as_slice() else {
            return None;
        };
        Some([low.as_f64()?, median.as_f64()?, high.as_f64()?])
    };
    let label = if peer == SAME_DUTIES { "same duties" } else { peer };
    let (ours, theirs) = figure(OURS, "perSecond").zip(figure(peer, "perSecond")).context("no figure")?;
    let [low, rate, high] = ratios("perSecond").context("no ratios")?;
    let cpu = figure(OURS, "cpu").zip(figure(peer, "cpu")).zip(ratios("cpu"));
    let judged = |ratio: f64| budget.map(|budget| format!("   ≥ {budget:.1}× {}", verdict(ratio >= budget))).unwrap_or_default();
    if let Some(((ours, theirs), [low, ratio, high])) = cpu {
        let (ours, theirs) = (nanoseconds(ours), nanoseconds(theirs));
        println!("{:<38} {ours:>10} {theirs:>10} {label:<15} {ratio:>6.2}× ({low:.2} to {high:.2}){}", "  CPU a request", judged(ratio));
    }
    let verdict = if cpu.is_none() { judged(rate) } else { String::new() };
    let (ours, theirs) = (format!("{ours:.0}/s"), format!("{theirs:.0}/s"));
    println!("{:<38} {ours:>10} {theirs:>10} {label:<15} {rate:>6.2}× ({low:.2} to {high:.2}){verdict}", "  requests");
    Ok(())
}

pub(super) fn print_owners(measured: &Value) -> Result<()> {
    let figure = |name: &str| measured.get(name).and_then(Value::as_f64).with_context(|| format!("no figure for {name}"));
    let seconds = |name: &str, milliseconds: f64| format!("{name:<38} {:>10}", format!("{:.2} s", milliseconds / 1e3));
    let rows = [("hub: 100,000 overrides imported", "importing"), ("hub: 100,000 records verified", "verifying")];
    for (name, key) in rows {
        let budget = if key == "verifying" { format!("   ≤ 2.00 s {}", verdict(figure(key)? <= 2e3)) } else { String::new() };
        println!("{}{budget}", seconds(name, figure(key)?));
    }
    let rows = [
        ("hub: first read after a start", "cold"),
        ("hub: a read of any customer, median", "anyone"),
        ("hub: the same customer again, median", "warm"),
        ("hub: first override written after a start", "firstWrite"),
        ("hub: one override written, median", "writing"),
    ];
    for (name, key) in rows {
        println!("{name:<38} {:>10}", nanoseconds(figure(key)? * 1e6));
    }
    let rows = [
        ("hub: memory, right after the import", "importMemory"),
        ("hub: memory, one customer read", "served"),
        ("hub: memory, after 4,000 reads", "afterAll"),
    ];
    for (name, key) in rows {
        println!("{name:<38} {:>10}", format!("{:.0} MB", figure(key)? / 1e6));
    }
    Ok(())
}

/// The rows about a simulated network: the name, the figure, and its budget.
const FLEET: &[(&str, &str, f64)] = &[
    ("fleet: questions a second at the hub", "hub", 300.0),
    ("fleet: the same in the busiest second", "hubPeak", 300.0),
    ("fleet: most a second at a reader", "readerPeak", 1_000.0),
];

pub(super) fn print_fleet(measured: &Value) -> Result<()> {
    let figure = |name: &str| measured.get(name).and_then(Value::as_f64).with_context(|| format!("no figure for {name}"));
    for (name, key, budget) in FLEET {
        let value = figure(key)?;
        println!("{name:<38} {value:>10.0} {:>45}   ≤ {budget:.0} {}", "", verdict(value <= *budget));
    }
    println!(
        "{:<38} {:>10} median, {} ms 99th percentile, {} ms longest; {:.0} answers, {:.0} of them late",
        "fleet: age of an answer",
        format!("{} ms", figure("median")?),
        figure("p99")?,
        figure("longest")?,
        figure("answers")?,
        figure("late")?
    );
    Ok(())
}

pub(super) fn print_freshness(measured: &Value) -> Result<()> {
    for (name, key, budget) in FRESHNESS {
        let figures = measured.get(key).and_then(Value::as_array).context("no figures")?;
        let mut times: Vec<u64> = figures.iter().filter_map(Value::as_u64).collect();
        times.sort_unstable();
        let (Some(median), Some(longest)) = (times.get(times.len() / 2), times.last()) else { bail!("no figures for {name}") };
        let verdict = verdict(*longest <= u64::from(*budget));
        // Of fewer than 100 times, the 99th percentile is the longest one.
        println!("{name:<41} {:>7} median of {}, p99 {longest} ms   ≤ {budget} ms {verdict}", format!("{median} ms"), times.len());
    }
    Ok(())
}

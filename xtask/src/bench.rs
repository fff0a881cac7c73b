//! `cargo xtask bench`: measures Twinflag and its peers in one run, and compares the figures with each other and with budgets.
//!
//! A missed budget fails no test, because absolute times depend on the machine's other work. The test suites check what must always hold.
use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{chromium, npm, packages, process, root, sdk, size, stamp::Stamp, toolchain};

const KINDS: [&str; 6] = ["native", "js", "edge", "owners", "freshness", "size"];
const OURS: &str = "Twinflag";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(unknown) = arguments.iter().find(|name| !KINDS.contains(&name.as_str())) {
        bail!("nothing to measure called {unknown}; there are: {}", KINDS.join(", "));
    }
    let wanted = |kind: &str| arguments.is_empty() || arguments.iter().any(|name| name == kind);
    toolchain::ensure_wasm_targets()?;
    npm::ensure_packages()?;
    println!("{:<38} {:>10} {:>10} {:<15} {:>7}   budget", "", "ours", "best peer", "", "ratio");
    if wanted("native") {
        let mut measured = native()?;
        let extremes = measured.as_object_mut().and_then(|figures| figures.remove("extremes")).context("no figures of extremes")?;
        print(NATIVE, &measured)?;
        print_beside(NATIVE_EXTREMES, &extremes)?;
    }
    if wanted("js") {
        print(JS, &js()?)?;
        print_beside(PAGE_EXTREMES, &page()?)?;
    }
    if wanted("edge") {
        print_edge(&edge()?)?;
    }
    if wanted("owners") {
        print_owners(&owners()?)?;
    }
    if wanted("freshness") {
        print_freshness(&freshness()?)?;
    }
    if wanted("size") {
        sizes()?;
    }
    Ok(())
}

/// A figure at a number of flags, with its budget and the factor by which it must be better than the best peer's.
struct Row {
    name: &'static str,
    figure: &'static str,
    flags: u32,
    budget: f64,
    ratio: Option<f64>,
}

const fn row(name: &'static str, figure: &'static str, flags: u32, budget: f64, ratio: Option<f64>) -> Row {
    Row { name, figure, flags, budget, ratio }
}

const NATIVE: &[Row] = &[
    row("native: one flag, same user", "same", 100, 100.0, None),
    row("native: one flag, fresh user", "fresh", 100, 200.0, None),
    row("native: all 100 flags, fresh user", "all", 100, 3e3, None),
    row("native: load 1,000 flags from JSON", "load", 1000, 2e6, None),
    row("native: memory a flag", "memory", 1000, 250.0, None),
];

const JS: &[Row] = &[
    row("page: repeated read", "read", 100, 60.0, Some(20.0)),
    row("page: one flag, fresh user", "fresh", 100, 700.0, Some(2.0)),
    row("page: all 100 flags of a user", "all", 100, 6e3, Some(20.0)),
    row("page: all 1,000 flags of a user", "all", 1000, 60e3, Some(20.0)),
    row("page: load 1,000 flags", "load", 1000, 0.5e6, None),
    row("page: memory a flag", "memory", 1000, 250.0, None),
];

/// A figure without a peer's, beside another of our own figures if one is comparable.
struct Beside {
    name: &'static str,
    figure: &'static str,
    other: Option<&'static str>,
    budget: Budget,
}

/// The highest value that a figure may have.
enum Budget {
    /// No limit; the figure is shown for orientation.
    Open,
    Nanoseconds(f64),
    /// This factor times the other figure.
    Times(f64),
}

const fn beside(name: &'static str, figure: &'static str, other: Option<&'static str>, budget: Budget) -> Beside {
    Beside { name, figure, other, budget }
}

const NATIVE_EXTREMES: &[Beside] = &[
    beside("native: load 1,000 flags, a pattern each", "patterns 1000", None, Budget::Open),
    beside("native: load 5,000 flags, a pattern each", "patterns 5000", None, Budget::Open),
    beside("native: one of 5,000 rows changed, linked", "row changed", None, Budget::Nanoseconds(5e6)),
    beside("native: one of 5,000 rows killed, linked", "row killed", None, Budget::Nanoseconds(5e6)),
    beside("native: link a full document, 8 MB", "full linked", None, Budget::Nanoseconds(50e6)),
    beside("native: text of those 5,000, one changed", "document changed", None, Budget::Open),
    beside("native: text of those 5,000, one killed", "document killed", None, Budget::Open),
    beside("native: 100 ignoreCase, Cyrillic name", "cyrillic", Some("ascii"), Budget::Times(3.0)),
    beside("native: one question, 5,000 attributes", "attributes", Some("attribute"), Budget::Times(1.5)),
    beside("native: chain of 5,000, one by one", "one by one", Some("at once"), Budget::Times(2.0)),
];

const PAGE_EXTREMES: &[Beside] = &[
    beside("page: 100 ignoreCase, Cyrillic name", "cyrillic", Some("ascii"), Budget::Times(3.0)),
    beside("page: load 1,000 flags, first read", "first", None, Budget::Nanoseconds(1e6)),
];

fn print_beside(rows: &[Beside], measured: &Value) -> Result<()> {
    let figure = |name: &str| measured.get(name).and_then(Value::as_f64).with_context(|| format!("no figure for {name}"));
    for Beside { name, figure: ours, other, budget } in rows {
        let ours = figure(ours)?;
        print!("{name:<41} {:>7}", nanoseconds(ours));
        match other {
            Some(twin) => print!(" {:>10} {twin:<15} {:>6.1}×", nanoseconds(figure(twin)?), ours / figure(twin)?),
            None => print!("{:>35}", ""),
        }
        let verdict = |met: bool| if met { "MET" } else { "MISSED" };
        match (budget, other) {
            (Budget::Nanoseconds(most), _) => println!("   ≤ {} {}", nanoseconds(*most), verdict(ours <= *most)),
            (Budget::Times(most), Some(twin)) => println!("   ≤ {most}× {}", verdict(ours / figure(twin)? <= *most)),
            (Budget::Times(_) | Budget::Open, _) => println!(),
        }
    }
    Ok(())
}

fn print(rows: &[Row], measured: &Value) -> Result<()> {
    let engines = measured.as_object().context("no figures")?;
    for row in rows {
        let of = |engine: &str| figure(measured, engine, row);
        let ours = of(OURS).with_context(|| format!("no figure for {}", row.name))?;
        let peers = engines.keys().filter(|name| *name != OURS).filter_map(|name| Some((of(name)?, name)));
        let (best, peer) = peers.min_by(|(a, _), (b, _)| a.total_cmp(b)).context("no peer")?;
        let show = |figure: f64| if row.figure == "memory" { format!("{figure:.0} B") } else { nanoseconds(figure) };
        let verdict = |met: bool| if met { "MET" } else { "MISSED" };
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

fn nanoseconds(time: f64) -> String {
    match time {
        ..1e4 => format!("{time:.0} ns"),
        ..1e6 => format!("{:.1} µs", time / 1e3),
        _ => format!("{:.2} ms", time / 1e6),
    }
}

fn folder() -> PathBuf {
    root::in_root("tests/bench/js")
}

/// Writes the workload to files, for the native peers.
fn dump() -> Result<PathBuf> {
    process::run(Command::new("node").current_dir(folder()).arg("dump.mjs"), npm::INSTALL)?;
    Ok(folder().join("dist"))
}

fn native() -> Result<Value> {
    let workload = dump()?;
    let folder = root::in_root("tests/bench/native");
    eprintln!("building the native peers");
    let mut cargo = toolchain::cargo();
    cargo.current_dir(&folder).args(["build", "--quiet", "--release", "--target-dir"]).arg(folder.join("target"));
    process::run(&mut cargo, "rustup")?;
    eprintln!("measuring native");
    measured(Command::new(folder.join("target/release/bench-native")).arg(workload))
}

/// Installs the peers that are npm packages.
fn ensure_peers() -> Result<()> {
    let folder = folder();
    let stamp = Stamp::default().path(&folder.join("package.json"))?.path(&folder.join("package-lock.json"))?;
    stamp.rebuild(&folder.join("node_modules"), |_| {
        eprintln!("installing the peers");
        process::run(Command::new("npm").current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]), npm::INSTALL).map(drop)
    })
}

/// The rows that compare the worker with its peer: the name, the request, and the factor by which the worker must exceed the peer's
/// requests a second.
const EDGE: &[(&str, &str, f64)] = &[
    ("edge: /health, what any request costs", "health", 1.0),
    ("edge: OFREP, one of 100 flags", "single", 1.0),
    ("edge: OFREP, all 100 flags", "bulk", 2.0),
];
/// The budget for evaluating one flag inside the worker, in nanoseconds of CPU.
const INSIDE_BUDGET: f64 = 5e3;
/// The budget for verifying an audit trail of 100,000 records, in nanoseconds.
const TRAIL_BUDGET: f64 = 2e9;
/// The budget for the 95th percentile of response times with fifty users at once, in nanoseconds.
const USERS_BUDGET: f64 = 100e6;

fn edge() -> Result<Value> {
    crate::build()?;
    ensure_peers()?;
    eprintln!("measuring the worker on workerd, a worker in plain JavaScript beside it");
    measured(Command::new("node").arg(root::in_root("tests/bench/edge/bench.mjs")))
}

fn owners() -> Result<Value> {
    crate::build()?;
    eprintln!("measuring a hub with 100,000 customers, each with an override");
    measured(Command::new("node").arg(root::in_root("tests/bench/owners/bench.mjs")))
}

fn print_owners(measured: &Value) -> Result<()> {
    let figure = |name: &str| measured.get(name).and_then(Value::as_f64).with_context(|| format!("no figure for {name}"));
    let seconds = |name: &str, milliseconds: f64| format!("{name:<38} {:>10}", format!("{:.2} s", milliseconds / 1e3));
    let rows = [("hub: 100,000 overrides imported", "importing"), ("hub: 100,000 records verified", "verifying")];
    for (name, key) in rows {
        let budget = if key == "verifying" { if figure(key)? <= 2e3 { "   ≤ 2.00 s MET" } else { "   ≤ 2.00 s MISSED" } } else { "" };
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

fn print_edge(measured: &Value) -> Result<()> {
    const PEER: &str = "GrowthBook";
    for (name, question, budget) in EDGE {
        let figure = |engine: &str, figure: &str| {
            measured.pointer(&format!("/{engine}/{question}/{figure}")).and_then(Value::as_f64).context("no figure")
        };
        let (ours, peer) = (figure(OURS, "perSecond")?, figure(PEER, "perSecond")?);
        println!(
            "{name:<38} {:>10} {:>10} {PEER:<15} {:>6.2}×   ≥ {budget:.1}× {}",
            format!("{ours:.0}/s"),
            format!("{peer:.0}/s"),
            ours / peer,
            if ours >= budget * peer { "MET" } else { "MISSED" }
        );
        let (ours, peer) = (figure(OURS, "cpu"), figure(PEER, "cpu"));
        if let (Ok(ours), Ok(peer)) = (ours, peer) {
            println!("{:<38} {:>10} {:>10} {PEER:<15} {:>6.1}×", "  CPU a request", nanoseconds(ours), nanoseconds(peer), peer / ours);
        }
    }
    let p95 = measured.pointer("/Twinflag/users/p95").and_then(Value::as_f64).context("no figure")? * 1e6;
    let verdict = |figure: f64, budget: f64| if figure <= budget { "MET" } else { "MISSED" };
    let budget = |budget: f64| format!("{:>45}   ≤ {}", "", nanoseconds(budget));
    println!(
        "{:<38} {:>10} {} {}, no errors",
        "edge: 50 users at once, one flag, p95",
        nanoseconds(p95),
        budget(USERS_BUDGET),
        verdict(p95, USERS_BUDGET)
    );
    let trail = measured.get("trail").and_then(Value::as_f64).context("no figure")? * 1e6;
    println!(
        "{:<38} {:>10} {} {}",
        "edge: 100,000 records verified",
        nanoseconds(trail),
        budget(TRAIL_BUDGET),
        verdict(trail, TRAIL_BUDGET)
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
        verdict(evaluated, INSIDE_BUDGET),
        nanoseconds(whole)
    );
    Ok(())
}

/// The rows about a flag that is killed while a page is open: the name, the figures, and the budget for the longest of them in milliseconds.
const FRESHNESS: &[(&str, &str, u32)] =
    &[("page: a kill seen by the interval of 30 s", "interval", 30_000), ("page: a kill seen when it has the focus", "focus", 1_000)];

fn freshness() -> Result<Value> {
    let chromium = chromium::ensure()?;
    crate::build()?;
    eprintln!("killing flags of a page that is open in Chromium; this takes a minute and a half");
    let mut node = Command::new("node");
    node.arg(root::in_root("tests/bench/freshness/bench.mjs")).env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium);
    measured(&mut node)
}

fn print_freshness(measured: &Value) -> Result<()> {
    for (name, key, budget) in FRESHNESS {
        let figures = measured.get(key).and_then(Value::as_array).context("no figures")?;
        let mut times: Vec<u64> = figures.iter().filter_map(Value::as_u64).collect();
        times.sort_unstable();
        let (Some(median), Some(longest)) = (times.get(times.len() / 2), times.last()) else { bail!("no figures for {name}") };
        let verdict = if *longest <= u64::from(*budget) { "MET" } else { "MISSED" };
        println!("{name:<41} {:>7} median of {}, longest {longest} ms   ≤ {budget} ms {verdict}", format!("{median} ms"), times.len());
    }
    Ok(())
}

fn js() -> Result<Value> {
    sdk::build()?;
    let (folder, dist) = (folder(), dump()?);
    ensure_peers()?;
    for flags in [10, 100, 1000] {
        program(&dist.join(format!("document-{flags}.json")), &dist.join(format!("program-{flags}.bin")))?;
    }
    eprintln!("measuring in Node, each engine in processes of its own");
    measured(Command::new("node").current_dir(&folder).arg("bench.mjs"))
}

/// Measures the figures of a page that no peer has.
fn page() -> Result<Value> {
    let (folder, dist) = (folder(), folder().join("dist"));
    for name in ["names-ascii", "names-cyrillic"] {
        program(&dist.join(name).with_extension("json"), &dist.join(name).with_extension("bin"))?;
    }
    measured(Command::new("node").current_dir(&folder).arg("page.mjs"))
}

/// Compiles a document to a program without a context.
fn program(document: &Path, program: &Path) -> Result<()> {
    let mut cargo = toolchain::cargo();
    cargo.args(["run", "--quiet", "--package", "tests-native", "--bin", "program", "--"]).arg(document).arg(program);
    process::run(&mut cargo, "rustup").map(drop)
}

/// Runs a program whose last line of output is its figures, as JSON.
fn measured(command: &mut Command) -> Result<Value> {
    let said = process::run(command, npm::INSTALL)?;
    serde_json::from_str(said.lines().last().unwrap_or_default()).with_context(|| format!("no figures in\n{said}"))
}

fn sizes() -> Result<()> {
    packages::build()?;
    for (name, files, budget) in [("engine", sdk::ENGINE, Some(size::ENGINE_BUDGET)), ("full", sdk::FULL, None)] {
        let mut sum = size::Sizes::default();
        for file in files.map(root::in_root) {
            let sizes = size::of(&file)?;
            println!("{name:<7} {:<30} {sizes}", file.file_name().unwrap_or_default().to_string_lossy());
            sum = sum + sizes;
        }
        print!("{name:<7} {:<30} {sum}", "together");
        match budget {
            Some(budget) => println!("   ≤ {budget} B gzip {}", if sum.gzip <= budget { "MET" } else { "MISSED" }),
            None => println!(),
        }
    }
    for page in packages::PAGES {
        let size = page.size()?;
        println!("{:<38} {size}   ≤ {} B gzip {}", page.name, page.budget, if size.gzip <= page.budget { "MET" } else { "MISSED" });
    }
    Ok(())
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

    #[test]
    fn times_have_units() {
        assert_eq!([47.2, 18_400.0, 2.7e6].map(nanoseconds), ["47 ns", "18.4 µs", "2.70 ms"]);
    }
}

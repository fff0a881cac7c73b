//! `cargo xtask test`: runs the suites, in the order in which they find faults soonest.
use std::{
    fmt::Write,
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{apt, chromium, edge, npm, packages, process, root, runtimes, sdk, size, toolchain};

struct Suite {
    name: &'static str,
    run: fn() -> Result<Report>,
}

/// The first suite that needs the output of [`build_ahead`]; the suites before it run at the same time as the build.
const FIRST_TO_LOAD: &str = "size";

impl Suite {
    /// Returns true if the suite runs without being named. The suite `reference` does not if its folder is missing.
    fn is_there(&self) -> bool {
        self.name != "reference" || root::in_root("tests/reference").exists()
    }
}

const SUITES: &[Suite] = &[
    Suite { name: "format", run: format },
    Suite { name: "clippy", run: clippy },
    Suite { name: "no-std", run: no_std },
    Suite { name: "native", run: native },
    Suite { name: "reference", run: reference },
    Suite { name: "size", run: sizes },
    Suite { name: "wasm", run: engine },
    Suite { name: "edge", run: edge_over_http },
    Suite { name: "soak", run: soak },
    Suite { name: "browser", run: browser },
    Suite { name: "client", run: || faces("tests/client") },
    Suite { name: "react", run: || faces("tests/react") },
    Suite { name: "elements", run: || faces("tests/elements") },
    Suite { name: "manager", run: manager },
    Suite { name: "package", run: package },
    Suite { name: "packaging", run: || faces("tests/packaging") },
    Suite { name: "tour", run: tour },
    Suite { name: "vectors", run: vectors },
    Suite { name: "identity", run: identity },
    Suite { name: "worst-inputs", run: worst_inputs },
    Suite { name: "mutants", run: mutants },
    Suite { name: "releases", run: || node_tests("tests/releases") },
];

/// The result of a suite.
#[derive(Default, Debug, PartialEq)]
struct Report {
    passed: u32,
    failed: u32,
    /// The output of the runners, shown only if something failed.
    output: String,
}

impl Report {
    /// Returns true if at least one test passed and none failed.
    fn is_good(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// The sum of two results, with the outputs one after the other.
    fn and(self, other: &Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed, output: self.output + &other.output }
    }
}

pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| SUITES.iter().all(|suite| suite.name != **name)) {
        bail!("no suite {unknown}; there are: {}", SUITES.iter().map(|suite| suite.name).collect::<Vec<_>>().join(", "));
    }
    toolchain::ensure_wasm_targets()?;
    npm::ensure_packages()?;
    let (mut passed, mut failed) = (0, 0);
    let mut ahead = names.is_empty().then(|| thread::spawn(build_ahead));
    for suite in SUITES.iter().filter(|suite| if names.is_empty() { suite.is_there() } else { names.iter().any(|name| name == suite.name) })
    {
        if suite.name == FIRST_TO_LOAD {
            // The suite that needs a failed build repeats it and reports the error.
            ahead.take().map(thread::JoinHandle::join);
        }
        let report = run_one(suite);
        passed += report.passed;
        failed += report.failed;
    }
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("not everything passed");
    }
    Ok(())
}

fn run_one(suite: &Suite) -> Report {
    eprintln!("{} …", suite.name);
    let started = Instant::now();
    let mut report = (suite.run)().unwrap_or_else(|error| Report { failed: 1, output: format!("{error:#}"), ..Report::default() });
    if report.passed == 0 && report.failed == 0 {
        report = Report { failed: 1, output: format!("{}\nthe suite ran nothing", report.output), ..report };
    }
    if !report.is_good() {
        println!("{}", report.output);
    }
    let Report { passed, failed, .. } = report;
    println!("{:<10} {passed:>6} passed {failed:>4} failed {:>7.1} s", suite.name, started.elapsed().as_secs_f32());
    report
}

/// Installs and builds the artefacts of most suites while the first suites compile. Linking a module keeps one core busy, and an
/// installation none.
fn build_ahead() -> Result<()> {
    crate::build()?;
    runtimes::build(runtimes::ALL)?;
    apt::ensure("sqlite3", "sqlite3")?;
    apt::ensure("valgrind", "valgrind")
}

fn format() -> Result<Report> {
    toolchain::ensure_component("rustfmt", "fmt")?;
    Ok(check(&["fmt", "--all", "--check"])?.and(&scripts()?))
}

/// Formats and lints all JavaScript and TypeScript with Biome.
fn scripts() -> Result<Report> {
    // With `--max-diagnostics=none`, Biome 2.6.8 does not end.
    let mut biome = npm::tool("biome");
    biome.current_dir(root::in_root("")).args(["check", "--error-on-warnings", "--max-diagnostics=20", "."]);
    let said = process::listen_within(Duration::from_mins(2), &mut biome, npm::INSTALL)?;
    Ok(Report { passed: u32::from(said.success), failed: u32::from(!said.success), output: said.text })
}

fn clippy() -> Result<Report> {
    toolchain::ensure_component("clippy", "clippy")?;
    let workspace = check(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    // The full binding's code is behind a feature, and compiles only for a browser.
    let full =
        ["clippy", "--package", "sdk-wasm", "--features", "full", "--target", "wasm32-unknown-unknown", "--quiet", "--", "-D", "warnings"];
    Ok(workspace.and(&check(&full)?))
}

fn no_std() -> Result<Report> {
    check(&["check", "--package", "sdk-core", "--target", "wasm32v1-none", "--quiet"])
}

/// Runs a cargo command that counts as one test.
fn check(arguments: &[&str]) -> Result<Report> {
    let said = process::listen(toolchain::cargo().args(arguments), "rustup", |_| ())?;
    Ok(Report { passed: u32::from(said.success), failed: u32::from(!said.success), output: said.text })
}

fn native() -> Result<Report> {
    let said = process::listen(toolchain::cargo().args(["test", "--workspace", "--quiet", "--no-fail-fast"]), "rustup", |_| ())?;
    Ok(count(said, cargo_counts))
}

fn reference() -> Result<Report> {
    node_tests("tests/reference")
}

fn engine() -> Result<Report> {
    sdk::build()?;
    node_tests("tests/wasm")
}

fn edge_over_http() -> Result<Report> {
    runtimes::build(&["edge"])?;
    node_tests("tests/edge")
}

fn soak() -> Result<Report> {
    crate::build()?;
    node_tests("tests/soak")
}

fn browser() -> Result<Report> {
    chromium::ensure()?;
    crate::build()?;
    node_tests("tests/browser")
}

/// Tests the packages of `npm/` with a real worker and in a real browser.
fn faces(folder: &str) -> Result<Report> {
    chromium::ensure()?;
    crate::build()?;
    node_tests(folder)
}

/// Tests the managers of `npm/edge` with a real worker.
fn manager() -> Result<Report> {
    crate::build()?;
    node_tests("tests/manager")
}

/// Tests the npm package `twinflag` as npm packs it, without Rust in `PATH`.
fn package() -> Result<Report> {
    crate::build()?;
    node_tests("tests/package")
}

/// Runs the commands in the README and the guides, and compares their output.
fn tour() -> Result<Report> {
    chromium::ensure()?;
    // The guides read the store with sqlite3.
    apt::ensure("sqlite3", "sqlite3")?;
    crate::build()?;
    node_tests("tests/tour")
}

/// Runs the vectors on every artefact in its runtime.
fn vectors() -> Result<Report> {
    chromium::ensure()?;
    crate::build()?;
    node_tests("tests/runners")
}

/// Compares every runtime's digest of answers to generated questions with the native one, and native answers with the reference's.
fn identity() -> Result<Report> {
    const PAIRS: &str = "65000";
    let names: Vec<&str> = runtimes::ALL.iter().copied().chain([runtimes::OFREP]).collect();
    let mut said = String::new();
    let equal = crate::identity::compare(PAIRS, "1", &names, |line| writeln!(said, "{line}").unwrap_or_default());
    let passed = equal.with_context(|| said)?;
    let Report { passed: by_reference, failed, output } = node_tests("tests/identity")?;
    Ok(Report { passed: passed + by_reference, failed, output })
}

/// Counts the instructions for the most expensive inputs and for typical ones: natively under callgrind, and in a page's modules.
fn worst_inputs() -> Result<Report> {
    apt::ensure("valgrind", "valgrind")?;
    sdk::build()?;
    process::run(toolchain::cargo().args(["build", "--quiet", "--profile", runtimes::PROFILE, "--package", "worst-inputs"]), "rustup")?;
    let said = process::listen(runtimes::program("worst-inputs").arg("--modules").arg(root::in_root("npm/client/dist")), "rustup", |_| ())?;
    Ok(count(said, verdicts))
}

/// Puts faults into the core, each of which the vectors and the generated questions must notice.
fn mutants() -> Result<Report> {
    let said = process::listen(npm::node().arg("tests/mutants/run.mjs"), npm::INSTALL, |_| ())?;
    let noticed = |line: &&str| line.trim_end().ends_with(" yes");
    let passed = u32::try_from(said.text.lines().filter(noticed).count())?;
    Ok(Report { passed, failed: u32::from(!said.success), output: said.text })
}

/// Compares compressed sizes with their limits, one test each.
fn sizes() -> Result<Report> {
    edge::build()?;
    packages::build()?;
    let mut report = Report::default();
    let edge = size::gzipped(&root::in_root(edge::MODULE))?;
    let engine = sdk::ENGINE.iter().map(|file| size::gzipped(&root::in_root(file))).sum::<Result<u64>>()?;
    let mut limits = vec![("the worker", edge, 850_000), ("the engine of a page, with its script", engine, size::ENGINE_GATE)];
    for page in packages::PAGES {
        limits.push((page.name, page.size()?.gzip, page.gate));
    }
    for (name, bytes, budget) in limits {
        let fits = bytes <= budget;
        report.passed += u32::from(fits);
        report.failed += u32::from(!fits);
        writeln!(report.output, "{name}: {bytes} bytes gzip, at most {budget}")?;
    }
    Ok(report)
}

/// Runs the `*.test.mjs` files of a folder with Node's test runner.
fn node_tests(folder: &str) -> Result<Report> {
    let mut files = fs::read_dir(root::in_root(folder))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect::<Vec<_>>();
    files.sort();
    let mut node = npm::node();
    // Node by default leaves one core free, but these files mostly wait for their servers.
    let side_by_side = std::thread::available_parallelism().map_or(1, usize::from);
    node.args(["--test", "--test-reporter=tap", "--test-timeout=300000"]).arg(format!("--test-concurrency={side_by_side}")).args(files);
    node.env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium::find().unwrap_or_default());
    for (name, program) in [("TWINFLAG_RUNNER", "runner"), ("TWINFLAG_LINES", "lines"), ("TWINFLAG_AUDIT", "audit")] {
        node.env(name, runtimes::program(program).get_program());
    }
    let said = process::listen(&mut node, npm::INSTALL, |_| ())?;
    Ok(count(said, tap_counts))
}

/// The counts of a runner. One that fails without counting a failure, because it does not compile, counts as one failed test.
fn count(said: process::Said, counts: fn(&str) -> (u32, u32)) -> Report {
    let (passed, failed) = counts(&said.text);
    Report { passed, failed: if said.success { failed } else { failed.max(1) }, output: said.text }
}

/// Sums lines such as `test result: ok. 3 passed; 0 failed; …`.
fn cargo_counts(text: &str) -> (u32, u32) {
    let results = text.lines().filter_map(|line| line.strip_prefix("test result: "));
    results.fold((0, 0), |(passed, failed), line| (passed + before(line, " passed"), failed + before(line, " failed")))
}

/// Sums `# pass` and `# fail`. Cancelled and skipped tests count as failed.
fn tap_counts(text: &str) -> (u32, u32) {
    let after = |name: &str| -> u32 { text.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok()).sum() };
    (after("# pass "), after("# fail ") + after("# cancelled ") + after("# skipped ") + after("# todo "))
}

/// Counts lines that end in MET and in MISSED.
fn verdicts(text: &str) -> (u32, u32) {
    let count = |verdict: &str| text.lines().map(|line| u32::from(line.ends_with(verdict))).sum();
    (count(" MET"), count(" MISSED"))
}

fn before(line: &str, word: &str) -> u32 {
    let number = line.split(word).next().and_then(|before| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_cargo_result() {
        let text = "test result: ok. 3 passed; 0 failed; 0 ignored\nnoise\ntest result: FAILED. 1 passed; 2 failed; 0 ignored\n";
        assert_eq!(cargo_counts(text), (4, 2));
    }

    #[test]
    fn a_skipped_test_counts_as_failed() {
        assert_eq!(tap_counts("ok 1 - a\n# tests 5\n# pass 3\n# fail 1\n# cancelled 0\n# skipped 1\n"), (3, 2));
    }

    #[test]
    fn a_missed_ceiling_is_a_failure() {
        let text = "W4   native 26 letters   1.0 k   2.0 k   2.00   ≤ 3 MET\nW5   wasm 1,000 attributes   1   9   9.00   ≤ 2 MISSED\n";
        assert_eq!(verdicts(text), (1, 1));
    }

    #[test]
    fn the_first_suite_to_load_the_build_exists_and_runs() {
        assert!(SUITES.iter().any(|suite| suite.name == FIRST_TO_LOAD && suite.is_there()));
    }

    #[test]
    fn a_runner_that_fails_without_counts_is_one_failure() {
        let died = process::Said { success: false, text: "error[E0001]".into() };
        assert_eq!(count(died, cargo_counts).failed, 1);
    }

    #[test]
    fn a_suite_that_runs_nothing_fails() {
        let report = run_one(&Suite { name: "empty", run: || Ok(Report::default()) });
        assert_eq!((report.passed, report.failed), (0, 1));
    }
}

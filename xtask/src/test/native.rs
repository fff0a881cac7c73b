//! The suite of cargo's tests.
//!
//! libtest's JSON is not stable. So each program lists its tests, and each test it lists must be reported as passed, by its name: one
//! that failed, was ignored or was not reached has failed.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::Report;
use crate::{install::toolchain, process, root, runtimes};

/// Runs the tests of the workspace, and the examples in its documentation.
pub(super) fn workspace() -> Result<Report> {
    // Without example programs, which Clippy compiles, and without the documentation of `edge-worker` and `sdk-wasm`, which has no examples: each
    // would build the worker's crate once more.
    let programs = programs(&["--workspace", "--lib", "--bins", "--tests"])?;
    runtimes::programs_are_built();
    let report = programs.iter().try_fold(Report::default(), |report, program| {
        let ran = run(&program.file(), || program.command())?;
        anyhow::Ok(report.and(ran))
    })?;
    let documentation = || {
        let mut cargo = toolchain::cargo();
        cargo.args([
            "test",
            "--workspace",
            "--exclude",
            "edge-worker",
            "--exclude",
            "sdk-wasm",
            "--doc",
            "--quiet",
            "--no-fail-fast",
            "--",
        ]);
        cargo
    };
    Ok(report.and(run("documentation", documentation)?))
}

/// A program with tests.
struct Program {
    path: PathBuf,
    /// The path of its main source file.
    source: PathBuf,
    /// The folder of its package.
    package: PathBuf,
}

impl Program {
    /// A command as `cargo test` runs it.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.package).env("CARGO_MANIFEST_DIR", &self.package);
        command
    }

    /// The main source file, from the root of the repository.
    fn file(&self) -> String {
        self.source.strip_prefix(root::in_root("")).unwrap_or(&self.source).display().to_string()
    }
}

/// Builds the tests of some packages, and returns their programs.
fn programs(packages: &[&str]) -> Result<Vec<Program>> {
    let mut cargo = toolchain::cargo();
    cargo.args(["test", "--no-run", "--quiet", "--message-format=json-render-diagnostics"]).args(packages);
    let output =
        process::start(cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()), toolchain::RUSTUP)?.wait_with_output()?;
    if !output.status.success() {
        bail!("the tests do not compile\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let messages = String::from_utf8(output.stdout)?;
    let mut programs = Vec::new();
    for message in messages.lines().map(serde_json::from_str::<Value>) {
        programs.extend(program(&message?)?);
    }
    Ok(programs)
}

/// The program with tests that a message of cargo tells of.
fn program(message: &Value) -> Result<Option<Program>> {
    let (Some(path), true) = (message["executable"].as_str(), message["profile"]["test"] == true) else { return Ok(None) };
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no {pointer} in {message}"));
    let package = Path::new(text("/manifest_path")?).parent().context("a manifest without a folder")?.to_path_buf();
    Ok(Some(Program { path: path.into(), source: text("/target/src_path")?.into(), package }))
}

/// Lists the tests of a program, then runs them all.
fn run(file: &str, program: impl Fn() -> Command) -> Result<Report> {
    let listed = process::run(program().args(["--list", "--format=terse"]), toolchain::RUSTUP)?;
    let said = process::listen(program().args(["--format=pretty"]), toolchain::RUSTUP)?;
    Ok(judge(file, &listed, said))
}

/// Judges the output of a program by the list of its tests.
fn judge(file: &str, listed: &str, said: process::Said) -> Report {
    let results: BTreeMap<&str, &str> = said.text.lines().filter_map(result).collect();
    let mut report = Report::default();
    for name in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
        match results.get(name) {
            Some(&"ok") => report.add(name, file, true),
            Some(&"FAILED") => report.add(name, file, false),
            Some(other) => report.add(&format!("{name} ({other})"), file, false),
            None => report.add(&format!("{name} (not reached)"), file, false),
        }
    }
    report = report.ended(file, said.success);
    if !report.failures.is_empty() {
        report.output = said.text;
    }
    report
}

/// The notes behind a name that its list does not have: of a test that must panic, and of an example that is only compiled.
const NOTES: [&str; 3] = [" - should panic", " - compile", " - compile fail"];

/// The name and the result in a line such as `test name ... ok`.
fn result(line: &str) -> Option<(&str, &str)> {
    let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((NOTES.iter().find_map(|note| name.strip_suffix(note)).unwrap_or(name), result))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listed: &str, text: &str, success: bool) -> (u32, Vec<String>) {
        let report = judge("file", listed, process::Said { success, text: text.to_owned() });
        (report.passed, report.failures.into_iter().map(|failure| failure.name).collect())
    }

    #[test]
    fn every_listed_test_must_pass() {
        let listed = "a::one: test\na::two: test\nb: test\nc: test\nd: test\nf: test\ne: benchmark\n";
        let text = "running 6 tests\ntest a::one ... ok\ntest b - should panic ... ok\ntest f - compile ... ok\ntest a::two ... FAILED\ntest c ... ignored, slow\n\
            test result: FAILED. 2 passed; 1 failed; 1 ignored\n";
        let expected = ["a::two", "c (ignored, slow)", "d (not reached)"].map(String::from).to_vec();
        assert_eq!(names(listed, text, false), (3, expected));
    }

    #[test]
    fn a_program_that_fails_with_all_tests_passed_is_one_failure() {
        assert_eq!(names("a: test\n", "test a ... ok\n", true), (1, vec![]));
        assert_eq!(names("a: test\n", "test a ... ok\n", false).1.len(), 1);
    }

    #[test]
    fn cargo_names_the_programs_with_tests() {
        let message = |test: bool, executable: Value| {
            serde_json::json!({ "executable": executable, "profile": { "test": test }, "manifest_path": "/w/p/Cargo.toml",
                "target": { "src_path": "/w/p/tests/a.rs" } })
        };
        let found = program(&message(true, "/t/a-1".into())).unwrap().unwrap();
        assert_eq!((found.path, found.package), (PathBuf::from("/t/a-1"), PathBuf::from("/w/p")));
        assert!(program(&message(false, "/t/a".into())).unwrap().is_none());
        assert!(program(&message(true, Value::Null)).unwrap().is_none());
    }
}

//! The results of a suite, as its runner reports them.
use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    process::{self, Said},
    root,
};

/// The environment variable that names the file for a runner's report.
const VARIABLE: &str = "TWINFLAG_REPORT";

/// A test that did not pass.
#[derive(Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) name: String,
    /// The test's file, or the command that is the test.
    pub(super) file: String,
}

/// The result of a suite.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Report {
    pub(super) passed: u32,
    pub(super) failures: Vec<Failure>,
    /// The output of the runners, shown only if something failed.
    pub(super) output: String,
}

impl Report {
    /// A report of one test.
    pub(super) fn of_one(name: &str, file: &str, has_passed: bool, output: String) -> Self {
        let mut report = Self { output, ..Self::default() };
        report.add(name, file, has_passed);
        report
    }

    /// Adds the result of a test.
    pub(super) fn add(&mut self, name: &str, file: &str, has_passed: bool) {
        if has_passed {
            self.passed += 1;
        } else {
            self.failures.push(Failure { name: name.to_owned(), file: file.to_owned() });
        }
    }

    /// Both results, with the outputs one after the other.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.output += &other.output;
        self
    }

    /// The report as it is, or with a failure if it counts nothing.
    pub(super) fn at_least_one(mut self, suite: &str) -> Self {
        if self.passed == 0 && self.failures.is_empty() {
            self.add("the suite ran nothing", suite, false);
        }
        self
    }

    /// The report, with a failure if its runner failed and reports none.
    pub(super) fn ended(mut self, runner: &str, success: bool) -> Self {
        if !success && self.failures.is_empty() {
            self.add("the runner failed, and reports no failed test", runner, false);
        }
        self
    }
}

/// Runs a program that writes its report to the file that `TWINFLAG_REPORT` names.
pub(super) fn of(command: &mut Command, suite: &str, install: &str) -> Result<Report> {
    let file = file(suite)?;
    let said = process::listen(command.env(VARIABLE, &file), install)?;
    read(&file, said, &process::shown(command))
}

/// An empty place for the report of a suite.
pub(super) fn file(suite: &str) -> Result<std::path::PathBuf> {
    let folder = root::target().join("reports");
    fs::create_dir_all(&folder)?;
    let file = folder.join(suite).with_extension("jsonl");
    if file.exists() {
        fs::remove_file(&file)?;
    }
    Ok(file)
}

/// Reads the report of a runner that has ended: `{"result","name","file"}` a line, then `{"over":true}`.
///
/// Only `passed` passes: a test that was skipped, or is still to do, has failed.
pub(super) fn read(file: &Path, said: Said, runner: &str) -> Result<Report> {
    let text = fs::read_to_string(file).unwrap_or_default();
    parse(&text, said, runner).with_context(|| format!("cannot read {}", file.display()))
}

fn parse(text: &str, said: Said, runner: &str) -> Result<Report> {
    let mut report = Report { output: said.text, ..Report::default() };
    let mut is_over = false;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line)?;
        is_over = line["over"] == true;
        if is_over {
            continue;
        }
        let text = |name: &str| line[name].as_str().with_context(|| format!("a result without {name}: {line}"));
        let (result, name, file) = (text("result")?, text("name")?, text("file").unwrap_or(runner));
        let file = Path::new(file).strip_prefix(root::in_root("")).unwrap_or(Path::new(file)).to_string_lossy();
        match result {
            "passed" => report.add(name, &file, true),
            "failed" => report.add(name, &file, false),
            other => report.add(&format!("{name} ({other})"), &file, false),
        }
    }
    if !is_over {
        report.add("the runner ended before its report did", runner, false);
    }
    Ok(report.ended(runner, said.success))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(success: bool) -> Said {
        Said { success, text: String::new() }
    }

    fn names(text: &str, success: bool) -> (u32, Vec<String>) {
        let report = parse(text, said(success), "runner").unwrap();
        (report.passed, report.failures.into_iter().map(|failure| failure.name).collect())
    }

    #[test]
    fn only_a_passed_test_has_passed() {
        let text = r#"{"result":"passed","name":"a","file":"f"}
            {"result":"failed","name":"b","file":"f"}
            {"result":"skipped","name":"c","file":"f"}
            {"result":"todo","name":"d","file":"f"}
            {"over":true}"#;
        assert_eq!(names(text, false), (1, ["b", "c (skipped)", "d (todo)"].map(String::from).to_vec()));
    }

    #[test]
    fn a_report_that_breaks_off_has_failed() {
        let begun = r#"{"result":"passed","name":"a","file":"f"}"#;
        assert_eq!(names(begun, true), (1, vec!["the runner ended before its report did".to_owned()]));
        assert_eq!(names("", true).1.len(), 1);
        assert!(parse("{\"result\":\"pas", said(true), "runner").is_err());
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_is_one_failure() {
        let text = "{\"result\":\"passed\",\"name\":\"a\",\"file\":\"f\"}\n{\"over\":true}";
        assert_eq!((names(text, true), names(text, false).1.len()), ((1, vec![]), 1));
    }

    #[test]
    fn a_suite_that_runs_nothing_has_failed() {
        assert_eq!(Report::default().at_least_one("empty").failures.len(), 1);
    }
}

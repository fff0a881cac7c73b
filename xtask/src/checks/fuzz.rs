//! `cargo xtask fuzz`: libFuzzer on the pinned stable toolchain.
//!
//! `cargo fuzz` needs a nightly toolchain for sanitizers. Coverage needs none, and the core has no unsafe code to sanitise.
use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use clap::{Args, builder::PossibleValuesParser};

use crate::{build::stamp::Stamp, install::toolchain, process, root};

const TARGETS: [&str; 3] = ["document", "context", "program"];
const COMPILER: &str = "apt-get install g++   (libFuzzer is C++)";

/// The compiler flags that show every edge and every comparison of the core to libFuzzer.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Fuzz documents, contexts and programs with libFuzzer.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask fuzz document program --seconds 600")]
pub(crate) struct Fuzz {
    /// The inputs to fuzz; all of them if none is named.
    #[arg(value_parser = PossibleValuesParser::new(TARGETS), value_name = "TARGET")]
    targets: Vec<String>,
    /// The time for each target, in seconds.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
}

impl Fuzz {
    pub(crate) fn run(&self) -> Result<()> {
        let programs = build()?;
        seeds()?;
        let mut crashed = Vec::new();
        for target in TARGETS.into_iter().filter(|target| self.targets.is_empty() || self.targets.iter().any(|named| named == target)) {
            let found = fuzz(&programs.join(target), target, self.seconds)?;
            println!("{found}");
            crashed.extend(found.artefact);
        }
        if crashed.is_empty() { Ok(()) } else { bail!("crashes; repeat with the target and: {}", crashed.join(" ")) }
    }
}

/// Builds the fuzz targets and returns the folder with them. An explicit `--target` keeps cargo from instrumenting build scripts.
fn build() -> Result<std::path::PathBuf> {
    let version = process::run(Command::new("rustc").current_dir(root::in_root("")).arg("-vV"), toolchain::RUSTUP)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let folder = root::in_root("tests/fuzz");
    let mut cargo = toolchain::cargo();
    cargo.current_dir(&folder).env("RUSTFLAGS", COVERAGE).args(["build", "--release", "--bins", "--target", host]);
    process::show(cargo.arg("--target-dir").arg(folder.join("target")), toolchain::RUSTUP)
        .with_context(|| format!("without a C++ compiler: {COMPILER}"))?;
    Ok(folder.join("target").join(host).join("release"))
}

/// Writes the inputs that the fuzzers start from. Inputs that they found before are kept.
fn seeds() -> Result<()> {
    let (vectors, corpus) = (root::in_root("tests/vectors"), root::in_root("tests/fuzz/corpus"));
    let source = root::in_root("tests/native/src/bin/seeds.rs");
    Stamp::default().path(&vectors)?.path(&source)?.path(&root::in_root("sdk-core/src"))?.rebuild(&corpus.join("stamp"), |_| {
        eprintln!("writing seeds");
        let mut cargo = toolchain::cargo();
        cargo.args(["run", "--quiet", "--package", "tests-native", "--bin", "seeds", "--"]).arg(&vectors).arg(&corpus);
        process::run(&mut cargo, toolchain::RUSTUP).map(drop)
    })
}

/// The result of fuzzing one target.
struct Found {
    target: &'static str,
    executions: u64,
    edges: u64,
    corpus: u64,
    artefact: Option<String>,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { target, executions, edges, corpus, artefact } = self;
        write!(f, "{target:<9} {executions:>10} executions {edges:>6} edges {corpus:>6} kept {:>2} crashes", u8::from(artefact.is_some()))?;
        artefact.as_ref().map_or(Ok(()), |path| write!(f, "  {path}"))
    }
}

fn fuzz(program: &Path, target: &'static str, seconds: u32) -> Result<Found> {
    let folder = root::in_root("tests/fuzz");
    let (corpus, artefacts) = (folder.join("corpus").join(target), folder.join("artifacts").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artefacts)?;
    let mut fuzzer = Command::new(program);
    fuzzer.arg(&corpus).arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/", artefacts.display()));
    // An input that takes more than 10 s or 2 GB counts as a crash.
    fuzzer.args(["-print_final_stats=1", "-use_value_profile=1", "-timeout=10", "-rss_limit_mb=2048", "-max_len=8192"]);
    let dictionary = folder.join(target).with_extension("dict");
    if dictionary.exists() {
        fuzzer.arg(format!("-dict={}", dictionary.display()));
    }
    eprintln!("fuzzing {target} for {seconds} s");
    let said = process::listen(&mut fuzzer, toolchain::RUSTUP)?;
    let last = |name: &str| said.text.lines().rev().find_map(|line| number_after(line, name));
    let written = said.text.lines().rev().find_map(|line| line.split("Test unit written to ").nth(1).map(str::to_owned));
    let artefact = if said.success { written } else { Some(written.unwrap_or_else(|| "no artefact".into())) };
    if artefact.is_some() {
        let lines: Vec<&str> = said.text.lines().filter(|line| !line.starts_with('#')).collect();
        println!("{}", lines.join("\n"));
    }
    Ok(Found {
        target,
        executions: last("stat::number_of_executed_units:").unwrap_or(0),
        edges: last("cov:").unwrap_or(0),
        corpus: last("corp:").unwrap_or(0),
        artefact,
    })
}

/// The number that follows a name, as in `cov: 1234 ft: …`.
fn number_after(line: &str, name: &str) -> Option<u64> {
    let rest = line.split(name).nth(1)?.trim_start();
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libfuzzer_prints() {
        let line = "#2097152\tpulse  cov: 5013 ft: 26010 corp: 1881/409Kb lim: 4096 exec/s: 55188 rss: 512Mb";
        assert_eq!((number_after(line, "cov:"), number_after(line, "corp:")), (Some(5013), Some(1881)));
        assert_eq!(number_after("stat::number_of_executed_units: 12", "stat::number_of_executed_units:"), Some(12));
        assert_eq!(number_after(line, "stat::"), None);
    }
}

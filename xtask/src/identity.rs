//! `cargo xtask identity`: asks every runtime the same generated questions, and compares the digests of their answers.
use std::{
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, runtimes};

/// The most questions that are also asked by OpenFeature's protocol, which takes a request for each. About thirty of them are not sent,
/// because no URL can carry their key, or because their document is refused.
const BY_PROTOCOL: u64 = 5_100;

struct Options {
    pairs: String,
    seed: String,
    runtimes: Vec<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let runtimes = runtimes::ALL.iter().chain(&[runtimes::OFREP]).map(ToString::to_string).collect();
        let mut options = Self { pairs: "1000000".into(), seed: "1".into(), runtimes };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let value = rest.next().with_context(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--pairs" => options.pairs = value.parse::<u64>().context("--pairs needs a number")?.to_string(),
                "--seed" => options.seed = value.parse::<u64>().context("--seed needs a number")?.to_string(),
                "--runtimes" => options.runtimes = value.split(',').map(String::from).collect(),
                unknown => bail!("unknown option {unknown}; expected --pairs, --seed or --runtimes"),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    compare(&options.pairs, &options.seed, &options.runtimes.iter().map(String::as_str).collect::<Vec<_>>(), |line| println!("{line}"))
        .map(drop)
}

/// Asks these runtimes the same questions, and returns the number of digests that equal the native one, the native one included.
///
/// Programs are also run with contexts that they were not made for. Other runtimes have no such programs, so these answers are compared
/// with those of the native build's programs. `say` gets a line for the generated questions and one for each digest.
pub(crate) fn compare(pairs: &str, seed: &str, names: &[&str], mut say: impl FnMut(&str)) -> Result<u32> {
    runtimes::build(names)?;
    let counted = process::run(runtimes::program("identity-native").args(["--pairs", pairs, "--seed", seed]), "cargo")?;
    say(counted.trim_end());
    let expected = counted.lines().find_map(|line| line.strip_prefix("sha256 ")).context("the native run printed no digest")?.to_owned();
    let strangers =
        process::run(runtimes::program("identity-native").args(["--pairs", pairs, "--seed", seed, "--strangers", "--program"]), "cargo")?;
    let strange = strangers.lines().find_map(|line| line.strip_prefix("sha256 ")).context("the native run printed no digest")?.to_owned();
    let (mut equal, mut different) = (1, Vec::new());
    say(&format!("{:<28} {expected}", "native"));
    if names.contains(&runtimes::OFREP) {
        let asked = pairs.parse::<u64>()?.min(BY_PROTOCOL).to_string();
        let (answers, wanted) = digest("native-ofrep", &asked, seed, false)?;
        let started = Instant::now();
        let said = digest(runtimes::OFREP, &asked, seed, false)?;
        let verdict = if said == (answers, wanted.clone()) && answers > 0 { "equal" } else { "DIFFERENT" };
        say(&format!("{:<28} {wanted}, {answers} answers", "native, by OFREP"));
        say(&format!("{:<28} {} {verdict}, {} answers, {:.1} s", "edge, by OFREP", said.1, said.0, started.elapsed().as_secs_f32()));
        if verdict == "equal" {
            equal += 1;
        } else {
            different.push(runtimes::OFREP.to_owned());
        }
    }
    for name in names.iter().filter(|name| **name != "native" && **name != runtimes::OFREP) {
        let mut runs = vec![(*name, false, &expected)];
        if name.ends_with("program") {
            runs.push((name, true, &strange));
        }
        for (runtime, asks_strangers, wanted) in runs {
            let started = Instant::now();
            let (answers, digest) = digest(runtime, pairs, seed, asks_strangers)?;
            let label = if asks_strangers { format!("{runtime}, strangers too") } else { runtime.to_owned() };
            let verdict = if digest == *wanted { "equal" } else { "DIFFERENT" };
            say(&format!("{label:<28} {digest} {verdict}, {answers} answers, {:.1} s", started.elapsed().as_secs_f32()));
            if digest == *wanted {
                equal += 1;
            } else {
                different.push(label);
            }
        }
    }
    if !different.is_empty() {
        bail!("different answers by {}; `cargo xtask evaluate` on the lines of `target/quick/lines` shows them", different.join(", "));
    }
    Ok(equal)
}

/// Pipes the questions of a seed into a runtime's runner. Returns the number of answers and their digest.
fn digest(runtime: &str, pairs: &str, seed: &str, strangers: bool) -> Result<(u64, String)> {
    let mut lines = runtimes::program("lines");
    lines.args(["--pairs", pairs, "--seed", seed]).args(strangers.then_some("--strangers"));
    let mut lines = lines.stdout(Stdio::piped()).spawn().context("cannot start the generator")?;
    let mut runner: Command = runtimes::runner(runtime, true)?;
    let output = runner.stdin(lines.stdout.take().context("no lines")?).stderr(Stdio::inherit()).output()?;
    lines.wait()?;
    if !output.status.success() {
        bail!("the runner of {runtime} ended with {}", output.status);
    }
    let said: Value = serde_json::from_slice(&output.stdout).context("the runner printed no digest")?;
    let digest = said["sha256"].as_str().context("the runner printed no digest")?;
    Ok((said["answers"].as_u64().unwrap_or(0), digest.to_owned()))
}

//! `cargo xtask identity`: asks every runtime the same generated questions, and compares the digests of their answers.
use std::{
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use clap::{Args, builder::PossibleValuesParser};
use serde_json::Value;

use crate::{
    install::{npm, toolchain},
    process, runtimes,
};

/// The most questions that are also asked by OpenFeature's protocol, which takes a request for each. About thirty of them are not sent,
/// because no URL can carry their key, or because their document is refused.
const BY_PROTOCOL: u64 = 5_100;

/// Ask every runtime the same generated questions, and compare the digests of their answers.
#[derive(Args)]
#[command(after_help = "Example: cargo xtask identity --pairs 100000 --runtimes node,edge")]
pub(crate) struct Identity {
    /// The number of questions.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pairs: u64,
    /// The seed of the generator: the same seed makes the same questions.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The runtimes to compare with the native one.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(all()), default_values = all())]
    runtimes: Vec<String>,
}

impl Identity {
    pub(crate) fn run(&self) -> Result<()> {
        let names: Vec<&str> = self.runtimes.iter().map(String::as_str).collect();
        compare(self.pairs, self.seed, &names, |line| println!("{line}")).map(drop)
    }
}

/// The names of the runtimes that can be compared.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    runtimes::ALL.iter().copied().chain([runtimes::OFREP])
}

/// Asks these runtimes the same questions, and returns the number of digests that equal the native one, the native one included.
///
/// Programs are also run with contexts that they were not made for. Other runtimes have no such programs, so these answers are compared
/// with those of the native build's programs. `say` gets a line for the generated questions and one for each digest.
pub(crate) fn compare(pairs: u64, seed: u64, names: &[&str], mut say: impl FnMut(&str)) -> Result<u32> {
    runtimes::build(names)?;
    let asked = Asked { pairs, seed };
    let (counted, expected) = asked.of_native(&[])?;
    say(counted.trim_end());
    let (_, strange) = asked.of_native(&["--strangers", "--program"])?;
    let (mut equal, mut different) = (1, Vec::new());
    say(&format!("{:<40} {expected}", "native"));
    let mut compared = |label: String, found: &Digest, wanted: &str, started: Instant| {
        let is_equal = found.sha256 == wanted && found.answers > 0;
        let verdict = if is_equal { "equal" } else { "DIFFERENT" };
        let seconds = started.elapsed().as_secs_f32();
        say(&format!("{label:<40} {} {verdict}, {} answers, {seconds:.1} s", found.sha256, found.answers));
        equal += u32::from(is_equal);
        different.extend((!is_equal).then_some(label));
    };
    for name in names.iter().copied().filter(|name| *name != "native") {
        let started = Instant::now();
        if name == runtimes::OFREP {
            let fewer = Asked { pairs: pairs.min(BY_PROTOCOL), seed };
            let wanted = fewer.of("native-ofrep", false)?;
            let found = fewer.of(name, false)?;
            // The answers of two runners that were asked nothing are equal too.
            let wanted_text = if found.answers == wanted.answers { wanted.sha256.as_str() } else { "another number of answers" };
            compared(name.to_owned(), &found, wanted_text, started);
            continue;
        }
        compared(name.to_owned(), &asked.of(name, false)?, &expected, started);
        if name.ends_with("program") {
            compared(format!("{name}, strangers too"), &asked.of(name, true)?, &strange, Instant::now());
        }
    }
    if !different.is_empty() {
        bail!("different answers by {}; `cargo xtask evaluate` on the lines of `target/debug/lines` shows them", different.join("; "));
    }
    Ok(equal)
}

/// Generated questions.
struct Asked {
    pairs: u64,
    seed: u64,
}

/// The number of a runner's answers and their SHA-256.
#[derive(Debug, PartialEq)]
struct Digest {
    answers: u64,
    sha256: String,
}

impl Asked {
    /// A program of the tests with these questions as its arguments.
    fn program(&self, name: &str) -> Command {
        let mut program = runtimes::program(name);
        program.args(["--pairs", &self.pairs.to_string(), "--seed", &self.seed.to_string()]);
        program
    }

    /// The counts of the native run, as text, and its digest. The run fails if the questions reach too few of the rules.
    fn of_native(&self, options: &[&str]) -> Result<(String, String)> {
        let counted = process::run(self.program("identity-native").args(options), toolchain::RUSTUP)?;
        let sha256 = counted.lines().find_map(|line| line.strip_prefix("sha256 ")).context("the native run printed no digest")?.to_owned();
        Ok((counted, sha256))
    }

    /// Pipes the questions into a runtime's runner.
    fn of(&self, runtime: &str, strangers: bool) -> Result<Digest> {
        let mut lines = self.program("lines");
        lines.args(strangers.then_some("--strangers"));
        digest(lines, runtimes::runner(runtime, true)?).with_context(|| format!("the runtime {runtime}"))
    }
}

/// Pipes a generator into a runner, and reads the digest that the runner prints. If either of them fails, the other one is ended.
fn digest(mut generator: Command, mut runner: Command) -> Result<Digest> {
    let mut lines = process::start(generator.stdin(Stdio::null()).stdout(Stdio::piped()), toolchain::RUSTUP)?;
    let answering = process::start(runner.stdin(lines.stdout.take().context("no lines")?).stdout(Stdio::piped()), npm::INSTALL);
    // As long as a reader of the pipe is open here, the generator waits for it, even if the runner has died.
    drop(runner);
    let answered = answering.and_then(|answering| Ok(answering.wait_with_output()?));
    // A runner that ended well has read everything.
    if !answered.as_ref().is_ok_and(|output| output.status.success()) {
        lines.kill()?;
    }
    let generated = lines.wait()?;
    let answered = answered?;
    if !answered.status.success() {
        bail!("its runner ended with {}", answered.status);
    }
    if !generated.success() {
        bail!("the generator ended with {generated}");
    }
    let said: Value = serde_json::from_slice(&answered.stdout).context("its runner printed no digest")?;
    let sha256 = said["sha256"].as_str().context("its runner printed no digest")?.to_owned();
    Ok(Digest { answers: said["answers"].as_u64().context("its runner counted no answers")?, sha256 })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    const SOUND: &str = r#"cat > /dev/null; echo '{"answers":3,"sha256":"00"}'"#;

    #[test]
    fn a_runner_that_reads_everything_tells_the_digest() {
        assert_eq!(digest(shell("echo line"), shell(SOUND)).unwrap(), Digest { answers: 3, sha256: "00".into() });
    }

    #[test]
    fn the_death_of_a_runner_ends_the_comparison() {
        // `yes` writes for ever, so that only the end of its reader ends it.
        for (runner, status) in
            [("exit 3", "exit status: 3"), ("read line; kill -9 $$", "signal: 9"), ("read line; exit 1", "exit status: 1")]
        {
            let error = digest(shell("exec yes"), shell(runner)).unwrap_err().to_string();
            assert!(error.contains("its runner ended with") && error.contains(status), "{error}");
        }
    }

    #[test]
    fn the_death_of_the_generator_is_an_error() {
        let error = digest(shell("echo line; exit 4"), shell(SOUND)).unwrap_err().to_string();
        assert!(error.contains("the generator ended with exit status: 4"), "{error}");
    }

    #[test]
    fn a_runner_that_tells_no_digest_is_an_error() {
        assert!(digest(shell("echo line"), shell("cat > /dev/null")).is_err());
    }
}

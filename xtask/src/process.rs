//! Runs other programs.
use std::{
    io::{BufRead, BufReader, ErrorKind, IsTerminal},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// The longest silence while a program of the build runs.
const SILENCE: Duration = Duration::from_secs(10);

/// The output of a program, both streams in one text.
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Runs a program and collects its output.
///
/// If the program is not installed, the error names `install`, the command that installs it.
pub(crate) fn listen(command: &mut Command, install: &str) -> Result<Said> {
    collect(start(heard(command), install)?)
}

/// Runs a program and collects its output, and on Unix kills it with its children if it has not ended after `limit`.
pub(crate) fn listen_within(limit: Duration, command: &mut Command, install: &str) -> Result<Said> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = start(heard(command), install)?;
    let group = format!("-{}", child.id());
    let (ended, end) = mpsc::channel::<()>();
    let guard = thread::spawn(move || {
        let is_late = end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
        is_late && Command::new("kill").args(["-KILL", "--", &group]).status().is_ok()
    });
    let mut said = collect(child)?;
    drop(ended);
    if guard.join().unwrap_or_default() {
        said.text.push_str(&format!("{} was killed after {limit:?}\n", shown(command)));
    }
    Ok(said)
}

/// A command whose output is collected.
fn heard(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped())
}

fn collect(mut child: Child) -> Result<Said> {
    let stdout = child.stdout.take().context("no stdout")?;
    let stderr = child.stderr.take().context("no stderr")?;
    // Two threads read the two pipes: a program that fills one of them while nothing reads it would wait for ever.
    let reader = thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).collect::<Vec<_>>());
    let mut lines: Vec<String> = BufReader::new(stderr).lines().map_while(Result::ok).collect();
    let success = child.wait()?.success();
    lines.extend(reader.join().unwrap_or_default());
    Ok(Said { success, text: lines.iter().flat_map(|line| [line, "\n"]).collect() })
}

/// Runs a program of the build, which must succeed, and returns its output; if it fails, the output is the error.
///
/// A line on standard error tells every ten seconds that the program still runs.
pub(crate) fn run(command: &mut Command, install: &str) -> Result<String> {
    let _heartbeat = Heartbeat::start(shown(command));
    let said = listen(command, install)?;
    if said.success { Ok(said.text) } else { bail!("{} failed\n{}", shown(command), said.text) }
}

/// Runs a program that shows its own progress on standard error, and must succeed.
///
/// If standard error is no terminal, a line tells every ten seconds that the program still runs.
pub(crate) fn show(command: &mut Command, install: &str) -> Result<()> {
    let _heartbeat = (!std::io::stderr().is_terminal()).then(|| Heartbeat::start(shown(command)));
    let status = start(command.stdin(Stdio::null()), install)?.wait()?;
    if status.success() { Ok(()) } else { bail!("{} failed: {status}; its output is above", shown(command)) }
}

/// Starts a program; if it is not installed, the error names the command that installs it.
pub(crate) fn start(command: &mut Command, install: &str) -> Result<Child> {
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("{} is missing; install it with: {install}", command.get_program().display()),
        _ => anyhow::Error::new(error).context(format!("cannot start {}", command.get_program().display())),
    })
}

/// The command line, to show it: the program without its folder, and its arguments.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Writes a line every ten seconds until it is dropped.
struct Heartbeat(#[expect(dead_code, reason = "dropped, it ends the thread")] mpsc::Sender<()>);

impl Heartbeat {
    fn start(what: String) -> Self {
        let (sender, ended) = mpsc::channel::<()>();
        let started = Instant::now();
        thread::spawn(move || {
            while ended.recv_timeout(SILENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("… {:.70}, {} s", what, started.elapsed().as_secs());
            }
        });
        Self(sender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_end_is_killed_with_its_children() {
        // The child holds the pipes open, so without its death the output has no end.
        let said = listen_within(Duration::from_millis(50), Command::new("sh").args(["-c", "tail -f /dev/null; true"]), "").unwrap();
        assert!(!said.success && said.text.contains("was killed after 50ms"), "{}", said.text);
    }
}

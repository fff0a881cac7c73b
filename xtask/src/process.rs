//! Runs other programs, and shows their output only if they fail.
use std::{
    io::{BufRead, BufReader, ErrorKind},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// The output of a program, both streams in one text.
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Runs a program and collects its output; `watch` gets each line of its standard output as it arrives.
///
/// If the program is not installed, the error names `install`, the command that installs it.
pub(crate) fn listen(command: &mut Command, install: &str, watch: impl FnMut(&str)) -> Result<Said> {
    collect(start(command, install)?, watch)
}

/// Runs a program and collects its output, and on Unix kills it with its children if it has not ended after `limit`.
pub(crate) fn listen_within(limit: Duration, command: &mut Command, install: &str) -> Result<Said> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = start(command, install)?;
    let group = format!("-{}", child.id());
    let (ended, end) = channel::<()>();
    let guard = thread::spawn(move || {
        let is_late = end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        is_late && Command::new("kill").args(["-KILL", "--", &group]).status().is_ok()
    });
    let mut said = collect(child, |_| ())?;
    drop(ended);
    if guard.join().unwrap_or_default() {
        said.text.push_str(&format!("{} was killed after {limit:?}\n", shown(command)));
    }
    Ok(said)
}

fn start(command: &mut Command, install: &str) -> Result<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => Ok(child),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{name} is missing; install it with: {install}"),
        Err(error) => Err(error).with_context(|| format!("cannot start {name}")),
    }
}

fn collect(mut child: Child, mut watch: impl FnMut(&str)) -> Result<Said> {
    let stdout = child.stdout.take().context("no stdout")?;
    let stderr = child.stderr.take().context("no stderr")?;
    // Two threads read the two pipes: a program that fills one of them while nothing reads it would wait for ever.
    let reader = thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).collect::<Vec<_>>());
    let mut text = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        watch(&line);
        text.push_str(&line);
        text.push('\n');
    }
    let success = child.wait()?.success();
    for line in reader.join().unwrap_or_default() {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(Said { success, text })
}

/// Runs a program that must succeed, and returns its output; if it fails, the output is the error.
pub(crate) fn run(command: &mut Command, install: &str) -> Result<String> {
    let said = listen(command, install, |_| ())?;
    if said.success { Ok(said.text) } else { bail!("{} failed\n{}", shown(command), said.text) }
}

/// The command line, to show it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
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

//! Running other programs: silent while they succeed, in full when they fail.
use std::{
    io::{BufRead, BufReader, ErrorKind},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};

/// What a program said, both streams in one text.
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) text: String,
}

/// Runs a program and keeps what it says; `watch` sees each line as it comes.
///
/// A program that is not installed is an error that names `install`, the command that would install it.
pub(crate) fn listen(command: &mut Command, install: &str, mut watch: impl FnMut(&str)) -> Result<Said> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = match command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{name} is missing; install it with: {install}"),
        Err(error) => return Err(error).with_context(|| format!("cannot start {name}")),
    };
    let stdout = child.stdout.take().context("no stdout")?;
    let stderr = child.stderr.take().context("no stderr")?;
    // Two pipes need two readers: a program that fills one while we wait for the other would wait for ever.
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

/// Runs a program that has to succeed; on failure everything it said is the error.
pub(crate) fn run(command: &mut Command, install: &str) -> Result<String> {
    let said = listen(command, install, |_| ())?;
    if said.success { Ok(said.text) } else { bail!("{} failed\n{}", shown(command), said.text) }
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

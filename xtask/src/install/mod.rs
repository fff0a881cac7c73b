//! Everything that the tasks need and this repository does not hold. Outside the checkout nothing is installed unasked.
pub(crate) mod apt;
pub(crate) mod chromium;
pub(crate) mod npm;
pub(crate) mod toolchain;

use std::{
    collections::BTreeSet,
    env,
    io::{self, IsTerminal, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Result, bail};

/// True if every question is answered yes.
static AGREED: AtomicBool = AtomicBool::new(false);
/// The commands that the user agreed to.
static COMMANDS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Answers every question yes.
pub(crate) fn agree() {
    AGREED.store(true, Ordering::Relaxed);
}

/// Asks the user to agree to a command that installs something outside the checkout. Each command is asked once.
///
/// `--yes` and `CI=true` agree. Without them and without a terminal, and if the user declines, the error names the command.
pub(crate) fn ask(what: &str, command: &str) -> Result<()> {
    let mut commands = COMMANDS.lock().unwrap_or_else(PoisonError::into_inner);
    let agreed = AGREED.load(Ordering::Relaxed) || env::var_os("CI").is_some_and(|value| value == "true");
    if agreed || commands.contains(command) {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("{what} is missing; install it with: {command}\n(or pass --yes, or set CI=true, to have it installed)");
    }
    eprint!("{what} is missing. Run `{command}`? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        bail!("{what} is missing; install it with: {command}");
    }
    commands.insert(command.to_owned());
    Ok(())
}

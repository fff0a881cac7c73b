//! The browser of the tests.
use std::{
    path::PathBuf,
    process::{self, Command},
};

use anyhow::{Result, bail};

use crate::process as programs;

const PLACES: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const INSTALL: &str = "apt-get install --no-install-recommends chromium";

/// Finds a Chromium, or installs Debian's where we may.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if !may_install() {
        bail!("chromium is missing; install it with: {INSTALL}   (or name one in CHROMIUM)");
    }
    eprintln!("installing chromium");
    programs::run(Command::new("apt-get").args(["update", "--quiet"]), "Debian's apt")?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--quiet", "--no-install-recommends", "chromium"]);
    programs::run(&mut install, "Debian's apt")?;
    match find() {
        Some(found) => Ok(found),
        None => bail!("chromium is missing after its installation; looked at {}", PLACES.join(", ")),
    }
}

/// The browser that is there, if any.
pub(crate) fn find() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.into_iter().chain(PLACES.map(PathBuf::from)).find(|place| place.exists())
}

fn may_install() -> bool {
    let id = Command::new("id").arg("-u").stdin(process::Stdio::null()).output();
    id.is_ok_and(|output| output.stdout == b"0\n") && PathBuf::from("/usr/bin/apt-get").exists()
}

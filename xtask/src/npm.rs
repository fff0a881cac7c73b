//! The npm workspace: the tools that come from it, installed by its lock file.
use std::{fs, path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{process, root, stamp::Stamp};

/// How `node` and `npm` are installed where they are not.
pub(crate) const INSTALL: &str = "apt-get install nodejs npm   (20 or later: https://nodejs.org)";
const OLDEST_NODE: u32 = 20;

/// Installs what `package-lock.json` names, unless that is what is installed.
pub(crate) fn ensure_packages() -> Result<()> {
    let npm = root::in_root("npm");
    let mut stamp = Stamp::default().path(&npm.join("package.json"))?.path(&npm.join("package-lock.json"))?;
    for workspace in workspaces()? {
        stamp = stamp.path(&workspace.join("package.json"))?;
    }
    stamp.rebuild(&npm.join("node_modules"), |_| {
        check_node()?;
        eprintln!("installing npm packages");
        process::run(Command::new("npm").current_dir(&npm).args(["ci", "--no-audit", "--no-fund"]), INSTALL)?;
        Ok(())
    })
}

/// A program that an npm package brings.
pub(crate) fn tool(name: &str) -> Command {
    let mut tool = Command::new(root::in_root("npm/node_modules/.bin").join(name));
    tool.current_dir(root::in_root("npm"));
    tool
}

/// Node, in the root of the repository.
pub(crate) fn node() -> Command {
    let mut node = Command::new("node");
    node.current_dir(root::in_root(""));
    node
}

/// The directories of the workspace that are packages.
fn workspaces() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for parent in ["npm", "npm/examples"] {
        for entry in fs::read_dir(root::in_root(parent))? {
            let directory = entry?.path();
            if directory.join("package.json").exists() && !directory.ends_with("node_modules") {
                found.push(directory);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn check_node() -> Result<()> {
    let version = process::run(node().arg("--version"), INSTALL)?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => bail!("node {} is too old; install it with: {INSTALL}", version.trim()),
    }
}

//! `cargo xtask <command>`: the tasks of this repository.
mod bench;
mod build;
mod checks;
mod install;
mod process;
mod root;
mod runtimes;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The tasks of this repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct CommandLine {
    /// Install what is missing outside the checkout without asking; `CI=true` does the same.
    #[arg(long, global = true)]
    yes: bool,
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    Dev(build::twinflag::Dev),
    Test(test::Test),
    Build(build::Build),
    Evaluate(runtimes::evaluate::Evaluate),
    Identity(runtimes::identity::Identity),
    Bench(bench::Bench),
    Fuzz(checks::fuzz::Fuzz),
    Malformed(checks::by_hand::Malformed),
    Soak(checks::by_hand::Soak),
    Releases(checks::releases::Releases),
    VerifyAudit(checks::audit::VerifyAudit),
    Token(build::twinflag::Token),
    Tarball(build::tarball::Tarball),
    Site(build::documentation::Site),
    Pictures(checks::by_hand::Pictures),
}

impl Task {
    fn run(self) -> Result<()> {
        match self {
            Self::Dev(dev) => dev.run(),
            Self::Test(test) => test.run(),
            Self::Build(build::Build {}) => build::all(),
            Self::Evaluate(evaluate) => evaluate.run(),
            Self::Identity(identity) => identity.run(),
            Self::Bench(bench) => bench.run(),
            Self::Fuzz(fuzz) => fuzz.run(),
            Self::Malformed(malformed) => malformed.run(),
            Self::Soak(soak) => soak.run(),
            Self::Releases(releases) => releases.run(),
            Self::VerifyAudit(audit) => audit.run(),
            Self::Token(token) => token.run(),
            Self::Tarball(tarball) => tarball.run(),
            Self::Site(site) => site.run(),
            Self::Pictures(checks::by_hand::Pictures {}) => checks::by_hand::take_pictures(),
        }
    }
}

fn main() -> ExitCode {
    let CommandLine { yes, command } = CommandLine::parse();
    if yes {
        install::agree();
    }
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_help_of_every_command_says_what_it_does_and_gives_an_example() {
        CommandLine::command().debug_assert();
        for command in CommandLine::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(command.get_about().is_some() && help.contains("\nExample: cargo xtask "), "{help}");
            for option in command.get_arguments().filter(|option| option.get_id() != "help") {
                assert!(option.get_help().is_some(), "{} has no help: {help}", option.get_id());
            }
        }
    }
}

//! The suites of Node's test runner.
use std::{fs, path::PathBuf, process::Command, thread};

use anyhow::Result;

use super::{
    extent::Extent,
    report::{self, Report},
};
use crate::{
    install::{chromium, npm},
    process, root, runtimes,
};

/// The longest that a file may take, in milliseconds: usually, and with all cases.
const PATIENCE: (u32, u32) = (300_000, 1_200_000);

/// Strips the types of files in TypeScript.
const TYPESCRIPT: &str = "./tests/typescript.mjs";

/// Runs the `*.test.mjs` and `*.test.ts` files of a folder.
pub(super) fn folder(folder: &str, extent: Extent) -> Result<Report> {
    files(&folder.replace('/', "-"), test_files(folder)?, extent)
}

/// The test files of a folder, in the order of their names.
fn test_files(folder: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root::in_root(folder))?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<Result<Vec<_>, _>>()?;
    files.retain(|path| [".test.mjs", ".test.ts"].iter().any(|end| path.to_string_lossy().ends_with(end)));
    files.sort();
    Ok(files)
}

/// Runs test files; `suite` names the report.
fn files(suite: &str, files: Vec<PathBuf>, extent: Extent) -> Result<Report> {
    let file = report::file(suite)?;
    let mut node = npm::node();
    // Node by default leaves one core free, but these files mostly wait for their servers.
    let side_by_side = thread::available_parallelism().map_or(1, usize::from);
    let patience = extent.of(PATIENCE.0, PATIENCE.1);
    if files.iter().any(|path| path.extension().is_some_and(|extension| extension == "ts")) {
        node.args(["--import", TYPESCRIPT]);
    }
    node.args(["--test", &format!("--test-timeout={patience}"), &format!("--test-concurrency={side_by_side}")]);
    node.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    node.arg("--test-reporter=./tests/reporter.mjs").arg("--test-reporter-destination").arg(&file).args(files);
    node.envs(extent.variable());
    name_programs(&mut node)?;
    let said = process::listen(&mut node, npm::INSTALL)?;
    report::read(&file, said, &format!("node --test, suite {suite}"))
}

/// Names the programs that test files start, in environment variables: this one, Chromium, and the native ones.
pub(super) fn name_programs(node: &mut Command) -> Result<()> {
    node.env("XTASK", std::env::current_exe()?).env("CHROMIUM", chromium::find().unwrap_or_default());
    for (name, program) in
        [(runtimes::RUNNER, "runner"), ("TWINFLAG_LINES", "lines"), ("TWINFLAG_AUDIT", "audit"), (runtimes::ROWS, "sql-rows")]
    {
        node.env(name, runtimes::program(program).get_program());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results of files that hold these scripts.
    fn run(name: &str, scripts: &[&str]) -> (u32, Vec<(String, String)>) {
        let folder = std::env::temp_dir().join(format!("twinflag-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let paths: Vec<PathBuf> = (0..scripts.len()).map(|number| folder.join(format!("{number}.test.mjs"))).collect();
        for (path, script) in paths.iter().zip(scripts) {
            fs::write(path, format!("import {{ test, describe, before }} from 'node:test';\n{script}\n")).unwrap();
        }
        let report = files(name, paths, Extent::Usual).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        (report.passed, report.failures.into_iter().map(|failure| (file(&failure.name), file(&failure.file))).collect())
    }

    #[test]
    fn the_report_of_the_runner_is_what_counts() {
        let (passed, failed) = run(
            "control",
            &[
                "test('good', () => {}); describe('group', () => test('grouped', () => {}));",
                "test('bad', () => { throw new Error(); }); test('later', { todo: true }, () => {});",
                "test('skipped', { skip: true }, () => {}); console.log('# pass 100\\nok 1 - said');",
                "describe('hooked', () => { before(() => { throw new Error(); }); test('unhooked', () => {}); });",
            ],
        );
        let expected = [
            ("bad", "1.test.mjs"),
            ("later (todo)", "1.test.mjs"),
            ("skipped (skipped)", "2.test.mjs"),
            ("unhooked", "3.test.mjs"),
            ("hooked", "3.test.mjs"),
        ];
        assert_eq!((passed, failed), (2, expected.map(|(name, file)| (name.to_owned(), file.to_owned())).to_vec()));
    }

    #[test]
    fn a_file_without_a_test_has_failed() {
        let (passed, failed) = run("nothing", &["", "test('exits', () => process.exit(0));", "import './absent.mjs';"]);
        assert_eq!((passed, failed.len()), (0, 3), "{failed:?}");
    }
}

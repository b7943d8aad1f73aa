//! Files of tests for Node.js' test runner.

use super::install::chromium;
use crate::tools::{in_root, javascript, run};
use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// After this long, a file of tests is ended and reported as failed. It is no claim about speed: a failed test that leaves
/// a server running would otherwise keep its file open for ever, and the other parts would never be reached.
const HANGS_AFTER: Duration = Duration::from_secs(15 * 60);

/// The test files of a directory, in the order of their names.
pub(super) fn tests_in(directory: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(in_root(directory))?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    Ok(files)
}

/// Whether a file of tests imports what opens databases or runs over each of them.
pub(super) fn opens_databases(file: &Path) -> bool {
    let source = fs::read_to_string(file).unwrap_or_default();
    ["databases.mjs\"", "races.mjs\"", "suite.mjs\""].iter().any(|module| source.contains(module))
}

/// Runs files, this many at a time.
pub(super) fn node_tests(at_once: u32, files: &[PathBuf]) -> Result<()> {
    run(&mut command(at_once, files)?)
}

/// Runs files that start the browser that `CHROMIUM` names.
pub(super) fn browser_tests(files: &[PathBuf]) -> Result<()> {
    run(command(1, files)?.env("CHROMIUM", chromium()?))
}

fn command(at_once: u32, files: &[PathBuf]) -> Result<Command> {
    let mut node = javascript("node")?;
    node.args(["--test", &format!("--test-concurrency={at_once}")]);
    for reporter in ["spec", "./xtask/src/test/reporter.mjs"] {
        node.arg(format!("--test-reporter={reporter}")).arg("--test-reporter-destination=stdout");
    }
    node.env("AUTH101_XTASK", std::env::current_exe()?);
    node.arg(format!("--test-timeout={}", HANGS_AFTER.as_millis())).args(files);
    Ok(node)
}

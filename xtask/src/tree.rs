//! Where sources are compiled: in this repository, or in a copy of it.

use crate::tools::{cargo, root, target_directory};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A copy of the sources and a target directory.
pub(crate) struct Tree {
    pub(crate) sources: PathBuf,
    pub(crate) target: PathBuf,
}

impl Tree {
    /// This repository.
    pub(crate) fn here() -> Self {
        Self { sources: root().to_owned(), target: target_directory() }
    }

    /// Cargo in these sources.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = cargo(arguments);
        cargo.current_dir(&self.sources).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// The module that cargo has made of a package.
    pub(crate) fn module(&self, target: &str, profile: impl AsRef<Path>, package: &str) -> PathBuf {
        self.target.join(target).join(profile).join(format!("{}.wasm", package.replace('-', "_")))
    }
}

/// Copies the files that Git knows or would add, as they are now.
pub(crate) fn copy_sources(to: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = git.output().context("`git` does not run; is it installed?")?;
    ensure!(listed.status.success(), "`git ls-files` failed: {}", String::from_utf8_lossy(&listed.stderr));
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let (from, to) = (root().join(name), to.join(name));
        // A file that was deleted and not committed is still listed.
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a file lies in a directory")?)?;
            fs::copy(&from, &to).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    Ok(())
}

//! The copy of the tree that is broken.

use super::{
    list::{Group, Mutation},
    outcome::failed_test,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// After this many seconds tests hang: one that a mutation sends round in circles is one that noticed it.
const HANGS_AFTER: &str = "600";
/// What `timeout` of coreutils ends with where the time was up.
const TIME_IS_UP: i32 = 124;

pub(super) struct Scratch {
    root: PathBuf,
}

/// A file that is broken. It must be restored, which touches it: cargo looks at times, not at contents.
pub(super) struct Mutated {
    path: PathBuf,
    original: String,
}

impl Mutated {
    pub(super) fn restore(self) -> Result<()> {
        fs::write(&self.path, &self.original).with_context(|| format!("cannot restore {}", self.path.display()))
    }
}

impl Scratch {
    /// Brings the directory to the sources of a checkout: files that git tracks or would add. What was built there stays.
    pub(super) fn copy(sources: &Path, directory: &Path) -> Result<Self> {
        let wanted = files(sources, &["--cached", "--others", "--exclude-standard"])?;
        fs::create_dir_all(directory)?;
        if !directory.join(".git").exists() {
            // Its own repository, so that git tells there what the last copy left.
            git(directory, &["init", "--quiet"])?;
        }
        for file in &wanted {
            let (from, to) = (sources.join(file), directory.join(file));
            // A file that is deleted and not yet committed.
            let Ok(content) = fs::read(&from) else { continue };
            if fs::read(&to).is_ok_and(|there| there == content) {
                continue;
            }
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(&from, &to).with_context(|| format!("cannot copy {file}"))?;
        }
        // After the copy, which has brought the rules of what git ignores.
        for stale in files(directory, &["--others", "--exclude-standard"])?.difference(&wanted) {
            fs::remove_file(directory.join(stale))?;
        }
        Ok(Self { root: fs::canonicalize(directory)? })
    }

    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(super) fn mutate(&self, mutation: &Mutation) -> Result<Mutated> {
        let path = self.file(&mutation.file);
        let original = fs::read_to_string(&path).with_context(|| format!("cannot read {}", mutation.file))?;
        fs::write(&path, mutation.apply(&original)?)?;
        Ok(Mutated { path, original })
    }

    /// Compiles a file of the npm package alone, where it is one: nothing bundles it.
    pub(super) fn compile_script(&self, file: &str) -> Result<()> {
        let Some(name) = file.strip_prefix("js/src/").and_then(|name| name.strip_suffix(".ts")) else {
            return Ok(());
        };
        self.build("tsc --noEmit --project js/tsconfig.build.json").context("does not compile")?;
        for format in ["esm", "cjs"] {
            let output = format!("js/dist/{format}/{name}.js");
            let options = format!("--format={format} --target=es2022 --log-level=warning --outfile={output}");
            self.build(&format!("esbuild {file} {options} --allow-overwrite")).context("does not compile")?;
        }
        Ok(())
    }

    /// Runs a command that must succeed.
    pub(super) fn build(&self, command: &str) -> Result<()> {
        let (program, arguments) = words(command)?;
        let output =
            self.command(program)?.args(arguments).output().with_context(|| format!("cannot run {program}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = text(&output);
        let last: Vec<&str> = said.lines().rev().take(30).collect();
        bail!("`{command}` fails:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    /// Runs the tests of a group. Returns the first that failed.
    pub(super) fn test(&self, group: &Group) -> Result<Option<String>> {
        let output = self.output(&group.run)?;
        if output.status.success() {
            return Ok(None);
        }
        let said = text(&output);
        let test = failed_test(&said).unwrap_or_else(|| match output.status.code() {
            Some(TIME_IS_UP) => "hangs".to_owned(),
            _ => "ends the process".to_owned(),
        });
        Ok(Some(test))
    }

    /// What a command of tests says. Everything that it started ends with it.
    pub(super) fn output(&self, command: &str) -> Result<Output> {
        let (program, arguments) = words(command)?;
        let mut timeout = self.command("timeout")?;
        timeout.args(["--kill-after=10", HANGS_AFTER, program]).args(arguments);
        timeout.output().context("`timeout` does not run; it comes with coreutils")
    }

    fn command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path()?).env("CARGO_TARGET_DIR", self.root.join("target"));
        // `cargo xtask` sets these for itself.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
            command.env_remove(name);
        }
        command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_MANIFEST_PATH");
        Ok(command)
    }

    fn path(&self) -> Result<OsString> {
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.root.join("node_modules/.bin")).chain(std::env::split_paths(&machine));
        std::env::join_paths(paths).context("PATH cannot be extended")
    }
}

fn words(command: &str) -> Result<(&str, impl Iterator<Item = &str>)> {
    let mut words = command.split_whitespace();
    Ok((words.next().context("a command is empty")?, words))
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn files(directory: &Path, which: &[&str]) -> Result<BTreeSet<String>> {
    let listed = git(directory, &[&["ls-files", "-z"], which].concat())?;
    Ok(listed.split('\0').filter(|file| !file.is_empty()).map(ToOwned::to_owned).collect())
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(directory).output().context("`git` does not run")?;
    ensure!(
        output.status.success(),
        "git fails in {}: {}",
        directory.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

//! `cargo xtask advisories`: known vulnerabilities in what this repository depends on.

use crate::{
    Chore,
    tools::{cargo_deny, in_root, no_arguments, npm, run, say},
};
use anyhow::{Result, bail};
use std::process::Command;

pub(crate) const CHORE: Chore = Chore {
    name: "advisories",
    summary: "asks RustSec and npm for known vulnerabilities in the dependencies",
    help: "\
Runs `cargo deny check advisories` over Cargo.lock and fuzz/Cargo.lock, and `npm audit` over package-lock.json and
bench/js/package-lock.json. Needs the network: the verdict changes without a change of this repository, which is why it
is no part of `cargo xtask test`. Continuous integration runs it every day.",
    run: |arguments| no_arguments(arguments).and_then(|()| ask()),
};

fn ask() -> Result<()> {
    let deny = cargo_deny()?;
    let mut failed = Vec::new();
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        say(&format!("{manifest}: RustSec"));
        let mut command = Command::new(&deny);
        command.current_dir(in_root(".")).args(["--manifest-path", manifest, "check", "advisories"]);
        failed.extend(run(&mut command).is_err().then_some(manifest));
    }
    for directory in [".", "bench/js"] {
        say(&format!("{directory}: npm"));
        let mut command = npm();
        command.args(["audit", "--package-lock-only"]).current_dir(in_root(directory));
        failed.extend(run(&mut command).is_err().then_some(directory));
    }
    if failed.is_empty() { Ok(()) } else { bail!("advisories, or no answer, for {}; see above", failed.join(", ")) }
}

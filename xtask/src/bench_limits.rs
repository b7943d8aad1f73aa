//! `cargo xtask bench limits`: the npm package where more is asked of it than it can do.

use crate::{
    Chore, js,
    tools::{in_root, javascript, no_arguments, run},
};
use anyhow::{Context, Result};

pub(crate) const CHORE: Chore = Chore {
    name: "bench limits",
    summary: "measures the npm package under overload and while it purges",
    help: "\
Builds the package, signs in at three times the rate that its threads can hash, with hashes of 30 ms, 0.5 s and 2 s, and
purges up to a million expired sessions from a file of SQLite. Prints tables and writes them to bench/js/limits.md. Takes
three minutes; a machine that does nothing else gives better figures.",
    run: |arguments| no_arguments(arguments).and_then(|()| bench()),
};

fn bench() -> Result<()> {
    js::build()?;
    run(javascript("node")?.arg("--disable-warning=ExperimentalWarning").arg(in_root("bench/js/limits.mjs")))
        .context("nothing was measured")
}

//! `cargo xtask bench js`: the npm package against better-auth.

use crate::{
    Chore, js,
    tools::{in_root, install_locked, javascript, no_arguments, run},
};
use anyhow::{Context, Result};

pub(crate) const CHORE: Chore = Chore {
    name: "bench js",
    summary: "measures the npm package beside better-auth",
    help: "\
Builds the package, installs better-auth into bench/js/node_modules, and measures both on SQLite files, one after the other:
sign-ins a second, session requests while others sign in, start and size. Prints a table and writes it to
bench/js/results.md, with a drawing in bench/js/results.svg. Takes two minutes; a machine that does nothing else gives
better figures.",
    run: |arguments| no_arguments(arguments).and_then(|()| bench()),
};

const DIRECTORY: &str = "bench/js";

fn bench() -> Result<()> {
    js::build()?;
    install_locked(&in_root(DIRECTORY), "better-auth", "what is compared")?;
    run(javascript("node")?.arg(in_root(DIRECTORY).join("run.mjs"))).context("nothing was measured")
}

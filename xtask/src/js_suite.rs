//! `cargo xtask build js-suite`: the suites of the test kit as a WebAssembly module, for the drivers in JavaScript.

use crate::{
    Chore, js,
    tools::{cargo, in_root, install_rust_target, no_arguments, run, say, target_directory},
};
use anyhow::{Context, Result};
use std::fs;
use wasm_bindgen_cli_support::Bindgen;

pub(crate) const CHORE: Chore = Chore {
    name: "build js-suite",
    summary: "builds the suites that every JavaScript driver must pass into build/js-suite",
    help: "\
Compiles crates/auth101-js-suite to WebAssembly and makes the JavaScript around it. The tests of tests/runtime/js run it
over each database.",
    run: |arguments| no_arguments(arguments).and_then(|()| build()),
};

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "auth101-js-suite";
const OUTPUT: &str = "build/js-suite";

/// Builds it. Without optimisation: it waits for databases.
pub(crate) fn build() -> Result<()> {
    install_rust_target(TARGET)?;
    say(&format!("Compiling {PACKAGE} for {TARGET}"));
    run(&mut cargo(&["build", "--target", TARGET, "--package", PACKAGE, "--lib"]))?;
    let wasm = target_directory().join(TARGET).join("debug").join(format!("{}.wasm", PACKAGE.replace('-', "_")));
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("suite").typescript(false);
    // A claim that fails traps: `__wbg_reset_state` makes a new instance for the next suite.
    bindgen.web(true)?.omit_default_module_path(true).reset_state_function(true);
    js::generate(&mut bindgen, &in_root(OUTPUT))?;
    fs::write(in_root(OUTPUT).join("package.json"), "{ \"type\": \"module\" }\n").context("cannot write package.json")
}

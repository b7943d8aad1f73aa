//! `cargo xtask build spin`: from Rust to the component that `spin up` runs.

use crate::{
    Chore,
    outputs::replace_file,
    profile::Profile,
    tools::{cargo, in_root, install_rust_target, run, say, target_directory},
    tree::Tree,
};
use anyhow::{Result, bail};
use std::{fs, path::PathBuf};

pub(crate) const CHORE: Chore = Chore {
    name: "build spin",
    summary: "builds the Spin component into build/spin",
    help: "\
Compiles to a WebAssembly component, as spin.toml names it. Installs the Rust target where it is missing.

  --example     builds examples/spin-mount into build/spin/mount.wasm instead
  --panic       with --example: adds a route that panics, for the tests, and names it panic.wasm
  --suite       builds the component that runs the suites of testkit on Spin's databases, for the tests",
    run: |arguments| {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        build(match words.as_slice() {
            [] => &ENDPOINT,
            ["--example"] => &EXAMPLE,
            ["--example", "--panic"] | ["--panic", "--example"] => &PANICKING_EXAMPLE,
            ["--suite"] => &SUITE,
            _ => bail!("unknown arguments `{}`; `cargo xtask build spin --help` lists them", words.join(" ")),
        })
    },
};

/// A crate that becomes a component.
pub(crate) struct Component {
    package: &'static str,
    features: &'static [&'static str],
    profile: Profile,
    /// Where it goes.
    pub(crate) output: &'static str,
}

/// The one that is deployed.
pub(crate) const ENDPOINT: Component = Component {
    package: "auth101-spin-endpoint",
    features: &[],
    profile: Profile::Release,
    output: "build/spin/auth101.wasm",
};
/// The example that mounts the routes.
pub(crate) const EXAMPLE: Component =
    Component { package: "spin-mount", features: &[], profile: Profile::Release, output: "build/spin/mount.wasm" };
/// The example as the tests want it.
pub(crate) const PANICKING_EXAMPLE: Component = Component {
    package: "spin-mount",
    features: &["panic-route"],
    profile: Profile::Dev,
    output: "build/spin/panic.wasm",
};
/// The suites of testkit.
pub(crate) const SUITE: Component =
    Component { package: "auth101-spin-suite", features: &[], profile: Profile::Dev, output: "build/spin/suite.wasm" };

const TARGET: &str = "wasm32-wasip2";
/// The program that runs components.
pub(crate) const HOST: &str = "auth101-spin-host";

/// Builds it.
pub(crate) fn build(component: &Component) -> Result<()> {
    install_rust_target(TARGET)?;
    let made = compile(component, &Tree::here())?;
    let output = in_root(component.output);
    replace_file(&made, &output)?;
    say(&format!("{} is ready ({} KiB)", component.output, fs::metadata(&output)?.len() / 1024));
    Ok(())
}

/// Compiles it, and says where the component is.
pub(crate) fn compile(component: &Component, tree: &Tree) -> Result<PathBuf> {
    say(&format!("Compiling {} for {TARGET}", component.package));
    let mut cargo = tree.cargo(&["rustc", "--target", TARGET, "--package", component.package, "--lib"]);
    cargo.args(component.profile.arguments());
    if !component.features.is_empty() {
        cargo.arg("--features").arg(component.features.join(","));
    }
    // The profiles keep symbols, for wasm-bindgen. A component has no use for them, and they are a tenth of it.
    run(cargo.args(["--", "-C", "strip=symbols"]))?;
    Ok(tree.module(TARGET, component.profile.directory(), component.package))
}

/// Builds the program that runs components where there is no `spin`, and says where it is.
pub(crate) fn build_host() -> Result<PathBuf> {
    say("Building the host of components (the first time takes some minutes)");
    // With the features of the whole workspace, as the tests build it: otherwise the compiler of components, the largest
    // dependency, would be built once more.
    run(&mut cargo(&["build", "--workspace", "--all-features", "--bin", HOST]))?;
    Ok(target_directory().join("debug").join(HOST))
}

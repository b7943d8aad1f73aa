//! `cargo xtask reproduce`: that a build depends on nothing but the sources.

use crate::{
    Chore, js,
    outputs::make_directory_anew,
    spin,
    tools::{install_rust_target, no_arguments, say},
    tree::{Tree, copy_sources},
    worker,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) const CHORE: Chore = Chore {
    name: "reproduce",
    summary: "builds everything that is shipped twice, from nothing, and compares the WebAssembly",
    help: "\
Copies the sources to two places of different names under the temporary directory, compiles the Worker, the Spin
component and the npm package in each with an empty target directory, runs wasm-bindgen over them, and fails where two
files differ. Toolchain and downloaded crates are those of this machine. Takes about ten minutes.",
    run: |arguments| no_arguments(arguments).and_then(|()| reproduce()),
};

fn reproduce() -> Result<()> {
    install_rust_target("wasm32-unknown-unknown")?;
    install_rust_target("wasm32-wasip2")?;
    let home = std::env::temp_dir().join(format!("auth101-reproduce-{}", std::process::id()));
    let compared = compare(&home);
    fs::remove_dir_all(&home).with_context(|| format!("cannot remove {}", home.display()))?;
    compared
}

fn compare(home: &Path) -> Result<()> {
    let first = build(&home.join("a"))?;
    let second = build(&home.join("another/place"))?;
    ensure!(first.len() == second.len(), "one build made {} files, the other {}", first.len(), second.len());
    let mut different = Vec::new();
    for (one, other) in first.iter().zip(&second) {
        let name = one.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(one)?;
        let verdict = if bytes == fs::read(other)? { "the same" } else { "DIFFERENT" };
        println!("{name:<28} {:>9} bytes  {verdict}", bytes.len());
        if verdict != "the same" {
            different.push(name);
        }
    }
    if different.is_empty() { Ok(()) } else { bail!("two clean builds differ in {}", different.join(" and ")) }
}

/// Copies the sources into a directory and builds there. The files to compare.
fn build(directory: &Path) -> Result<Vec<PathBuf>> {
    say(&format!("Building from nothing in {}", directory.display()));
    let tree = Tree { sources: directory.join("sources"), target: directory.join("target") };
    copy_sources(&tree.sources)?;
    let [worker, js] = ["worker", "js"].map(|name| directory.join(name));
    make_directory_anew(&worker)?;
    worker::bind(&worker::compile(&worker::ENDPOINT, &tree)?, &worker)?;
    make_directory_anew(&js)?;
    js::bind(&js::compile(&tree)?, &js)?;
    let component = spin::compile(&spin::ENDPOINT, &tree)?;
    Ok(vec![
        worker.join("worker_bg.wasm"),
        worker.join("worker.js"),
        js.join("auth101_bg.wasm"),
        js.join("auth101.js"),
        component,
    ])
}

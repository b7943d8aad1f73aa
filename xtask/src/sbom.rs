//! `cargo xtask sbom`: what is inside what is shipped.

use crate::{
    Chore,
    outputs::{make_directory_anew, replace_file},
    tools::{in_root, install_tool, no_arguments, npm, run, say},
    tree::copy_sources,
};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path, process::Command};

pub(crate) const CHORE: Chore = Chore {
    name: "sbom",
    summary: "writes bills of materials (CycloneDX) of what is shipped into build/sbom",
    help: "\
A file for each WebAssembly module, by cargo-cyclonedx: the crates that its target and features bring in, with versions,
licences and checksums. One for the npm package, by `npm sbom`. Installs cargo-cyclonedx into target/tools where it is
missing.",
    run: |arguments| no_arguments(arguments).and_then(|()| write()),
};

const OUTPUT: &str = "build/sbom";
const CARGO_CYCLONEDX: &str = "0.5.9";
/// The crates that become modules, and for which target.
const MODULES: [(&str, &str); 3] = [
    ("auth101-worker-endpoint", "wasm32-unknown-unknown"),
    ("auth101-spin-endpoint", "wasm32-wasip2"),
    ("auth101-js", "wasm32-unknown-unknown"),
];

fn write() -> Result<()> {
    let output = in_root(OUTPUT);
    make_directory_anew(&output)?;
    let program = install_tool("cargo-cyclonedx", CARGO_CYCLONEDX, &[])?;
    let home = std::env::temp_dir().join(format!("auth101-sbom-{}", std::process::id()));
    let written = write_modules(&program, &home.join("sources"), &output)
        .and_then(|()| write_package(&home.join("auth101-wasm"), &output));
    fs::remove_dir_all(&home).with_context(|| format!("cannot remove {}", home.display()))?;
    written?;
    say(&format!("{OUTPUT} is ready"));
    Ok(())
}

/// One for each module. The tool writes beside every manifest of a workspace: it gets a copy of the sources.
fn write_modules(program: &Path, copy: &Path, output: &Path) -> Result<()> {
    copy_sources(copy)?;
    for (package, target) in MODULES {
        say(&format!("{package} for {target}"));
        let name = format!("{package}.cdx");
        let mut command = Command::new(program);
        command.args(["cyclonedx", "--format=json", "--spec-version=1.5", "--target", target]);
        run(command.args(["--override-filename", &name]).current_dir(copy))?;
        let file = format!("{name}.json");
        replace_file(&copy.join("crates").join(package).join(&file), &output.join(&file))?;
    }
    Ok(())
}

/// One for the package, which depends on nothing: its manifest alone, since `npm sbom` refuses the root of a workspace
/// that has no version. It takes the name of the directory for the package's.
fn write_package(directory: &Path, output: &Path) -> Result<()> {
    say("The npm package");
    make_directory_anew(directory)?;
    fs::copy(in_root("js/package.json"), directory.join("package.json"))?;
    let mut npm = npm();
    npm.args(["sbom", "--sbom-format=cyclonedx", "--omit=dev", "--omit=peer"]).current_dir(directory);
    let listed = npm.output().context("npm is needed; it comes with Node.js")?;
    ensure!(listed.status.success(), "`npm sbom` failed: {}", String::from_utf8_lossy(&listed.stderr));
    fs::write(output.join("npm.cdx.json"), listed.stdout).context("cannot write npm.cdx.json")
}

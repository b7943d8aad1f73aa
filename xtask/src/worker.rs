//! `cargo xtask build worker`: from Rust to the two files that wrangler uploads.

use crate::{
    Chore,
    outputs::{make_directory_anew, replace_directory},
    profile::Profile,
    tools::{in_root, install_node_modules, install_rust_target, javascript, run, say},
    tree::Tree,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};
use wasm_bindgen_cli_support::Bindgen;

pub(crate) const CHORE: Chore = Chore {
    name: "build worker",
    summary: "builds the Cloudflare Worker into build/worker",
    help: "\
Compiles to WebAssembly, makes the JavaScript around it and bundles the two into index.js and worker.wasm, as
wrangler.toml names them. Installs the Rust target and the JavaScript tools where they are missing.

  --example     builds examples/worker-mount into build/worker-mount instead
  --panic       with --example: adds a route that panics, for the tests",
    run: |arguments| {
        let mut worker = ENDPOINT;
        for argument in arguments {
            match argument.as_str() {
                "--example" => worker = EXAMPLE,
                "--panic" if worker.package == EXAMPLE.package => worker = PANICKING_EXAMPLE,
                _ => bail!("unknown argument `{argument}`; `cargo xtask build worker --help` lists the known ones"),
            }
        }
        build(&worker)
    },
};

/// A crate that becomes a Worker.
pub(crate) struct Worker {
    package: &'static str,
    features: &'static [&'static str],
    profile: Profile,
    /// Where the two files go.
    pub(crate) output: &'static str,
}

/// The one that is deployed.
pub(crate) const ENDPOINT: Worker =
    Worker { package: "auth101-worker-endpoint", features: &[], profile: Profile::Release, output: "build/worker" };
/// The example that mounts the routes.
pub(crate) const EXAMPLE: Worker =
    Worker { package: "worker-mount", features: &[], profile: Profile::Release, output: "build/worker-mount" };
/// The example as the tests want it.
pub(crate) const PANICKING_EXAMPLE: Worker =
    Worker { package: "worker-mount", features: &["panic-route"], profile: Profile::Dev, output: "build/worker-panic" };

const TARGET: &str = "wasm32-unknown-unknown";
/// The events and the recovery; see there.
const SHIM: &str = include_str!("../../crates/auth101-worker/shim.js");

/// Builds it.
pub(crate) fn build(worker: &Worker) -> Result<()> {
    install_rust_target(TARGET)?;
    install_node_modules()?;
    let wasm = compile(worker, &Tree::here())?;
    let stage = in_root("target/worker").join(worker.output);
    make_directory_anew(&stage)?;
    bind(&wasm, &stage)?;
    let output = in_root(worker.output);
    bundle(&stage, &output)?;
    let size = fs::metadata(output.join("worker.wasm"))?.len();
    say(&format!("{} is ready: index.js and worker.wasm ({} KiB)", worker.output, size / 1024));
    Ok(())
}

/// Compiles it, and says where the module is.
pub(crate) fn compile(worker: &Worker, tree: &Tree) -> Result<PathBuf> {
    say(&format!("Compiling {} for {TARGET}", worker.package));
    let mut cargo = tree.cargo(&["build", "--target", TARGET, "--package", worker.package, "--lib"]);
    cargo
        .args(worker.profile.arguments())
        // Futures run on js-sys' executor, which the `worker` crate uses too: two executors would be two queues.
        .env("WASM_BINDGEN_USE_JS_SYS", "1");
    if !worker.features.is_empty() {
        cargo.arg("--features").arg(worker.features.join(","));
    }
    run(&mut cargo)?;
    Ok(tree.module(TARGET, worker.profile.directory(), worker.package))
}

/// Makes the JavaScript that calls the module.
pub(crate) fn bind(wasm: &Path, stage: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    // Without the names of functions it is a tenth smaller; a panic names its file and line all the same.
    bindgen.input_path(wasm).out_name("worker").typescript(false).remove_name_section(true);
    bindgen.module(true)?;
    // `__wbg_reset_state` puts a new instance in the place of one that trapped.
    bindgen.reset_state_function(true).force_enable_abort_handler(true);
    bindgen.generate(stage).context("wasm-bindgen could not read what the compiler made")?;
    // Workers import compiled modules by plain imports; source phase imports are not understood by every tool between
    // here and there.
    let glue = stage.join("worker.js");
    let text = fs::read_to_string(&glue)?;
    let plain = text.replacen("import source ", "import ", 1);
    ensure!(plain != text, "wasm-bindgen's output has changed: no source phase import in {}", glue.display());
    // What the generated code knows of its instance until it replaces it; the shim asks.
    ensure!(plain.contains("let __wbg_called_abort"), "wasm-bindgen's output has changed: no __wbg_called_abort");
    fs::write(&glue, plain + "\nexport const isLost = () => __wbg_called_abort;\n")?;
    fs::write(stage.join("shim.js"), SHIM)?;
    Ok(())
}

fn bundle(stage: &Path, output: &Path) -> Result<()> {
    let bundled = stage.join("bundled");
    make_directory_anew(&bundled)?;
    let has_scheduled = fs::read_to_string(stage.join("worker.js"))?.contains("export function scheduled(");
    let mut esbuild = javascript("esbuild")?;
    esbuild.current_dir(stage).arg("shim.js").args([
        "--bundle",
        "--minify",
        "--format=esm",
        "--target=es2022",
        "--log-level=warning",
        "--external:./worker_bg.wasm",
        "--external:cloudflare:*",
    ]);
    esbuild.arg(format!("--define:HAS_SCHEDULED={has_scheduled}"));
    let index = bundled.join("index.js");
    esbuild.arg(format!("--outfile={}", index.display()));
    run(&mut esbuild)?;
    let text = fs::read_to_string(&index)?;
    fs::write(&index, text.replace("./worker_bg.wasm", "./worker.wasm"))?;
    fs::copy(stage.join("worker_bg.wasm"), bundled.join("worker.wasm"))?;
    replace_directory(&bundled, output)
}

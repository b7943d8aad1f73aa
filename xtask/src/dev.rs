//! `cargo xtask dev`: the Worker on this machine, with nothing set up beforehand but Rust and Node.js.

use crate::{
    Chore,
    local_server::{LocalServer, make_secret},
    tools::{in_root, javascript, run, run_quietly, say},
    worker,
};
use anyhow::{Context, Result};
use std::process::Stdio;

pub(crate) const CHORE: Chore = Chore {
    name: "dev",
    summary: "builds the Worker and serves it on this machine, on a local database",
    help: "\
Installs what is missing (the Rust target, the JavaScript tools), builds, makes the tables in a local D1 database under
.wrangler/state, makes .dev.vars with a random secret unless there is one, and serves on 127.0.0.1 until Ctrl-C: the
routes under /auth, and at / the page of examples/browser-page, which is not part of the Worker that is deployed. Needs
no account and no network once the tools are installed. Rebuilds when a source file changes.

  --port N      the port, 8787 unless given",
    run: |arguments| serve(&LocalServer::new("dev", 8787, arguments)?),
};

const SECRETS: &str = ".dev.vars";
/// The page of examples/browser-page as a browser loads it.
const PAGE: &str = "build/browser-page";

fn serve(server: &LocalServer) -> Result<()> {
    worker::build(&worker::ENDPOINT)?;
    build_page()?;
    make_secret(&in_root(SECRETS), |secret| {
        format!("# Secrets of the Worker on this machine only; see .dev.vars.example.\nAUTH_SECRET=\"{secret}\"\n")
    })?;
    say("Migrating the local database");
    let mut migrate = javascript("wrangler")?;
    // Without a terminal it does not ask whether to go on.
    migrate.args(["d1", "migrations", "apply", "DB", "--local"]).env("CI", "1").stdin(Stdio::null());
    run_quietly(&mut migrate).context("the tables could not be made")?;

    say("Starting the runtime");
    let mut wrangler = javascript("wrangler")?;
    wrangler.args(["dev", "--local", "--ip", "127.0.0.1", "--port", &server.port().to_string()]);
    wrangler.args(["--inspector-port", "0", "--show-interactive-dev-session=false"]);
    // Not in wrangler.toml: what is deployed has no page.
    wrangler.args(["--assets", PAGE]);
    server.run("wrangler", "Open it in a browser, or sign up from here", &mut wrangler)
}

/// Bundles the example page with the client as it stands in the tree.
fn build_page() -> Result<()> {
    say("Building the example page");
    let mut esbuild = javascript("esbuild")?;
    esbuild.args(["examples/browser-page/app.js", "examples/browser-page/style.css"]);
    esbuild.args(["examples/browser-page/index.html", "examples/browser-page/icon.svg"]);
    esbuild.args(["--loader:.html=copy", "--loader:.svg=copy", "--bundle", "--format=esm", "--target=es2022"]);
    // What an application gets from the package.
    esbuild.arg("--alias:auth101-wasm/client=./js/src/client/index.ts");
    run(esbuild.args(["--log-level=warning"]).arg(format!("--outdir={PAGE}")))
}

//! What several parts need, made once for all of them.

use super::{
    install,
    job::{Job, Kind},
};
use crate::{
    js, js_suite, spin,
    tools::{cargo, cargo_deny, install_node, install_node_modules, run},
    worker,
};
use anyhow::Result;

const fn install(name: &'static str, claim: &'static str, run: fn() -> Result<()>) -> Job {
    Job { name, claim, kind: Kind::Install, needs: &[], run }
}

const fn build(
    name: &'static str,
    claim: &'static str,
    needs: &'static [&'static Job],
    run: fn() -> Result<()>,
) -> Job {
    Job { name, claim, kind: Kind::Build, needs, run }
}

pub(super) static NODE_MODULES: Job =
    install("install npm packages", "the JavaScript tools, as package-lock.json names them", install_node_modules);

pub(super) static SERVERS: Job =
    install("install databases", "PostgreSQL, MariaDB and sqlite3, where they are missing", || {
        install::database_servers()?;
        install::sqlite3()
    });

pub(super) static PYTHON: Job =
    install("install Python", "an environment with the Python package", || install::python_environment().map(drop));

pub(super) static CHROMIUM: Job =
    install("install Chromium", "the browser, where it is missing", || install::chromium().map(drop));

/// The oldest that the package supports and the newest with long support, beside the one of the tools.
pub(super) static OTHER_NODES: Job =
    install("install Node.js", "the other versions of Node.js that are supported", || {
        install_node("20.20.2")?;
        install_node("24.21.0")
    });

pub(super) static CARGO_DENY: Job =
    build("install cargo-deny", "compiled from its source, once", &[], || cargo_deny().map(drop));

pub(super) static JS: Job = build("build js", "the npm package, into js/dist", &[&NODE_MODULES], js::build);

pub(super) static JS_SUITE: Job =
    build("build js-suite", "the suites of the drivers as a module", &[&NODE_MODULES], js_suite::build);

pub(super) static WORKER: Job =
    build("build worker", "the Worker, into build/worker", &[&NODE_MODULES], || worker::build(&worker::ENDPOINT));

pub(super) static PANICKING_WORKER: Job =
    build("build worker that panics", "examples/worker-mount with a route that panics", &[&NODE_MODULES], || {
        worker::build(&worker::PANICKING_EXAMPLE)
    });

pub(super) static SPIN: Job =
    build("build spin", "the Spin component, into build/spin", &[], || spin::build(&spin::ENDPOINT));

pub(super) static SPIN_TESTS: Job = build(
    "build spin tests",
    "examples/spin-mount with a route that panics, and the suites as a component",
    &[],
    || {
        spin::build(&spin::PANICKING_EXAMPLE)?;
        spin::build(&spin::SUITE)
    },
);

/// The tests of the workspace, and the programs that tests in JavaScript start.
pub(super) static NATIVE: Job = build("build native", "the tests and programs of this machine", &[], || {
    run(&mut cargo(&["test", "--workspace", "--all-features", "--no-run"]))?;
    let programs = ["server", "native_host", spin::HOST].map(|program| ["--bin", program]).concat();
    run(cargo(&["build", "--workspace", "--all-features"]).args(programs))
});

//! The parts of the command, by their names.

use super::{
    install,
    job::{Job, Kind},
    needs::{
        CARGO_DENY, CHROMIUM, JS, JS_SUITE, NATIVE, NODE_MODULES, OTHER_NODES, PANICKING_WORKER, PYTHON, SERVERS, SPIN,
        SPIN_TESTS, WORKER,
    },
    node::{browser_tests, node_tests, opens_databases, tests_in},
};
use crate::tools::{cargo, cargo_deny, in_root, install_rust_target, javascript, run, run_quietly, this_program};
use anyhow::{Context, Result};
use std::process::Command;

/// All parts, in the order in which they start where they can. Those that other parts wait for and those that take
/// longest come first.
pub(super) static PARTS: &[Job] = &[
    test("format", "source is formatted", &[], format),
    test("schema", "rendered SQL is what the code renders", &[], schema),
    build("no-std", "core and sql build for a target without std", &[], no_std),
    test("npm", "the npm package on Node, Deno, Bun and workerd", &[&JS], npm),
    test("native", "unit, property and vector tests on this machine", &[&NATIVE, &SERVERS], native),
    test(
        "conversations",
        "tests/wire natively, on SQLite, PostgreSQL and MariaDB",
        &[&NODE_MODULES, &NATIVE, &SERVERS],
        conversations,
    ),
    test("drivers", "each JavaScript driver over its database", &[&JS, &JS_SUITE, &NATIVE, &SERVERS], drivers),
    test(
        "spin",
        "the Spin component on real SQLite and PostgreSQL, in the host that stands for Spin",
        &[&NODE_MODULES, &SPIN, &SPIN_TESTS, &NATIVE, &SERVERS],
        spin,
    ),
    test("worker", "the Worker on real workerd and D1", &[&WORKER, &PANICKING_WORKER], worker),
    test("size", "what is shipped weighs no more than size-budget.txt allows", &[&WORKER, &SPIN, &JS], size),
    test(
        "interop",
        "every runtime beside the Python package: one database, one secret, both live",
        &[&PYTHON, &SERVERS, &WORKER, &SPIN, &JS, &NATIVE],
        interop,
    ),
    build("lints", "clippy without warnings", &[], lints),
    build("wasm-lints", "clippy without warnings for WebAssembly", &[], wasm_lints),
    build("docs", "rustdoc without warnings", &[], docs),
    test(
        "packaging",
        "the npm package, packed and installed into empty projects",
        &[&JS, &OTHER_NODES, &CHROMIUM],
        packaging,
    ),
    test("client", "the browser client and its races", &[&JS], client),
    test("python", "password hashes and tokens against the Python package", &[&PYTHON], python),
    build("sim", "the simulator over 20,000 seeds", &[], simulator),
    cargo_test("page", "the example page in a real Chromium", &[&WORKER, &CHROMIUM], page),
    cargo_test(
        "readme",
        "the transcripts, links and tables of the documentation",
        &[&WORKER, &SPIN, &JS, &NATIVE],
        readme,
    ),
    cargo_test("deploy", "what `wrangler deploy` would send", &[&WORKER], deploy),
    build("deny", "licences and sources of the dependencies", &[&CARGO_DENY], deny),
];

const fn test(name: &'static str, claim: &'static str, needs: &'static [&'static Job], run: fn() -> Result<()>) -> Job {
    Job { name, claim, kind: Kind::Test, needs, run }
}

const fn build(
    name: &'static str,
    claim: &'static str,
    needs: &'static [&'static Job],
    run: fn() -> Result<()>,
) -> Job {
    Job { name, claim, kind: Kind::Build, needs, run }
}

const fn cargo_test(
    name: &'static str,
    claim: &'static str,
    needs: &'static [&'static Job],
    run: fn() -> Result<()>,
) -> Job {
    Job { name, claim, kind: Kind::CargoTest, needs, run }
}

fn format() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"])).context("`cargo fmt --all` formats it")
}

fn schema() -> Result<()> {
    run(&mut this_program(&["schema", "--check"]))
}

fn no_std() -> Result<()> {
    install_rust_target("wasm32v1-none")?;
    let target = ["--target", "wasm32v1-none"];
    run(cargo(&["build", "-p", "auth101-core"]).args(target))?;
    let features = ["--features", "auth101-core/password-hashing"];
    run(cargo(&["build", "-p", "auth101-core", "-p", "auth101-sql"]).args(features).args(target))
}

fn lints() -> Result<()> {
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))
}

fn wasm_lints() -> Result<()> {
    for (target, packages) in [
        (
            "wasm32-unknown-unknown",
            &["auth101-js", "auth101-js-suite", "auth101-worker", "auth101-worker-endpoint", "worker-mount"][..],
        ),
        ("wasm32-wasip2", &["auth101-spin", "auth101-spin-endpoint", "auth101-spin-suite", "spin-mount"]),
    ] {
        install_rust_target(target)?;
        let mut clippy = cargo(&["clippy", "--target", target]);
        run(clippy.args(packages.iter().flat_map(|package| ["-p", package])).args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

fn docs() -> Result<()> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    run_quietly(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn native() -> Result<()> {
    run(&mut cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]))
}

fn simulator() -> Result<()> {
    run(&mut this_program(&["sim", "--seeds", "20000"]))
}

fn size() -> Result<()> {
    run(&mut this_program(&["size", "--built"]))
}

fn conversations() -> Result<()> {
    // What holds conversations must itself fail where it should.
    node_tests(1, &["tests/runtime/wire.test.mjs", "tests/runtime/native/wire.test.mjs"].map(in_root))
}

fn worker() -> Result<()> {
    node_tests(1, &tests_in("tests/runtime/worker")?)
}

fn interop() -> Result<()> {
    let mut files = tests_in("tests/interop")?;
    files.extend(tests_in("tests/interop/differences")?);
    // Two files at a time: in each, Python and the service wait for one another.
    node_tests(2, &files)
}

fn spin() -> Result<()> {
    node_tests(1, &tests_in("tests/runtime/spin")?)
}

fn npm() -> Result<()> {
    node_tests(1, &npm_tests(false)?)
}

fn drivers() -> Result<()> {
    node_tests(1, &npm_tests(true)?)
}

/// The tests of the npm package that open databases other than SQLite, or all others.
fn npm_tests(that_open_databases: bool) -> Result<Vec<std::path::PathBuf>> {
    let mut files = tests_in("tests/runtime/js")?;
    files.retain(|file| opens_databases(file) == that_open_databases);
    Ok(files)
}

fn deploy() -> Result<()> {
    run(javascript("wrangler")?.args(["deploy", "--dry-run"]))
}

fn client() -> Result<()> {
    node_tests(1, &tests_in("tests/runtime/client")?)
}

fn page() -> Result<()> {
    browser_tests(&tests_in("tests/runtime/page")?)
}

fn packaging() -> Result<()> {
    browser_tests(&tests_in("tests/packaging")?)
}

fn readme() -> Result<()> {
    node_tests(1, &[in_root("tests/runtime/readme.test.mjs")])
}

fn python() -> Result<()> {
    let vectors = in_root("tests/vectors/make_vectors.py");
    run(Command::new(install::python_environment()?).arg(vectors).arg("--check").current_dir(in_root(".")))
}

fn deny() -> Result<()> {
    // The advisories are in a repository that not every network reaches: `cargo xtask advisories` asks for them.
    run(Command::new(cargo_deny()?).args(["check", "bans", "licenses", "sources"]).current_dir(in_root(".")))
}

//! `cargo xtask test`: everything that must hold, each part on the real thing.

use crate::{
    Chore, spin,
    tools::{in_root, install_node, install_node_modules, install_rust_target, javascript, run, say},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) const CHORE: Chore = Chore {
    name: "test",
    summary: "Runs every test; installs what it needs",
    help: "\
Format, lints, rendered SQL, licences, the crates without std, unit and property tests, the simulator, the Worker on real
workerd and D1, the Spin component on real SQLite and PostgreSQL, the npm package and its client, the example page in
Chromium, the README's transcripts, and everything beside the Python package. Nothing is skipped; what is missing (Rust
targets, JavaScript packages, cargo-deny, a Python environment, other versions of Node.js) is installed first, into
target/ and node_modules/; database servers, sqlite3 and Chromium come from apt-get.

  PART …    runs only these parts, by their names",
    run: test,
};

/// After this long, a file of tests for Node.js is ended and reported as failed. It is no claim about speed: a failed test that
/// leaves a server running would otherwise keep its file open for ever, and the other parts would never be reached.
const HANGS_AFTER: Duration = Duration::from_secs(15 * 60);

/// A part: its name, what it claims, and how it is run.
type Part = (&'static str, &'static str, fn() -> Result<()>);

/// The parts, quick ones first. Each is independent of the others.
const PARTS: &[Part] = &[
    ("format", "source is formatted", format),
    ("schema", "rendered SQL is what the code renders", schema),
    ("no-std", "core and sql build for a target without std", no_std),
    ("lints", "clippy and rustdoc without warnings, natively and for wasm", lints),
    ("native", "unit, property and vector tests on this machine", native),
    ("conversations", "tests/wire natively, on SQLite, PostgreSQL and MariaDB", conversations),
    ("sim", "the simulator over 100,000 seeds", simulator),
    ("python", "password hashes and tokens against the Python package", python),
    ("worker", "the Worker on real workerd and D1", worker),
    ("spin", "the Spin component on real SQLite and PostgreSQL, in the host that stands for Spin", spin),
    ("npm", "the npm package on Node, Deno, Bun and workerd", npm),
    ("drivers", "each JavaScript driver over its database", drivers),
    ("interop", "every runtime beside the Python package: one database, one secret, both live", interop),
    ("deploy", "what `wrangler deploy` would send", deploy),
    ("client", "the browser client and its races", client),
    ("page", "the example page in a real Chromium", page),
    ("packaging", "the npm package, packed and installed into empty projects", packaging),
    ("readme", "the README's transcript", readme),
    ("deny", "licences and sources of the dependencies", deny),
];

fn test(arguments: &[String]) -> Result<()> {
    let names: Vec<&str> = PARTS.iter().map(|(name, ..)| *name).collect();
    if let Some(unknown) = arguments.iter().find(|argument| !names.contains(&argument.as_str())) {
        bail!("there is no part `{unknown}`; the parts are {}", names.join(", "));
    }
    let chosen = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let mut outcomes = Vec::new();
    for (name, claim, part) in PARTS.iter().filter(|(name, ..)| chosen(name)) {
        say(&format!("{name}: {claim}"));
        let started = Instant::now();
        let outcome = part();
        if let Err(error) = &outcome {
            eprintln!("error in {name}: {error:#}");
        }
        outcomes.push((*name, *claim, outcome.is_ok(), started.elapsed().as_secs()));
    }
    println!();
    for (name, claim, passed, seconds) in &outcomes {
        println!("{} {name:<13} {seconds:>4} s  {claim}", if *passed { "ok    " } else { "FAILED" });
    }
    let failed = outcomes.iter().filter(|(_, _, passed, _)| !passed).count();
    println!("\nparts: {} passed, {failed} failed", outcomes.len() - failed);
    if failed > 0 { bail!("{failed} parts failed; `cargo xtask test PART` runs one again") } else { Ok(()) }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(in_root("."));
    command
}

fn xtask(arguments: &[&str]) -> Result<()> {
    let this = std::env::current_exe().context("this program does not know where it is")?;
    run(Command::new(this).args(arguments).current_dir(in_root(".")))
}

fn format() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"])).context("`cargo fmt --all` mends it")
}

fn schema() -> Result<()> {
    xtask(&["schema", "--check"])
}

fn no_std() -> Result<()> {
    install_rust_target("wasm32v1-none")?;
    run(&mut cargo(&["build", "-p", "auth101-core", "--target", "wasm32v1-none"]))?;
    run(&mut cargo(&[
        "build",
        "-p",
        "auth101-core",
        "-p",
        "auth101-sql",
        "--features",
        "auth101-core/password-hashing",
        "--target",
        "wasm32v1-none",
    ]))
}

fn lints() -> Result<()> {
    install_rust_target("wasm32-unknown-unknown")?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    let wasm = ["auth101-js", "auth101-js-suite", "auth101-worker", "auth101-worker-endpoint", "worker-mount"];
    let mut clippy = cargo(&["clippy", "--target", "wasm32-unknown-unknown"]);
    run(clippy.args(wasm.iter().flat_map(|package| ["-p", package])).args(["--", "-D", "warnings"]))?;
    install_rust_target("wasm32-wasip2")?;
    let components = ["auth101-spin", "auth101-spin-endpoint", "auth101-spin-suite", "spin-mount"];
    let mut clippy = cargo(&["clippy", "--target", "wasm32-wasip2"]);
    run(clippy.args(components.iter().flat_map(|package| ["-p", package])).args(["--", "-D", "warnings"]))?;
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings").stdout(Stdio::null()))
}

fn native() -> Result<()> {
    install_database_servers()?;
    run(&mut cargo(&["test", "--workspace", "--all-features"]))
}

fn conversations() -> Result<()> {
    install_node_modules()?;
    install_database_servers()?;
    build_program("native_host")?;
    build_program("server")?;
    // What holds conversations must itself fail where it should.
    node_tests(&["tests/runtime/wire.test.mjs", "tests/runtime/native/wire.test.mjs"].map(in_root))
}

fn simulator() -> Result<()> {
    xtask(&["sim", "--seeds", "100000"])
}

fn worker() -> Result<()> {
    xtask(&["build", "worker"])?;
    xtask(&["build", "worker", "--example", "--panic"])?;
    xtask(&["size"])?;
    node_tests(&tests_in("tests/runtime/worker")?)
}

fn interop() -> Result<()> {
    python_environment()?;
    install_database_servers()?;
    install_sqlite3()?;
    xtask(&["build", "worker"])?;
    xtask(&["build", "spin"])?;
    xtask(&["build", "js"])?;
    spin::build_host()?;
    build_program("server")?;
    let mut files = tests_in("tests/interop")?;
    files.extend(tests_in("tests/interop/differences")?);
    // Two files at a time: in each, Python and ours wait for one another.
    node_tests_at_once(2, &files)
}

fn spin() -> Result<()> {
    install_node_modules()?;
    install_database_servers()?;
    for component in [&[][..], &["--example"], &["--example", "--panic"], &["--suite"]] {
        xtask(&[&["build", "spin"], component].concat())?;
    }
    spin::build_host()?;
    build_program("server")?;
    node_tests(&tests_in("tests/runtime/spin")?)
}

/// A program that tests in JavaScript start: `server` for databases, `native_host` for the service.
fn build_program(name: &str) -> Result<()> {
    run(&mut cargo(&["build", "--workspace", "--all-features", "--bin", name]))
}

/// The tests of the npm package that need database servers; all others beside them do not.
const DRIVER_TESTS: [&str; 10] = [
    "batch_time",
    "cli",
    "connection_errors",
    "drivers",
    "drivers_d1",
    "drivers_runtimes",
    "examples",
    "misuse",
    "outage",
    "race",
];

fn npm() -> Result<()> {
    xtask(&["build", "js"])?;
    let mut files = tests_in("tests/runtime/js")?;
    files.retain(|file| !DRIVER_TESTS.iter().any(|name| file.ends_with(format!("{name}.test.mjs"))));
    node_tests(&files)
}

fn drivers() -> Result<()> {
    install_database_servers()?;
    xtask(&["build", "js"])?;
    xtask(&["build", "js-suite"])?;
    build_program("server")?;
    node_tests(&DRIVER_TESTS.map(|name| in_root(format!("tests/runtime/js/{name}.test.mjs"))))
}

fn deploy() -> Result<()> {
    install_node_modules()?;
    run(javascript("wrangler")?.args(["deploy", "--dry-run"]))
}

fn client() -> Result<()> {
    xtask(&["build", "js"])?;
    node_tests(&tests_in("tests/runtime/client")?)
}

fn page() -> Result<()> {
    install_node_modules()?;
    browser_tests(&tests_in("tests/runtime/page")?)
}

fn packaging() -> Result<()> {
    xtask(&["build", "js"])?;
    // The oldest that the package supports and the newest with long support, beside the one of the tools.
    install_node("20.20.2")?;
    install_node("24.21.0")?;
    browser_tests(&tests_in("tests/packaging")?)
}

fn readme() -> Result<()> {
    install_node_modules()?;
    node_tests(&[in_root("tests/runtime/readme.test.mjs")])
}

/// The test files of a directory, in the order of their names.
fn tests_in(directory: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(in_root(directory))?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    Ok(files)
}

fn node_tests(files: &[PathBuf]) -> Result<()> {
    node_tests_at_once(1, files)
}

fn node_tests_at_once(number: u32, files: &[PathBuf]) -> Result<()> {
    run(&mut node_test_command(number, files)?)
}

fn node_test_command(number: u32, files: &[PathBuf]) -> Result<Command> {
    let mut node = javascript("node")?;
    node.args(["--test", "--test-reporter=spec", &format!("--test-concurrency={number}")])
        .arg(format!("--test-timeout={}", HANGS_AFTER.as_millis()))
        .args(files);
    Ok(node)
}

/// Tests that start the browser that `CHROMIUM` names.
fn browser_tests(files: &[PathBuf]) -> Result<()> {
    run(node_test_command(1, files)?.env("CHROMIUM", chromium()?))
}

/// A Chromium, installed where there is none.
fn chromium() -> Result<PathBuf> {
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let names = ["chromium", "chromium-browser", "google-chrome"];
        std::env::split_paths(&path)
            .flat_map(|place| names.map(|name| place.join(name)))
            .find(|program| program.exists())
    };
    if let Some(program) = find() {
        return Ok(program);
    }
    install_debian_packages(&["chromium"])?;
    find().context("there is no program `chromium`, though its package is installed")
}

fn python() -> Result<()> {
    let python = python_environment()?;
    run(Command::new(python).arg(in_root("tests/vectors/make_vectors.py")).arg("--check").current_dir(in_root(".")))
}

/// A Python environment with the reference package, in `target/python`; a server for FastAPI, which it does not bring; and
/// drivers for PostgreSQL and MySQL.
fn python_environment() -> Result<PathBuf> {
    const PACKAGES: &[&str] = &["auth101[all]==0.3.1", "bcrypt<4.1", "uvicorn", "psycopg2-binary", "pymysql"];
    let environment = in_root("target/python");
    let python = environment.join("bin/python");
    let stamp = environment.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == PACKAGES.join("\n")) {
        return Ok(python);
    }
    if Command::new("python3")
        .args(["-c", "import venv, ensurepip"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| !status.success())
    {
        install_debian_packages(&["python3", "python3-venv"])?;
    }
    say("Installing the Python package auth101 0.3.1 into target/python");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))
        .context("Python 3.9 or newer with venv is needed")?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES))?;
    fs::write(stamp, PACKAGES.join("\n"))?;
    Ok(python)
}

/// PostgreSQL and MariaDB. The tests start servers of their own, on free ports, from the installed programs.
fn install_database_servers() -> Result<()> {
    let is_there = |paths: &[&str]| paths.iter().any(|path| PathBuf::from(path).exists());
    let has_postgres = fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut versions| versions.next().is_some())
        || is_there(&["/usr/bin/initdb", "/usr/local/bin/initdb"]);
    // MySQL's server alone is not enough: MariaDB's tools make the folder that it runs in.
    let has_mariadb = is_there(&["/usr/bin/mariadb-install-db", "/usr/local/bin/mariadb-install-db"]);
    let missing: Vec<&str> = [(has_postgres, "postgresql"), (has_mariadb, "mariadb-server")]
        .iter()
        .filter(|(there, _)| !there)
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() { Ok(()) } else { install_debian_packages(&missing) }
}

/// The program with which docs/migrating-from-python.md goes back to a file.
fn install_sqlite3() -> Result<()> {
    let version = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if version.is_ok_and(|status| status.success()) { Ok(()) } else { install_debian_packages(&["sqlite3"]) }
}

/// Installs packages where the machine is Debian's and we may.
fn install_debian_packages(packages: &[&str]) -> Result<()> {
    say(&format!("Installing {} (apt-get)", packages.join(" ")));
    // Asks for no password: a test must not wait for one.
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let prefix: &[&str] = if is_root { &[] } else { &["sudo", "--non-interactive"] };
    let apt = |arguments: &[&str]| {
        let words = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"], arguments].concat();
        let (program, arguments) = words.split_first().context("there is a program to run")?;
        run(Command::new(program).args(arguments))
    };
    apt(&["update"])
        .and_then(|()| apt(&[&["install", "--no-install-recommends"], packages].concat()))
        .with_context(|| format!("install {} with your system's package manager", packages.join(" and ")))
}

fn deny() -> Result<()> {
    let tools = in_root("target/tools");
    let installed = tools.join("bin/cargo-deny");
    let program = if installed.exists() {
        installed
    } else if Command::new("cargo-deny")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        PathBuf::from("cargo-deny")
    } else {
        say("Installing cargo-deny into target/tools (some minutes, once)");
        // It runs for a second: optimising it would take longer than all its runs.
        let mut install = cargo(&["install", "--quiet", "--locked", "--debug", "--no-default-features", "cargo-deny"]);
        run(install.arg("--root").arg(&tools))?;
        installed
    };
    // The advisories lie in a repository that not every network reaches: `cargo deny check advisories` asks for them.
    run(Command::new(program).args(["check", "bans", "licenses", "sources"]).current_dir(in_root(".")))
}

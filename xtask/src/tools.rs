//! What the chores share: where things are, how tools run, and the installation of what is missing.

use anyhow::{Context, Result, bail};
use std::{
    cell::{Cell, RefCell},
    ffi::OsString,
    io::{PipeWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

thread_local! {
    /// Takes what this thread and its programs say, instead of the terminal.
    static OUTPUT: RefCell<Option<PipeWriter>> = const { RefCell::new(None) };
    /// Whether the programs of this thread leave the processors to others that want them.
    static GIVES_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Does work whose output, with that of its programs, goes into a pipe.
pub(crate) fn with_output<R>(pipe: PipeWriter, work: impl FnOnce() -> R) -> R {
    OUTPUT.set(Some(pipe));
    let done = work();
    OUTPUT.set(None);
    done
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    // The manifest of this crate lies one directory below it.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A place in it.
pub(crate) fn in_root(path: impl AsRef<Path>) -> PathBuf {
    root().join(path)
}

/// Where cargo puts what it makes.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| in_root("target"), PathBuf::from)
}

/// Says what is being done. On the error stream, so that the output of a chore can be piped.
pub(crate) fn say(what: &str) {
    OUTPUT.with_borrow_mut(|output| match output {
        // The reader lives as long as the thread does.
        Some(pipe) => drop(writeln!(pipe, "==> {what}")),
        None => eprintln!("==> {what}"),
    });
}

/// Refuses arguments that the chore does not know.
pub(crate) fn no_arguments(arguments: &[String]) -> Result<()> {
    match arguments.first() {
        None => Ok(()),
        Some(argument) => bail!("unknown argument `{argument}`; `--help` lists the known ones"),
    }
}

/// `PATH` with the JavaScript tools of the repository first. Among them is the Node that they need, whichever the
/// machine has.
pub(crate) fn path_with_node_modules() -> Result<OsString> {
    let machine = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(in_root("node_modules/.bin")).chain(std::env::split_paths(&machine));
    std::env::join_paths(paths).context("PATH cannot be extended")
}

/// A JavaScript tool of the repository, such as `wrangler`. It neither reports home nor asks to log in.
pub(crate) fn javascript(tool: &str) -> Result<Command> {
    let tool = if cfg!(windows) { format!("{tool}.cmd") } else { tool.to_owned() };
    let mut command = Command::new(in_root("node_modules/.bin").join(tool));
    command
        .current_dir(root())
        .env("PATH", path_with_node_modules()?)
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_SEND_ERROR_REPORTS", "false")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false");
    Ok(command)
}

/// Runs to the end. What the program says goes where this thread's output goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = name_of(command);
    let mut prioritised = prioritised(command);
    let command = prioritised.as_mut().unwrap_or(command);
    if let Some(pipe) = output()? {
        command.stdout(pipe.try_clone()?).stderr(pipe);
    }
    complete(&name, command)
}

/// Runs to the end, and shows what the program says on its error stream only.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let name = name_of(command);
    let mut prioritised = prioritised(command);
    let command = prioritised.as_mut().unwrap_or(command);
    if let Some(pipe) = output()? {
        command.stderr(pipe);
    }
    complete(&name, command.stdout(Stdio::null()))
}

fn output() -> Result<Option<PipeWriter>> {
    Ok(OUTPUT.with_borrow(|output| output.as_ref().map(PipeWriter::try_clone).transpose())?)
}

/// Lets the programs of this thread leave the processors to others that want them.
pub(crate) fn give_way() {
    GIVES_WAY.set(cfg!(unix));
}

/// The same command, at the priority of this thread.
fn prioritised(command: &Command) -> Option<Command> {
    if !GIVES_WAY.get() {
        return None;
    }
    let mut nice = Command::new("nice");
    nice.args(["-n", "10"]).arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        nice.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    Some(nice)
}

fn name_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

fn complete(name: &str, command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{name}` does not run; is it installed?"))?;
    if status.success() { Ok(()) } else { bail!("`{name}` failed ({status}); see its output above") }
}

/// Whether a program is installed, which says its version when asked.
pub(crate) fn is_installed(program: &str) -> bool {
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Cargo, at the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// This program with other arguments.
pub(crate) fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Installs a target of the compiler, unless it is there. `rust-toolchain.toml` names it too, but not every machine
/// installs from that file by itself.
pub(crate) fn install_rust_target(target: &str) -> Result<()> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(root())
        .output()
        .context("`rustc` does not run; install Rust from https://rustup.rs")?;
    let directory = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && directory.is_dir() {
        return Ok(());
    }
    say(&format!("Installing the Rust target {target}"));
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", target]).current_dir(root());
    run(&mut rustup).with_context(|| {
        format!("the Rust target {target} is missing; `rustup target add {target}` installs it, or your distribution")
    })
}

/// Installs the JavaScript tools, unless what `package-lock.json` names is there.
pub(crate) fn install_node_modules() -> Result<()> {
    install_locked(root(), ".bin/node", "the JavaScript tools")
}

/// Installs what the lock of a directory names, unless it is there. `part` is something of `node_modules` that must be.
pub(crate) fn install_locked(directory: &Path, part: &str, what: &str) -> Result<()> {
    // npm writes this copy of the lock when it is done.
    let (wanted, modules) = (directory.join("package-lock.json"), directory.join("node_modules"));
    let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let is_there = modules.join(part).exists();
    if is_there && modified(&modules.join(".package-lock.json")) >= modified(&wanted) {
        return Ok(());
    }
    say(&format!("Installing {what} into {} (npm ci)", modules.strip_prefix(root()).unwrap_or(&modules).display()));
    let mut npm = npm();
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(directory);
    run_quietly(&mut npm).context("npm is needed; it comes with Node.js 20 or newer from https://nodejs.org")
}

/// cargo-deny, in a version of its own: a new release changes no verdict by itself.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    install_tool("cargo-deny", "0.20.2", &["--no-default-features"])
}

/// Installs a subcommand of cargo into `target/tools`, unless it is there, and says where it is.
pub(crate) fn install_tool(name: &str, version: &str, features: &[&str]) -> Result<PathBuf> {
    let tools = in_root("target/tools");
    let program = tools.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    // Cargo notes what it has installed as `"name version (source)" = …`.
    let installed = std::fs::read_to_string(tools.join(".crates.toml")).unwrap_or_default();
    if program.exists() && installed.contains(&format!("\"{name} {version} ")) {
        return Ok(program);
    }
    say(&format!("Installing {name} {version} into target/tools (some minutes, once)"));
    // It runs for a second: optimising it would take longer than all its runs.
    let mut install = cargo(&["install", "--quiet", "--locked", "--debug", name, "--version", version]);
    run(install.args(features).arg("--root").arg(&tools))?;
    Ok(program)
}

/// Installs another version of Node.js into `target/node-` and its major version, for tests.
pub(crate) fn install_node(version: &str) -> Result<()> {
    let (major, _) = version.split_once('.').context("a version has dots")?;
    let directory = in_root(format!("target/node-{major}"));
    let manifest = directory.join("package.json");
    // Its program comes by a script of the package, which npm runs only where it is allowed to.
    let text = format!(
        "{{ \"private\": true, \"dependencies\": {{ \"node\": \"{version}\" }}, \"allowScripts\": {{ \"node\": true }} }}\n"
    );
    let is_there = directory.join("node_modules/.bin/node").exists();
    if is_there && std::fs::read_to_string(&manifest).is_ok_and(|installed| installed == text) {
        return Ok(());
    }
    say(&format!("Installing Node.js {version} into target/node-{major}"));
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir_all(&directory)?;
    std::fs::write(manifest, text)?;
    let mut npm = npm();
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(directory);
    run_quietly(&mut npm)
}

/// The package manager of JavaScript. It comes with Node.js.
pub(crate) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

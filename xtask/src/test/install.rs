//! Programs that the tests use, installed where they are missing.

use crate::tools::{in_root, is_installed, run, say};
use anyhow::{Context, Result};
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

/// A Python environment with the reference package, in `target/python`; a server for FastAPI, which it does not bring; and
/// drivers for PostgreSQL and MySQL.
pub(super) fn python_environment() -> Result<PathBuf> {
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
pub(super) fn database_servers() -> Result<()> {
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
pub(super) fn sqlite3() -> Result<()> {
    if is_installed("sqlite3") { Ok(()) } else { install_debian_packages(&["sqlite3"]) }
}

/// A Chromium, installed where there is none.
pub(super) fn chromium() -> Result<PathBuf> {
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

//! `cargo xtask dev spin`: the component on this machine, with nothing set up beforehand but Rust.

use crate::{
    Chore,
    local_server::{LocalServer, make_secret},
    spin,
    tools::{in_root, root, say},
};
use anyhow::{Context, Result, ensure};
use std::{
    ffi::OsString,
    fs,
    process::{Command, Stdio},
};

pub(crate) const CHORE: Chore = Chore {
    name: "dev spin",
    summary: "builds the Spin component and serves it on this machine, on a local SQLite database",
    help: "\
Installs the Rust target where it is missing, builds, makes .spin/auth_secret with a random secret unless there is one
or SPIN_VARIABLE_AUTH_SECRET is set, and serves on 127.0.0.1 until Ctrl-C. The database is .spin/sqlite_db.db. The
program that SPIN_BIN names serves, or an installed `spin`, of version 4.1 or newer; without one the host of this
repository stands in for it, which is built first.
Other variables are taken from the environment: SPIN_VARIABLE_AUTH_ACCESS_TOKEN_EXPIRES_IN and the like.

  --port N      the port, 3000 unless given",
    run: |arguments| serve(&LocalServer::new("dev spin", 3000, arguments)?),
};

const STATE: &str = ".spin";
const SECRET: &str = "SPIN_VARIABLE_AUTH_SECRET";
/// The first version whose interfaces are those of the SDK that the component is built with.
const SPIN_VERSION: [u32; 2] = [4, 1];

fn serve(server: &LocalServer) -> Result<()> {
    spin::build(&spin::ENDPOINT)?;
    let (program, mut command) = match installed_spin()? {
        Some((program, version)) => {
            say(&format!("Starting {version}"));
            ("spin", Command::new(program))
        }
        None => {
            let host = spin::build_host()?;
            say("Starting the host of this repository: no `spin` of version 4.1 or newer is installed");
            ("the host", Command::new(host))
        }
    };
    command.current_dir(root()).args(["up", "--from", "spin.toml", "--listen"]);
    command.arg(format!("127.0.0.1:{}", server.port()));
    if std::env::var_os(SECRET).is_none() {
        command.env(SECRET, secret()?);
    }
    server.run(program, "Sign up", &mut command)
}

/// The secret of this machine: made once, so that sessions outlive a restart.
fn secret() -> Result<String> {
    let folder = in_root(STATE);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {STATE}"))?;
    let file = folder.join("auth_secret");
    make_secret(&file, |secret| format!("{secret}\n"))?;
    Ok(fs::read_to_string(file)?.trim().to_owned())
}

/// The `spin` that can run the component, with what it says of itself: the one that SPIN_BIN names, or an installed one.
fn installed_spin() -> Result<Option<(OsString, String)>> {
    let named = std::env::var_os("SPIN_BIN");
    let program = named.clone().unwrap_or_else(|| "spin".into());
    let said = Command::new(&program).arg("--version").stderr(Stdio::null()).output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if version_of(&said) >= Some(SPIN_VERSION) {
        return Ok(Some((program, said)));
    }
    ensure!(named.is_none(), "SPIN_BIN names no `spin` of version 4.1 or newer");
    if !said.is_empty() {
        say(&format!("{said} is older than the SDK that the component is built with"));
    }
    Ok(None)
}

/// Major and minor of a line such as `spin 4.1.0 (ab12cd 2026-10-01)`.
fn version_of(said: &str) -> Option<[u32; 2]> {
    let mut numbers = said.strip_prefix("spin ")?.split('.');
    Some([numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::{SPIN_VERSION, version_of};

    #[test]
    fn a_spin_that_pairs_with_the_sdk_is_told_from_an_older_one() {
        assert!(version_of("spin 4.1.0 (ab12cd 2026-10-01)") >= Some(SPIN_VERSION));
        assert!(version_of("spin 4.1.0-pre0 (ab12cd)") >= Some(SPIN_VERSION));
        assert!(version_of("spin 5.0.0") >= Some(SPIN_VERSION));
        assert!(version_of("spin 4.0.2 (ab12cd)") < Some(SPIN_VERSION));
        assert_eq!(version_of("another program"), None);
    }
}

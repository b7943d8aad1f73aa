//! `cargo xtask dev`: the Worker on this machine, with nothing set up beforehand but Rust and Node.js.

use crate::{
    Chore,
    tools::{in_root, javascript, run, say},
    worker,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

pub(crate) const CHORE: Chore = Chore {
    name: "dev",
    summary: "builds the Worker and serves it on this machine, on a local database",
    help: "\
Installs what is missing (the Rust target, the JavaScript tools), builds, makes the tables in a local D1 database under
.wrangler/state, makes .dev.vars with a random secret unless there is one, and serves on 127.0.0.1 until Ctrl-C. Needs
no account and no network once the tools are installed. Rebuilds when a source file changes.

  --port N      the port, 8787 unless given",
    run: |arguments| serve(port_of(arguments)?),
};

const SECRETS: &str = ".dev.vars";
/// Generous: wrangler builds once more by itself, and waits for a build that runs elsewhere.
const START_LIMIT: Duration = Duration::from_secs(600);

/// Set by Ctrl-C, or by whoever ends this process.
static ENDING: AtomicBool = AtomicBool::new(false);

fn port_of(arguments: &[String]) -> Result<u16> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(8787),
        ["--port", port] => port.parse().with_context(|| format!("`{port}` is not a port; try --port 8788")),
        _ => bail!("unknown arguments `{}`; `cargo xtask dev --help` lists the known ones", words.join(" ")),
    }
}

fn serve(port: u16) -> Result<()> {
    // Asked first: a build of minutes should not end in this.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|_| {
        anyhow!("port {port} is in use; `cargo xtask dev --port {}` takes another", port.wrapping_add(1))
    })?;
    worker::build(&worker::ENDPOINT)?;
    make_secrets()?;
    say("Migrating the local database");
    let mut migrate = javascript("wrangler")?;
    // Without a terminal it does not ask whether to go on.
    migrate.args(["d1", "migrations", "apply", "DB", "--local"]).env("CI", "1").stdin(Stdio::null());
    run(migrate.stdout(Stdio::null())).context("the tables could not be made")?;

    say("Starting the runtime");
    ctrlc::set_handler(|| ENDING.store(true, Ordering::SeqCst)).context("Ctrl-C cannot be handled")?;
    let mut wrangler = javascript("wrangler")?;
    wrangler.args(["dev", "--local", "--ip", "127.0.0.1", "--port", &port.to_string(), "--inspector-port", "0"]);
    wrangler.args(["--show-interactive-dev-session=false"]).stdin(Stdio::null());
    let mut child = wrangler.spawn().context("wrangler does not start")?;
    let result = attend(&mut child, port);
    end(&mut child);
    result
}

/// Tells when the Worker answers, then waits for the end.
fn attend(child: &mut Child, port: u16) -> Result<()> {
    let start = Instant::now();
    let mut is_ready = false;
    while !ENDING.load(Ordering::SeqCst) {
        if let Some(status) = child.try_wait()? {
            bail!("wrangler ended by itself ({status}); what it said stands above");
        }
        if !is_ready {
            if let Some(status) = ask(port) {
                is_ready = true;
                welcome(port, status);
            } else {
                ensure!(start.elapsed() < START_LIMIT, "the Worker does not answer on port {port}; see the log above");
            }
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The status of a request that needs the configuration in order; nothing while nobody answers.
fn ask(port: u16) -> Option<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    stream.write_all(b"GET /auth/session HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    // What comes after the status line is not asked for, and a reset after it does not matter.
    let _ = stream.take(64).read_to_string(&mut answer);
    answer.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()
}

fn welcome(port: u16, status: u16) {
    if status >= 500 {
        say(&format!("http://127.0.0.1:{port} answers {status}: the line above names what is missing"));
        return;
    }
    eprintln!(
        "
==> Ready on http://127.0.0.1:{port}. Sign up:

    curl http://127.0.0.1:{port}/auth/sign-up/email \\
      -H 'Content-Type: application/json' \\
      -d '{{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}}'

    Ctrl-C ends it.
"
    );
}

/// Ends wrangler, and with it the runtime that it started.
fn end(child: &mut Child) {
    // It would not end its own children if it were killed outright.
    if cfg!(unix) {
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).stderr(Stdio::null()).status();
        for _ in 0..50 {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(100));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Makes a file of secrets, unless there is one: then its owner knows better.
fn make_secrets() -> Result<()> {
    let path = in_root(SECRETS);
    if path.exists() {
        return Ok(());
    }
    say(&format!("Making {SECRETS} with a random secret"));
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| anyhow!("no randomness: {error}"))?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let text =
        format!("# Secrets of the Worker on this machine only; see .dev.vars.example.\nAUTH_SECRET=\"{secret}\"\n");
    fs::write(&path, text).with_context(|| format!("cannot write {SECRETS}"))?;
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

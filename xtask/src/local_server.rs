//! A server on this machine that a chore starts, tells about, and ends with itself.

use crate::tools::say;
use anyhow::{Context, Result, anyhow, bail, ensure};
#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;
use std::{
    fs::OpenOptions,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

/// Generous: a server may build once more by itself, and wait for a build that runs elsewhere.
const START_LIMIT: Duration = Duration::from_secs(600);

/// Set by Ctrl-C, or by whoever ends this process.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Where a chore serves.
pub(crate) struct LocalServer {
    port: u16,
}

impl LocalServer {
    /// Reads the arguments of a chore, which are `--port N` or none, and sees that the port is free: a build of minutes
    /// should not end in finding out that it is not.
    pub(crate) fn new(chore: &str, default: u16, arguments: &[String]) -> Result<Self> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let port = match words.as_slice() {
            [] => default,
            ["--port", port] => port.parse().with_context(|| format!("`{port}` is not a port; try --port 8788"))?,
            _ => bail!("unknown arguments `{}`; `cargo xtask {chore} --help` lists the known ones", words.join(" ")),
        };
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|_| {
            anyhow!("port {port} is in use; `cargo xtask {chore} --port {}` takes another", port.wrapping_add(1))
        })?;
        Ok(Self { port })
    }

    /// The port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Starts the program that serves there, tells when it answers, and ends it at the end. The invitation stands before
    /// a first request.
    pub(crate) fn run(&self, program: &str, invitation: &str, command: &mut Command) -> Result<()> {
        ctrlc::set_handler(|| ENDING.store(true, Ordering::SeqCst)).context("Ctrl-C cannot be handled")?;
        let mut child = command.stdin(Stdio::null()).spawn().with_context(|| format!("{program} does not start"))?;
        let result = self.attend(program, invitation, &mut child);
        end(&mut child);
        result
    }

    /// Tells when the server answers, then waits for the end.
    fn attend(&self, program: &str, invitation: &str, child: &mut Child) -> Result<()> {
        let port = self.port;
        let start = Instant::now();
        let mut is_ready = false;
        while !ENDING.load(Ordering::SeqCst) {
            if let Some(status) = child.try_wait()? {
                bail!("{program} ended by itself ({status}); what it said stands above");
            }
            if !is_ready {
                if let Some(status) = ask(port) {
                    is_ready = true;
                    welcome(port, invitation, status);
                } else {
                    ensure!(start.elapsed() < START_LIMIT, "nobody answers on port {port}; see the log above");
                }
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }
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

fn welcome(port: u16, invitation: &str, status: u16) {
    if status >= 500 {
        say(&format!("http://127.0.0.1:{port} answers {status}: the line above names what is missing"));
        return;
    }
    eprintln!(
        "
==> Ready on http://127.0.0.1:{port}. {invitation}:

    curl http://127.0.0.1:{port}/auth/sign-up/email \\
      -H 'Content-Type: application/json' \\
      -d '{{\"email\":\"ada@example.com\",\"password\":\"correct horse\"}}'

    Ctrl-C ends it.
"
    );
}

/// Ends the program, and with it what it started.
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

/// Makes a file for a random secret, unless there is one: then its owner knows better. `text` says what stands in it.
pub(crate) fn make_secret(path: &Path, text: impl FnOnce(&str) -> String) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    say(&format!("Making {name} with a random secret"));
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| anyhow!("no randomness: {error}"))?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // From the first byte on nobody else's to read.
    #[cfg(unix)]
    OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(text(&secret).as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

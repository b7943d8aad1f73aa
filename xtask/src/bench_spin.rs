//! `cargo xtask bench spin`: what the component costs, in the host of this repository.

mod client;

use crate::{
    Chore,
    size::sizes_of,
    spin,
    tools::{in_root, no_arguments, root},
};
use anyhow::{Context, Result, ensure};
use client::{Client, token_of};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

pub(crate) const CHORE: Chore = Chore {
    name: "bench spin",
    summary: "measures the Spin component: size, requests a second, the processor time of a sign-in",
    help: "\
Builds the component and the host, serves on a free port over a new SQLite file, and prints a table: the size; requests a
second of /session and /refresh, with one connection for all requests and with one for each; the processor time of a
sign-in at the default cost; and how long /session and /refresh take while sign-ins run, under several settings of
instance reuse. Every refresh rotates its token, for there is no grace period. About five minutes, on Linux. Client and host
share the machine, so figures are for comparing with each other.",
    run: |arguments| no_arguments(arguments).and_then(|()| bench()),
};

/// How many clients ask at a time, each over a connection of its own.
const CLIENTS: usize = 4;
const SESSIONS: usize = 500;
const REFRESHES: usize = 250;
const SIGN_INS: usize = 40;
/// Clients that sign in without a pause while other requests are watched.
const SIGNING_IN: usize = 2;
/// How many requests of each kind are watched at the least: a hundredth of them is still several.
const WATCHED: usize = 1_000;
const PASSWORD: &str = "correct horse battery";

/// A setting of the host: what the table calls it, requests an instance serves, and how many at a time.
const SETTINGS: &[(&str, usize, usize)] = &[
    ("128 requests, 16 at a time (default)", 128, 16),
    ("128 requests, 1 at a time", 128, 1),
    ("a new instance each", 1, 1),
];

fn bench() -> Result<()> {
    spin::build(&spin::ENDPOINT)?;
    let host = spin::build_host()?;
    let (raw, gzipped) = sizes_of(&fs::read(in_root(spin::ENDPOINT.output))?)?;
    println!("\n{:<58} {raw:>8} bytes, {gzipped} gzipped", "component");
    {
        let host = Host::start(&host, SETTINGS[0])?;
        let tokens = host.tokens(CLIENTS)?;
        for keep_alive in [true, false] {
            let kept = if keep_alive { "one connection for all" } else { "one connection for each" };
            let rate = host.rate(&tokens, keep_alive, SESSIONS, session)?;
            println!("{:<58} {rate:>8.0} requests a second", format!("/session, {kept}"));
            let rate = host.rate(&tokens, keep_alive, REFRESHES, refresh)?;
            println!("{:<58} {rate:>8.0} requests a second", format!("/refresh, {kept}"));
        }
        let before = host.processor_time()?;
        let mut client = host.client(true);
        for _ in 0..SIGN_INS {
            sign_in(&mut client)?;
        }
        let each = (host.processor_time()? - before).as_secs_f64() * 1000.0 / SIGN_INS as f64;
        println!("{:<58} {each:>8.1} ms of processor time", "a sign-in");
    }
    println!("\nwhile {SIGNING_IN} clients sign in without a pause");
    println!(
        "{:<38} {:>10} {:>23} {:>23}",
        "an instance serves", "sign-ins/s", "/session p50, p99", "/refresh p50, p99"
    );
    for setting in SETTINGS {
        let host = Host::start(&host, *setting)?;
        let (rate, mut times) = host.watch([session, refresh])?;
        print!("{:<38} {rate:>10.1}", setting.0);
        for times in &mut times {
            times.sort();
            let at = |percent: usize| {
                times.get(times.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0
            };
            print!(" {:>8.1} ms {:>8.1} ms", at(50), at(99));
        }
        println!();
    }
    Ok(())
}

/// A request with the tokens of a session, which a refresh changes.
type Ask = fn(&mut Client, &mut [String; 2]) -> Result<()>;

/// A running host with a database of its own. It ends, and its folder goes, when this is dropped.
struct Host {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Host {
    fn start(program: &PathBuf, (_, total, concurrent): (&str, usize, usize)) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("auth101-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut child = Command::new(program)
            .current_dir(root())
            .args(["up", "--from", "spin.toml", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(&folder)
            .args(["--max-instance-reuse-count", &total.to_string()])
            .args(["--max-instance-concurrent-reuse-count", &concurrent.to_string()])
            .env("SPIN_VARIABLE_AUTH_SECRET", "a-secret-of-the-benchmark-with-more-than-32-bytes")
            // With one, all refreshes in a row but the first are answered without a write.
            .env("SPIN_VARIABLE_AUTH_REFRESH_GRACE_PERIOD", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the host does not start")?;
        let output = child.stdout.take().context("the host has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let mut host = Self { child, folder, address: String::new() };
        let address = line.trim().strip_prefix("Serving http://").context("the host does not serve")?;
        address.clone_into(&mut host.address);
        let body = format!("{{\"email\":\"bench@example.com\",\"password\":\"{PASSWORD}\"}}");
        let (status, _) = host.client(true).send("POST", "/auth/sign-up/email", "", &body)?;
        ensure!(status == 201, "a sign-up is answered {status}");
        Ok(host)
    }

    fn client(&self, keep_alive: bool) -> Client {
        Client::new(&self.address, keep_alive)
    }

    /// A session for each client.
    fn tokens(&self, count: usize) -> Result<Vec<[String; 2]>> {
        (0..count).map(|_| sign_in(&mut self.client(true))).collect()
    }

    /// Requests a second of all clients together.
    fn rate(&self, tokens: &[[String; 2]], keep_alive: bool, requests: usize, send: Ask) -> Result<f64> {
        // Each series has sessions of its own: a refresh changes the token.
        let tokens: Vec<_> = if requests == REFRESHES { self.tokens(tokens.len())? } else { tokens.to_vec() };
        let start = Instant::now();
        thread::scope(|scope| {
            let clients: Vec<_> = tokens
                .into_iter()
                .map(|mut tokens| {
                    let mut client = self.client(keep_alive);
                    scope.spawn(move || (0..requests).try_for_each(|_| send(&mut client, &mut tokens)))
                })
                .collect();
            clients.into_iter().try_for_each(|client| join(client)?)
        })?;
        Ok((CLIENTS * requests) as f64 / start.elapsed().as_secs_f64())
    }

    /// Sign-ins a second, and how long each of the other requests took beside them, by kind. All kinds are asked until
    /// there is enough of each, so that none is watched under less than the others' load.
    fn watch<const N: usize>(&self, kinds: [Ask; N]) -> Result<(f64, Vec<Vec<Duration>>)> {
        let enough = AtomicUsize::new(0);
        let is_done = || enough.load(Ordering::Relaxed) >= N;
        let start = Instant::now();
        let (counts, times) = thread::scope(|scope| {
            let sign_ins: Vec<_> = (0..SIGNING_IN)
                .map(|_| {
                    scope.spawn(move || -> Result<usize> {
                        let mut client = self.client(true);
                        let mut count = 0;
                        while !is_done() {
                            sign_in(&mut client)?;
                            count += 1;
                        }
                        Ok(count)
                    })
                })
                .collect();
            let watched: Vec<_> = kinds
                .into_iter()
                .map(|send| {
                    let enough = &enough;
                    scope.spawn(move || {
                        let times = self.times(send, enough, is_done);
                        if times.is_err() {
                            // Nobody waits for what does not come.
                            enough.fetch_add(N, Ordering::Relaxed);
                        }
                        times
                    })
                })
                .collect();
            let times = watched.into_iter().map(|kind| join(kind)?).collect::<Result<Vec<_>>>();
            let counts = sign_ins.into_iter().map(|client| join(client)?).sum::<Result<usize>>();
            Ok::<_, anyhow::Error>((counts?, times?))
        })?;
        Ok((counts as f64 / start.elapsed().as_secs_f64(), times))
    }

    /// How long each request of a kind takes, until all kinds have enough.
    fn times(&self, send: Ask, enough: &AtomicUsize, is_done: impl Fn() -> bool) -> Result<Vec<Duration>> {
        let mut client = self.client(true);
        let mut tokens = sign_in(&mut client)?;
        let mut times = Vec::new();
        while !is_done() {
            let start = Instant::now();
            send(&mut client, &mut tokens)?;
            times.push(start.elapsed());
            if times.len() == WATCHED {
                enough.fetch_add(1, Ordering::Relaxed);
            }
            // As requests come: not one on the heels of the other.
            thread::sleep(Duration::from_millis(10));
        }
        Ok(times)
    }

    /// What the process has used of the processor.
    fn processor_time(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).context("this needs Linux")?;
        // After the name, which may hold anything: the 12th and 13th fields, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).context("no times");
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> Result<T> {
    thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))
}

fn sign_in(client: &mut Client) -> Result<[String; 2]> {
    let body = format!("{{\"email\":\"bench@example.com\",\"password\":\"{PASSWORD}\"}}");
    let (status, answer) = client.send("POST", "/auth/sign-in/email", "", &body)?;
    ensure!(status == 200, "a sign-in is answered {status}");
    Ok([token_of(&answer, "access_token")?, token_of(&answer, "refresh_token")?])
}

fn session(client: &mut Client, tokens: &mut [String; 2]) -> Result<()> {
    let (status, _) = client.send("GET", "/auth/session", &tokens[0], "")?;
    ensure!(status == 200, "/session is answered {status}");
    Ok(())
}

fn refresh(client: &mut Client, tokens: &mut [String; 2]) -> Result<()> {
    let body = format!("{{\"refresh_token\":\"{}\"}}", tokens[1]);
    let (status, answer) = client.send("POST", "/auth/refresh", "", &body)?;
    ensure!(status == 200, "/refresh is answered {status}");
    *tokens = [token_of(&answer, "access_token")?, token_of(&answer, "refresh_token")?];
    Ok(())
}

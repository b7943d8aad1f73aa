//! Real database servers for tests: started in a folder of their own, on a free port, and free to be killed.

use crate::server_driver::ServerDriver;
use std::{
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

static STARTED: AtomicU32 = AtomicU32::new(0);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Product {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, or MySQL where that is what is installed.
    MariaDb,
}

/// A running server. It is killed, and its folder removed, when this is dropped.
#[derive(Debug)]
pub struct Server {
    product: Product,
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// Starts a fresh server.
    ///
    /// # Errors
    /// Its programs are not installed, or it does not come up.
    pub fn start(product: Product) -> io::Result<Self> {
        remove_leftovers();
        let mut server = Self::stopped(product)?;
        server.initialise()?;
        server.restart()?;
        Ok(server)
    }

    /// Starts a server that follows this one from its first write on, and takes none itself.
    ///
    /// # Errors
    /// As for [`Server::start`].
    pub fn start_replica(&self) -> io::Result<Self> {
        use mysql::prelude::Queryable;
        let mut replica = Self::stopped(self.product)?;
        match self.product {
            Product::Postgres => {
                let user = own_for("postgres", &replica.folder)?;
                run(as_user(user, &postgres_program("pg_basebackup")?)
                    .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()])
                    .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-D"])
                    .arg(replica.folder.join("data")))?;
                replica.restart()?;
            }
            Product::MariaDb => {
                replica.initialise()?;
                replica.restart()?;
                let options = mysql::Opts::from_url(&replica.url("mysql")).map_err(io::Error::other)?;
                let mut connection = mysql::Conn::new(options).map_err(io::Error::other)?;
                let primary = format!("MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'root'", self.port);
                for sql in [
                    &format!("CHANGE MASTER TO {primary}, MASTER_USE_GTID = slave_pos"),
                    "START SLAVE",
                    "SET GLOBAL read_only = 1",
                ] {
                    connection.query_drop(sql).map_err(io::Error::other)?;
                }
            }
        }
        Ok(replica)
    }

    fn stopped(product: Product) -> io::Result<Self> {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("auth101-{product:?}-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { product, folder, port, child: None })
    }

    /// The URL of a new, empty database. MariaDB's compares text byte for byte; its default would equate addresses that
    /// differ, which [`Server::database_with`] can ask for.
    #[must_use]
    pub fn database(&self) -> String {
        self.database_with(match self.product {
            Product::Postgres => "",
            Product::MariaDb => "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        })
    }

    /// The same with options of its own.
    #[must_use]
    pub fn database_with(&self, options: &str) -> String {
        let name = format!("auth101_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} {options}");
        match self.product {
            Product::Postgres => {
                let mut client = postgres::Client::connect(&self.url("postgres"), postgres::NoTls).unwrap();
                client.batch_execute(&create).unwrap();
            }
            Product::MariaDb => {
                use mysql::prelude::Queryable;
                let options = mysql::Opts::from_url(&self.url("mysql")).unwrap();
                mysql::Conn::new(options).unwrap().query_drop(&create).unwrap();
            }
        }
        self.url(&name)
    }

    /// A driver of at most `size` connections over a new, empty database.
    #[must_use]
    pub fn driver(&self, size: usize) -> ServerDriver {
        ServerDriver::new(&self.database(), size)
    }

    /// The URL of a database by its name.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        match self.product {
            Product::Postgres => format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port),
            Product::MariaDb => format!("mysql://root@127.0.0.1:{}/{database}", self.port),
        }
    }

    /// Which server.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// Ends the server at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
            // PostgreSQL's other processes see that the first one is gone and end by themselves. Until then they hold
            // the data, and a second server over it would destroy it.
            while is_home_of_a_process(&self.folder.join("data")) {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Makes the server a replica that waits for its primary, or a primary again. PostgreSQL only; from the next start.
    ///
    /// # Errors
    /// Its folder cannot be written.
    pub fn set_standby(&self, standby: bool) -> io::Result<()> {
        let signal = self.folder.join("data/standby.signal");
        if standby { fs::write(signal, "") } else { fs::remove_file(signal) }
    }

    /// Starts the server again, over the same data.
    ///
    /// # Errors
    /// It does not come up.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        if self.product == Product::Postgres {
            let _ = fs::remove_file(self.folder.join("data/postmaster.pid"));
        }
        let log = fs::File::create(self.folder.join("log"))?;
        let mut command = self.server_command()?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(spawn_from_lasting_thread(command)?);
        self.await_readiness()
    }

    fn initialise(&self) -> io::Result<()> {
        let data = self.folder.join("data");
        match self.product {
            Product::Postgres => {
                let user = own_for("postgres", &self.folder)?;
                let initdb = postgres_program("initdb")?;
                run(as_user(user, &initdb)
                    .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"])
                    .arg(&data))
            }
            Product::MariaDb => {
                let user = own_for("mysql", &self.folder)?;
                run(as_user(user, Path::new("mariadb-install-db"))
                    .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-name-resolve"])
                    .arg(format!("--tmpdir={}", self.folder.display()))
                    .arg(format!("--datadir={}", data.display())))
            }
        }
    }

    fn server_command(&self) -> io::Result<Command> {
        let data = self.folder.join("data");
        Ok(match self.product {
            Product::Postgres => {
                let mut command = as_user(own_for("postgres", &self.folder)?, &postgres_program("postgres")?);
                command.arg("-D").arg(data).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
                command.arg("-c").arg(format!("unix_socket_directories={}", self.folder.display()));
                // Written before it is answered, as ever; what is spared is the wait for the disk, which only a machine
                // that loses its power needs.
                command.args(["-c", "max_connections=300", "-c", "fsync=off"]);
                command
            }
            Product::MariaDb => {
                let program = find(&["mariadbd", "mysqld"], &["/usr/sbin", "/usr/bin"], "mariadb-server")?;
                let mut command = as_user(own_for("mysql", &self.folder)?, &program);
                command
                    .arg("--no-defaults")
                    .arg(format!("--datadir={}", data.display()))
                    .arg(format!("--socket={}", self.folder.join("socket").display()))
                    .arg(format!("--pid-file={}", self.folder.join("pid").display()))
                    .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--character-set-server=utf8mb4"])
                    // Its own: a server that starts empties the folder of temporary tables.
                    .arg(format!("--tmpdir={}", self.folder.display()))
                    .arg("--innodb-flush-log-at-trx-commit=2")
                    // What a replica reads, of a server that it tells from itself.
                    .args(["--log-bin=binlog", "--binlog-format=ROW", &format!("--server-id={}", self.port)])
                    .args([format!("--port={}", self.port), "--max-connections=300".to_owned()]);
                command
            }
        })
    }

    fn await_readiness(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.answers() {
                return Ok(());
            }
            let ended = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                let message = format!("{:?} did not come up:\n{log}", self.product);
                return Err(io::Error::other(message));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn answers(&self) -> bool {
        match self.product {
            Product::Postgres => postgres::Client::connect(&self.url("postgres"), postgres::NoTls).is_ok(),
            Product::MariaDb => {
                mysql::Opts::from_url(&self.url("mysql")).is_ok_and(|options| mysql::Conn::new(options).is_ok())
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether a process works in a folder. Servers do in that of their data.
fn is_home_of_a_process(folder: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.into_iter().any(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|home| home == folder))
}

/// A server that the tests of a file share is never dropped: its folder stays behind when their process ends, and goes
/// when the next server starts.
fn remove_leftovers() {
    for folder in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let of_a_server = ["auth101-Postgres-", "auth101-MariaDb-"].iter().find_map(|start| name.strip_prefix(start));
        let process = of_a_server.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

/// Database servers refuse to run as root: the folder is given to the user that their package made.
fn own_for<'a>(user: &'a str, folder: &Path) -> io::Result<Option<&'a str>> {
    if !is_root() {
        return Ok(None);
    }
    run(Command::new("chown").arg("-R").arg(user).arg(folder))?;
    Ok(Some(user))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The program, as that user, and not outliving us: a test that is killed leaves no server behind.
fn as_user(user: Option<&str>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(user) = user {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// The kernel ends the server with the thread that started it, which for a server that several tests share must not be
/// the first of them.
fn spawn_from_lasting_thread(mut command: Command) -> io::Result<Child> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens any more only where the test has failed already.
        let _ = sender.send(command.spawn());
        loop {
            thread::park();
        }
    });
    receiver.recv().map_err(io::Error::other)?
}

fn postgres_program(name: &str) -> io::Result<PathBuf> {
    let mut folders: Vec<String> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").display().to_string())
        .collect();
    folders.sort();
    folders.reverse();
    folders.extend(["/usr/local/bin".to_owned(), "/usr/bin".to_owned(), "/opt/homebrew/bin".to_owned()]);
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    find(&[name], &folders, "postgresql")
}

fn find(names: &[&str], folders: &[&str], package: &str) -> io::Result<PathBuf> {
    let candidates = folders.iter().flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)));
    candidates.into_iter().find(|candidate| candidate.exists()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("{} is not installed: `apt-get install {package}`", names.join(" or ")),
        )
    })
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{} failed: {said}", command.get_program().to_string_lossy())))
}

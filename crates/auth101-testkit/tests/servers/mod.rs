//! One server a product for all tests of a file, with a database for each.

#![allow(dead_code, unused_macros, unused_imports, reason = "each file of tests uses the part that it needs")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use auth101_core::{Options, domain::identifier::UserId};
use auth101_sql::{Dialect, Entities, SqlDriver, SqlStore, Statement, Statements, schema};
use auth101_testkit::{
    executor::block_on,
    random::SeededRandom,
    server_driver::ServerDriver,
    servers::{Product, Server},
    service::Service,
    sql_tables::SqlTables,
    tables::Tables,
};
use std::{
    collections::BTreeSet,
    rc::Rc,
    sync::{
        Barrier, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Makes a test of each claim on each product.
macro_rules! on_each_server {
    ($($claim:ident)*) => {
        mod postgres {
            $(#[test] fn $claim() { super::$claim(auth101_testkit::servers::Product::Postgres); })*
        }
        mod mariadb {
            $(#[test] fn $claim() { super::$claim(auth101_testkit::servers::Product::MariaDb); })*
        }
    };
}
pub(crate) use on_each_server;

pub(crate) fn postgres() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(Product::Postgres))
}

pub(crate) fn mariadb() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(Product::MariaDb))
}

/// The server of a product that the tests of a file share.
pub(crate) fn shared(product: Product) -> &'static Server {
    match product {
        Product::Postgres => postgres(),
        Product::MariaDb => mariadb(),
    }
}

/// A server of a test's own, to be ill-treated.
pub(crate) fn start(product: Product) -> Server {
    Server::start(product).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn statements(dialect: Dialect) -> Rc<Statements> {
    Rc::new(Statements::new(dialect, &Entities::default()))
}

/// The driver, once its database has the tables.
pub(crate) fn migrated<D: SqlDriver>(driver: D, dialect: Dialect) -> D {
    let tables = schema::create_statements(dialect, &Entities::default());
    let batch: Vec<Statement<'_>> = tables.iter().map(|sql| Statement { sql, parameters: Vec::new() }).collect();
    block_on(driver.batch(&batch)).unwrap();
    driver
}

/// A service over the server's driver.
pub(crate) type ServerService = Service<SqlStore<ServerDriver>>;

/// A database with the tables, and services over it: one a thread.
pub(crate) struct World {
    pub(crate) driver: ServerDriver,
    pub(crate) url: String,
}

impl World {
    /// On the server that the tests of a file share, with at most that many connections.
    pub(crate) fn new(product: Product, connections: usize) -> Self {
        Self::on(shared(product), connections)
    }

    /// On this server.
    pub(crate) fn on(server: &Server, connections: usize) -> Self {
        let url = server.database();
        let driver = ServerDriver::new(&url, connections);
        let dialect = driver.dialect();
        Self { driver: migrated(driver, dialect), url }
    }

    pub(crate) fn service(&self) -> ServerService {
        self.service_with(|_| ())
    }

    /// With a configuration that is changed as asked.
    pub(crate) fn service_with(&self, change: impl FnOnce(&mut Options)) -> ServerService {
        service_over(self.driver.clone(), change)
    }

    pub(crate) fn tables(&self) -> SqlTables<ServerDriver> {
        SqlTables::new(self.driver.clone(), self.driver.dialect())
    }

    /// A connection of an operator's own, beside the pool.
    pub(crate) fn operator(&self) -> ServerDriver {
        ServerDriver::new(&self.url, 1)
    }
}

pub(crate) fn service_over(driver: ServerDriver, change: impl FnOnce(&mut Options)) -> ServerService {
    /// Services run side by side: no two may draw the same identifiers.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let statements = statements(driver.dialect());
    let mut service = Service::with(SqlStore::new(driver, statements), change);
    service.random = Rc::new(SeededRandom::new(SEED.fetch_add(1, Ordering::Relaxed) << 32));
    service
}

/// What each of several threads, let go at the same moment, makes of the same work.
pub(crate) fn at_once<R: Send>(threads: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let gate = Barrier::new(threads);
    thread::scope(|scope| {
        let (work, gate) = (&work, &gate);
        let running: Vec<_> = (0..threads)
            .map(|index| {
                scope.spawn(move || {
                    gate.wait();
                    work(index)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The tables hang together: an account for every user, a user for every session, no token twice.
pub(crate) fn assert_whole(tables: &impl Tables) {
    let (users, accounts, sessions) =
        block_on(async { (tables.users().await, tables.accounts().await, tables.sessions().await) });
    let known: BTreeSet<&UserId> = users.iter().map(|user| &user.id).collect();
    let owners: Vec<&UserId> = accounts.iter().map(|account| &account.user_id).collect();
    assert_eq!(owners.len(), users.len(), "one account a user");
    assert_eq!(owners.into_iter().collect::<BTreeSet<_>>(), known, "every account has its user");
    let addresses: BTreeSet<&str> = users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(addresses.len(), users.len(), "no address twice");
    assert!(sessions.iter().all(|row| known.contains(&row.session.user_id)), "every session has its user");
    let ids: BTreeSet<_> = sessions.iter().map(|row| &row.session.id).collect();
    let tokens: BTreeSet<_> = sessions.iter().map(|row| &row.session.token).collect();
    assert_eq!((ids.len(), tokens.len()), (sessions.len(), sessions.len()), "no session and no token twice");
}

/// Holds an operator's transaction open until the work waits for it or has ended, then commits it.
pub(crate) fn while_an_operator_works<R: Send>(world: &World, sql: &[&str], work: impl Fn() -> R + Sync) -> R {
    let (operator, watcher) = (world.operator(), world.operator());
    operator.execute(&[&["BEGIN"], sql].concat()).unwrap();
    thread::scope(|scope| {
        let work = scope.spawn(&work);
        while !work.is_finished() && watcher.waiting().is_empty() {
            thread::yield_now();
        }
        operator.execute(&["COMMIT"]).unwrap();
        work.join().unwrap()
    })
}

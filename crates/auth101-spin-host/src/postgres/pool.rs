//! A pool of connections that nobody cleans.
//!
//! Spin's pool resets the settings of a session before it hands a connection on, but rolls nothing back: a transaction
//! that one request left open is the next one's. A component must begin by seeing to that, and a test on a kinder pool
//! would not notice that it does not.

use std::{
    collections::{HashMap, VecDeque},
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Config, NoTls};

/// The most connections to one address.
const SIZE: usize = 64;

/// What is run on a connection before it is handed on. All of it is allowed inside a transaction, and none of it ends
/// one. In a transaction that has failed it fails too, and the connection is closed.
const RECYCLE: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
                       SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES;";

/// A pool for every address.
#[derive(Default)]
pub struct Pools(Mutex<HashMap<String, Arc<Pool>>>);

struct Pool {
    config: Config,
    idle: Mutex<VecDeque<Client>>,
    places: Arc<Semaphore>,
}

/// A connection for as long as this lives. Then it goes back as it is.
pub struct Lease {
    client: Option<Client>,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

/// No connection could be had.
#[derive(Debug)]
pub enum LeaseError {
    /// The server was asked.
    Server(tokio_postgres::Error),
    /// The pool is closed.
    Closed,
}

impl Pools {
    /// A connection to an address; where all are taken, as soon as one is free.
    ///
    /// # Errors
    /// The server cannot be reached, or turns the user away.
    pub async fn lease(&self, address: &str, config: Config) -> Result<Lease, LeaseError> {
        let pool = {
            let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Pool { config, idle: Mutex::default(), places: Arc::new(Semaphore::new(SIZE)) });
            pools.entry(address.to_owned()).or_insert_with(new).clone()
        };
        let place = pool.places.clone().acquire_owned().await.map_err(|_| LeaseError::Closed)?;
        let client = pool.client().await.map_err(LeaseError::Server)?;
        Ok(Lease { client: Some(client), pool, _place: place })
    }
}

impl Pool {
    async fn client(&self) -> Result<Client, tokio_postgres::Error> {
        while let Some(client) = self.take() {
            if !client.is_closed() && client.batch_execute(RECYCLE).await.is_ok() {
                return Ok(client);
            }
        }
        let (client, connection) = self.config.connect(NoTls).await?;
        // It ends with the client, and tells the client why where it ends before.
        tokio::spawn(connection);
        Ok(client)
    }

    fn take(&self) -> Option<Client> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        match &self.client {
            Some(client) => client,
            None => unreachable!("only `drop` takes the client"),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push_back(client);
        }
    }
}

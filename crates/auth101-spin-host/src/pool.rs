//! Connections to PostgreSQL, from the pool that Spin uses, with its settings.
//!
//! It resets the settings of a session before it hands a connection on, but rolls nothing back: a transaction that one
//! request left open is the next one's. A component must begin by seeing to that, and tests on a kinder pool would not
//! notice that it does not.

use anyhow::{Context, Result};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_postgres::{Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The most connections to one address.
const SIZE: usize = 64;

/// A pool for every address.
#[derive(Default)]
pub(crate) struct Pools(Mutex<HashMap<String, Pool>>);

impl Pools {
    /// A connection to an address; where all are taken, as soon as one is free. Dropped, it goes back as it is.
    pub(crate) async fn connect(&self, address: &str, config: Config) -> Result<Object> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned();
        let pool = match known {
            Some(pool) => pool,
            None => {
                let new = pool(config).context("establishing PostgreSQL connection pool")?;
                let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                pools.entry(address.to_owned()).or_insert(new).clone()
            }
        };
        Ok(pool.get().await?)
    }
}

/// `sslmode=prefer`, the default, does without TLS where the server has none. Where it has, its certificate must be one that
/// this machine trusts, as for `require`.
fn pool(config: Config) -> Result<Pool> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Clean };
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_config(config, NoTls, recycling),
        _ => Manager::from_config(config, MakeRustlsConnect::new(verifying()?), recycling),
    };
    Ok(Pool::builder(manager).max_size(SIZE).build()?)
}

fn verifying() -> Result<ClientConfig> {
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(versions.with_safe_default_protocol_versions()?.with_root_certificates(trusted).with_no_client_auth())
}

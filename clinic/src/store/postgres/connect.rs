//! How connections are made, and those that wait to be used again.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;
use crate::config::PostgresUrl;
use crate::store::sql::{Prepared, Session};

/// The longest that making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// A statement that takes longer is ended by the server: what waits behind it must not wait for ever.
const STATEMENT_MILLIS: u32 = 30_000;
/// A transaction whose process is gone, or its network, is ended after this: others wait for its rows.
const IDLE_IN_TRANSACTION_MILLIS: u32 = 10_000;
/// Readers that stay connected while nobody reads.
const KEPT: usize = 8;

/// Where the database is.
pub(super) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    pub fn new(url: &PostgresUrl) -> Result<Self, StoreError> {
        let mut config: Config = url.as_str().parse().map_err(|_| StoreError::BadUrl)?;
        config.connect_timeout(CONNECT);
        config.keepalives_idle(Duration::from_secs(10));
        config.tcp_user_timeout(Duration::from_secs(15));
        if config.get_application_name().is_none() {
            config.application_name("sokhoe");
        }
        let tls = (config.get_ssl_mode() != SslMode::Disable)
            .then(|| super::tls::connector(url.authorities()))
            .transpose()?;
        Ok(Self { config, tls })
    }

    /// A new connection, set up.
    pub fn connect(&self) -> Result<Connection, StoreError> {
        let mut client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone())?,
            None => self.config.connect(NoTls)?,
        };
        client.batch_execute(&format!(
            "SET statement_timeout = {STATEMENT_MILLIS};
             SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MILLIS};
             SET client_min_messages = warning;
             SET timezone = 'UTC'"
        ))?;
        Ok(Connection {
            client,
            prepared: Prepared::default(),
        })
    }
}

/// A connection and what is prepared on it.
pub(super) struct Connection {
    pub client: Client,
    prepared: Prepared,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub fn begin_to_read(&mut self) -> Result<Session<'_>, StoreError> {
        Session::begin_to_read(&mut self.client, &mut self.prepared)
    }

    pub fn begin_to_write(
        &mut self,
        isolation: crate::store::job::Isolation,
    ) -> Result<Session<'_>, StoreError> {
        Session::begin_to_write(&mut self.client, &mut self.prepared, isolation)
    }
}

/// Connections that nobody uses at the moment.
#[derive(Debug)]
pub(super) struct Idle {
    server: Arc<Server>,
    idle: Mutex<Vec<Connection>>,
}

impl Idle {
    pub fn new(server: Arc<Server>) -> Self {
        Self {
            server,
            idle: Mutex::default(),
        }
    }

    /// One that works, as far as is known.
    pub fn take(&self) -> Result<Connection, StoreError> {
        loop {
            let idle = self.lock().pop();
            match idle {
                // The server may have gone and come back since.
                Some(mut connection) => {
                    if connection.client.is_valid(CONNECT).is_ok() {
                        return Ok(connection);
                    }
                }
                None => return self.server.connect(),
            }
        }
    }

    /// Disconnects them.
    pub fn close(&self) {
        self.lock().clear();
    }

    /// Keeps it for the next one.
    pub fn give_back(&self, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() < KEPT && !connection.client.is_closed() {
            idle.push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

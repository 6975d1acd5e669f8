//! The databases of clinics under test, looked into and broken behind the clinics' backs: SQLite's file, or one that is
//! made at a server of PostgreSQL and taken away again. Who asks gets the same from both.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::error::SqlState;
use postgres::{Client, NoTls, SimpleQueryMessage};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};

/// Names the server of PostgreSQL at which tests may make databases; `cargo xtask test --only postgres` starts one.
const SERVER: &str = "SOKHOE_TEST_POSTGRES";

/// A database. One of PostgreSQL is taken away when this is dropped.
#[derive(Debug)]
pub struct Database(Engine);

#[derive(Debug)]
enum Engine {
    Sqlite(PathBuf),
    Postgres {
        server: String,
        name: String,
        url: String,
    },
}

/// The database's own rule said no.
#[derive(Debug, PartialEq, Eq)]
pub struct NotUnique;

impl Database {
    /// One of SQLite, which the clinic makes in this file.
    #[must_use]
    pub fn sqlite(file: PathBuf) -> Self {
        Self(Engine::Sqlite(file))
    }

    /// An empty one of PostgreSQL.
    ///
    /// # Panics
    /// When no server is named, or it makes none.
    #[must_use]
    pub fn postgres() -> Self {
        let server = std::env::var(SERVER);
        Self::at(server.expect("SOKHOE_TEST_POSTGRES: the URL of a server"))
    }

    /// One of PostgreSQL where a server is named, else SQLite's in this file.
    ///
    /// # Panics
    /// When the server makes none.
    #[must_use]
    pub fn of_environment(file: PathBuf) -> Self {
        std::env::var(SERVER).map_or_else(|_| Self::sqlite(file), Self::at)
    }

    fn at(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sokhoe_test_{}_{number}", std::process::id());
        on(&server, |client| {
            client.batch_execute(&format!("CREATE DATABASE {name}"))
        })
        .expect("a new database");
        let (before, after) = server.rsplit_once('/').expect("a URL");
        let options = after.split_once('?').map_or("", |(_, options)| options);
        let url = format!("{before}/{name}?{options}");
        Self(Engine::Postgres { server, name, url })
    }

    /// As a clinic is told of it.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.0 {
            Engine::Sqlite(file) => format!("sqlite:{}", file.display()),
            Engine::Postgres { url, .. } => url.clone(),
        }
    }

    /// Whether it is one of PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Engine::Postgres { .. })
    }

    /// Runs statements.
    ///
    /// # Errors
    /// When the rule that something is unique is against it.
    ///
    /// # Panics
    /// When anything else is.
    pub fn execute(&self, text: &str) -> Result<(), NotUnique> {
        match &self.0 {
            Engine::Sqlite(file) => open(file).execute_batch(text).map_err(|error| {
                let code = error.sqlite_error_code();
                assert_eq!(code, Some(ErrorCode::ConstraintViolation), "{error}");
                NotUnique
            }),
            Engine::Postgres { url, .. } => {
                on(url, |client| client.batch_execute(text)).map_err(|error| {
                    assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION), "{error}");
                    NotUnique
                })
            }
        }
    }

    /// The rows of an answer, whatever they hold as text; null is empty.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn rows(&self, query: &str) -> Vec<Vec<String>> {
        match &self.0 {
            Engine::Sqlite(file) => {
                let connection = open(file);
                let mut query = connection.prepare(query).expect("a query");
                let columns = query.column_count();
                let rows = query.query_map([], |row| {
                    (0..columns).map(|n| Ok(text(row.get_ref(n)?))).collect()
                });
                rows.expect("rows").map(|row| row.expect("a row")).collect()
            }
            Engine::Postgres { url, .. } => {
                let messages = on(url, |client| client.simple_query(query)).expect("rows");
                messages
                    .iter()
                    .filter_map(|message| match message {
                        SimpleQueryMessage::Row(row) => Some(
                            (0..row.len())
                                .map(|n| row.get(n).unwrap_or_default().to_owned())
                                .collect(),
                        ),
                        _ => None,
                    })
                    .collect()
            }
        }
    }

    /// The one number of an answer.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn number(&self, query: &str) -> i64 {
        self.rows(query)[0][0].parse().expect("a number")
    }

    /// Everything it holds, to search for what must not be there.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn everything(&self) -> Vec<u8> {
        match &self.0 {
            Engine::Sqlite(file) => std::fs::read(file).expect("the file"),
            Engine::Postgres { .. } => {
                let tables = self.rows(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
                );
                let rows = tables
                    .iter()
                    .flat_map(|table| self.rows(&format!("SELECT t::text FROM {} t", table[0])));
                rows.flatten().collect::<String>().into_bytes()
            }
        }
    }

    /// Nobody writes until the standstill is dropped.
    ///
    /// # Panics
    /// When somebody else keeps it from that.
    #[must_use]
    pub fn stand_still(&self) -> Standstill {
        Standstill(match &self.0 {
            Engine::Sqlite(file) => {
                let connection = open(file);
                let begun = connection.execute_batch("BEGIN IMMEDIATE");
                begun.expect("the right to write");
                Standing::Sqlite(connection)
            }
            Engine::Postgres { url, .. } => apart(|| {
                let mut client = Client::connect(url, NoTls).expect("the server");
                let begun = client.batch_execute("BEGIN; LOCK TABLE feed");
                begun.expect("the table's lock");
                Standing::Postgres(Some(client))
            }),
        })
    }

    /// Breaks every connection that anybody has with it, as its server's restart does.
    ///
    /// # Panics
    /// When there is none, or no server.
    pub fn break_connections(&self) {
        let Engine::Postgres { server, name, .. } = &self.0 else {
            panic!("a file has no connections");
        };
        let broken = on(server, |client| {
            client.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                &[name],
            )
        });
        assert!(broken.expect("an answer") > 0);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Engine::Postgres { server, name, .. } = &self.0 {
            apart(|| {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let client = Client::connect(server, NoTls);
                let _left_behind = client.map(|mut client| client.batch_execute(&drop));
            });
        }
    }
}

/// Keeps everybody from writing.
pub struct Standstill(Standing);

enum Standing {
    Sqlite(Connection),
    Postgres(Option<Client>),
}

impl std::fmt::Debug for Standstill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standstill").finish_non_exhaustive()
    }
}

impl Drop for Standstill {
    fn drop(&mut self) {
        match &mut self.0 {
            Standing::Sqlite(connection) => {
                let _it_ends_with_the_connection = connection.execute_batch("ROLLBACK");
            }
            Standing::Postgres(client) => apart(|| drop(client.take())),
        }
    }
}

fn open(file: &Path) -> Connection {
    Connection::open(file).expect("the file")
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

/// Asks a server of PostgreSQL something.
fn on<T: Send>(
    url: &str,
    ask: impl FnOnce(&mut Client) -> Result<T, postgres::Error> + Send,
) -> Result<T, postgres::Error> {
    apart(|| ask(&mut Client::connect(url, NoTls).expect("the server")))
}

/// The client of PostgreSQL waits, which async code may not.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().expect("an end without a panic"))
}

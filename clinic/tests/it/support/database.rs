//! The database of a hospital under test, to look into and to break in.
//!
//! SQLite's file; or with `SOKHOE_TEST_POSTGRES`, the URL of a server at which databases may be made, one of
//! PostgreSQL. The tests are the same.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::error::SqlState;
use postgres::{Client, NoTls, SimpleQueryMessage};
use rusqlite::Connection;
use sokhoe_clinic::{DataSource, PostgresUrl};

/// Names the server of PostgreSQL that tests may use.
const SERVER: &str = "SOKHOE_TEST_POSTGRES";

pub enum Database {
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
    /// An empty one, whose files are in `folder`.
    pub fn new(folder: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(SERVER) else {
            return Self::Sqlite(folder.join("data").join("clinic.db"));
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sokhoe_test_{}_{number}", std::process::id());
        apart(|| {
            let mut client = Client::connect(&server, NoTls).unwrap();
            client
                .batch_execute(&format!("CREATE DATABASE {name}"))
                .unwrap();
        });
        let (before, after) = server.rsplit_once('/').unwrap();
        let options = after.split_once('?').map_or("", |(_, options)| options);
        let url = format!("{before}/{name}?{options}");
        Self::Postgres { server, name, url }
    }

    /// For a clinic to open.
    pub fn source(&self, folder: &Path) -> DataSource {
        let keys = folder.join("data");
        match self {
            Self::Sqlite(_) => DataSource::Folder(keys),
            Self::Postgres { url, .. } => DataSource::Postgres {
                url: PostgresUrl::new(url, None).unwrap(),
                keys,
            },
        }
    }

    /// Runs statements.
    pub fn execute(&self, text: &str) -> Result<(), NotUnique> {
        match self {
            Self::Sqlite(file) => {
                let done = Connection::open(file).unwrap().execute_batch(text);
                done.map_err(|error| {
                    assert_eq!(
                        error.sqlite_error_code(),
                        Some(rusqlite::ErrorCode::ConstraintViolation),
                        "{error}"
                    );
                    NotUnique
                })
            }
            Self::Postgres { url, .. } => apart(|| {
                let done = Client::connect(url, NoTls).unwrap().batch_execute(text);
                done.map_err(|error| {
                    assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION), "{error}");
                    NotUnique
                })
            }),
        }
    }

    /// The rows of an answer, whatever they hold as text; null is empty.
    pub fn rows(&self, text: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite(file) => {
                let connection = Connection::open(file).unwrap();
                let mut statement = connection.prepare(text).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns)
                        .map(|column| {
                            use rusqlite::types::ValueRef;
                            Ok(match row.get_ref(column)? {
                                ValueRef::Null => String::new(),
                                ValueRef::Integer(number) => number.to_string(),
                                ValueRef::Real(number) => number.to_string(),
                                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                                    String::from_utf8_lossy(bytes).into_owned()
                                }
                            })
                        })
                        .collect()
                });
                rows.unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres { url, .. } => apart(|| {
                let mut client = Client::connect(url, NoTls).unwrap();
                let messages = client.simple_query(text).unwrap();
                messages
                    .iter()
                    .filter_map(|message| match message {
                        SimpleQueryMessage::Row(row) => Some(
                            (0..row.len())
                                .map(|column| row.get(column).unwrap_or_default().to_owned())
                                .collect(),
                        ),
                        _ => None,
                    })
                    .collect()
            }),
        }
    }

    /// The one number of an answer.
    pub fn number(&self, text: &str) -> i64 {
        self.rows(text)[0][0].parse().unwrap()
    }

    /// Everything it holds, to search for what must not be there.
    pub fn everything(&self) -> Vec<u8> {
        match self {
            Self::Sqlite(file) => std::fs::read(file).unwrap(),
            Self::Postgres { .. } => {
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
}

/// Keeps everybody from writing.
pub enum Standstill {
    Sqlite(Connection),
    Postgres(Option<Client>),
}

impl Database {
    /// Nobody writes until the standstill is dropped.
    pub fn stand_still(&self) -> Standstill {
        match self {
            Self::Sqlite(file) => {
                let connection = Connection::open(file).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Standstill::Sqlite(connection)
            }
            Self::Postgres { url, .. } => apart(|| {
                let mut client = Client::connect(url, NoTls).unwrap();
                client.batch_execute("BEGIN; LOCK TABLE feed").unwrap();
                Standstill::Postgres(Some(client))
            }),
        }
    }
}

impl Drop for Standstill {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Self::Postgres(client) => apart(|| drop(client.take())),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { server, name, .. } = self {
            apart(|| {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let client = Client::connect(server, NoTls);
                let _left_behind = client.map(|mut client| client.batch_execute(&drop));
            });
        }
    }
}

/// The client of the tests waits, which async code may not.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

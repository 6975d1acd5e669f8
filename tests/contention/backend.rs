//! The databases a clinic can have: how it is told, and how one looks into them behind its back.

use std::path::Path;

use postgres::{Client, NoTls, SimpleQueryMessage};
use rusqlite::types::ValueRef;

/// Names the server of PostgreSQL; `cargo xtask test --only postgres` starts one.
const SERVER: &str = "SOKHOE_TEST_POSTGRES";

/// A database.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A database of a server.
    Postgres,
}

impl Backend {
    /// Makes an empty one where it has to be made.
    pub fn make(self) {
        if matches!(self, Self::Postgres) {
            on_server(&format!("CREATE DATABASE {}", postgres_name()));
        }
    }

    /// Takes it away. The clinic must not run.
    pub fn forget(self) {
        if matches!(self, Self::Postgres) {
            on_server(&format!("DROP DATABASE {} WITH (FORCE)", postgres_name()));
        }
    }

    /// What the clinic is told.
    pub fn url(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", sqlite_file(folder)),
            Self::Postgres => postgres_url(),
        }
    }

    /// The rows of a query that every database understands, each value as text. The clinic must not run.
    pub fn rows(self, folder: &Path, query: &str) -> Vec<Vec<String>> {
        match self {
            Self::Sqlite => {
                let database = rusqlite::Connection::open(sqlite_file(folder)).expect("the file");
                let mut query = database.prepare(query).expect("a query");
                let columns = query.column_count();
                let rows = query.query_map([], |row| {
                    (0..columns).map(|n| Ok(text(row.get_ref(n)?))).collect()
                });
                rows.expect("rows").map(|row| row.expect("a row")).collect()
            }
            Self::Postgres => {
                let mut client = Client::connect(&postgres_url(), NoTls).expect("the server");
                let messages = client.simple_query(query).expect("a query");
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
}

fn sqlite_file(folder: &Path) -> String {
    let file = folder.join("clinic.db");
    file.to_str().expect("a path of text").to_owned()
}

fn server() -> String {
    std::env::var(SERVER).expect("SOKHOE_TEST_POSTGRES: the URL of a server")
}

fn postgres_name() -> String {
    format!("sokhoe_contention_{}", std::process::id())
}

fn postgres_url() -> String {
    server().replacen("/postgres?", &format!("/{}?", postgres_name()), 1)
}

fn on_server(statement: &str) {
    let mut client = Client::connect(&server(), NoTls).expect("the server");
    client.batch_execute(statement).expect("it is done");
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    }
}

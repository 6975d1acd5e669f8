//! The databases a clinic can have: how it is told, and how one looks into them behind its back.

use std::path::Path;

use rusqlite::types::ValueRef;

/// A database.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    /// A file.
    Sqlite,
}

impl Backend {
    /// What the clinic is told.
    pub fn url(self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", sqlite_file(folder)),
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
        }
    }
}

fn sqlite_file(folder: &Path) -> String {
    let file = folder.join("clinic.db");
    file.to_str().expect("a path of text").to_owned()
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    }
}

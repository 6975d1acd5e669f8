//! Where a clinic keeps its data, what it is called, who is paid.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sokhoe_domain::ports::{Clock, Rng};

use crate::ClinicError;
use crate::bank_messages::BankMessages;
use crate::sign_in::SignIn;

/// Where a clinic's data lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// A folder, made when it is not there: database and key files.
    Folder(PathBuf),
    /// A SQLite file; the key files stand beside it.
    Sqlite(PathBuf),
    /// A SQLite file of a VFS that this program has registered with SQLite; the key files are in a folder of
    /// the file system.
    Vfs {
        /// The VFS's name.
        vfs: String,
        /// The database, as the VFS calls it.
        database: PathBuf,
        /// The folder of the key files.
        keys: PathBuf,
    },
    /// A PostgreSQL database, which any number of processes may share; all of them have the same key files.
    Postgres {
        /// Where it is.
        url: PostgresUrl,
        /// The folder of the key files.
        keys: PathBuf,
    },
}

/// Where a PostgreSQL database is, and by whom its server is known. The text may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: String,
    authorities: Option<PathBuf>,
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresUrl").finish_non_exhaustive()
    }
}

impl PostgresUrl {
    /// Whether a database URL is one of PostgreSQL.
    #[must_use]
    pub fn is_one(url: &str) -> bool {
        url.starts_with("postgres://") || url.starts_with("postgresql://")
    }

    /// A URL as libpq takes it, e.g. `postgres://clinic@db.hospital.example/clinic?sslmode=require`. With `sslmode`
    /// other than `disable` the server's certificate is checked against `authorities`, a PEM file, or without it
    /// against the public ones.
    ///
    /// # Errors
    /// [`ClinicError::UnknownDatabaseUrl`]
    pub fn new(url: &str, authorities: Option<PathBuf>) -> Result<Self, ClinicError> {
        if !Self::is_one(url) {
            return Err(ClinicError::UnknownDatabaseUrl);
        }
        Ok(Self {
            url: url.to_owned(),
            authorities,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.url
    }

    pub(crate) fn authorities(&self) -> Option<&Path> {
        self.authorities.as_deref()
    }
}

impl DataSource {
    /// Reads the URL of a database file: `sqlite:PATH` or `sqlite://PATH`. For PostgreSQL see [`PostgresUrl`].
    ///
    /// # Errors
    /// [`ClinicError::UnknownDatabaseUrl`]
    pub fn from_url(url: &str) -> Result<Self, ClinicError> {
        let path = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
            .filter(|path| !path.is_empty())
            .ok_or(ClinicError::UnknownDatabaseUrl)?;
        Ok(Self::Sqlite(path.into()))
    }

    /// The database file, where it is a file.
    #[must_use]
    pub fn database(&self) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) => Some(folder.join("clinic.db")),
            Self::Sqlite(file) | Self::Vfs { database: file, .. } => Some(file.clone()),
            Self::Postgres { .. } => None,
        }
    }

    /// The VFS of the database; the system's when unset.
    pub(crate) fn vfs(&self) -> Option<&str> {
        match self {
            Self::Folder(_) | Self::Sqlite(_) | Self::Postgres { .. } => None,
            Self::Vfs { vfs, .. } => Some(vfs),
        }
    }

    /// A key file by its name.
    pub(crate) fn key_file(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(folder)
            | Self::Vfs { keys: folder, .. }
            | Self::Postgres { keys: folder, .. } => folder.join(name),
            Self::Sqlite(file) => {
                let mut path = file.clone().into_os_string();
                path.push(".");
                path.push(name);
                path.into()
            }
        }
    }

    /// The folder that must exist.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder)
            | Self::Vfs { keys: folder, .. }
            | Self::Postgres { keys: folder, .. } => Some(folder),
            Self::Sqlite(file) => file.parent().filter(|p| !p.as_os_str().is_empty()),
        }
    }
}

/// The account that a clinic's invoices are paid to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The bank's six digits (NAPAS).
    pub bin: String,
    /// The account number, 6 to 19 characters.
    pub account: String,
    /// The holder, as the bank shows it: upper case without marks.
    pub name: String,
}

impl Default for Payee {
    /// The account of the fictional hospital.
    fn default() -> Self {
        Self {
            bin: "970415".to_owned(),
            account: "119000123456".to_owned(),
            name: "BVDK TINH MUONG THANH".to_owned(),
        }
    }
}

/// On which threads a clinic works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Work {
    /// One of its own that writes, and those of the runtime that may block.
    #[default]
    OnThreads,
    /// Where it is called: one request after the other, for a program in which the order of everything counts.
    WhereCalled,
}

/// What a clinic needs to open.
#[derive(Clone)]
pub struct ClinicConfig {
    /// Where the data lie.
    pub data: DataSource,
    /// What the clinic is called on phones. Kept at the first opening; a later name replaces it.
    pub name: String,
    /// Who is paid.
    pub payee: Payee,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes random numbers.
    pub rng: Arc<dyn Rng>,
    /// Where it works.
    pub work: Work,
    /// Whether what happens has the time of the database's server instead of `clock`'s: machines that share one do not
    /// agree. Only where there is such a server.
    pub time_of_database: bool,
    /// How people come in by an OpenID provider, if they can.
    pub sign_in: Option<SignIn>,
    /// Who tells what arrived in the clinic's account, if anybody does.
    pub bank_messages: Option<BankMessages>,
    /// The proxies in front of the clinic: what they say of where a request comes from (`X-Forwarded-For`) is believed. Without them
    /// who comes from this machine is slowed by nothing, since that may be everybody.
    pub proxies: Vec<IpAddr>,
    /// Whether who did what is remembered. Not for users: it measures what that costs.
    #[doc(hidden)]
    pub has_access_log: bool,
}

impl ClinicConfig {
    /// The fictional hospital's name and account, over the given data.
    #[must_use]
    pub fn new(data: DataSource, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self {
            data,
            name: crate::seed::HOSPITAL_NAME.to_owned(),
            payee: Payee::default(),
            clock,
            rng,
            work: Work::default(),
            time_of_database: false,
            sign_in: None,
            bank_messages: None,
            proxies: Vec::new(),
            has_access_log: true,
        }
    }

    /// The same with the operating system's clock and random numbers.
    #[must_use]
    pub fn on_this_machine(data: DataSource) -> Self {
        let time_of_database = matches!(data, DataSource::Postgres { .. });
        Self {
            time_of_database,
            ..Self::new(
                data,
                Arc::new(crate::system::SystemClock),
                Arc::new(crate::system::SystemRng::default()),
            )
        }
    }
}

impl fmt::Debug for ClinicConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClinicConfig")
            .field("data", &self.data)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_sqlite_or_says_what_it_should_be() {
        assert_eq!(
            DataSource::from_url("sqlite:/tmp/a.db").unwrap(),
            DataSource::Sqlite("/tmp/a.db".into())
        );
        assert_eq!(
            DataSource::from_url("sqlite:///tmp/a.db").unwrap(),
            DataSource::Sqlite("/tmp/a.db".into())
        );
        assert!(PostgresUrl::new("postgres://user:secret@host/db", None).is_ok());
        assert!(PostgresUrl::new("mysql://user@host/db", None).is_err());
        for bad in ["", "sqlite:", "mysql://x", "/tmp/a.db"] {
            assert!(matches!(
                DataSource::from_url(bad),
                Err(ClinicError::UnknownDatabaseUrl)
            ));
        }
    }
}

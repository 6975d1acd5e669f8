//! Which clinic: where its data lie, and what the demo fills it with.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use sokhoe_clinic::{
    BankMessages, Clinic, ClinicConfig, ClinicError, DataSource, ImportOptions, ImportReport,
    PostgresUrl, SeedReport, SignIn,
};

use crate::data;
use crate::failure::Failure;

/// Where a clinic's data lie.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct DataArgs {
    /// The clinic's folder: database and keys; made when it is not there. With PostgreSQL the keys alone
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// The clinic's database: sqlite:/var/lib/sokhoe/clinic.db, its keys lie beside it; or
    /// postgres://USER@HOST/NAME?sslmode=require, its keys lie in --data
    #[arg(
        long,
        value_name = "URL",
        env = "SOKHOE_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,

    /// The certificate authorities of PostgreSQL's server, a PEM file; without it the public ones
    #[arg(long, value_name = "FILE", env = "SOKHOE_DATABASE_CA")]
    database_ca: Option<PathBuf>,
}

impl DataArgs {
    /// Where it is.
    pub fn source(self) -> Result<DataSource, Failure> {
        match (self.data, self.database_url) {
            (Some(keys), Some(url)) if PostgresUrl::is_one(&url) => Ok(DataSource::Postgres {
                url: PostgresUrl::new(&url, self.database_ca)?,
                keys,
            }),
            (None, Some(url)) if PostgresUrl::is_one(&url) => {
                Err(Failure::said("clinic-keys-where"))
            }
            (Some(_), Some(_)) => Err(Failure::said("clinic-data-twice")),
            (Some(folder), None) => Ok(DataSource::Folder(folder)),
            (None, Some(url)) => Ok(DataSource::from_url(&url)?),
            (None, None) => Err(ClinicError::UnknownDatabaseUrl.into()),
        }
    }

    /// Opens the clinic; makes it when it is not there.
    pub async fn open(self) -> Result<Clinic, Failure> {
        self.open_with(None, None, Vec::new()).await
    }

    /// The same, whose people can come in by an OpenID provider, too, and which hears what arrives in its account.
    pub async fn open_with(
        self,
        sign_in: Option<SignIn>,
        bank_messages: Option<BankMessages>,
        proxies: Vec<IpAddr>,
    ) -> Result<Clinic, Failure> {
        let config = ClinicConfig {
            sign_in,
            bank_messages,
            proxies,
            ..ClinicConfig::on_this_machine(self.source()?)
        };
        off_thread(move || Clinic::open(config)).await
    }

    /// Where a clinic is that is there: a slip in a path must not make an empty one.
    pub fn existing(self) -> Result<DataSource, Failure> {
        let source = self.source()?;
        // Where the database is no file, the keys say whether there is a clinic.
        let file = match &source {
            DataSource::Postgres { keys, .. } => Some(keys.join("identity.key")),
            DataSource::Folder(_) | DataSource::Sqlite(_) | DataSource::Vfs { .. } => {
                source.database()
            }
        };
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(Failure::Said(
                "clinic-not-there",
                vec![("path", file.display().to_string())],
            ));
        }
        Ok(source)
    }

    /// Opens a clinic that is there.
    pub async fn open_existing(self) -> Result<Clinic, Failure> {
        let source = self.existing()?;
        off_thread(move || Clinic::open(ClinicConfig::on_this_machine(source))).await
    }
}

/// Does what blocks on the disk where it keeps nobody waiting.
///
/// # Errors
/// Those of the work.
pub(crate) async fn off_thread<T, E, F>(work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Into<Failure> + Send + 'static,
    F: FnOnce() -> Result<T, E> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Into::into),
        // It can only have panicked, which is a fault of ours and was logged where it happened.
        Err(_) => Err(Failure::said("failure-fault")),
    }
}

/// Fills a clinic with the demo's hospital and the demo patient's book. Doing it again changes nothing.
///
/// # Errors
/// [`ClinicError`]
pub(crate) fn fill_demo(clinic: &Clinic) -> Result<(SeedReport, ImportReport), ClinicError> {
    let seeded = clinic.seed_hospital()?;
    let mut whole = ImportReport::default();
    let letter = data::letter();
    let parts = data::BOOK
        .into_iter()
        .chain([("letter.ndjson", letter.as_bytes())]);
    for (name, mut content) in parts {
        let part = clinic.import_reader(name, &mut content, &ImportOptions::default())?;
        whole.stored += part.stored;
        whole.unchanged += part.unchanged;
        whole.deleted += part.deleted;
        whole.skipped.extend(part.skipped);
    }
    Ok((seeded, whole))
}

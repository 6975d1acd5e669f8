//! Which clinic: where its data lie, and what the demo fills it with.

use std::path::PathBuf;

use clap::Args;
use sokhoe_clinic::{
    Clinic, ClinicConfig, ClinicError, DataSource, ImportOptions, ImportReport, SeedReport,
};

use crate::data;
use crate::failure::Failure;

/// Where a clinic's data lie.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct DataArgs {
    /// The clinic's folder: database and keys; made when it is not there
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// The clinic's database, e.g. sqlite:/var/lib/sokhoe/clinic.db; its keys lie beside it
    #[arg(
        long,
        value_name = "URL",
        env = "SOKHOE_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
}

impl DataArgs {
    fn source(self) -> Result<DataSource, ClinicError> {
        match (self.data, self.database_url) {
            (Some(folder), _) => Ok(DataSource::Folder(folder)),
            (None, Some(url)) => DataSource::from_url(&url),
            (None, None) => Err(ClinicError::UnknownDatabaseUrl),
        }
    }

    /// Opens the clinic; makes it when it is not there.
    pub async fn open(self) -> Result<Clinic, Failure> {
        let source = self.source()?;
        off_thread(move || Clinic::open(ClinicConfig::on_this_machine(source))).await
    }

    /// Opens a clinic that is there: a slip in a path must not make an empty one.
    pub async fn open_existing(self) -> Result<Clinic, Failure> {
        let source = self.source()?;
        let database = source.database();
        if !database.is_file() {
            return Err(Failure::Said(
                "clinic-not-there",
                vec![("path", database.display().to_string())],
            ));
        }
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

//! `sokhoe clinic restore`: a clinic on SQLite out of a backup.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sokhoe_clinic::system::SystemRng;
use sokhoe_clinic::{Clinic, ClinicConfig, ClinicError, KeysFrom, restore};

use super::backup::passphrase;
use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::words::Words;

/// Restore a clinic out of a backup, to where nothing is; then check it
///
/// A backup that was altered or cut off, or is of a newer release, is refused; one of an older release is brought to this
/// one. Phones fetch their books anew. What was done after the backup began is lost: see docs/running/README.md for whom to
/// call.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sokhoe clinic restore --from /mnt/backup/sokhoe --data /var/lib/sokhoe-new --passphrase-file /etc/sokhoe/backup.passphrase")]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    data: DataArgs,

    /// A backup, or the folder of the backups: then the newest
    #[arg(long, value_name = "DIR")]
    from: PathBuf,

    /// A file whose one line is the passphrase that the keys in the backup are under
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    passphrase_file: Option<PathBuf>,

    /// A folder with identity.key and secret.key, where the backup has no keys
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
}

pub(super) async fn run(
    args: RestoreArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let keys = match (passphrase(args.passphrase_file)?, args.keys) {
        (Some(passphrase), _) => KeysFrom::Backup(passphrase),
        (None, Some(folder)) => KeysFrom::Folder(folder),
        (None, None) => KeysFrom::Place,
    };
    let (source, from) = (args.data.source()?, args.from);
    let (restored, report) = off_thread(move || {
        let restored = restore(&from, &source, &keys, &SystemRng::default())?;
        let clinic = Clinic::open(ClinicConfig::on_this_machine(source))?;
        Ok::<_, ClinicError>((restored, clinic.check()?))
    })
    .await?;
    let backup = restored.backup.display().to_string();
    output.json(&json!({"backup": backup, "at": restored.at.to_fhir()}))?;
    let values = [
        ("path", backup),
        (
            "at",
            restored
                .at
                .in_vietnam()
                .format("%H:%M:%S %d/%m/%Y")
                .to_string(),
        ),
    ];
    output.line(words.say_with("clinic-restored", &values))?;
    super::check::tell(&report, words, output)?;
    report.is_clean().then_some(()).ok_or(Failure::AlreadyTold)
}

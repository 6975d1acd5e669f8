//! `sokhoe clinic backup`: saves a clinic on SQLite while it runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use sokhoe_clinic::system::{SystemClock, SystemRng};
use sokhoe_clinic::{Backups, ClinicError, Passphrase};

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::Output;
use crate::stop;
use crate::stopwatch::Stopwatch;
use crate::words::Words;

/// Save the clinic's data into a folder, once or again and again; nobody waits meanwhile
///
/// A backup is the database as of one moment, signed by the clinic's key, read again before it has its name. It is not
/// encrypted: keep it on an encrypted disk of another machine. The keys are in it only under a passphrase; without one keep
/// identity.key and secret.key elsewhere. PostgreSQL is saved by its own tools: see docs/running/README.md.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe clinic backup --data /var/lib/sokhoe --to /mnt/backup/sokhoe --passphrase-file /etc/sokhoe/backup.passphrase
  sokhoe clinic backup --data /var/lib/sokhoe --to /mnt/backup/sokhoe --every 30 --keep 100

What a lost disk takes is what was done since the newest backup began: the seconds of --every and those that one takes.")]
pub(super) struct BackupArgs {
    #[command(flatten)]
    data: DataArgs,

    /// The folder of the backups; each is a folder in it
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    /// A file whose one line is the passphrase for the keys, of 12 characters or more
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Go on until Ctrl-C or SIGTERM, one every so many seconds; none where nothing changed
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,

    /// How many stay; the oldest go
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// Reads a passphrase.
pub(super) fn passphrase(file: Option<PathBuf>) -> Result<Option<Passphrase>, Failure> {
    let Some(path) = file else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(&path).map_err(|error| Failure::File { path, error })?;
    let passphrase = Passphrase::new(&text).map_err(ClinicError::from)?;
    Ok(Some(passphrase))
}

pub(super) async fn run(
    args: BackupArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut stop = std::pin::pin!(stop::asked()?);
    let passphrase = passphrase(args.passphrase_file)?;
    let (source, to) = (args.data.existing()?, args.to);
    let mut backups = off_thread(move || {
        Backups::open(
            source,
            to,
            passphrase,
            Arc::new(SystemClock),
            Arc::new(SystemRng::default()),
        )
    })
    .await?;
    let keep = args
        .keep
        .map(|keep| usize::try_from(keep).unwrap_or(usize::MAX));
    let mut turns = args.every.map(|seconds| {
        let mut turns = tokio::time::interval(Duration::from_secs(seconds));
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        turns
    });
    loop {
        if let Some(turns) = &mut turns {
            tokio::select! {
                _ = turns.tick() => {}
                () = &mut stop => return Ok(()),
            }
        }
        let watch = Stopwatch::start();
        let made;
        (backups, made) = off_thread(move || {
            let made = backups.make().and_then(|made| {
                if let Some(keep) = keep {
                    backups.prune(keep)?;
                }
                Ok(made)
            });
            Ok::<_, ClinicError>((backups, made))
        })
        .await?;
        match (made, &turns) {
            (Ok(Some(folder)), _) => {
                let seconds = watch.read().as_secs_f64();
                let folder = folder.display().to_string();
                output.json(&json!({"backup": folder, "seconds": seconds}))?;
                let values = [("path", folder), ("seconds", format!("{seconds:.1}"))];
                output.line(words.say_with("clinic-backup-made", &values))?;
            }
            (Ok(None), _) => {}
            (Err(error), None) => return Err(error.into()),
            // The next one may do: a full disk is emptied, a network's folder comes back.
            (Err(error), Some(_)) => {
                tracing::error!(%error, "no backup was made");
                crate::output::aside(&Failure::from(error).in_words(words));
            }
        }
        if turns.is_none() {
            return Ok(());
        }
    }
}

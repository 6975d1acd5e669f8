//! `sokhoe clinic import`: takes in health records.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sokhoe_clinic::ImportOptions;

use super::data::{DataArgs, off_thread};
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::stopwatch::Stopwatch;
use crate::text::Numbers;
use crate::words::Words;

/// Take in health records: FHIR R4 JSON resources, Bundles and ndjson, also as .gz, and folders of them
///
/// What is bad is told by file and line on stderr, and everything else is stored. The exit code is 0 only
/// when nothing was left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe clinic import --data ./clinic bundle.json
  sokhoe clinic import --data ./clinic export/            every .json, .ndjson and .gz below it
  sokhoe clinic import --data ./clinic --adopt-into bn-000001 examples.ndjson.gz")]
pub(super) struct ImportArgs {
    #[command(flatten)]
    data: DataArgs,

    /// Make everything this patient's: for filling a demonstration
    #[arg(long, value_name = "PATIENT")]
    adopt_into: Option<String>,

    /// Files and folders
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
}

pub(super) async fn run(
    args: ImportArgs,
    words: &Words,
    output: &mut Output,
) -> Result<(), Failure> {
    let clinic = args.data.open().await?;
    let watch = Stopwatch::start();
    let options = ImportOptions {
        adopt_into: args.adopt_into,
    };
    let paths = args.paths;
    let report = off_thread(move || clinic.import(&paths, &options)).await?;
    for skipped in &report.skipped {
        let place = if skipped.line == 0 {
            skipped.file.clone()
        } else {
            format!("{}:{}", skipped.file, skipped.line)
        };
        aside(&format!("{place}: {}", skipped.reason));
    }
    let skipped: Vec<_> = report
        .skipped
        .iter()
        .map(
            |skipped| json!({"file": skipped.file, "line": skipped.line, "reason": skipped.reason}),
        )
        .collect();
    output.json(&json!({
        "stored": report.stored,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        "skipped": skipped,
    }))?;
    let numbers = Numbers::of(words);
    let count = |count: usize| numbers.whole(u64::try_from(count).unwrap_or(u64::MAX));
    let values = [
        ("stored", count(report.stored)),
        ("unchanged", count(report.unchanged)),
        ("deleted", count(report.deleted)),
        ("span", numbers.span(watch.read())),
    ];
    output.line(words.say_with("clinic-imported", &values))?;
    if report.skipped.is_empty() {
        Ok(())
    } else {
        Err(Failure::Said(
            "clinic-skipped",
            vec![("skipped", count(report.skipped.len()))],
        ))
    }
}

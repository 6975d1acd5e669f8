//! `sokhoe phone export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use sokhoe_app::{AppError, Existing, ExportFormat, write_file};

use super::open::Phone;
use crate::failure::Failure;
use crate::output::Output;

/// Write the whole book to a file: as FHIR for programs, or as a page to read and print
///
/// Needs no network. The file is in the clear: whoever has it can read it.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Put it in the place of a file of this name
    #[arg(long)]
    overwrite: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A FHIR R4 Bundle, every record byte for byte as the clinic sent it
    Fhir,
    /// One HTML file
    Html,
}

pub(super) fn run(
    phone: &Phone<'_>,
    args: &ExportArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let format = match args.format {
        Format::Fhir => ExportFormat::Fhir,
        Format::Html => ExportFormat::Html,
    };
    let existing = if args.overwrite {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let path = args.out.display().to_string();
    write_file(&args.out, existing, |out| {
        phone.app.export(&person.id, format, out)
    })
    .map_err(|error| match error {
        AppError::CannotWrite { reason } if reason == "exists" => {
            Failure::Said("phone-export-exists", vec![("path", path.clone())])
        }
        other => other.into(),
    })?;
    output.json(&json!({"path": path}))?;
    output.line(
        phone
            .words
            .say_with("phone-exported", &[("path", path), ("name", person.name)]),
    )?;
    output.line(phone.app.words_before_export())
}

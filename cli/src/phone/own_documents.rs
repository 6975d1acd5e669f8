//! `sokhoe phone add-document` and `remove-document`

use std::fs::File;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;
use sokhoe_app::NewDocumentView;
use sokhoe_domain::Timestamp;

use super::open::Phone;
use super::times::day;
use crate::failure::Failure;
use crate::output::Output;

/// Put a document of one's own into the book: a photo of a prescription, the PDF of a letter
///
/// Needs no network. It stays on this phone, sealed, and comes along with `export --format fhir`.
#[derive(Debug, Args)]
pub(super) struct AddDocumentArgs {
    /// What it is called; searches find it by these words
    #[arg(long)]
    title: String,

    /// What the file is: image/jpeg, image/png, image/heic, application/pdf or text/plain
    #[arg(long = "type", value_name = "TYPE")]
    content_type: String,

    /// The day it was made, e.g. that of the prescription; today when not given
    #[arg(long, value_name = "DATE", value_parser = day)]
    date: Option<NaiveDate>,

    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Take a document of one's own out of the book again
#[derive(Debug, Args)]
pub(super) struct RemoveDocumentArgs {
    /// Its number, as `book-search` shows it
    #[arg(value_name = "NUMBER")]
    entry: i64,
}

pub(super) fn add(
    phone: &Phone<'_>,
    args: AddDocumentArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    let mut file = File::open(&args.file).map_err(Failure::file(&args.file))?;
    let size = file.metadata().map_err(Failure::file(&args.file))?.len();
    let document = NewDocumentView {
        title: args.title,
        content_type: args.content_type,
        created: args.date.map(Timestamp::start_of_day),
        size: Some(size),
    };
    let id = phone.app.add_document(&person.id, document, &mut file)?;
    output.json(&json!({"id": id}))?;
    let values = [("id", id.to_string()), ("name", person.name)];
    output.line(phone.words.say_with("phone-document-added", &values))
}

pub(super) fn remove(
    phone: &Phone<'_>,
    args: &RemoveDocumentArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?;
    phone.app.remove_document(&person.id, args.entry)?;
    output.json(&json!({"removed": args.entry}))?;
    output.line(phone.words.say("phone-document-removed"))
}

//! `sokhoe phone attachments` and `open-attachment`: the documents of a row of the book.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sokhoe_app::{AppError, AttachmentState, Existing, write_file};

use super::json;
use super::open::Phone;
use crate::failure::Failure;
use crate::output::{Output, aside};
use crate::text::{Column, table};

/// List the documents of a row of the book, without a network
#[derive(Debug, Args)]
pub(super) struct AttachmentsArgs {
    /// The number before the row in `book-search`
    entry: i64,
}

/// Write a document of a row to a file; it is fetched first when it is not on this phone
///
/// What was fetched once is opened without a network. The file is in the clear: whoever has it can read it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sokhoe phone open-attachment 1024 --to letter.pdf
  sokhoe phone open-attachment 1024 2 --to -          (the second document, to the standard output)")]
pub(super) struct OpenAttachmentArgs {
    /// The number before the row in `book-search`
    entry: i64,

    /// The number before the document in `attachments`
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    number: u32,

    /// The file to write, or `-` for the standard output
    #[arg(long, value_name = "FILE")]
    to: PathBuf,

    /// Put it in the place of a file of this name
    #[arg(long)]
    overwrite: bool,
}

pub(super) fn list(
    phone: &Phone<'_>,
    args: &AttachmentsArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let found = phone.app.attachments(&phone.person()?.id, args.entry)?;
    output.json(&json!({"attachments": json::list(&found, json::attachment)}))?;
    if found.is_empty() {
        return output.line(phone.words.say("phone-no-attachments"));
    }
    let rows: Vec<Vec<String>> = found
        .into_iter()
        .map(|one| {
            vec![
                (one.index + 1).to_string(),
                one.title,
                one.content_type,
                one.size.map(size).unwrap_or_default(),
                one.state_text,
            ]
        })
        .collect();
    output.lines(table(
        &[
            Column::Right,
            Column::Cut(60),
            Column::Cut(40),
            Column::Right,
            Column::Left,
        ],
        &rows,
    ))
}

pub(super) async fn open(
    phone: &Phone<'_>,
    args: &OpenAttachmentArgs,
    output: &mut Output,
) -> Result<(), Failure> {
    let person = phone.person()?.id;
    let index = args.number - 1;
    let found = phone.app.attachments(&person, args.entry)?;
    let state = found
        .iter()
        .find(|one| one.index == index)
        .map(|one| one.state);
    let fetched = state
        .is_some_and(|state| !matches!(state, AttachmentState::Inline | AttachmentState::Here));
    if fetched {
        phone
            .app
            .fetch_attachment(&person, args.entry, index)
            .await?;
    }
    let reader = phone.app.open_attachment(&person, args.entry, index)?;
    let (title, content_type) = (reader.title().to_owned(), reader.content_type().to_owned());
    if args.to == Path::new("-") {
        reader.copy_to(&mut io::stdout().lock())?;
        return Ok(());
    }
    let existing = if args.overwrite {
        Existing::Replace
    } else {
        Existing::Keep
    };
    let path = args.to.display().to_string();
    let mut length = 0;
    write_file(&args.to, existing, |out| {
        length = reader.copy_to(out)?;
        Ok(())
    })
    .map_err(|error| match error {
        AppError::CannotWrite { reason } if reason == "exists" => {
            Failure::Said("phone-export-exists", vec![("path", path.clone())])
        }
        other => other.into(),
    })?;
    output.json(&json!({
        "path": path, "title": title, "content_type": content_type, "bytes": length, "fetched": fetched,
    }))?;
    output.line(phone.words.say_with(
        "phone-attachment-written",
        &[("title", title), ("path", path), ("size", size(length))],
    ))?;
    aside(&phone.words.say("phone-attachment-in-the-clear"));
    Ok(())
}

/// Bytes as people say them.
fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{} kB", bytes.div_ceil(1_000))
    } else {
        format!("{} MB", bytes.div_ceil(100_000) as f64 / 10.0)
    }
}
